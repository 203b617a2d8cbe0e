"""A whole run with ``--backend cupy``, on the stand-in: train, save, resume, sample."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from cli import call, one_sentence, train
from standin import COMPILER, FakeCupy
from training.conftest import quick_pictures  # noqa: F401  (a fixture)
from training.runs import TINY, assert_same_run, newest, rows

import tinygan.backend as backends
from tinygan.backend import CupyBackend, current_backend


@pytest.fixture
def cupy(monkeypatch):
    """The stand-in is what ``--backend cupy`` finds; the choice is undone after the test."""
    monkeypatch.setattr(backends, "_current", current_backend())
    monkeypatch.setattr(backends, "_by_array_type", {np.ndarray: backends._numpy})
    stand_in = FakeCupy()
    monkeypatch.setattr(backends, "make_cupy_backend", lambda: CupyBackend(stand_in))
    return stand_in


@pytest.mark.parametrize("preset", ["ring", "small", "mlp"])
def test_ten_steps_are_five_and_five(tmp_path, cupy, preset, quick_pictures):  # noqa: F811
    options = ("--backend", "cupy", "--preset", preset, *TINY, "--log-interval", 1, "--sample-interval", 5)
    whole = train(*options, "--steps", 10, "--outdir", tmp_path)
    halves = train(*options, "--steps", 5, "--outdir", tmp_path)
    assert json.loads((whole / "config.json").read_text())["options"]["backend"] == "cupy"
    assert train("--resume", halves, "--steps", 10) == halves
    assert_same_run(whole, halves)
    assert [row["step"] for row in rows(whole)] == list(range(1, 11)) and rows(whole, "metrics.jsonl")
    assert bool(cupy.kernels) == bool(COMPILER) and cupy.syncs > 0  # reading the losses, each step, waits


def test_a_run_agrees_with_numpys(tmp_path, cupy, quick_pictures):  # noqa: F811
    """The same seed gives the same run but for rounding: the noise, the weights and the order are the host's."""
    options = ("--preset", "ring", *TINY, "--steps", 5, "--log-interval", 1, "--optimizer", "sgd")
    here, there = (train("--backend", b, *options, "--outdir", tmp_path / b) for b in ("numpy", "cupy"))
    for row, other in zip(rows(here), rows(there), strict=True):
        assert row == pytest.approx(other, rel=1e-3, abs=1e-5)
    (arrays, meta), (others, other_meta) = newest(here), newest(there)
    assert meta["noise_rng"] == other_meta["noise_rng"] and meta["data"] == other_meta["data"]
    for name, array in arrays.items():
        np.testing.assert_allclose(others[name], array, rtol=1e-3, atol=1e-5)


def test_samples_of_a_run_are_the_same_with_and_without_a_gpu(tmp_path, cupy, quick_pictures):  # noqa: F811
    run = train("--backend", "cupy", "--preset", "small", *TINY, "--steps", 1, "--outdir", tmp_path)
    samples = []
    for backend in ("numpy", "cupy"):
        out = tmp_path / f"{backend}.npz"
        done = call("sample", run, "--n", 5, "--seed", 3, "--backend", backend, "--out", out)
        assert done.status == 0, done.err
        samples.append(np.load(out)["samples"])
    assert samples[0].shape == (5, 28, 28, 1)
    np.testing.assert_allclose(*samples, rtol=1e-4, atol=1e-5)


def test_without_cupy_it_ends_in_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(backends, "_by_array_type", {np.ndarray: backends._numpy})
    monkeypatch.setitem(sys.modules, "cupy", None)  # importing it now fails as if it were not installed
    done = call("train", "--backend", "cupy", "--outdir", tmp_path)
    assert done.status == 2 and "cupy-cuda12x[ctk]" in one_sentence(done.err)
    assert not list(tmp_path.iterdir())
