"""Work shared out between cores gives what one core gives, and leaves BLAS as it was."""

from __future__ import annotations

import ctypes
import importlib
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from tinygan.autograd.window import conv_window
from tinygan.kernels import numpy_patches, numpy_spectrum, threads

LONG = threads.LONG


@pytest.fixture
def cores():
    """A function that lets BLAS have n threads."""
    blas = threads.openblas()
    if blas is None:
        pytest.skip("this NumPy's BLAS is no OpenBLAS whose threads can be counted and sent home")
    umath = importlib.import_module("numpy._core._multiarray_umath")
    set_threads = ctypes.CDLL(umath.__file__).scipy_openblas_set_num_threads64_
    before = blas.threads.value
    yield set_threads
    set_threads(before)


@pytest.mark.parametrize(("n", "parts"), [(10, 3), (2, 2), (1, 1), (0, 1)])
def test_the_parts_are_all_of_the_range_in_order(cores, n, parts):
    cores(3)
    found = threads.side_by_side(lambda part: list(range(n))[part], n, LONG)
    assert len(found) == parts and sum(found, []) == list(range(n))


def test_short_work_is_not_shared(cores):
    cores(3)
    assert threads.side_by_side(lambda part: part, 10, LONG - 1) == [slice(0, 10)]


def test_one_thread_of_blas_means_one_core_also_when_set_later(cores):
    cores(1)
    assert threads.side_by_side(lambda part: part, 10, LONG) == [slice(0, 10)]


def test_parts_run_at_the_same_time(cores):
    cores(2)
    meeting = threading.Barrier(2, timeout=10)  # nobody passes alone
    assert sorted(threads.side_by_side(lambda part: meeting.wait(), 2, LONG)) == [0, 1]


@pytest.mark.filterwarnings("error")
def test_all_threads_are_as_quiet_as_the_one_that_shares(cores):
    cores(2)
    numbers = np.full(10, -1.0)
    with np.errstate(invalid="ignore"):
        roots = threads.side_by_side(lambda part: np.sqrt(numbers[part]), 10, LONG)
    assert len(roots) == 2 and np.isnan(roots).all()


def test_work_that_is_shared_shares_nothing_itself(cores):
    cores(2)
    inner = threads.side_by_side(lambda part: threads.side_by_side(lambda p: p, 4, LONG), 2, LONG)
    assert inner == [[slice(0, 4)], [slice(0, 4)]]


def test_blas_has_one_thread_inside_and_all_of_them_after(cores):
    cores(2)
    blas = threads.openblas()
    assert threads.side_by_side(lambda part: blas.threads.value, 2, LONG) == [1, 1]
    assert blas.threads.value == 2
    a = np.ones((300, 300), dtype=np.float32)
    np.testing.assert_array_equal(a @ a, np.full((300, 300), 300))  # BLAS calls its threads back


@pytest.mark.parametrize("failing", [0, 1])
def test_an_error_in_a_part_waits_for_the_others(cores, failing):
    cores(2)
    ended = []

    def work(part):
        if part.start == failing:
            raise ValueError("in a part")
        time.sleep(0.2)
        ended.append(part.start)

    with pytest.raises(ValueError, match="in a part"):
        threads.side_by_side(work, 2, LONG)
    assert ended == [1 - failing] and threads.openblas().threads.value == 2
    assert threads.side_by_side(lambda part: part.start, 2, LONG) == [0, 1]


@pytest.mark.parametrize("way", [numpy_patches, numpy_spectrum], ids=["patches", "spectrum"])
def test_convolutions_on_three_cores_are_those_on_one(cores, rng, way, monkeypatch):
    monkeypatch.setattr(threads, "LONG", 1)
    window = conv_window("test", (14, 14), (5, 5), 2, "same")
    x, w, y = (rng.normal(size=s) for s in ((7, 14, 14, 3), (5, 5, 3, 4), (7, 7, 7, 4)))
    results = {}
    for n in (1, 3):
        cores(n)
        results[n] = way.conv(window, x, w), way.conv_transpose(window, y, w), way.conv_weight(window, x, y)
    for one, three in zip(results[1], results[3], strict=True):
        np.testing.assert_allclose(three, one, rtol=1e-12, atol=1e-12)


def test_the_count_is_what_blas_was_told():
    code = "from tinygan.kernels.threads import openblas; print(openblas() and openblas().threads.value)"
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert run.stdout.strip() in ("1", "None"), run.stderr
