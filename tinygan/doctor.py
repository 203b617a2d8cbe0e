"""Is everything here that tinygan needs? ``python -m tinygan.doctor`` says so, and what to do if not."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Sequence

from tinygan import __version__
from tinygan.backend.cupy_backend import diagnose
from tinygan.backend.numpy_backend import keep_freed_memory
from tinygan.commandline import Parser, guarded
from tinygan.data import cache_dir

PROGRAM = "python -m tinygan.doctor"
PACKAGES = ("numpy", "matplotlib", "tqdm", "tensorboardX", "torch")


def main(argv: Sequence[str] | None = None) -> None:
    Parser(prog=PROGRAM, description="Print versions, devices, and what is missing.").parse_args(argv)
    print(f"tinygan      {__version__}")
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"
    print(f"python       {platform.python_version()} on {machine}")
    for name in PACKAGES:
        print(f"{name:12} {_version(name)}")
    print(f"cupy         {_cupy_version()}")
    print(f"threads      {_threads()}")
    print(f"allocator    {'glibc: freed memory is kept' if keep_freed_memory() else 'left as it is (no glibc)'}")
    print(f"data         TINYGAN_DATA={os.environ.get('TINYGAN_DATA', '(not set)')}, cache {cache_dir()}")
    print("numpy backend: ready")
    problem = diagnose()
    print(f"cupy backend:  {'ready, ' + _gpu() if problem is None else 'not available: ' + problem}")


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _cupy_version() -> str:
    installed = [(str(d.metadata["Name"]), d.version) for d in importlib.metadata.distributions()]
    found = sorted(f"{name} {version}" for name, version in installed if name.lower().startswith("cupy"))
    return ", ".join(found) or "not installed"


def _threads() -> str:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    given = [f"{name}={os.environ[name]}" for name in names if name in os.environ]
    return " ".join(given) or f"not limited (BLAS may use all {os.cpu_count()} CPUs)"


def _gpu() -> str:
    import cupy

    properties = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)
    driver = cupy.cuda.runtime.driverGetVersion()
    name, memory = properties["name"].decode(), properties["totalGlobalMem"] / 2**30
    return f"{name}, {memory:.0f} GiB, driver for CUDA {driver // 1000}.{driver % 1000 // 10}"


if __name__ == "__main__":
    guarded(PROGRAM, main)
