"""The GPU benchmark, as far as it runs without one: the sides agree, the table is right, what is missing is said."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
from dataclasses import replace
from types import SimpleNamespace

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
        ours, compiled = TinyganSide(setting, backend), TinyganSide(setting, backend, compiled=True)
        sides = {"tinygan": ours, "compiled": compiled, "eager": theirs}
        losses = {name: [side.losses() for _ in range(4)] for name, side in sides.items()}
        gpu.check_losses(step, losses, 2e-3)
        ours.step()
        for _ in range(3):
            compiled.step()
        assert len(compiled.play.programs) == 2  # one that measures, and one that does not
        theirs.step()
    with pytest.raises(LossesDiffer, match="tinygan and eager do not compute the same"):
        gpu.check_losses(step, {**losses, "eager": [theirs.losses() for _ in range(4)]}, 2e-3)


@needs_torch
@pytest.mark.parametrize("step", ["small", "wgan-gp"])
def test_a_recorded_step_begins_where_the_others_do(step, monkeypatch):
    """All of PyTorch's recording but the capture itself, which needs a GPU; its names are those of the real package."""
    import torch

    adam = importlib.import_module("torch.optim.adam")
    monkeypatch.setattr(adam, "_get_capturable_supported_devices", lambda *args, **options: ["cpu"])
    stream = SimpleNamespace(wait_stream=lambda other: None)
    for name, result in (("Stream", stream), ("current_stream", stream), ("CUDAGraph", SimpleNamespace(replay=None))):
        monkeypatch.setattr(torch.cuda, name, lambda result=result: result)
    for name in ("stream", "graph"):
        monkeypatch.setattr(torch.cuda, name, contextlib.nullcontext)
    setting = replace(SETTINGS[step], batch=8)
    eager, graphs = (TorchSide(setting, graphs, tf32=False, device="cpu") for graphs in (False, True))
    assert graphs.play is None  # the graph's replay; here the step itself
    graphs.play = graphs.train
    losses = {"tinygan": [eager.losses() for _ in range(5)], "graphs": [graphs.losses() for _ in range(5)]}
    gpu.check_losses(step, losses, 1e-3)  # its Adam rounds in another way


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
    times = dict(zip(gpu.SIDES, (np.full(3, t) for t in (0.002, 0.001, 0.004, 0.0005)), strict=True))
    row = gpu.row("dcgan", 256, times, dict.fromkeys(times, 100.0))
    assert row.split() == (
        "dcgan 256 0.50 (0.50-0.50) 0.25 (0.25-0.25) 2.00 (2.00-2.00) 2.00 1.00 4.00 0.50 100 100 100 100".split()
    )
    assert len(row) == len(gpu.HEADER.split("\n")[1])


@pytest.mark.parametrize("argv", [[], ["--steps", "mlp", "--batch", "64", "--tf32"]])
def test_without_cupy_it_says_so(argv, monkeypatch, capsys):
    monkeypatch.setattr(gpu, "diagnose", lambda: "the package CuPy is not installed: pip install it")
    with pytest.raises(SystemExit) as end:
        guarded(gpu.PROGRAM, lambda: gpu.main(argv))
    captured = capsys.readouterr()
    assert end.value.code == 2 and "CuPy" in one_sentence(captured.err) and not captured.out
