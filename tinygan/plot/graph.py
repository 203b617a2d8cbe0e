"""The picture of a computation: every Tensor of a graph with its value and its gradient, as PNG or as DOT text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygan.autograd import Tensor, grad
from tinygan.backend import to_numpy
from tinygan.files import PathLike
from tinygan.plot import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_NODES = 60  # more are no picture any more
LONGEST = 16  # characters: numbers that take more are not written out, only their shape
WIDTH, HEIGHT = 1.55, 0.62  # of a box, in inches
GAP_X, GAP_Y = 0.65, 0.30
SWEEPS = 4  # over the columns, each sorted by its neighbours' places: enough for graphs of this size


@dataclass(eq=False)
class Node:
    """A Tensor in the picture.

    Attributes
    ----------
    title : str
        Its name, or that of the op that made it.
    value, gradient : str
        As text; no gradient is "".
    given : bool
        Whether no op made it.
    inputs : list of int
        Which nodes it was computed from; one twice, if it was used twice.
    column, row : float
        Its place: inputs to the left of what is made of them.
    """

    title: str
    value: str
    gradient: str
    given: bool
    inputs: list[int] = field(default_factory=list)
    column: int = 0
    row: float = 0.0

    def lines(self) -> list[str]:
        gradient = [f"gradient {self.gradient.removeprefix('shape ')}"] if self.gradient else []
        return [self.title, self.value, *gradient]


def save_graph(path: PathLike, y: Tensor | Sequence[tuple[str, str, list[int]]], gradients: bool = True) -> None:
    """Draw the graph of `y`: a box for each Tensor, from those that were given (blue) to `y` at the right.

    A box shows the Tensor's name, or the op that made it; its value (of arrays with more than a few numbers
    the shape); and, in orange, the gradient of `y` by it, or of the sum of its numbers where `y` is no single number.

    Parameters
    ----------
    path : str or PathLike
        The PNG to write; replaced only when the whole new file is written.
    y : Tensor, or the nodes of a program
        The end of the graph. Gradients are asked for with `tinygan.grad`, so nothing is changed. Or what
        ``program.nodes(first, last)`` returns, of a step that was recorded (see `tg.compiled`).
    gradients : bool
        Whether to show them.

    Raises
    ------
    ValueError
        If the graph has more than 60 Tensors.
    OSError
        If the file cannot be written.
    """
    nodes = nodes_of(y, gradients) if isinstance(y, Tensor) else _of_program(y)
    arrows = place(nodes)
    width = (max(n.column for n in nodes) + 1) * (WIDTH + GAP_X)
    rows = [node.row for arrow in arrows for node in arrow] or [0.0]
    low, high = min(rows), max(rows)
    figure = style.new_figure(width, (high - low + 1) * (HEIGHT + GAP_Y))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=((high + 0.5) * (HEIGHT + GAP_Y), (low - 0.5) * (HEIGHT + GAP_Y)))
    axes.axis("off")
    for arrow in arrows:
        draw_arrow(axes, arrow, arrow[-1].inputs.count(nodes.index(arrow[0])))
    for node in nodes:
        draw_box(axes, node)
    style.save_figure(figure, path)


def graph_dot(y: Tensor, gradients: bool = True) -> str:
    """The same graph in the DOT language, for whoever has Graphviz: ``dot -Tsvg``.

    Parameters
    ----------
    y : Tensor
    gradients : bool

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the graph has more than 60 Tensors.
    """
    nodes = nodes_of(y, gradients)
    lines = ["digraph {", '  rankdir=LR; node [shape=box, style=rounded, fontname="sans-serif"];']
    for i, node in enumerate(nodes):
        label = "\\n".join(line.replace("\\", "\\\\").replace('"', '\\"') for line in node.lines())
        lines.append(f'  n{i} [label="{label}"{f", color={chr(34)}{style.BLUE}{chr(34)}" if node.given else ""}];')
    lines += [f"  n{i} -> n{k};" for k, node in enumerate(nodes) for i in node.inputs]
    return "\n".join([*lines, "}"]) + "\n"


def nodes_of(y: Tensor, gradients: bool) -> list[Node]:
    """The Tensors that `y` was made of, inputs before outputs, `y` last."""
    tensors = ordered(y)
    wanted = [t for t in tensors if gradients and t.requires_grad]
    ones = y.like(np.ones(y.shape)) if wanted else None
    gxs: dict[int, Any] = {}
    if wanted:
        gxs = {id(t): g for t, g in zip(wanted, grad(y, wanted, ones, allow_unused=True), strict=True) if g is not None}
    place_of = {id(t): i for i, t in enumerate(tensors)}
    return [
        Node(
            t.name or (t.op.name if t.op else "given"),
            as_text(t),
            as_text(gxs[id(t)]) if id(t) in gxs else "",
            t.op is None,
            [place_of[id(x)] for x in t.op.inputs] if t.op else [],
        )
        for t in tensors
    ]


def _of_program(rows: Sequence[tuple[str, str, list[int]]]) -> list[Node]:
    """The nodes of some lines of a program; what several lines end in stays where it is."""
    if len(rows) > MOST_NODES:
        raise ValueError(f"these lines have more than {MOST_NODES} nodes: draw a part of them")
    return [Node(title, text, "", not inputs, list(inputs)) for title, text, inputs in rows]


def ordered(y: Tensor) -> list[Tensor]:
    """All Tensors of the graph, each once, inputs before outputs."""
    done: dict[int, Tensor] = {}
    stack = [(y, False)]
    while stack:
        tensor, inputs_done = stack.pop()
        if inputs_done:
            done[id(tensor)] = tensor
            if len(done) > MOST_NODES:
                raise ValueError(f"this graph has more than {MOST_NODES} Tensors: draw a part of it")
        elif id(tensor) not in done:
            stack.append((tensor, True))
            stack.extend((x, False) for x in reversed(tensor.op.inputs if tensor.op else ()))
    return list(done.values())


def as_text(tensor: Tensor) -> str:
    """The numbers, if they are few; else the shape."""
    numbers = to_numpy(tensor)

    def written(values: Any) -> str:
        return f"[{', '.join(map(written, values))}]" if isinstance(values, list) else f"{values:.4g}"

    text = written(numbers.tolist()) if 0 < numbers.size < LONGEST else ""
    return text if 0 < len(text) <= LONGEST else f"shape {numbers.shape}"


def place(nodes: Sequence[Node]) -> list[list[Node]]:
    """Give each node its column, the longest way from the given ones, and a row near its neighbours'.

    Returns
    -------
    list of list of Node
        The arrows: start, bends, end. An arrow over several columns has a place in each, like a node, so that it
        passes between the boxes.
    """
    for node in nodes:
        node.column = max((nodes[i].column + 1 for i in node.inputs), default=0)
    for i, node in enumerate(nodes):  # what was given stands just before it is first used
        if node.given and len(nodes) > 1:
            node.column = min(other.column for other in nodes if i in other.inputs) - 1
    arrows, everything = [], list(nodes)
    for node in nodes:
        for i in dict.fromkeys(node.inputs):
            bends = [Node("", "", "", False, column=c) for c in range(nodes[i].column + 1, node.column)]
            arrows.append([nodes[i], *bends, node])
            everything += bends
    columns = [[n for n in everything if n.column == c] for c in range(max(n.column for n in nodes) + 1)]
    for sweep in range(SWEEPS):
        for column in columns if sweep % 2 else reversed(columns):
            if sweep:
                column.sort(key=lambda n: mean_row(n, arrows))
            for row, node in enumerate(column):
                node.row = row - (len(column) - 1) / 2
    return arrows


def mean_row(node: Node, arrows: Sequence[Sequence[Node]]) -> float:
    """Of its neighbours along all arrows."""
    pairs = [pair for arrow in arrows for pair in pairwise(arrow) if node in pair]
    rows = [start.row if end is node else end.row for start, end in pairs]
    return sum(rows) / len(rows) if rows else 0.0


def draw_box(axes: Axes, node: Node) -> None:
    """A rounded box with the node's two or three lines."""
    from matplotlib.patches import FancyBboxPatch

    x, y = centre(node)
    colour = style.BLUE if node.given else style.GREY
    corner = (x - WIDTH / 2, y - HEIGHT / 2)
    shape = "round,pad=0,rounding_size=0.08"
    axes.add_patch(FancyBboxPatch(corner, WIDTH, HEIGHT, boxstyle=shape, fc="white", ec=colour, lw=1.2))
    lines = node.lines()
    for i, line in enumerate(lines):
        ink = (style.BLUE if node.given else style.INK, style.INK, style.DARK_ORANGE)[i]
        height = y + (i - (len(lines) - 1) / 2) * 0.18
        weight = "normal" if i else "bold"
        text = style.plain_text(line)
        axes.text(x, height, text, ha="center", va="center", fontsize=8, color=ink, fontweight=weight)


def draw_arrow(axes: Axes, arrow: Sequence[Node], uses: int) -> None:
    """From the right of one box through its bends to the left of another; twice as thick if it is used twice."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    start, *bends, end = (centre(node) for node in arrow)
    places = [(x + side, y) for x, y in bends for side in (-WIDTH / 2, WIDTH / 2)] + [(end[0] - WIDTH / 2, end[1])]
    vertices, codes = [(start[0] + WIDTH / 2, start[1])], [Path.MOVETO]
    for x, y in places:
        x0, y0 = vertices[-1]
        vertices += [((x0 + x) / 2, y0), ((x0 + x) / 2, y), (x, y)]  # leaves and arrives level
        codes += [Path.CURVE4] * 3
    look: dict[str, Any] = {"color": style.GREY, "lw": uses, "fill": False}
    axes.add_patch(FancyArrowPatch(path=Path(vertices, codes), arrowstyle="->", mutation_scale=10, **look))


def centre(node: Node) -> tuple[float, float]:
    """Of its box, in inches; rows count downwards."""
    return (node.column + 0.5) * (WIDTH + GAP_X), node.row * (HEIGHT + GAP_Y)
