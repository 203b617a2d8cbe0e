"""log_softmax is a composition of which a part is not on record: here it is recognised, and written whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tinygan.autograd import arithmetic, elementwise, reduce
from tinygan.formats.trace import Value

if TYPE_CHECKING:
    from tinygan.formats.onnx_graph import Graph


def log_softmax_of(y: Value) -> tuple[Value, int] | None:
    """(x, axis) if y is log_softmax(x): x - c less ln sum e^(x - c) along one axis, for any c constant along it.

    tinygan's c is the maximum, through which no gradient flows: the record does not tell how it came about. Since
    log_softmax(x - c) = log_softmax(x), it need not.
    """
    if type(y.op) is not arithmetic.Sub:
        return None
    shifted, log = y.inputs[0], y.inputs[1].before_broadcast()
    total = log.inputs[0] if type(log.op) is elementwise.Log else log
    if type(total.op) is not reduce.Sum or len(total.op.axes) != 1 or not total.op.keepdims:
        return None
    if type(total.inputs[0].op) is not elementwise.Exp or total.inputs[0].inputs[0] is not shifted or total is log:
        return None
    axis = total.op.axes[0]
    if type(shifted.op) is not arithmetic.Sub:
        return shifted, axis
    x, c = shifted.inputs
    return (x if x.shape == c.shape == y.shape and c.constant_along(axis) else shifted), axis


def log_softmax(g: Graph, y: Value, x: Value) -> str:
    """Written out, with the maximum: not every runtime's LogSoftmax keeps small probabilities from becoming 0."""
    _, axis = log_softmax_of(y)  # type: ignore[misc]
    shifted = g.node("Sub", g.name(x), g.node("ReduceMax", g.name(x), axes=[axis], keepdims=1))
    axes = g.constant(np.array([axis]), "axes")
    return g.node("Sub", shifted, g.node("Log", g.node("ReduceSum", g.node("Exp", shifted), axes, keepdims=1)))
