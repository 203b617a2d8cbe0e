"""What every test may ask for. The tests' own helpers (`op_table`, `standin`) lie beside this file."""

from __future__ import annotations

import os

# Before NumPy is imported: on the small arrays of tests two BLAS threads spend their time waiting for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pytest
from standin import FakeCupy

from tinygan import plot
from tinygan.backend import CupyBackend, current_backend, using_backend
from tinygan.backend.cupy_backend import diagnose
from tinygan.files import whole_file
from tinygan.plot import style
from tinygan.training import record


class WithoutCurves:
    """`tinygan.plot` for tiny runs, which would take most of their time to draw their curves."""

    @staticmethod
    def save_curves(path, *args, **options):
        with whole_file(path) as file:
            file.write(b"curves")

    def __getattr__(self, name):
        return getattr(plot, name)


# Files that look at pictures, or compare them with those of another process, where nothing is patched.
FULL_SIZE = ("test_commandline_interpolate.py", "test_training_resume.py", "test_training_distributed.py")


@pytest.fixture(scope="module", autouse=True)
def quick(request):
    """Runs draw no curves and small pictures of points, and nobody waits for the disk, but where that is tested.

    For a whole file at once: a run that its tests share is made before any fixture of a single test.
    """
    with pytest.MonkeyPatch.context() as patch:
        if request.path.name != "test_files.py":
            patch.setattr(os, "fsync", lambda file: None)
        if request.path.name not in ("test_training_hostile.py", "test_training_scores.py"):
            patch.setattr(record, "plot", WithoutCurves())
        if request.path.parent.name not in ("plot", "live") and request.path.name not in FULL_SIZE:
            patch.setattr(style, "DPI", 20)  # 120 x 108 pixels
        yield


@pytest.fixture
def rng():
    """A random generator that is the same in every run."""
    return np.random.default_rng(7)


@pytest.fixture
def fake_cupy():
    """A stand-in for the module `cupy`, as the backend in use; it counts synchronisations."""
    cupy = FakeCupy()
    with using_backend(CupyBackend(cupy)):
        yield cupy


@pytest.fixture(params=["numpy", "stand-in"])
def backend(request):
    """Each backend that runs without a GPU, in use during the test."""
    chosen = "numpy" if request.param == "numpy" else CupyBackend(FakeCupy())
    with using_backend(chosen):
        yield current_backend()


@pytest.fixture
def gpu():
    """CuPy on a real GPU as the backend in use; skips, saying what is missing, where there is none."""
    problem = diagnose()
    if problem:
        pytest.skip(problem)
    with using_backend("cupy") as chosen:
        yield chosen
