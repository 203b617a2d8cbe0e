"""A whole training step on every backend: the same numbers, and no waiting for the device inside it."""

from __future__ import annotations

import numpy as np
import pytest
from standin import FakeCupy

from tinygan.backend import CupyBackend, NumpyBackend, using_backend
from tinygan.training import presets, setup

SWITCHES = {
    "penalties": dict(preset="mlp", penalty="gp+dragan+r1+r2", penalty_weight=1.0, instance_noise=0.1, ema=0.9),
    "packed": dict(preset="small", pack=2, joint_batch=True, label_smoothing=0.1, fresh_fakes=True, dropout=0.3),
    "clipped": dict(preset="ring", loss="wgan", weight_clip=0.01, n_critic=2, optimizer="rmsprop"),
    "relativistic": dict(preset="ring", loss="ragan", optimizer="sgd", simultaneous=True),
}
CASES = {**{name: dict(preset=name) for name in presets.PRESETS}, **SWITCHES}


def step_once(options, backend, monkeypatch):
    """Build the preset on `backend`, take two measured steps; its state, the stats, and the waits in a step."""
    config = presets.configure({**options, "batch_size": 4, "samples": 1})
    with using_backend(backend):
        monkeypatch.setattr(setup, "use_backend", lambda name: backend)
        built = setup.build(config)
        built.game.step(built.next_reals)
        waits = getattr(backend.xp, "syncs", 0)
        stats = built.game.step(built.next_reals, measure=True)
        waits = getattr(backend.xp, "syncs", 0) - waits
        return built.state(2)[0], {k: float(backend.to_numpy(v)) for k, v in stats.items()}, waits


# On the stand-in the convolutions of `deep` run by their definition, tap by tap: half a minute.
@pytest.mark.parametrize("case", [pytest.param(c, marks=pytest.mark.slow) if c == "deep" else c for c in CASES])
def test_step_agrees_and_does_not_wait(case, monkeypatch, tmp_path):
    monkeypatch.setenv("TINYGAN_CACHE", str(tmp_path))
    monkeypatch.setattr("tinygan.data.load", _few(case))
    here, stats_here, _ = step_once(CASES[case], NumpyBackend(), monkeypatch)
    there, stats_there, waits = step_once(CASES[case], CupyBackend(FakeCupy()), monkeypatch)
    assert waits == 0
    assert here.keys() == there.keys()
    assert stats_here == pytest.approx(stats_there, rel=1e-2, abs=1e-4)  # BatchNorm over four samples is steep
    for name, value in here.items():
        assert value.dtype == there[name].dtype
        np.testing.assert_allclose(value, there[name], rtol=1e-3, atol=2e-5, err_msg=name)


def _few(case):
    """`data.load` with a handful of digits: rendering all of them would take longer than the step."""
    from tinygan import data

    loaded = data.ring() if CASES[case]["preset"] == "ring" else data.grid()
    if CASES[case]["preset"] not in ("ring", "grid"):
        loaded = data.digits(n=40)
    return lambda name, data_dir=None: loaded
