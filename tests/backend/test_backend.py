"""Choosing a backend, the doors in and out, and what is said when CuPy cannot be had."""

from __future__ import annotations

import importlib
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from standin import FakeCupy

import tinygan.backend as backends
from tinygan.autograd import Tensor
from tinygan.backend import (
    BackendUnavailable,
    CupyBackend,
    NumpyBackend,
    backend_of,
    cupy_backend,
    current_backend,
    numpy_backend,
    to_numpy,
    use_backend,
    using_backend,
)


@pytest.fixture(autouse=True)
def former_backend(monkeypatch):
    """Leave the choice, and the list of known arrays, as they were."""
    monkeypatch.setattr(backends, "_current", current_backend())
    monkeypatch.setattr(backends, "_by_array_type", {np.ndarray: backends._numpy})


# -- choosing ----------------------------------------------------------------------------------------


def test_numpy_is_the_default():
    assert isinstance(use_backend(), NumpyBackend)
    assert current_backend() is use_backend("numpy") and current_backend().xp is np
    assert repr(current_backend()) == "<Backend numpy>"


@pytest.mark.parametrize("name", ["jax", "NumPy", "", None])
def test_an_unknown_name_lists_the_known_ones(name):
    with pytest.raises(ValueError, match=f"unknown backend {name!r}: choose one of numpy, cupy"):
        use_backend(name)


def test_a_failed_choice_changes_nothing(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)  # importing it now fails as if it were not installed
    former = current_backend()
    with pytest.raises(BackendUnavailable):
        use_backend("cupy")
    assert current_backend() is former


def test_a_backend_object_is_taken_as_it_is():
    chosen = CupyBackend(FakeCupy())
    assert use_backend(chosen) is chosen is current_backend() and chosen.name == "cupy"
    assert use_backend("numpy") is not chosen
    assert use_backend("cupy") is chosen  # known already: nothing is imported


def test_using_backend_comes_back_after_an_error():
    former = current_backend()
    with pytest.raises(KeyError), using_backend(CupyBackend(FakeCupy())) as inside:
        assert current_backend() is inside is not former
        raise KeyError
    assert current_backend() is former


def test_using_a_second_backend_for_the_same_arrays_is_over_after_it():
    former, inside = use_backend("numpy", keep_memory=False), NumpyBackend()
    with using_backend(inside):
        assert backend_of(np.ones(2)) is inside
    assert backend_of(np.ones(2)) is former is current_backend()


def test_the_backend_of_an_array():
    fake = CupyBackend(FakeCupy())
    with using_backend(fake):
        assert backend_of(fake.asarray([1.0])) is fake
    assert backend_of(np.ones(2)).name == "numpy"
    for stranger in ([1.0], 1.0, np.float32(1), None):
        with pytest.raises(TypeError, match=f"{type(stranger).__name__} is not an array of a backend in use"):
            backend_of(stranger)


# -- the doors ---------------------------------------------------------------------------------------


def test_in_and_out_again(backend):
    a = np.arange(6.0).reshape(2, 3)
    inside = backend.asarray(a)
    assert type(inside) is backend.array_type and backend.asarray(inside) is inside
    np.testing.assert_array_equal(to_numpy(inside), a)
    np.testing.assert_array_equal(to_numpy(Tensor(a)), a)
    assert type(to_numpy(Tensor(2.0))) is np.ndarray and to_numpy(Tensor(2.0)).shape == ()


@pytest.mark.parametrize(
    "data, dtype, expected",
    [
        (1, None, np.float32),
        (2.5, None, np.float32),
        ([1, 2], None, np.float32),
        (np.ones(2), None, np.float64),
        (np.arange(2), None, np.int64),
        (np.ones(2), np.float32, np.float32),
        (True, np.float64, np.float64),
    ],
)
def test_dtypes_at_the_door(data, dtype, expected, backend):
    assert backend.asarray(data, dtype).dtype == expected


def test_arrays_that_are_inside_can_change_their_dtype(backend):
    inside = backend.asarray(np.ones(2))
    assert backend.asarray(inside, np.float32).dtype == np.float32
    assert backend.asarray(inside, np.float64) is inside


def test_none_does_not_enter_as_nan(backend):
    with pytest.raises(TypeError, match="None is neither a number nor an array"):
        backend.asarray(None)


def test_to_numpy_takes_what_numpy_takes():
    np.testing.assert_array_equal(to_numpy([1, 2]), [1, 2])
    assert to_numpy(2.5).shape == ()


def test_a_cupy_array_does_not_enter_numpy():
    array = CupyBackend(FakeCupy()).asarray([1.0])
    with pytest.raises(TypeError, match=r"a CuPy array cannot enter the NumPy backend; use tg.to_numpy\(array\) first"):
        NumpyBackend().asarray(array)


def test_numbers_enter_cupy_without_waiting():
    cupy = FakeCupy()
    fake = CupyBackend(cupy)
    fake.asarray(2.0), fake.asarray(np.ones(3))
    assert cupy.syncs == 0
    fake.synchronize()
    assert cupy.syncs == 1
    fake.to_numpy(fake.asarray([1.0]))
    assert cupy.syncs == 2


def test_synchronize_is_nothing_on_the_cpu():
    assert NumpyBackend().synchronize() is None


# -- memory ------------------------------------------------------------------------------------------


@pytest.fixture
def mallopt(monkeypatch):
    """A list of what glibc was asked for."""
    calls = []
    libc = SimpleNamespace(mallopt=lambda option, value: calls.append((option, value)) or 1)
    monkeypatch.setattr(numpy_backend.ctypes, "CDLL", lambda name: libc)
    monkeypatch.setattr(sys, "platform", "linux")
    return calls


def test_freed_memory_is_kept(mallopt):
    use_backend("numpy")
    assert mallopt == [
        (numpy_backend.M_TRIM_THRESHOLD, 1 << 30),
        (numpy_backend.M_MMAP_THRESHOLD, 1 << 30),
        (numpy_backend.M_ARENA_MAX, 1),
    ]


def test_keep_memory_false_leaves_the_allocator_alone(mallopt):
    use_backend("numpy", keep_memory=False)
    assert mallopt == []


def test_other_systems_are_left_alone(mallopt, monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert numpy_backend.keep_freed_memory() is False and mallopt == []


def test_a_libc_without_mallopt(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(numpy_backend.ctypes, "CDLL", lambda name: SimpleNamespace())
    assert numpy_backend.keep_freed_memory() is False


# -- what is missing for CuPy --------------------------------------------------------------------------


def broken(error):
    def call(*args, **keywords):
        raise error

    return call


def runtime(count):
    return SimpleNamespace(runtime=SimpleNamespace(getDeviceCount=count))


def one():
    return 1


SITUATIONS = {
    "no package": (broken(ModuleNotFoundError("No module named 'cupy'", name="cupy")), True, "CuPy is not installed"),
    "broken package": (broken(ImportError("libcublas.so.12\nmore")), True, r"cannot be imported \(libcublas.so.12\)"),
    "no driver": (lambda name: SimpleNamespace(), False, "no NVIDIA driver was found.*--backend numpy"),
    "no GPU": (lambda name: SimpleNamespace(cuda=runtime(lambda: 0)), True, "shows no GPU.*CUDA_VISIBLE_DEVICES"),
    "silent driver": (
        lambda name: SimpleNamespace(cuda=runtime(broken(RuntimeError("cudaErrorInsufficientDriver: too old.")))),
        True,
        r"the NVIDIA driver does not answer \(cudaErrorInsufficientDriver: too old\)",
    ),
    "no toolkit": (
        lambda name: SimpleNamespace(cuda=runtime(one), ones=broken(OSError("libnvrtc.so.12 not found"))),
        True,
        r"CUDA toolkit is missing or does not fit the driver \(libnvrtc.so.12 not found\)",
    ),
}
MENDED_BY_PIP = ("no package", "broken package", "no toolkit")


@pytest.mark.parametrize("situation", SITUATIONS)
def test_what_is_missing_is_said_in_one_sentence_with_its_remedy(situation, monkeypatch):
    import_module, driver, words = SITUATIONS[situation]
    monkeypatch.setattr(cupy_backend.importlib, "import_module", import_module)
    monkeypatch.setattr(cupy_backend, "_has_driver", lambda: driver)
    with pytest.raises(BackendUnavailable, match=f"--backend cupy cannot be used: .*{words}") as caught:
        use_backend("cupy")
    message = str(caught.value)
    assert "\n" not in message
    if situation in MENDED_BY_PIP:
        assert "pip install 'cupy-cuda12x[ctk]'" in message and "'cupy-cuda13x[ctk]'" in message
        assert "pip install cupy " not in message  # the source package, which would compile for an hour


def test_a_working_cupy_is_taken(monkeypatch):
    monkeypatch.setattr(cupy_backend, "_has_driver", lambda: True)
    monkeypatch.setattr(cupy_backend.importlib, "import_module", lambda name: FakeCupy())
    assert cupy_backend.diagnose() is None
    assert use_backend("cupy").name == "cupy"


def test_a_missing_driver_is_noticed(monkeypatch):
    monkeypatch.setattr("ctypes.util.find_library", lambda name: None)
    monkeypatch.setattr("ctypes.CDLL", broken(OSError("libcuda.so.1: cannot open")))
    assert cupy_backend._has_driver() is False
    monkeypatch.setattr("ctypes.CDLL", lambda name: SimpleNamespace())
    assert cupy_backend._has_driver() is True


def test_the_real_cupy_where_it_cannot_run():
    """Installed on a machine without a GPU: a sentence, no traceback from inside CuPy."""
    pytest.importorskip("cupy", reason="CuPy is not installed")
    problem = cupy_backend.diagnose()
    if problem is None:
        assert use_backend("cupy").xp is importlib.import_module("cupy")
    else:
        with pytest.raises(BackendUnavailable, match="--backend cupy cannot be used"):
            use_backend("cupy")


# -- imports -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", ["tinygan.backend", "tinygan.autograd", "tinygan"])
def test_importing_brings_in_neither_cupy_nor_matplotlib(module):
    code = f"import sys, {module}; print(sorted({{'cupy', 'matplotlib', 'torch'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
