"""Pictures into pictures: what the networks see, what the two games minimise, and that they are played back exactly."""

import numpy as np
import pytest

import tinygan as tg
from tinygan import Tensor, losses, nn, optim, penalties
from tinygan.gan.average import MovingAverage
from tinygan.gan.translation import CycleGAN, Pix2Pix, UNet, apart, patch_discriminator

SIDE, SOURCE, TARGET = 16, 1, 2


class Pairs:
    """Batches of pairs whose target can be told from the source: (N, 16, 16, 1 + 2)."""

    def __init__(self, n=4):
        self.rng, self.n = np.random.default_rng(1), n

    def __call__(self):
        source = np.sign(self.rng.standard_normal((self.n, 4, 4, SOURCE))).repeat(4, axis=1).repeat(4, axis=2)
        return np.concatenate([source, -0.5 * source, 0.25 + 0.5 * source], axis=-1).astype(np.float32)

    def heaps(self):
        return self()[..., :SOURCE], self()[..., SOURCE : SOURCE + 1]


def pix2pix(kind=Pix2Pix, seed=0, loss="ns", norm=False, **rules):
    rng = np.random.default_rng(seed)
    G = UNet(SOURCE, TARGET, rng, width=4, depth=2, norm=norm)
    D = patch_discriminator(SOURCE + TARGET, rng, width=4, norm=norm)
    opt_g, opt_d = (optim.Adam(network.parameters(), lr=2e-3) for network in (G, D))
    return kind(G, D, opt_g, opt_d, losses.get(loss), np.random.default_rng(5), source=SOURCE, **rules)


def cyclegan(seed=0, **rules):
    rng = np.random.default_rng(seed)
    to_a, to_b = (UNet(1, 1, rng, width=4, depth=2) for _ in range(2))
    d_a, d_b = (patch_discriminator(1, rng, width=4) for _ in range(2))
    opt_g = optim.Adam([*to_a.parameters(), *to_b.parameters()], lr=2e-3)
    return CycleGAN(to_a, to_b, d_a, d_b, opt_g, optim.Adam([*d_a.parameters(), *d_b.parameters()]), **rules)


def states(*networks):
    return {f"{i}.{name}": array for i, network in enumerate(networks) for name, array in network.state_dict().items()}


def equal(one, two):
    return one.keys() == two.keys() and all(np.array_equal(one[name], two[name]) for name in one)


# -- networks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth, shape", [(1, (6, 10)), (2, (28, 28)), (3, (32, 8))])
@pytest.mark.parametrize("norm", [False, True])
def test_a_picture_keeps_its_size(depth, shape, norm, rng):
    network = UNet(2, 3, rng, width=4, depth=depth, norm=norm)
    y = network(Tensor(rng.standard_normal((2, *shape, 2), dtype=np.float32)))
    assert y.shape == (2, *shape, 3) and np.abs(y.data).max() < 1
    norms = [layer for _, layer in network.modules() if isinstance(layer, nn.InstanceNorm)]
    assert len(norms) == (2 * depth - 1 if norm else 0)
    assert all(np.abs(g.data).max() > 0 for g in tg.grad((y * y).sum(), network.parameters()))


@pytest.mark.parametrize("shape", [(2, 30, 32, 1), (2, 32, 30, 1), (2, 32, 32, 3), (32, 32, 1)])
def test_other_pictures_are_refused(shape, rng):
    with pytest.raises(ValueError, match=r"needs pictures \(N, H, W, 1\) whose sides divide by 4, but got shape"):
        UNet(1, 1, rng, width=4, depth=2)(Tensor(np.zeros(shape, np.float32)))


@pytest.mark.parametrize("rung", [0, 1, 2])
def test_what_was_seen_on_each_rung_comes_to_the_picture_past_the_bottom(rung, rng):
    """With the way up cut behind `rung`, the picture still knows the source: through what was kept on that rung."""
    network = UNet(1, 1, rng, width=4, depth=3)
    place = len(network.up) - 1 - rung
    for parameter in network.up[place].parameters():
        parameter.data = np.zeros_like(parameter.data)
    one, other = (network(Tensor(rng.standard_normal((1, 16, 16, 1), dtype=np.float32))).data for _ in range(2))
    assert np.abs(one - other).max() > 1e-3


def test_each_logit_judges_a_patch_of_eighteen_pixels(rng):
    D = patch_discriminator(2, rng, width=4)
    x = Tensor(rng.standard_normal((1, 48, 48, 2), dtype=np.float32), requires_grad=True)
    logits = D(x)
    assert logits.shape == (1, 12, 12, 1)
    (seen,) = tg.grad(logits[0, 6, 6, 0], [x])
    rows = np.flatnonzero(np.abs(seen.data).sum(axis=(0, 2, 3)))
    columns = np.flatnonzero(np.abs(seen.data).sum(axis=(0, 1, 3)))
    assert len(rows) == len(columns) == 18 and rows[-1] - rows[0] == columns[-1] - columns[0] == 17
    assert rows[0] < 24 < rows[-1]


# -- Pix2Pix -----------------------------------------------------------------------------------------------


def test_a_fake_is_the_source_with_gs_picture_beside_it():
    game, pairs = pix2pix(), Pairs()()
    real = game.reals(lambda: pairs)
    fake = game.fakes(4)
    assert np.array_equal(real.data, pairs) and np.array_equal(fake.data[..., :SOURCE], pairs[..., :SOURCE])
    assert np.array_equal(fake.data[..., SOURCE:], game.generator(Tensor(pairs[..., :SOURCE])).data)
    assert game.fakes(4, no_graph=True).op is None and fake.op is not None


def distance_in_the_loss(kind):
    """What a weight of 1 adds to G's loss, and what it must be: the mean of |target - G(source)|."""
    found, pairs = [], Pairs()()
    for weight in (0.0, 1.0):
        game = pix2pix(kind, l1=weight)
        real = game.reals(lambda: pairs)
        fake = game.fakes(4)
        found.append(game.generator_loss(real, fake)[0].item())
    return found[1] - found[0], np.abs(pairs[..., SOURCE:] - fake.data[..., SOURCE:]).mean()


class OfTheSources(Pix2Pix):
    """A mistake: the distance of the sources, which is always 0."""

    def generator_loss(self, real, fake):
        loss, on_fake = super(Pix2Pix, self).generator_loss(real, fake)
        return loss + self.l1 * apart(fake[..., : self.source], real[..., : self.source]), on_fake


class OfWholePairs(Pix2Pix):
    """A mistake: the sources, which agree, count too."""

    def generator_loss(self, real, fake):
        loss, on_fake = super(Pix2Pix, self).generator_loss(real, fake)
        return loss + self.l1 * apart(fake, real), on_fake


def test_the_distance_is_that_of_the_targets():
    added, wanted = distance_in_the_loss(Pix2Pix)
    assert np.isclose(added, wanted, rtol=1e-5)
    for mistake in (OfTheSources, OfWholePairs):
        added, wanted = distance_in_the_loss(mistake)
        assert not np.isclose(added, wanted, rtol=0.1)


@pytest.mark.parametrize("loss", ["ns", "lsgan", "hinge", "rsgan"])
def test_the_adversarial_part_is_that_of_pairs(loss):
    game, pairs = pix2pix(loss=loss, l1=0.0), Pairs()()
    real = game.reals(lambda: pairs)
    fake = game.fakes(4)
    on_real, on_fake = game.discriminator(real), game.discriminator(fake)
    assert on_fake.shape == (4, SIDE // 4, SIDE // 4, 1)
    found = game.discriminator_loss(real, fake)[0].item(), game.generator_loss(real, fake)[0].item()
    wanted = game.loss.discriminator(on_real, on_fake).item(), game.loss.generator(on_fake, on_real).item()
    assert found == pytest.approx(wanted, rel=1e-6)
    loss_d = game.discriminator_loss(real, fake)[0]
    assert set(tg.grad(loss_d, game.generator.parameters(), allow_unused=True)) == {None}


RULES = {
    "plain": {},
    "norm": dict(norm=True),
    "lsgan, joint": dict(loss="lsgan", joint_batch=True),
    "rsgan, r1, fresh": dict(loss="rsgan", penalties=[(penalties.r1, 1.0)], fresh_fakes=True),
    "two critic steps, unrolled": dict(n_critic=2, unroll=1, instance_noise=0.1),
    "simultaneous": dict(simultaneous=True),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rules", RULES.values(), ids=list(RULES))
def test_pix2pix_is_played_back_to_the_last_bit(rules):
    found = []
    for compiled in (False, True):
        game, pairs = pix2pix(**rules), Pairs()
        game.average = MovingAverage(game.generator, 0.9)
        step = tg.compiled(game.step) if compiled else game.step
        numbers = [step(pairs, measure=i % 3 == 0) for i in range(7)]
        assert not compiled or (step.programs and not step.why_not), step.why_not
        numbers = {f"{i}.{name}": value for i, each in enumerate(numbers) for name, value in each.items()}
        found.append(states(game.generator, game.discriminator, game.average.network) | numbers)
    assert equal(*found)


def test_a_few_steps_of_pix2pix_bring_the_pictures_nearer():
    game, pairs = pix2pix(), Pairs()
    real = game.reals(pairs)
    before = apart(game.fakes(4)[..., SOURCE:], real[..., SOURCE:]).item()
    step = tg.compiled(game.step)
    for _ in range(60):
        step(pairs)
    game.reals(lambda: real.data)
    after = apart(game.fakes(4)[..., SOURCE:], real[..., SOURCE:]).item()
    assert after < 0.5 * before


@pytest.mark.parametrize("rules, said", [({"l1": -1.0}, "l1"), ({"l1": np.nan}, "l1"), ({"unroll": -1}, "unroll")])
def test_pix2pix_refuses_bad_numbers(rules, said):
    with pytest.raises(ValueError, match=said):
        pix2pix(**rules)


@pytest.mark.parametrize("shape", [(4, 16, 16, SOURCE), (4, 48)])
def test_pix2pix_refuses_what_is_no_pair(shape):
    with pytest.raises(ValueError, match=r"needs pairs of pictures side by side, \(N, H, W, 1 \+ the target's"):
        pix2pix().step(lambda: np.zeros(shape, np.float32))


# -- CycleGAN ----------------------------------------------------------------------------------------------


class Times(nn.Module):
    """x -> c x."""

    def __init__(self, c):
        self.c = Tensor(np.float64(c), requires_grad=True)

    def forward(self, x):
        return self.c * x


def linear_game(**weights):
    """G: a -> 2 a, F: b -> b / 4, D_a: 3 a, D_b: 5 b."""
    to_a, to_b, d_a, d_b = map(Times, (0.25, 2.0, 3.0, 5.0))
    opts = [optim.SGD([one.c, other.c], lr=0.1) for one, other in ((to_a, to_b), (d_a, d_b))]
    return CycleGAN(to_a, to_b, d_a, d_b, *opts, **weights)


def test_the_losses_of_cyclegan_have_their_closed_form():
    """All a are 1, all b are 2: to_b(a) = 2, back to 1/2; to_a(b) = 1/2, back to 1."""
    game = linear_game(cycle=10.0, identity=5.0)
    a, b = (Tensor(np.full((2, 1, 1, 1), value)) for value in (1.0, 2.0))
    fake_a, fake_b = game.to_a(b), game.to_b(a)
    loss_d = game.discriminator_loss(a, b, fake_a, fake_b)
    assert loss_d.item() == (3 - 1) ** 2 + (3 / 2) ** 2 + (5 * 2 - 1) ** 2 + (5 * 2) ** 2
    loss_g, parts = game.generator_loss(a, b, fake_a, fake_b)
    wanted = {"adversarial": (3 / 2 - 1) ** 2 + (10 - 1) ** 2, "cycle": 1 / 2 + 1, "identity": 3 / 4 + 2}
    assert {name: part.item() for name, part in parts.items()} == wanted
    assert loss_g.item() == wanted["adversarial"] + 10 * wanted["cycle"] + 5 * wanted["identity"]


def test_d_moves_first_and_each_step_leaves_the_others_alone():
    """The step by hand, with the derivatives of the closed form (at a = b = 1), G's from the new D."""
    game, ones = linear_game(cycle=10.0), np.ones((2, 1, 1, 1))
    game.step(lambda: (ones, ones))
    d_a, d_b = 3 - 0.1 * (2 * (3 - 1) + 2 * (3 / 4) / 4), 5 - 0.1 * (2 * (5 - 1) + 2 * 10 * 2)
    assert game.d_a.c.item() == pytest.approx(d_a) and game.d_b.c.item() == pytest.approx(d_b)
    f, g = 0.25, 2.0  # both cycles are |f g - 1| = 1 - f g
    f_new = f - 0.1 * (2 * (d_a * f - 1) * d_a - 10 * 2 * g)
    g_new = g - 0.1 * (2 * (d_b * g - 1) * d_b - 10 * 2 * f)
    assert game.to_a.c.item() == pytest.approx(f_new) and game.to_b.c.item() == pytest.approx(g_new)


def test_nothing_of_the_discriminators_loss_reaches_a_generator():
    game, (a, b) = cyclegan(), map(Tensor, Pairs().heaps())
    loss_d = game.discriminator_loss(a, b, game.to_a(b), game.to_b(a))
    assert set(tg.grad(loss_d, game.opt_g.params, allow_unused=True)) == {None}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rules", [{}, {"identity": 5.0}, {"loss": losses.get("ns")}], ids=["plain", "identity", "ns"])
def test_cyclegan_is_played_back_to_the_last_bit(rules):
    found = []
    for compiled in (False, True):
        game, pairs = cyclegan(**rules), Pairs()
        step = tg.compiled(game.step) if compiled else game.step
        numbers = [step(pairs.heaps, measure=i % 3 == 0) for i in range(7)]
        assert not compiled or (step.programs and not step.why_not), step.why_not
        numbers = {f"{i}.{name}": value for i, each in enumerate(numbers) for name, value in each.items()}
        found.append(states(game.to_a, game.to_b, game.d_a, game.d_b) | numbers)
    assert equal(*found)


def test_a_few_steps_of_cyclegan_bring_pictures_back():
    game, pairs = cyclegan(), Pairs()
    step = tg.compiled(game.step)
    cycles = [step(pairs.heaps, measure=True)["cycle"] for _ in range(60)]
    assert cycles[-1] < 0.5 * cycles[0]


@pytest.mark.parametrize(
    "rules, said",
    [({"cycle": -1.0}, "cycle"), ({"identity": np.inf}, "identity"), ({"loss": losses.get("rsgan")}, "no pairs")],
    ids=["cycle", "identity", "loss"],
)
def test_cyclegan_refuses_what_does_not_go(rules, said):
    with pytest.raises(ValueError, match=said):
        cyclegan(**rules)


def test_an_identity_between_other_channels_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"\(2, 8, 8, 3\) and \(2, 8, 8, 1\) cannot be compared"):
        apart(Tensor(rng.standard_normal((2, 8, 8, 3))), Tensor(rng.standard_normal((2, 8, 8, 1))))
