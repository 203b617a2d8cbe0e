"""Work shared out between cores gives what one core gives, and leaves BLAS as it was."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from tinygan.autograd.window import conv_window
from tinygan.backend import numpy_patches, numpy_spectrum, threads


@pytest.fixture
def cores(monkeypatch):
    """A function that makes `threads` believe in n cores."""
    if threads.openblas() is None:
        pytest.skip("this NumPy's BLAS is no OpenBLAS that can be told how many threads to use")
    before = threads.openblas().threads()
    threads._pool.cache_clear()
    yield lambda n: monkeypatch.setattr(threads, "count", lambda: n)
    threads._pool.cache_clear()
    threads.openblas().set_threads(before)


@pytest.mark.parametrize(("n", "parts"), [(10, 3), (2, 2), (1, 1), (0, 1)])
def test_the_parts_are_all_of_the_range_in_order(cores, n, parts):
    cores(3)
    found = threads.side_by_side(lambda part: list(range(n))[part], n)
    assert len(found) == parts and sum(found, []) == list(range(n))


def test_parts_run_at_the_same_time(cores):
    cores(2)
    meeting = threading.Barrier(2, timeout=10)  # nobody passes alone
    assert sorted(threads.side_by_side(lambda part: meeting.wait(), 2)) == [0, 1]


def test_blas_has_one_thread_inside_and_all_of_them_after(cores):
    cores(2)
    blas = threads.openblas()
    blas.set_threads(2)
    assert threads.side_by_side(lambda part: blas.threads(), 2) == [1, 1]
    assert blas.threads() == 2
    a = np.ones((300, 300), dtype=np.float32)
    np.testing.assert_array_equal(a @ a, np.full((300, 300), 300))  # BLAS calls its threads back


@pytest.mark.parametrize("failing", [0, 1])
def test_an_error_in_a_part_is_raised_and_blas_is_as_before(cores, failing):
    cores(2)

    def work(part):
        if part.start == failing:
            raise ValueError("in a part")

    with pytest.raises(ValueError, match="in a part"):
        threads.side_by_side(work, 2)
    assert threads.openblas().threads() == 2


@pytest.mark.parametrize("way", [numpy_patches, numpy_spectrum], ids=["patches", "spectrum"])
def test_convolutions_on_three_cores_are_those_on_one(cores, rng, way):
    window = conv_window("test", (14, 14), (5, 5), 2, "same")
    x, w, y = (rng.normal(size=s) for s in ((7, 14, 14, 3), (5, 5, 3, 4), (7, 7, 7, 4)))
    results = {}
    for n in (1, 3):
        cores(n)
        results[n] = way.conv(window, x, w), way.conv_transpose(window, y, w), way.conv_weight(window, x, y)
    for one, three in zip(results[1], results[3], strict=True):
        np.testing.assert_allclose(three, one, rtol=1e-12, atol=1e-12)


def test_the_count_is_what_blas_was_told():
    code = "from tinygan.backend import threads; print(threads.count())"
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert run.stdout.strip() == "1", run.stderr
