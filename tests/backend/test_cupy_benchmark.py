"""The GPU benchmark, as far as it runs without one: the sides agree, the table is right, what is missing is said."""

from __future__ import annotations

import importlib.util
from dataclasses import replace

import numpy as np
import pytest
from cli import one_sentence
from standin import FakeCupy

from benchmarks import gpu
from benchmarks.gpu_worker import SETTINGS, TinyganSide, TorchSide, seconds_a_step
from benchmarks.race import LossesDiffer
from tinygan.backend import CupyBackend, using_backend
from tinygan.commandline import guarded

needs_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")


@needs_torch
@pytest.mark.parametrize("step", ["small", "ring", "wgan-gp"])
def test_all_sides_train_alike(step):
    setting = replace(SETTINGS[step], batch=8)
    theirs = TorchSide(setting, graphs=False, tf32=False, device="cpu")
    backend = CupyBackend(FakeCupy())
    with using_backend(backend):
        ours = TinyganSide(setting, backend)
        losses = {"tinygan": [ours.losses() for _ in range(4)], "eager": [theirs.losses() for _ in range(4)]}
        gpu.check_losses(step, losses, 2e-3)
        ours.step()
        theirs.step()
    with pytest.raises(LossesDiffer, match="tinygan and eager do not compute the same"):
        gpu.check_losses(step, {**losses, "eager": [theirs.losses() for _ in range(4)]}, 2e-3)


def test_the_gpu_is_waited_for_after_the_steps():
    done = []

    class Side:
        def step(self):
            done.append("step")

        def synchronize(self):
            done.append("wait")

    assert 0 < seconds_a_step(Side(), 0) < 1
    assert done == ["step", "wait"] + ["step"] * 10 + ["wait"]


def test_a_row_of_the_table():
    times = {"tinygan": np.full(3, 0.002), "eager": np.full(3, 0.004), "graphs": np.full(3, 0.001)}
    assert gpu.row("dcgan", 256, times, dict.fromkeys(times, 100.0)).split() == (
        "dcgan 256 0.50 (0.50-0.50) 2.00 (2.00-2.00) 2.00 4.00 1.00 100 100 100".split()
    )


@pytest.mark.parametrize("argv", [[], ["--steps", "mlp", "--batch", "64", "--tf32"]])
def test_without_cupy_it_says_so(argv, monkeypatch, capsys):
    monkeypatch.setattr(gpu, "diagnose", lambda: "the package CuPy is not installed: pip install it")
    with pytest.raises(SystemExit) as end:
        guarded(gpu.PROGRAM, lambda: gpu.main(argv))
    captured = capsys.readouterr()
    assert end.value.code == 2 and "CuPy" in one_sentence(captured.err) and not captured.out
