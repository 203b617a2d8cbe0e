"""The stand-in's `ElementwiseKernel`: the very text that a GPU would run, compiled for the CPU.

CuPy wraps a kernel's text into a loop over elements and compiles it with NVRTC. Here the same text goes
into a plain C++ loop and through g++. What CuPy refuses is refused (types that differ, a size beside arrays
that have one), and two things are checked that a GPU lets pass in silence: an index outside of an array, and
an element that was never written (new memory is full of NaN).
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from standin import COMPILER, log, ndarray

C_TYPES = {"float32": "float", "float64": "double", "int32": "int", "int64": "long long", "bool": "bool"}

# Each thread of a GPU may come first or last: tests run a kernel in both orders, and want the same bits.
backwards = False

SHIM = """
#include <math.h>
#include <stddef.h>
{typedefs}
static double nowhere;
template <typename E> struct Raw {{  // an array that notices what lies outside of it
    E *data; ptrdiff_t size; bool *outside;
    E &operator[](ptrdiff_t at) const {{
        if (at >= 0 && at < size) return data[at];
        *outside = true;
        return *(E *)&nowhere;
    }}
}};
extern "C" bool run(void **arrays, const ptrdiff_t *sizes, const double *numbers, ptrdiff_t count, bool backwards) {{
    bool outside = false;
    {parameters}
    for (ptrdiff_t turn = 0; turn < count; turn++) {{
        const ptrdiff_t i = backwards ? count - 1 - turn : turn;
        {elements}
        {body};
    }}
    return outside;
}}
"""


class Parameter(NamedTuple):
    """``raw T x`` or ``int32 rows``."""

    name: str
    kind: str  # a dtype's name, or one letter that stands for the arrays' dtype
    raw: bool

    @classmethod
    def read(cls, text: str) -> list[Parameter]:
        words = [part.split() for part in text.split(",") if part.strip()]
        return [cls(w[-1], w[-2], "raw" in w[:-2]) for w in words]


class ElementwiseKernel:
    """As `cupy.ElementwiseKernel`, for what can be done without `_ind` or a preamble.

    Of the options one is known, and always in force: products and sums are rounded singly.
    """

    def __init__(
        self, in_params: str, out_params: str, operation: str, name: str = "kernel", options: tuple[str, ...] = ()
    ):
        log.note("ElementwiseKernel", ("name", "options"))
        if options not in ((), ("--fmad=false",)):
            raise ValueError(f"the stand-in does not know the options {options}")
        self.inputs, self.outputs = Parameter.read(in_params), Parameter.read(out_params)
        self.operation, self.name, self.texts = operation, name, (in_params, out_params, operation, name)
        if "i" in {p.name for p in self.inputs + self.outputs}:
            raise ValueError("Can not use 'i' as a parameter name")

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        log.note("ElementwiseKernel.__call__", keywords)
        size = keywords.pop("size", None)
        parameters = self.inputs + self.outputs
        if len(args) not in (len(self.inputs), len(parameters)):
            raise TypeError(f"Wrong number of arguments for {self.name!r}: {len(args)}")
        for a in args:
            if not isinstance(a, (ndarray, bool, int, float, np.generic)):
                raise TypeError(f"{self.name}: Unsupported type {type(a)}")
        types = self._types(args)
        shape = self._shape(args, size)
        outs = list(args[len(self.inputs) :])
        if not outs:
            if size is None and any(p.raw for p in self.outputs):
                raise ValueError("Output array size is Undecided")
            outs = [ndarray(np.full(shape, _poison(types[p.kind]), types[p.kind])) for p in self.outputs]
        for p, out in zip(self.outputs, outs, strict=True):
            if not isinstance(out, ndarray):
                raise TypeError("Output arguments type must be cupy.ndarray")
            if not p.raw and out.shape != shape:
                raise ValueError("Out shape is mismatched")
        count = int(np.prod(shape))
        if count:
            args = (*args[: len(self.inputs)], *outs)
            log.launches += 1
            log.kernels.add((*self.texts, tuple(isinstance(a, ndarray) for a in args)))
            self._run(args, types, shape, count)
        return outs[0] if len(outs) == 1 else tuple(outs)

    def _types(self, args: tuple[Any, ...]) -> dict[str, np.dtype]:
        """The dtype that each letter stands for; TypeError where two arrays disagree."""
        types = {name: np.dtype(name) for name in C_TYPES}
        for p, a in zip(self.inputs + self.outputs, args, strict=False):
            if isinstance(a, ndarray) and types.setdefault(p.kind, a.dtype) != a.dtype:
                raise TypeError(f"Type is mismatched. {self.name}: {p.name} {a.dtype} {types[p.kind]}")
        return types

    def _shape(self, args: tuple[Any, ...], size: int | None) -> tuple[int, ...]:
        own = [
            a.shape
            for p, a in zip(self.inputs + self.outputs, args, strict=False)
            if isinstance(a, ndarray) and not p.raw
        ]
        if size is not None:
            if own:
                raise ValueError("Specified 'size' can be used only if all of the ndarray are 'raw'.")
            return (size,)
        if not own:
            raise ValueError("Loop size is undecided.")
        return np.broadcast_shapes(*own)

    def _run(self, args: tuple[Any, ...], types: dict[str, np.dtype], shape: tuple[int, ...], count: int) -> None:
        """Run on contiguous copies, then write the outputs back."""
        parameters, n = self.inputs + self.outputs, len(self.inputs)
        hosts, numbers = [], []
        for k, (p, a) in enumerate(zip(parameters, args, strict=True)):
            if not isinstance(a, ndarray):
                numbers.append(float(types[p.kind].type(a)))
                continue
            host = a._host if p.raw or k >= n else np.broadcast_to(a._host, shape)
            hosts.append(np.ascontiguousarray(host) if host.ndim else host.copy())
        run = _compiled(self._code(args, types))
        outside = run(
            (ctypes.c_void_p * len(hosts))(*[h.ctypes.data for h in hosts]),
            (ctypes.c_ssize_t * len(hosts))(*[h.size for h in hosts]),
            (ctypes.c_double * max(1, len(numbers)))(*numbers),
            count,
            backwards,
        )
        if outside:
            raise IndexError(f"{self.name} reads or writes outside of an array")
        for out, host in zip(args[n:], hosts[len(hosts) - len(self.outputs) :], strict=True):
            if out._host is not host:
                out._host[...] = host.reshape(out.shape)

    def _code(self, args: tuple[Any, ...], types: dict[str, np.dtype]) -> str:
        """The whole C++ text; `i`, the parameters' names and the letters' types are as in CuPy."""
        letters = {p.kind for p in self.inputs + self.outputs if len(p.kind) == 1}
        declared, elements, arrays, numbers = [], [], 0, 0
        for k, (p, a) in enumerate(zip(self.inputs + self.outputs, args, strict=True)):
            const, ctype = "const " * (k < len(self.inputs)), C_TYPES[types[p.kind].name]
            if not isinstance(a, ndarray):
                declared.append(f"const {ctype} {p.name} = ({ctype})numbers[{numbers}];")
                numbers += 1
                continue
            data = f"({const}{ctype} *)arrays[{arrays}]"
            if p.raw:
                declared.append(f"const Raw<{const}{ctype}> {p.name} = {{{data}, sizes[{arrays}], &outside}};")
            else:
                declared.append(f"{const}{ctype} *const _raw_{p.name} = {data};")
                elements.append(f"{const}{ctype} &{p.name} = _raw_{p.name}[i];")
            arrays += 1
        return SHIM.format(
            typedefs="\n".join(f"typedef {C_TYPES[types[letter].name]} {letter};" for letter in sorted(letters)),
            parameters="\n    ".join(declared),
            elements="\n        ".join(elements),
            body=self.operation,
        )


def of_c(name: str, x: ndarray) -> np.ndarray:
    """A function of each number as a kernel would compute it."""
    if not isinstance(x, ndarray):
        raise TypeError(f"{name}: Unsupported type {type(x)}")
    kernel, y = ElementwiseKernel("T x", "T y", f"y = {name}(x)"), ndarray(np.empty(x.shape, x.dtype))
    if x.size:
        kernel._run((x, y), kernel._types((x, y)), x.shape, x.size)
    return y._host


def _poison(dtype: np.dtype) -> Any:
    return np.nan if dtype.kind == "f" else 0


@cache
def _compiled(code: str) -> Any:
    """The function `run` of a text; compiled once for all processes of this user."""
    library = _folder() / f"{hashlib.sha256(code.encode()).hexdigest()[:32]}.so"
    if not library.exists():
        assert COMPILER
        with tempfile.TemporaryDirectory(dir=library.parent) as work:
            source, made = Path(work, "kernel.cpp"), Path(work, "kernel.so")
            source.write_text(code, encoding="ascii")
            command = [
                COMPILER,
                "-std=c++17",
                "-O1",
                "-ffp-contract=off",
                "-shared",
                "-fPIC",
                "-o",
                str(made),
                str(source),
            ]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(f"g++ does not take the kernel:\n{done.stderr}\n{code}")
            os.replace(made, library)
    run = ctypes.CDLL(str(library)).run
    run.restype = ctypes.c_bool
    run.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_bool)
    return run


@cache
def _folder() -> Path:
    """Where compiled kernels are kept: a folder that nobody else can write to."""
    folder = Path(tempfile.gettempdir(), f"tinygan-standin-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid == os.getuid() and not folder.stat().st_mode & 0o022:
        return folder
    return Path(tempfile.mkdtemp(prefix="tinygan-standin-"))
