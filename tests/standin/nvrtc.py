"""What CuPy would compile for a kernel, and NVIDIA's compiler for it: neither needs a GPU or a driver.

CuPy writes the CUDA source itself, from the kernel's text and what it knows of the arguments; here it is
told of arguments that do not exist. NVRTC is called as CuPy calls it, with CuPy's headers and options.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

NDARRAY, INDEXER, SCALAR = 1, 2, 3  # CuPy's ARG_KIND_...
NEEDS = "pip install 'cupy-cuda12x>=14' nvidia-cuda-nvrtc-cu12 nvidia-cuda-runtime-cu12 (no GPU is needed)"


def load() -> tuple[Any, Any]:
    """The package `cupy` and the library NVRTC.

    Raises
    ------
    ImportError, OSError, RuntimeError
        If one of them, or the headers of CUDA, are missing: see `NEEDS`.
    """
    import cupy
    from cuda.pathfinder import load_nvidia_dynamic_lib

    library = ctypes.CDLL(load_nvidia_dynamic_lib("nvrtc").abs_path)
    cupy._core.core.assemble_cupy_compiler_options(())
    return cupy, library


def cuda_source(cupy: Any, texts: tuple[str, str, str, str], arrays: tuple[bool, ...], dtype: str, ndim: int) -> str:
    """The whole CUDA source that CuPy makes of a kernel.

    Parameters
    ----------
    texts : in_params, out_params, operation, name
    arrays : tuple of bool
        Which arguments are arrays; the others are numbers.
    dtype : str
        What the type T stands for.
    ndim : int
        1: contiguous arrays, which CuPy flattens. More: arrays with strides.
    """
    core, internal = cupy._core.core, cupy._core._kernel
    kernel = cupy.ElementwiseKernel(*texts[:3], name=texts[3])
    infos = []
    for p, is_array in zip(kernel.params[:-1], arrays, strict=True):
        own = np.dtype(dtype) if p.dtype is None else np.dtype(p.dtype)
        if is_array:
            infos.append(internal._ArgInfo(NDARRAY, cupy.ndarray, own, ndim, ndim == 1, True))
        else:
            infos.append(internal._ArgInfo(SCALAR, cupy._core._scalar.CScalar, own, 0, True, True))
    infos.append(internal._ArgInfo(INDEXER, cupy._core._carray.Indexer, None, ndim, True, True))
    types = internal._TypeMap((("T", np.dtype(dtype)),))
    body = internal._get_elementwise_kernel_code(
        tuple(infos), types, kernel.params, kernel.operation, kernel.name, kernel.preamble
    )
    return "".join(f"#include <{header}>\n" for header in core._cupy_header_list) + body


def ptx(cupy: Any, library: Any, source: str, capability: int, options: tuple[str, ...] = ()) -> str:
    """The source compiled for GPUs of a compute capability (80: A100, 90: H100), as NVIDIA's assembler text.

    `options` are those of the kernel, which CuPy puts before its own.

    Raises
    ------
    RuntimeError
        With NVRTC's messages, if it does not compile.
    """
    options = (
        *options,
        *cupy._core.core.assemble_cupy_compiler_options(()),
        f"--gpu-architecture=compute_{capability}",
    )
    program = ctypes.c_void_p()
    _check(library.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"kernel.cu", 0, None, None))
    try:
        given = (ctypes.c_char_p * len(options))(*[option.encode() for option in options])
        failed = library.nvrtcCompileProgram(program, len(options), given)
        if failed:
            raise RuntimeError(f"{_text(library, 'ProgramLog', program)}\n{source}")
        return _text(library, "PTX", program)
    finally:
        library.nvrtcDestroyProgram(ctypes.byref(program))


def _text(library: Any, what: str, program: ctypes.c_void_p) -> str:
    size = ctypes.c_size_t()
    _check(getattr(library, f"nvrtcGet{what}Size")(program, ctypes.byref(size)))
    text = ctypes.create_string_buffer(size.value)
    _check(getattr(library, f"nvrtcGet{what}")(program, text))
    return text.value.decode()


def _check(result: int) -> None:
    if result:
        raise RuntimeError(f"NVRTC returned {result}")
