"""CuPy on an NVIDIA GPU: the same contract, and a clear word when it cannot be had."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from tinygan.backend.base import Backend, on_host

INSTALL = "pip install 'cupy-cuda12x[ctk]'  (CUDA 12 driver)  or  pip install 'cupy-cuda13x[ctk]'  (CUDA 13 driver)"


class BackendUnavailable(RuntimeError):
    """A backend was asked for that this machine cannot run; the message says what is missing."""


class CupyBackend(Backend):
    """Arrays are `cupy.ndarray`, on the current CUDA device.

    Random numbers are never drawn here: weights, noise and shuffles come from the host, so that the
    same seed gives the same run on both backends.

    Parameters
    ----------
    cupy : module
        The imported `cupy`; tests hand in a stand-in that runs on the CPU.
    """

    name = "cupy"

    def __init__(self, cupy: Any):
        self.xp = cupy
        self.array_type: Any = cupy.ndarray

    @cached_property
    def kernels(self) -> dict[Any, Callable[..., Any]]:
        # A stand-in on a machine without a compiler has none: the ops' definitions are enough.
        return super().kernels if hasattr(self.xp, "ElementwiseKernel") else {}

    def asarray(self, data: Any, dtype: Any = None) -> Any:
        if isinstance(data, self.array_type):
            return data if dtype is None or data.dtype == dtype else data.astype(dtype)
        if isinstance(data, (bool, int, float)):
            # `full` sends the number as a kernel's argument: no copy from the host, so no waiting.
            number = on_host(data, dtype)
            return self.xp.full((), number.item(), dtype=number.dtype)
        return self.xp.asarray(on_host(data, dtype))

    def to_numpy(self, array: Any) -> np.ndarray:
        return self.xp.asnumpy(array) if isinstance(array, self.array_type) else np.asarray(array)

    def synchronize(self) -> None:
        self.xp.cuda.get_current_stream().synchronize()


def diagnose() -> str | None:
    """What keeps CuPy from running here, in one sentence with the line that mends it, or None."""
    try:
        cupy = importlib.import_module("cupy")
    except ModuleNotFoundError:
        return f"the package CuPy is not installed: {INSTALL}"
    except ImportError as error:
        return f"CuPy is installed but cannot be imported ({_first_line(error)}): {INSTALL}"
    if not _has_driver():
        return (
            "no NVIDIA driver was found (libcuda is missing): install the driver of your GPU from "
            "https://www.nvidia.com/drivers, or use --backend numpy"
        )
    try:
        if cupy.cuda.runtime.getDeviceCount() < 1:
            return "the NVIDIA driver works but shows no GPU: check nvidia-smi and CUDA_VISIBLE_DEVICES"
    except Exception as error:  # CuPy raises its own classes here, and they differ by version
        return f"the NVIDIA driver does not answer ({_first_line(error)}): check nvidia-smi"
    try:
        probe = cupy.ones((2, 2), dtype=np.float32)
        float((probe @ probe).sum())  # compiles one kernel and calls cuBLAS: the whole toolkit
    except Exception as error:
        return f"the CUDA toolkit is missing or does not fit the driver ({_first_line(error)}): {INSTALL}"
    return None


def make_cupy_backend() -> CupyBackend:
    """Import CuPy and return its backend.

    Raises
    ------
    BackendUnavailable
        If the package, the driver, a GPU or the toolkit is missing; the message says which.
    """
    problem = diagnose()
    if problem:
        raise BackendUnavailable(f"--backend cupy cannot be used: {problem}")
    return CupyBackend(importlib.import_module("cupy"))


def _has_driver() -> bool:
    import ctypes.util  # only here: it takes 10 ms of every `import tinygan` otherwise

    name = "nvcuda.dll" if sys.platform == "win32" else ctypes.util.find_library("cuda") or "libcuda.so.1"
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def _first_line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return text[0].rstrip(".") if text else type(error).__name__
