"""Two networks are looked at before they are trained, on every backend, and are left as they were."""

import copy

import numpy as np
import pytest

import tinygan as tg
from tinygan import nn
from tinygan.backend import to_numpy
from tinygan.gan.networks import draw_from
from tinygan.gan.pair_check import check_pair

SHAPE, LATENT = (4, 4, 2), 3


def pair(rng, seen=2, outputs=1):
    generator = nn.Sequential(nn.Dense(LATENT, 32, rng=rng), nn.BatchNorm(32), nn.Reshape(SHAPE), nn.Tanh())
    layers = [nn.Flatten(), nn.Dense(16 * seen, 5, rng=rng), nn.BatchNorm(5), nn.Dropout(0.5, rng=rng)]
    return generator, nn.Sequential(*layers, nn.Dense(5, outputs, rng=rng))


def test_a_fitting_pair_is_left_as_it_was(backend, rng):
    generator, discriminator = pair(rng)
    before = [network.state_dict() for network in (generator, discriminator)]
    state = copy.deepcopy(rng.bit_generator.state)
    check_pair(generator, discriminator, SHAPE, LATENT)
    for network, old in zip((generator, discriminator), before, strict=True):
        assert all((old[name] == array).all() for name, array in network.state_dict().items())
        assert network.training
    assert rng.bit_generator.state == state


def test_packs_channels_and_outputs_count(rng):
    check_pair(*pair(rng, seen=3 * 2 + 4, outputs=6), SHAPE, LATENT, pack=3, channels=4, outputs=6)
    with pytest.raises(ValueError, match=r"the discriminator returns \(N, 6\) .* not \(N, 1\)"):
        check_pair(*pair(rng, outputs=6), SHAPE, LATENT)


def test_what_is_wrong_is_said_of_the_right_network(backend, rng):
    generator, discriminator = pair(rng)
    with pytest.raises(
        ValueError, match=r"the generator returns \(N, 4, 4, 2\) for an input of \(N, 3\), not \(N, 4, 4, 1\)"
    ):
        check_pair(generator, discriminator, (4, 4, 1), LATENT)
    discriminator.layers[1].W.data[0, 0] = np.nan
    with pytest.raises(ValueError, match="the discriminator returns numbers that are not finite"):
        check_pair(generator, discriminator, SHAPE, LATENT)
    generator.idle = tg.Tensor(np.zeros(1, np.float32), requires_grad=True)
    with pytest.raises(ValueError, match="the generator does not use its parameter idle, so that it cannot be trained"):
        check_pair(generator, discriminator, SHAPE, LATENT)


def test_all_layers_draw_from_one_generator(rng):
    _, discriminator = pair(np.random.default_rng(0))
    other = nn.Sequential(discriminator, nn.Dropout(0.5))
    draw_from(other, rng)
    assert [m.rng is rng for _, m in other.modules() if isinstance(m, nn.Dropout)] == [True, True]
    x = tg.Tensor(np.ones((2, 32), np.float32))
    first = to_numpy(nn.Dropout(0.5, np.random.default_rng(7))(x))
    assert (to_numpy(other.layers[1](x)) == first).all()  # `rng` is seeded by 7
