"""A whole training step on every backend: the same numbers, and no waiting for the device inside it."""

from __future__ import annotations

import numpy as np
import pytest
from standin import COMPILER, FakeCupy

from tinygan import optim
from tinygan.autograd import Tensor
from tinygan.backend import CupyBackend, NumpyBackend, using_backend
from tinygan.training import build, presets

SWITCHES = {
    "penalties": dict(preset="mlp", penalty="gp+dragan+r1+r2", penalty_weight=1.0, instance_noise=0.1, ema=0.9),
    "packed": dict(preset="small", pack=2, joint_batch=True, label_smoothing=0.1, fresh_fakes=True, dropout=0.3),
    "clipped": dict(preset="ring", loss="wgan", weight_clip=0.01, n_critic=2),
    "relativistic": dict(preset="ring", loss="ragan", simultaneous=True),
    "unrolled": dict(preset="ring", unroll=2, unroll_lr=0.5),
    "minibatch std": dict(preset="mlp", minibatch_std=True),
    "spectral norm": dict(preset="small", spectral_norm=True),
    "r3gan on points": dict(preset="r3gan", data="ring"),
}
CASES = {**{name: dict(preset=name) for name in presets.PRESETS}, **SWITCHES}


def step_once(options, backend, monkeypatch):
    """Build the preset on `backend`, take two measured steps; its state, the stats, and the waits in a step."""
    # SGD, because Adam turns the sign of a gradient near zero, which is rounding, into a whole step.
    config = presets.configure({**options, "batch_size": 4, "samples": 1, "optimizer": "sgd"})
    with using_backend(backend):
        monkeypatch.setattr(build, "use_backend", lambda name: backend)
        built = build.build(config)
        built.game.step(built.next_reals)
        waits = getattr(backend.xp, "syncs", 0)
        stats = built.game.step(built.next_reals, measure=True)
        waits = getattr(backend.xp, "syncs", 0) - waits
        return built.state(2)[0], {k: float(backend.to_numpy(v)) for k, v in stats.items()}, waits


def agree(one, other):
    """The same state and stats, each a pair (state, stats), to the rounding of sums in another order."""
    (here, stats_here), (there, stats_there) = one, other
    assert here.keys() == there.keys()
    assert stats_here == pytest.approx(stats_there, rel=1e-2, abs=1e-4)  # BatchNorm over four samples is steep
    for name, value in here.items():
        assert value.dtype == there[name].dtype
        # Against the largest number of the array: single ones near zero are differences of large ones. (The
        # gradient of a bias before BatchNorm is zero but for rounding: hence the absolute part.)
        assert np.abs(value - there[name]).max() <= 5e-3 * np.abs(value).max() + 2e-5, name


@pytest.mark.parametrize("case", CASES)
def test_step_agrees_and_does_not_wait(case, monkeypatch, tmp_path):
    """On the stand-in, whose kernels are compiled for the CPU from the text that a GPU would run."""
    monkeypatch.setenv("TINYGAN_CACHE", str(tmp_path))
    monkeypatch.setattr("tinygan.data.load", _few(case))
    backend = CupyBackend(FakeCupy())
    here, stats_here, _ = step_once(CASES[case], NumpyBackend(), monkeypatch)
    there, stats_there, waits = step_once(CASES[case], backend, monkeypatch)
    assert waits == 0
    agree((here, stats_here), (there, stats_there))
    assert bool(backend.xp.kernels) == bool(COMPILER)


# Without a compiler the stand-in runs the definitions, tap by tap: `deep` and `dcgan` would take a minute.
@pytest.mark.parametrize("case", ["ring", "mlp", "small", "penalties"])
def test_step_agrees_and_does_not_wait_without_kernels(case, monkeypatch, tmp_path):
    monkeypatch.setenv("TINYGAN_CACHE", str(tmp_path))
    monkeypatch.setattr("tinygan.data.load", _few(case))
    backend = CupyBackend(FakeCupy())
    backend.kernels.clear()
    here, stats_here, _ = step_once(CASES[case], NumpyBackend(), monkeypatch)
    there, stats_there, waits = step_once(CASES[case], backend, monkeypatch)
    assert waits == 0 and not backend.xp.kernels
    agree((here, stats_here), (there, stats_there))


@pytest.mark.parametrize("case", ["mlp", "cgan", "acgan", "infogan"])
def test_a_step_sends_nothing_but_noise(case, monkeypatch, tmp_path):
    """The images are on the device, and so are the losses: z, and the code, is all that the host has to say."""
    monkeypatch.setenv("TINYGAN_CACHE", str(tmp_path))
    monkeypatch.setattr("tinygan.data.load", _few(case))
    backend = CupyBackend(FakeCupy())
    monkeypatch.setattr(build, "use_backend", lambda name: backend)
    with using_backend(backend):
        built = build.build(presets.configure(dict(preset=case, batch_size=4, samples=1)))
        for _ in range(3):
            before = backend.xp.sent
            built.game.step(built.next_reals, measure=True)
            assert backend.xp.sent - before == 4 * built.z.shape[1] * 4 and backend.xp.syncs == 0


@pytest.mark.gpu
@pytest.mark.parametrize("case", CASES)
def test_step_agrees_on_a_gpu(case, monkeypatch, tmp_path, gpu):
    monkeypatch.setenv("TINYGAN_CACHE", str(tmp_path))
    monkeypatch.setattr("tinygan.data.load", _few(case))
    here, stats_here, _ = step_once(CASES[case], NumpyBackend(), monkeypatch)
    there, stats_there, _ = step_once(CASES[case], gpu, monkeypatch)
    agree((here, stats_here), (there, stats_there))


@pytest.mark.parametrize("name", ["SGD", "RMSProp", "Adam"])
def test_optimisers_agree_and_do_not_wait(name):
    rng = np.random.default_rng(0)
    shapes = [(3, 5), (70_000,), (1,)]
    values, grads = ([rng.standard_normal(s).astype(np.float32) for s in shapes] for _ in range(2))
    moved = []
    for backend in (NumpyBackend(), CupyBackend(FakeCupy())):
        with using_backend(backend):
            params = [Tensor(v.copy(), requires_grad=True) for v in values]
            optimizer = getattr(optim, name)(params, lr=0.01)
            for _ in range(3):
                optimizer.step([Tensor(g) for g in grads])
            assert getattr(backend.xp, "syncs", 0) == 0
            moved.append([backend.to_numpy(p.data) for p in params])
    for here, there, before in zip(*moved, values, strict=True):
        np.testing.assert_allclose(here, there, rtol=1e-5, atol=1e-6)
        assert not np.array_equal(here, before)


def _few(case):
    """`data.load` with a handful of digits: rendering all of them would take longer than the step."""
    from tinygan import data

    name = presets.configure(CASES[case]).data
    loaded = data.digits(n=40) if name == "digits" else data.load(name)
    return lambda name, data_dir=None, **looks: loaded
