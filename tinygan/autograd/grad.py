"""`grad`: walk the graph backwards from `y`, op by op, to the Tensors `xs`.

Why a topological order: a Tensor used twice receives two gradients, and may pass its own on only when
both have arrived. So every op is visited after all ops that used its output.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygan.autograd import mode
from tinygan.autograd.op import Copy
from tinygan.autograd.tensor import Tensor


def grad(
    y: Tensor,
    xs: Sequence[Tensor],
    gy: Tensor | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> list[Tensor]:
    """Gradients of `y` with respect to each Tensor in `xs`.

    Nothing is left behind on any Tensor: the gradients live in a local dict and are returned.

    Parameters
    ----------
    y : Tensor
        Usually a loss, of shape ``()``.
    xs : sequence of Tensor
        Tensors that `y` was computed from; they need ``requires_grad=True``.
    gy : Tensor, optional
        The gradient that flows into `y`, of `y`'s shape; 1 for a `y` with a single element.
    create_graph : bool
        Record the gradients themselves, so that they can be differentiated again.
    allow_unused : bool
        Return None for an `x` that `y` does not depend on, instead of raising.

    Returns
    -------
    list of Tensor
        ``result[i]`` has the shape and dtype of ``xs[i]``.

    Raises
    ------
    ValueError
        If `gy` is missing or misshapen, if an `x` does not require a gradient, if `y` does not depend
        on an `x`, or if an op's backward returns a gradient of the wrong shape or dtype.
    RuntimeError
        If a Tensor was changed in place after an op used it.

    Examples
    --------
    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> (gx,) = grad((x**3).sum(), [x], create_graph=True)
    >>> (ggx,) = grad(gx.sum(), [x])
    >>> gx.data.tolist(), ggx.data.tolist()
    ([3.0, 12.0], [6.0, 12.0])
    """
    xs = [xs] if isinstance(xs, Tensor) else list(xs)
    for i, x in enumerate(xs):
        if not x.requires_grad:
            raise ValueError(f"{_called(x, i)} does not require a gradient: make it with requires_grad=True")
    path, leads = _path(y, xs)
    upstream = _upstream(y, gy)
    grads = {id(y): upstream}
    keep = {id(x) for x in xs}
    with mode.recording(create_graph):
        for tensor in reversed(path):
            g = grads.get(id(tensor)) if id(tensor) in keep else grads.pop(id(tensor), None)
            if g is not None:
                _step_back(tensor, g, leads, grads)
    results: list[Any] = [_result(y, x, i, grads, leads, allow_unused) for i, x in enumerate(xs)]
    return results if create_graph else _apart(results, upstream)


def _apart(results: list[Any], gy: Tensor) -> list[Any]:
    """Give each result memory of its own, to be scaled in place: of y = a + b both gradients are gy itself."""
    taken = {id(gy._data if gy._data.base is None else gy._data.base)}
    for i, g in enumerate(results):
        if g is None:
            continue
        owner = id(g._data if g._data.base is None else g._data.base)
        if owner in taken or 0 in g._data.strides:  # a stride of 0: one number repeated by broadcasting
            results[i] = Copy()(g)
        taken.add(owner)
    return results


def leaves(y: Tensor) -> list[Tensor]:
    """The Tensors at the beginning of `y`'s graph that require a gradient, each once."""
    found, seen, stack = [], {id(y)}, [y]
    while stack:
        tensor = stack.pop()
        if tensor.op is None and tensor.requires_grad:
            found.append(tensor)
        for x in tensor.op.inputs if tensor.op else ():
            if id(x) not in seen:
                seen.add(id(x))
                stack.append(x)
    return found


def _path(y: Tensor, xs: list[Tensor]) -> tuple[list[Tensor], set[int]]:
    """The computed Tensors between `xs` and `y`, inputs before outputs; and the ids that lead to `xs`.

    Depth first with a stack of its own: Python's recursion would end at a thousand ops.
    """
    leads, seen, path = {id(x) for x in xs}, set(), []
    stack = [(y, False)]
    while stack:
        tensor, inputs_done = stack.pop()
        if inputs_done:
            if any(id(x) in leads for x in tensor.op.inputs):  # type: ignore[union-attr]
                leads.add(id(tensor))
                path.append(tensor)
        elif id(tensor) not in seen:
            seen.add(id(tensor))
            if tensor.op is not None:
                stack.append((tensor, True))
                stack.extend((x, False) for x in tensor.op.inputs if x.requires_grad and id(x) not in seen)
    return path, leads


def _step_back(y: Tensor, gy: Tensor, leads: set[int], grads: dict[int, Tensor]) -> None:
    """Ask `y`'s op for the gradients of its inputs, check them, and add them to `grads`."""
    op = y.op
    assert op is not None
    op.check_unchanged(y)
    op.wanted = tuple([id(x) in leads for x in op.inputs])
    result = op.backward(gy, y, *op.inputs)
    gxs = result if isinstance(result, (tuple, list)) else (result,)
    if len(gxs) != len(op.inputs):
        raise ValueError(f"{op.name}.backward returned {len(gxs)} gradients for {len(op.inputs)} inputs")
    for x, gx, wanted in zip(op.inputs, gxs, op.wanted):  # noqa: B905  (the lengths were compared above)
        if gx is None or not wanted:
            continue
        if not isinstance(gx, Tensor):
            raise TypeError(f"{op.name}.backward must return Tensors, not {type(gx).__name__}")
        if gx._data.shape != x._data.shape or gx._data.dtype != x._data.dtype:
            raise ValueError(
                f"{op.name}.backward returned a gradient of shape {gx.shape} and dtype {gx.dtype} "
                f"for {_called(x)} of shape {x.shape} and dtype {x.dtype}"
            )
        former = grads.get(id(x))
        grads[id(x)] = gx if former is None else former + gx


def _upstream(y: Tensor, gy: Tensor | None) -> Tensor:
    if gy is None:
        if y.size != 1:
            raise ValueError(f"y has shape {y.shape}: grad needs its upstream gradient gy, or a y with one element")
        return Tensor._constant(y.xp.ones_like(y._data))
    gy = y.like(gy)
    if gy.shape != y.shape or gy.dtype != y.dtype:
        raise ValueError(f"gy has shape {gy.shape} and dtype {gy.dtype}, but y has {y.shape} and {y.dtype}")
    return gy


def _result(
    y: Tensor, x: Tensor, i: int, grads: dict[int, Tensor], leads: set[int], allow_unused: bool
) -> Tensor | None:
    if id(x) in grads:
        return grads[id(x)]
    if id(y) in leads and _reaches(y, x):
        return Tensor._constant(x.xp.zeros_like(x._data))  # on the path, but nothing flows: a flat function
    if allow_unused:
        return None
    hint = "leave it out of xs, pass allow_unused=True, or look for a detach() or no_grad() between"
    raise ValueError(f"y does not depend on {_called(x, i)}: {hint}")


def _reaches(y: Tensor, x: Tensor) -> bool:
    return id(y) in _path(y, [x])[1]


def _called(x: Tensor, i: int | None = None) -> str:
    if x.name:
        return x.name
    return "an input" if i is None else f"xs[{i}] (shape {x.shape})"
