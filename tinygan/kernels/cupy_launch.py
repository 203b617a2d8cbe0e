"""How the kernels for CuPy are written and launched: one text, one loop over elements.

CuPy's `ElementwiseKernel` turns a line or two of CUDA C++ into a kernel that runs once for each element, in
float32 and float64 alike (the type T), on arrays of any strides, with broadcasting. So one launch does what
a formula of array operations does in one launch for each of its signs: and on a GPU a small training step
takes as long as its launches, 10 to 20 microseconds each, whatever the arithmetic.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple


class Source(NamedTuple):
    """The text of a kernel, in CuPy's language.

    Attributes
    ----------
    name : str
        What profilers show.
    inputs, outputs : str
        Typed parameters. `raw` ones are indexed by hand; of the others each thread sees its own element.
    body : str
        What is done for element number `i`.
    """

    name: str
    inputs: str
    outputs: str
    body: str


@lru_cache(maxsize=128)
def _kernel(xp: Any, source: Source) -> Any:
    return xp.ElementwiseKernel(source.inputs, source.outputs, source.body, name=source.name)


def launch(xp: Any, source: Source, *arguments: Any, size: int | None = None) -> Any:
    """Run a kernel; it is compiled when first used, and CuPy keeps the result on disk.

    Parameters
    ----------
    xp : module
        CuPy.
    source : Source
    *arguments
        The inputs (numbers take the arrays' precision), and the outputs if they exist already.
    size : int, optional
        How many times to run it, where all arrays are `raw`.

    Returns
    -------
    array, or tuple of arrays
        The outputs. Nothing waits for the device.
    """
    kernel = _kernel(xp, source)
    return kernel(*arguments) if size is None else kernel(*arguments, size=size)


def floats(*arrays: Any) -> bool:
    """Whether all are float32, or all float64: what the kernels are written for."""
    return arrays[0].dtype.char in "fd" and all(a.dtype == arrays[0].dtype for a in arrays)
