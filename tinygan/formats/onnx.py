"""A network as an ONNX file, which runs in onnxruntime, in a browser, on a phone: anywhere but here.

The graph is written in opset 13, of 2020. Nothing that a GAN needs has been added since, and every runtime of the
years since reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tinygan.autograd import Tensor, no_grad
from tinygan.backend import to_numpy
from tinygan.files import PathLike, whole_file
from tinygan.formats.arrays import text
from tinygan.formats.errors import FormatError, needed
from tinygan.formats.onnx_graph import Graph
from tinygan.formats.trace import Batch, trace
from tinygan.nn import Module

OPSET, IR_VERSION = 13, 7
TRIED = 1, 2  # batch sizes at which the finished file is compared with the network; none was traced
CLOSE = 1e-3  # relative; a wrong graph is off by far more, rounding by far less


def onnx_model(
    network: Module,
    shape: Sequence[int],
    *,
    names: tuple[str, str] = ("z", "images"),
    draw: Callable[[int], np.ndarray] | None = None,
    about: str = "",
    metadata: Mapping[str, Any] | None = None,
) -> Any:
    """The ONNX model of a network in evaluation mode, for any number of samples.

    Parameters
    ----------
    network : Module
        Left in the mode it was in. Its parameters and buffers keep their names.
    shape : sequence of int
        Of one input, without the batch: (latent,) of a generator, (H, W, C) of a discriminator of images.
    names : (str, str)
        Of the input and the output.
    draw : function(n) -> array (n, ``*shape``), optional
        Inputs to try the network on; numbers of N(0, 1), float32, by default. A network of labels needs whole numbers.
    about : str
        The model's doc string.
    metadata : mapping, optional
        Text stays as it is, all else becomes JSON.

    Returns
    -------
    onnx.ModelProto

    Raises
    ------
    FormatError
        If the package onnx is missing; if an op has no rule; if the computation cannot be written for every N.
    """
    onnx = needed("onnx")
    rng = np.random.default_rng(0)
    draw = draw or (lambda n: rng.standard_normal((n, *shape), dtype=np.float32))
    if names[0] == names[1]:
        raise FormatError(f"the input and the output cannot both be called {names[0]}")
    given, end = trace(network, draw)
    if end.fixed:
        raise FormatError("the network's output does not depend on its input, or no record of it was kept")
    graph = Graph(given, *names)
    last = graph.write(end)
    graph.nodes.append(onnx.helper.make_node("Identity", [last], [names[1]]))
    ends = [_info(onnx, name, value) for name, value in zip(names, (given, end), strict=True)]
    initializers = [onnx.numpy_helper.from_array(array, name) for name, array in graph.constants.items()]
    body = onnx.helper.make_graph(graph.nodes, "tinygan", ends[:1], ends[1:], initializers, doc_string=about)
    model = onnx.helper.make_model(
        body,
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="tinygan",
        doc_string=about,
    )
    onnx.helper.set_model_props(model, {key: text(value) for key, value in (metadata or {}).items()})
    onnx.checker.check_model(model, full_check=True)
    _compare(model, network, draw)
    return model


def save_onnx(path: PathLike, network: Module, shape: Sequence[int], **options: Any) -> None:
    """Write `onnx_model` of the same arguments to a file, which is replaced only when the whole new one is there.

    Raises
    ------
    FormatError
        As `onnx_model`.
    OSError
        If the file cannot be written.
    """
    content = onnx_model(network, shape, **options).SerializeToString()
    with whole_file(path) as file:
        file.write(content)


def _info(onnx: Any, name: str, value: Any) -> Any:
    lengths = [("N" if n.times == 1 else f"{n.times}N") if isinstance(n, Batch) else n for n in value.shape]
    return onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(value.dtype), lengths)


def _compare(model: Any, network: Module, draw: Callable[[int], np.ndarray]) -> None:
    """Raise if the model, as the package onnx itself computes it, is not the network, at other batch sizes."""
    run = needed("onnx.reference").ReferenceEvaluator(model)
    for n in TRIED:
        x, some = draw(n), f"{n} sample{'s' * (n > 1)}"
        try:
            with network.evaluating(), no_grad(), np.errstate(all="ignore"):
                wanted = to_numpy(network(Tensor(x)))
                (got,) = run.run(None, {model.graph.input[0].name: x})
        except Exception as error:  # of the network, of the evaluator, or of NumPy below it
            raise FormatError(f"the network or its ONNX model cannot be computed for {some}: {error}") from error
        if got.shape != wanted.shape or not np.allclose(got, wanted, CLOSE, CLOSE * np.abs(wanted).max(initial=1.0)):
            raise FormatError(f"the network does something for {some} that it does not do for 11 and 13")
