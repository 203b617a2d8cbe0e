"""What is added to a discriminator after it is built: every builder's takes it, and it does what it says."""

import dataclasses

import numpy as np
import pytest

from tinygan import Tensor, models, nn
from tinygan.gan.additions import with_minibatch_std, with_spectral_norm
from tinygan.training import presets
from tinygan.training.build import build

NAMES = ("mlp", "small", "deep", "dcgan", "r3gan", "resnet", "points", "deep_points")
BUILDERS = {name: getattr(models, name) for name in NAMES}
each_builder = pytest.mark.parametrize("name", list(BUILDERS))


def discriminator(name, dropout=0.3):
    shape = (2,) if "points" in name else (8, 8, 1)
    rng = np.random.default_rng(0)
    return BUILDERS[name](shape, 3, rng, dropout=dropout)[1], rng.normal(size=(6, *shape)).astype(np.float32)


def largest(layer):
    W = np.moveaxis(layer.W.data, layer.output_axis, -1)
    return np.linalg.svd(W.reshape(-1, W.shape[-1]), compute_uv=False)[0]


@each_builder
def test_minibatch_std_stands_before_the_last_layer(name):
    network, x = discriminator(name)
    changed = with_minibatch_std(network, np.random.default_rng(1))
    assert [repr(layer) for layer in changed.layers[:-2]] == [repr(layer) for layer in network.layers[:-1]]
    assert isinstance(changed[-2], nn.MinibatchStd) and changed[-1].in_features == network[-1].in_features + 1
    assert changed(Tensor(x)).shape == (6, 1)


def test_the_whole_batch_decides():
    """One sample's logit depends on the others."""
    network, x = discriminator("points", dropout=0.0)
    changed, other = with_minibatch_std(network, np.random.default_rng(1)), x.copy()
    other[1:] *= 5
    assert np.array_equal(network(Tensor(x)).data[0], network(Tensor(other)).data[0])
    assert not np.allclose(changed(Tensor(x)).data[0], changed(Tensor(other)).data[0], rtol=1e-3)


def test_what_does_not_end_in_dense_is_refused():
    with pytest.raises(ValueError, match=r"goes before a last Dense, but this discriminator ends in Tanh\(\)"):
        with_minibatch_std(nn.Sequential(nn.Dense(2, 1), nn.Tanh()))


@each_builder
def test_spectral_norm_takes_every_weight(name):
    network, x = discriminator(name)
    weighted = [layer for _, layer in network.modules() if isinstance(layer, (nn.Dense, nn.Conv2D))]
    changed = with_spectral_norm(network, np.random.default_rng(1))
    assert [layer.layer for _, layer in changed.modules() if isinstance(layer, nn.SpectralNorm)] == weighted
    assert len(changed) == len(network) and len(changed.parameters()) == len(network.parameters())
    assert len(changed.buffers()) == len(weighted) and changed(Tensor(x)).shape == (6, 1)


@pytest.mark.parametrize("options", [dict(preset="ring", penalty="none"), dict(preset="small", data="digits")])
def test_after_some_steps_each_normalised_weight_stretches_by_one(options):
    """The weights as D uses them, against their singular values by NumPy; without the switch they are larger."""
    setup = build(presets.configure(dict(options, spectral_norm=True, batch_size=8, samples=1)))
    for step in range(1, 41):
        setup.set_learning_rates(step)
        setup.game.step(setup.next_reals)
    used = []
    for layer in setup.game.discriminator.layers:
        if isinstance(layer, nn.SpectralNorm):
            inner = layer.layer

            def note(x, W, inner=inner):
                used.append(np.linalg.svd(W.data.reshape(-1, W.shape[-1]), compute_uv=False)[0])
                return type(inner).with_weight(inner, x, W)

            inner.with_weight = note
    setup.game.discriminator(Tensor(setup.next_reals()))
    assert len(used) == 3 and np.allclose(used, 1, atol=0.1), used  # one step of power iteration a pass
    raw = [largest(layer.layer) for layer in setup.game.discriminator.layers if isinstance(layer, nn.SpectralNorm)]
    assert max(abs(np.array(raw) - 1)) > 0.2


def test_a_joint_batch_would_blind_minibatch_std():
    """With real samples beside them, fakes that are all alike show no small s."""
    game = build(presets.configure(dict(preset="ring", penalty="none", minibatch_std=True))).game
    with pytest.raises(ValueError, match="batches of their own: give joint_batch=False"):
        dataclasses.replace(game, joint_batch=True)


def test_the_switches_reach_the_game():
    setup = build(presets.configure(dict(preset="ring", penalty="none", minibatch_std=True, spectral_norm=True)))
    kinds = [type(layer).__name__ for layer in setup.game.discriminator.layers]
    assert kinds == ["SpectralNorm", "ReLU", "SpectralNorm", "ReLU", "MinibatchStd", "SpectralNorm"]
    assert setup.config.joint_batch and not setup.game.joint_batch  # real and fake samples in batches of their own
    assert "D.5.layer.W" in [p.name for p in setup.game.discriminator.parameters()]
    unrolled = build(presets.configure(dict(preset="ring", unroll=3, unroll_lr=0.25))).game
    assert (unrolled.unroll, unrolled.unroll_lr, unrolled.joint_batch) == (3, 0.25, True)
