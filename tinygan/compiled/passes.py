"""What a compiler does with a list of calls before it is run: join what belongs together, and reuse memory.

`chains` joins elementwise ops that follow each other. Array by array each of them reads its inputs from memory and
writes its result back. Joined they go over the arrays once, in pieces that stay in a CPU's cache (on a GPU: in one
kernel, see `generated`), and what is only needed in between is never a whole array.

`in_place` writes a result over an input that nobody needs any more, and `sooner_free` sees to it that there are more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from inspect import signature
from typing import Any

from tinygan.autograd import arithmetic, elementwise, kinks, linear
from tinygan.autograd.op import Elementwise
from tinygan.backend import Backend
from tinygan.compiled import generated
from tinygan.compiled.recorder import Line, Value

# Ops whose forward is one function of NumPy's (and CuPy's), which can write into a given array.
FUNCTIONS: dict[type, str] = {
    arithmetic.Add: "add",
    arithmetic.Sub: "subtract",
    arithmetic.Mul: "multiply",
    arithmetic.Div: "divide",
    arithmetic.Neg: "negative",
    elementwise.Exp: "exp",
    elementwise.Log: "log",
    elementwise.Sqrt: "sqrt",
    elementwise.Tanh: "tanh",
    kinks.Abs: "absolute",
    kinks.Maximum: "maximum",
    kinks.Minimum: "minimum",
}


def sooner_free(lines: Sequence[Line]) -> list[Line]:
    """The lines, where a gradient's gate looks at y = relu(x) in the place of x, which then is free once y is made.

    Both are positive at the same places. y is needed anyway, by the gradient of the layer behind it.
    """
    results: dict[Value, Value] = {}
    changed = []
    for line in lines:
        if type(line.op) is kinks.ReLU or type(line.op) is kinks.LeakyReLU and line.op.slope > 0:
            results[line.inputs[0]] = line.outputs[0]
        if type(line.op) is kinks.Gate and line.inputs[1] in results:
            line = replace(line, inputs=[line.inputs[0], results[line.inputs[1]]])
        changed.append(line)
    return changed


class Chain:
    """Elementwise ops one after the other, on pieces of their arrays.

    Parameters
    ----------
    lines : list of Line
        All their results have one shape and dtype.
    inputs, outputs : list of Value
        What comes from outside of the chain, and what is needed there.
    piece : int
        How many numbers at once.
    xp : module
    """

    def __init__(self, lines: Sequence[Line], inputs: list[Value], outputs: list[Value], piece: int, xp: Any):
        self.lines, self.inputs, self.outputs, self.piece, self.xp = lines, inputs, outputs, piece, xp

    def __call__(self, *arrays: Any) -> Any:
        form = self.outputs[0]
        results = [self.xp.empty(form.shape, form.dtype) for _ in self.outputs]
        flat = [a.reshape(-1) if a.ndim else a for a in arrays]
        targets = [(value, result.reshape(-1)) for value, result in zip(self.outputs, results, strict=True)]
        for start in range(0, results[0].size, self.piece):
            here = slice(start, start + self.piece)
            known = {value: a[here] if a.ndim else a for value, a in zip(self.inputs, flat, strict=True)}
            for line in self.lines:
                known[line.outputs[0]] = line.run(*[known[value] for value in line.inputs])
            for value, result in targets:
                result[here] = known[value]
        return results[0] if len(results) == 1 else results


def chains(
    lines: Sequence[Line],
    wanted: set[Value],
    make: Callable[..., Any],
    fits: Callable[[Line], bool],
    longest: int = 1 << 30,
    alone: Callable[[Line], bool] = lambda line: False,
) -> list[Line]:
    """The lines, with those that fit and follow each other joined, where they are of one form.

    ``make(lines, inputs, outputs)`` returns the function of a chain, which has up to `longest` of them; one of a
    single line is made if it is better `alone` than as it is.
    """
    joined: list[Line] = []
    run: list[Line] = []

    def close(rest: Sequence[Line]) -> None:
        if len(run) > 1 or run and alone(run[0]):
            joined.append(_chain(run, {*wanted, *(value for line in rest for value in line.inputs)}, make))
        else:
            joined.extend(run)
        run.clear()

    for i, line in enumerate(lines):
        link = fits(line)
        if run and not (link and line.outputs[0].form == run[0].outputs[0].form and len(run) < longest):
            close(lines[i:])
        if link:
            run.append(line)
        else:
            joined.append(line)
    close([])
    return joined


def apart(line: Line, backend: Backend) -> list[Line]:
    """An Affine as a product and a sum, which can be a part of what is done with it next; other lines as they are."""
    if not isinstance(line.op, linear.Affine):
        return [line]
    product, add, (y,) = linear.MatMul(), arithmetic.Add(), line.outputs
    between = Value("result", y.shape, y.dtype, y.strides, None)
    kernel = backend.kernels.get(linear.MatMul)
    multiply = partial(kernel, product, backend.xp) if kernel else partial(product.forward, backend.xp)
    return [
        Line(product.name, "op", multiply, line.inputs[:2], [between], op=product),
        Line(add.name, "op", partial(add.forward, backend.xp), [between, line.inputs[2]], [y], op=add),
    ]


def gathered(lines: Sequence[Line], fits: Callable[[Line], bool]) -> list[Line]:
    """The lines in an order in which more of those that fit follow each other.

    A line moves up behind the last one of its form, if its inputs are made before that, and if no effect or
    assignment lies in between, which might change what it reads.
    """
    places: list[list[Line]] = []
    made: dict[Value, int] = {}  # in which place
    last: dict[tuple[Any, ...], int] = {}  # the place of the last line of a form
    for line in lines:
        place, link = len(places), fits(line)
        if line.kind in ("effect", "assign", "set"):
            last.clear()
        elif link and all(made.get(x, -1) <= last.get(line.outputs[0].form, -2) for x in line.inputs):
            place = last[line.outputs[0].form]
        if place == len(places):
            places.append([])
        if link:
            last[line.outputs[0].form] = place
        places[place].append(line)
        made.update(dict.fromkeys(line.outputs, place))
    return [line for place in places for line in place]


def _is_link(line: Line, smallest: int) -> bool:
    """Whether a line is an elementwise op on floats of one shape (numbers beside them may have none), in C order."""
    if line.kind != "op" or not isinstance(line.op, Elementwise):
        return False
    y, *xs = line.outputs[0], *line.inputs
    numbers = [x for x in xs if x.shape]
    return (
        y.size > smallest
        and y.dtype.kind == "f"
        and all(x.shape == y.shape for x in numbers)
        and all(x.dtype == y.dtype for x in xs)
        and all(each.is_contiguous for each in (y, *numbers))
    )


def _chain(run: list[Line], needed: set[Value], make: Callable[..., Any]) -> Line:
    lines, made = list(run), {line.outputs[0] for line in run}
    inputs = list(dict.fromkeys(value for line in lines for value in line.inputs if value not in made))
    outputs = [line.outputs[0] for line in lines if line.outputs[0] in needed]
    names = " ".join(line.name for line in lines)
    return Line(names, "op" if len(outputs) == 1 else "several", make(lines, inputs, outputs), inputs, outputs)


def _into(line: Line, backend: Backend) -> Callable[..., Any] | None:
    """What writes the line's result into a given array, which may be one of its inputs; None if nothing does."""
    kernel = backend.kernels.get(type(line.op))
    if kernel and "out" in signature(kernel).parameters:
        return partial(kernel, line.op, backend.xp)
    name = FUNCTIONS.get(type(line.op))
    return getattr(backend.xp, name) if name else None


def in_place(lines: Sequence[Line], wanted: set[Value], backend: Backend) -> list[Line]:
    """The lines, where a result is written over an input of its form that is used here for the last time."""
    last: dict[Value, int] = {}  # the last use of an array's memory, by whatever name
    kept = {value.owner for value in wanted}
    for i, line in enumerate(lines):
        last.update({value.owner: i for value in (*line.inputs, *line.outputs)})
        if line.kind in ("effect", "assign", "set"):
            kept.update(value.owner for value in line.inputs)
    made = {
        value
        for line in lines
        for value in line.outputs
        if value.owner is value and (line.op is None or type(line.op).__module__.startswith("tinygan."))
    }
    changed = []
    for i, line in enumerate(lines):
        function = _into(line, backend) if line.kind == "op" else None
        free = [x for x in line.inputs if function and x.shape and x in made and last[x] == i and x not in kept]
        over = next((x for x in free if x.form == line.outputs[0].form), None)
        if function and over is not None:
            line = replace(line, run=function, over=over)
        changed.append(line)
    return changed


def improved(lines: list[Line], wanted: set[Value], backend: Backend) -> list[Line]:
    """The passes that pay on a backend."""
    if backend.name == "numpy":
        return in_place(_in_cache(sooner_free(lines), wanted, backend.xp, backend.cached), wanted, backend)
    if hasattr(backend.xp, "ElementwiseKernel"):
        return _in_kernels(lines, wanted, backend)
    return lines


def _in_cache(lines: list[Line], wanted: set[Value], xp: Any, piece: int) -> list[Line]:
    def make(lines: list[Line], inputs: list[Value], outputs: list[Value]) -> Chain:
        return Chain(lines, inputs, outputs, piece, xp)

    return chains(lines, wanted, make, partial(_is_link, smallest=piece))


def _in_kernels(lines: list[Line], wanted: set[Value], backend: Backend) -> list[Line]:
    def is_costly(line: Line) -> bool:
        """Whether it takes several launches as it is."""
        return type(line.op) not in backend.kernels and generated.operations(line) > 1

    lines = gathered([part for line in lines for part in apart(line, backend)], generated.fits)
    make = partial(generated.kernel, backend.xp)
    return chains(lines, wanted, make, generated.fits, generated.MOST, is_costly)
