"""What the real CuPy offers: every function and method that NumPy has too, with its keywords, and its kernels.

The stand-in allows nothing else, and reads it from `cupy_names.txt`, so that it is strict on machines
without CuPy. With the wheel installed (it imports without a GPU), a test compares file and wheel, and

    python tests/standin/names.py > tests/standin/cupy_names.txt

writes the file anew.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("cupy_names.txt")
ANY = "**"  # the function passes keywords on, and its signature does not say which


def read() -> dict[str, set[str]]:
    """``{"ndarray.sum": {"axis", "dtype", ...}, ...}`` from the file."""
    lines = [line.split() for line in FILE.read_text(encoding="ascii").splitlines()]
    return {name: set(keywords) for name, *keywords in lines if name != "#"}


def of_wheel(cupy: Any) -> dict[str, list[str]]:
    """The same from the installed package."""
    import numpy

    found = {}
    for prefix, real, model in (
        ("", cupy, numpy),
        ("linalg.", cupy.linalg, numpy.linalg),
        ("ndarray.", cupy.ndarray, numpy.ndarray),
    ):
        for name in sorted(set(dir(real)) & set(dir(model))):
            thing = getattr(real, name)
            if not name.startswith("_") and callable(thing) and not isinstance(thing, type):
                found[prefix + name] = _keywords(cupy, thing)
    options = ["options"] * ("options (tuple)" in cupy.ElementwiseKernel.__doc__)  # one of its **kwargs
    found["ElementwiseKernel"] = sorted(_keywords(cupy, cupy.ElementwiseKernel) + options)
    found["ElementwiseKernel.__call__"] = [k for k in ("block_size", "size", "stream") if _kernel_takes(cupy, k)]
    return found


def _kernel_takes(cupy: Any, keyword: str) -> bool:
    """Whether a kernel can be called with it: CuPy looks at the keywords first, then misses the arguments."""
    try:
        cupy.ElementwiseKernel("T x", "T y", "y = x")(**{keyword: 1})
    except TypeError as error:
        return "Wrong number of arguments" in str(error)
    return False


def _keywords(cupy: Any, function: Any) -> list[str]:
    if isinstance(function, cupy.ufunc):
        return ["casting", "dtype", "out"]
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # compiled: the first line of its docstring is its signature
        inside = re.match(r"[\w.]+\((.*)\)", (function.__doc__ or "").split("\n")[0])
        given = [part.split("=")[0].split()[-1] for part in re.split(r", *", inside[1])] if inside and inside[1] else []
        return sorted(word for word in given if word.isidentifier() and word != "self")
    named = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) and p.name != "self"]
    return sorted(named) + [ANY] * any(p.kind is p.VAR_KEYWORD for p in parameters)


if __name__ == "__main__":
    import cupy

    print(f"# CuPy {cupy.__version__}: name, keywords")
    for name, keywords in of_wheel(cupy).items():
        print(name, *keywords)
