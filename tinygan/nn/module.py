"""Module: something with parameters, found by looking at its attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinygan.autograd import Tensor, no_grad
from tinygan.backend import backend_of


class Module:
    """Base of all layers and networks.

    Attributes are found in their order of assignment: a Tensor that requires a gradient is a parameter,
    one that does not is a buffer (state that is saved but not trained), a Module is a child; both are found
    in lists, tuples and dicts, too. What is reachable twice counts once.

    Attributes
    ----------
    training : bool
        In training mode, or in evaluation mode (see `train` and `eval`).
    mixes_samples : bool
        Whether in training mode the result for a sample depends on the others of its batch. A layer of your own that
        does so must say so: gradient penalties then refuse it, as they would be wrong in silence.
    """

    mixes_samples = False

    training = True

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} must define forward")

    def __call__(self, *inputs: Any) -> Tensor:
        return self.forward(*inputs)

    # -- what it is made of ----------------------------------------------------------------------

    def children(self) -> Iterator[tuple[str, Module]]:
        """The Modules directly inside, with their names."""
        return ((name, value) for name, value in _flat(vars(self)) if isinstance(value, Module))

    def modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """This Module and all inside it, outer before inner, each once, with dotted names."""
        seen: set[int] = set()
        stack: list[tuple[str, Module]] = [(prefix, self)]
        while stack:
            name, module = stack.pop()
            if id(module) not in seen:
                seen.add(id(module))
                yield name, module
                inner = [(f"{name}.{child}" if name else child, m) for child, m in module.children()]
                stack.extend(reversed(inner))

    def _tensors(self) -> Iterator[tuple[str, Tensor]]:
        seen: set[int] = set()
        for prefix, module in self.modules():
            for name, value in _flat(vars(module)):
                if isinstance(value, Tensor) and id(value) not in seen:
                    seen.add(id(value))
                    yield f"{prefix}.{name}" if prefix else name, value

    def named_parameters(self) -> list[tuple[str, Tensor]]:
        """(name, Tensor) of everything that is trained."""
        return [(name, t) for name, t in self._tensors() if t.requires_grad]

    def parameters(self) -> list[Tensor]:
        """Everything that is trained, in order of assignment: what `grad` and an optimiser take."""
        return [t for _, t in self.named_parameters()]

    def buffers(self) -> list[tuple[str, Tensor]]:
        """(name, Tensor) of the state that is saved but not trained, such as running means."""
        return [(name, t) for name, t in self._tensors() if not t.requires_grad]

    def name_parameters(self, prefix: str) -> Module:
        """Give every parameter its full name ("D.0.W"), which errors then show. Returns self."""
        for name, tensor in self._tensors():
            tensor.name = f"{prefix}.{name}"
        return self

    # -- saving and loading ----------------------------------------------------------------------

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copies of all parameters and buffers, on the host, by name."""
        return {name: backend_of(t.data).to_numpy(t.data).copy() for name, t in self._tensors()}

    def load_state_dict(self, state: dict[str, np.ndarray]) -> None:
        """Take all parameters and buffers from `state`; nothing is changed unless all of it fits.

        Raises
        ------
        ValueError
            If a name is missing or unknown, or a shape differs; the message names it.
        """
        own = dict(self._tensors())
        missing, unknown = [n for n in own if n not in state], [n for n in state if n not in own]
        if missing or unknown:
            said = [f"lacks {', '.join(missing)}"] if missing else []
            said += [f"has unknown {', '.join(unknown)}"] if unknown else []
            raise ValueError(f"the saved state does not fit {type(self).__name__}: it {' and '.join(said)}")
        for name, tensor in own.items():
            if np.shape(state[name]) != tensor.shape:
                raise ValueError(f"the saved {name} has shape {np.shape(state[name])}, this one {tensor.shape}")
        for name, tensor in own.items():
            tensor.data = backend_of(tensor.data).asarray(np.array(state[name]), dtype=tensor.dtype)

    def astype(self, dtype: Any) -> Module:
        """Turn all parameters and buffers to another precision, in place. Returns self."""
        for _, tensor in self._tensors():
            tensor.set_data(tensor.data.astype(dtype))
        return self

    # -- training and evaluation -----------------------------------------------------------------

    def train(self, on: bool = True) -> Module:
        """Switch to training mode: batch statistics in BatchNorm, dropping in Dropout. Returns self."""
        for _, module in self.modules():
            module.training = on
        return self

    def eval(self) -> Module:
        """Switch to evaluation mode: running statistics in BatchNorm, nothing dropped. Returns self."""
        return self.train(False)

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Evaluation mode inside a ``with`` block; then every layer is back in the mode it was in."""
        modes = [(module, module.training) for _, module in self.modules()]
        self.eval()
        try:
            yield
        finally:
            for module, mode in modes:
                module.training = mode

    # -- for people ------------------------------------------------------------------------------

    def extra(self) -> str:
        """What stands in the parentheses of `repr`."""
        return ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.extra()})"

    def summary(self, input_shape: Sequence[int] | None = None) -> str:
        """A table: each layer with its output shape and its number of parameters.

        Parameters
        ----------
        input_shape : sequence of int, optional
            Shape of one sample, without the batch; without it the output shapes are left out.
        """
        shapes = self._output_shapes(tuple(input_shape)) if input_shape is not None else {}
        rows = [("layer", "", "output", "parameters")]
        for name, module in self.modules():
            own = [v for _, v in _flat(vars(module)) if isinstance(v, Tensor) and v.requires_grad]
            if own or not list(module.children()):
                count = sum(t.size for t in own)
                rows.append((name, " ".join(repr(module).split()), shapes.get(id(module), ""), f"{count:,}"))
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        lines = [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:<{widths[2]}}  {d:>{widths[3]}}" for a, b, c, d in rows]
        total = sum(t.size for t in self.parameters())
        return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:], f"{total:,} parameters in all"])

    def _output_shapes(self, input_shape: tuple[int, ...]) -> dict[int, str]:
        """Run two zero samples through, in evaluation mode, and note the shape each module returns."""
        shapes: dict[int, str] = {}
        inside = [module for _, module in self.modules()]

        def watch(module: Module) -> None:
            def forward(*inputs: Any) -> Tensor:
                y = type(module).forward(module, *inputs)
                if isinstance(y, Tensor):  # a part of a user's network may return what it likes
                    shapes[id(module)] = str(("N", *y.shape[1:])).replace("'", "")
                return y

            module.forward = forward  # type: ignore[method-assign,assignment]

        try:
            for module in inside:
                watch(module)
            with self.evaluating(), no_grad():
                self(Tensor(np.zeros((2, *input_shape), dtype=np.float32)))
        finally:
            for module in inside:
                vars(module).pop("forward", None)
        return shapes


def _flat(attributes: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The attributes, with the members of lists, tuples and dicts in their places as "name.0", "name.key", ..."""
    for name, value in attributes.items():
        if not isinstance(value, (list, tuple, dict, set, frozenset)):
            yield name, value
        elif isinstance(value, (list, tuple)):
            yield from _flat({f"{name}.{i}": member for i, member in enumerate(value)})
        elif isinstance(value, dict):
            yield from _flat({f"{name}.{key}": member for key, member in value.items()})
        elif any(isinstance(member, (Module, Tensor)) for member in value):
            raise TypeError(f"{name} is a set, which has no order: keep layers and Tensors in a list or a dict")


def with_members(value: Any, change: Callable[[Any], Any]) -> Any:
    """An attribute with `change` made of each Tensor and Module in it, in lists, tuples and dicts too.

    It is the same object if nothing in it changed.
    """
    if isinstance(value, (Module, Tensor)):
        return change(value)
    if isinstance(value, dict):
        changed = {key: with_members(member, change) for key, member in value.items()}
        return value if all(changed[key] is member for key, member in value.items()) else changed
    if isinstance(value, (list, tuple)):
        members = [with_members(member, change) for member in value]
        return value if all(new is old for new, old in zip(members, value, strict=True)) else type(value)(members)
    return value


class Sequential(Module):
    """Layers one after the other; they are named by their position.

    A subclass may have further layers and parameters as attributes, as any Module.

    Examples
    --------
    >>> from tinygan import nn
    >>> net = nn.Sequential(nn.Dense(2, 3), nn.ReLU(), nn.Dense(3, 1))
    >>> [(name, p.shape) for name, p in net.named_parameters()]
    [('0.W', (2, 3)), ('0.b', (3,)), ('2.W', (3, 1)), ('2.b', (1,))]
    >>> net(Tensor([[1.0, 2.0]])).shape
    (1, 1)
    """

    def __init__(self, *layers: Module):
        wrong = [layer for layer in layers if not isinstance(layer, Module)]
        if wrong:
            raise TypeError(f"Sequential takes layers, one after the other, not a {type(wrong[0]).__name__}")
        self.layers = list(layers)

    def children(self) -> Iterator[tuple[str, Module]]:
        yield from ((str(i), layer) for i, layer in enumerate(self.layers))
        others = {name: value for name, value in vars(self).items() if name != "layers"}
        yield from ((name, value) for name, value in _flat(others) if isinstance(value, Module))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, i: int) -> Module:
        return self.layers[i]

    def __repr__(self) -> str:
        inner = "".join(f"\n  {name}: {layer!r}" for name, layer in self.children())
        return f"{type(self).__name__}({inner}\n)" if inner else f"{type(self).__name__}()"
