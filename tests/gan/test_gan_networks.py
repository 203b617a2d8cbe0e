"""A pair of networks of one's own: what it may be made of, what it is asked for, and the range of its images."""

import numpy as np
import pytest

from tinygan import Networks, nn
from tinygan.gan.networks import draw_from, output_range

SHAPE = (4, 4, 1)


def make_g(shape, latent, rng):
    return nn.Sequential(nn.Dense(latent, 16, rng=rng), nn.Tanh(), nn.Reshape(shape))


def make_d(shape, rng, dropout=0.0, outputs=1):
    return nn.Sequential(
        nn.Flatten(), nn.Dense(int(np.prod(shape)), outputs, rng=rng), nn.Dropout(dropout, rng=np.random.default_rng(1))
    )


def plain_d(shape, rng):
    return make_d(shape, rng)


def any_d(shape, rng, **extras):
    return make_d(shape, rng, **extras)


READY = make_g(SHAPE, 3, np.random.default_rng(0)), make_d(SHAPE, np.random.default_rng(0))


@pytest.mark.parametrize(
    "given, kind, said",
    [
        ((make_g, 3), TypeError, "not function and int"),
        (("mlp", make_d), TypeError, "not str and function"),
        ((READY[0], make_d), TypeError, "not one of each"),
        ((make_g, READY[1]), TypeError, "not one of each"),
        ((make_g, make_d, (0, 0)), ValueError, "run upwards"),
        ((make_g, make_d, (1, -1)), ValueError, "run upwards"),
        ((make_g, make_d, (0, np.inf)), ValueError, "run upwards"),
        ((make_g, make_d, (-1, 0, 1)), ValueError, "run upwards"),
        ((make_g, make_d, None, 3), TypeError, "must be text, not 3"),
        ((make_g, make_d, None, ""), ValueError, "must not be empty"),
        ((make_g, make_d, None, " "), ValueError, "must not be empty"),
    ],
)
def test_what_is_no_pair_is_refused(given, kind, said):
    with pytest.raises(kind, match=said):
        Networks(*given)


@pytest.mark.parametrize("make, knows", [(make_d, True), (any_d, True), (plain_d, False), (READY[1], False)])
def test_the_discriminator_is_asked_for_what_its_function_takes(make, knows):
    networks = Networks(READY[0] if make is READY[1] else make_g, make)
    assert networks.ready == (make is READY[1])
    assert networks.takes("dropout") == networks.takes("outputs") == knows
    if knows:
        assert networks(SHAPE, 3, outputs=2)[1].layers[1].out_features == 2
        assert networks(SHAPE, 3, dropout=0.5)[1].layers[2].p == 0.5
    assert networks(SHAPE, 3)[1].layers[1].out_features == 1


def test_what_they_do_not_take_is_refused():
    for networks, asked, said in (
        (
            Networks(make_g, plain_d),
            {"dropout": 0.5},
            "dropout 0.5 needs .* an argument dropout",
        ),
        (Networks(make_g, plain_d), {"outputs": 2}, "outputs 2 needs .* an argument outputs"),
        (Networks(*READY), {"dropout": 0.5}, "ready networks have the dropout they were made with"),
    ):
        with pytest.raises(ValueError, match=said):
            networks(SHAPE, 3, **asked)


def test_pack_and_channels_widen_what_the_discriminator_sees():
    for pack, channels, wanted in ((1, 0, 16), (3, 0, 48), (2, 5, 112)):
        generator, discriminator = Networks(make_g, make_d)(SHAPE, 3, pack=pack, channels=channels)
        assert discriminator.layers[1].in_features == wanted and generator.layers[0].in_features == 3
    assert Networks(make_g, make_d)(SHAPE)[0].layers[0].in_features == 100
    flat = Networks(lambda shape, latent, rng: nn.Dense(latent, *shape), make_d)((2,))
    assert flat[0].in_features == 2


def test_what_the_functions_do_wrong_is_said():
    for make, said in ((lambda *_: 3, "must return a Module, not one of type int"), (lambda *_: 1 / 0, "failed: Zero")):
        with pytest.raises(ValueError, match=f"make_generator {said}"):
            Networks(make, make_d)(SHAPE, 3)


def test_all_layers_draw_from_the_generator_that_is_given():
    own, rng = make_d(SHAPE, np.random.default_rng(0), 0.5), np.random.default_rng(3)
    assert own.layers[2].rng is not rng
    draw_from(own, rng)
    assert own.layers[2].rng is rng


@pytest.mark.parametrize(
    "layers, span",
    [
        ([nn.Tanh()], (-1, 1)),
        ([nn.Sigmoid()], (0, 1)),
        ([nn.Tanh(), nn.Reshape(SHAPE), nn.Flatten()], (-1, 1)),
        ([nn.Sequential(nn.Dense(3, 3), nn.Sigmoid()), nn.Flatten()], (0, 1)),
        ([nn.Tanh(), nn.Dense(3, 3)], None),
        ([nn.Tanh(), nn.Sequential(nn.Dense(3, 3))], None),
        ([], None),
    ],
)
def test_the_range_is_that_of_the_last_activation_or_the_one_given(layers, span):
    generator = nn.Sequential(*layers)
    assert output_range(generator) == span == Networks(make_g, make_d).range_of(generator)
    assert Networks(make_g, make_d, (-2, 3)).range_of(generator) == (-2, 3)
