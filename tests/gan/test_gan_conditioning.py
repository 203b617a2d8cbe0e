"""A code behind z: what the three conditionings add, who is told what, and whether the label is obeyed."""

import copy
import math

import numpy as np
import pytest

from tinygan import Tensor, grad, gradcheck, losses, nn, optim, penalties
from tinygan.gan import conditioning
from tinygan.gan.conditional_game import ConditionalGame
from tinygan.gan.conditioning import ACGAN, CGAN, InfoGAN, accuracy, cross_entropy, squared_error
from tinygan.gan.sampling import draw

K, LATENT, BATCH = 3, 4, 6
each = pytest.mark.parametrize("name", conditioning.CONDITIONINGS)


def make_game(name, loss="ns", penalty=None, opt=optim.Adam, lr=0.01, d_hidden=7, condition=None, **rules):
    condition = condition or conditioning.get(name, K)
    rng = np.random.default_rng(0)
    generator = nn.Sequential(
        nn.Dense(LATENT + condition.length, 8, rng=rng), nn.BatchNorm(8), nn.ReLU(), nn.Dense(8, 2, rng=rng)
    )
    discriminator = nn.Sequential(
        nn.Dense(2, d_hidden, rng=rng), nn.LeakyReLU(0.2), nn.Dense(d_hidden, 1 + condition.length, rng=rng)
    )
    return ConditionalGame(
        generator.name_parameters("G"),
        discriminator.name_parameters("D"),
        opt(generator.parameters(), lr),
        opt(discriminator.parameters(), lr),
        losses.get(loss),
        LATENT,
        np.random.default_rng(5),
        penalties=[(penalties.PENALTIES[each], 1.0) for each in (penalty or "").split("+") if each],
        condition=condition,
        **rules,
    )


class Reals:
    """Labelled batches: class k lies around (2 k, -k)."""

    def __init__(self, n=BATCH, spread=0.1):
        self.n, self.spread, self.rng, self.labels = n, spread, np.random.default_rng(9), []

    def __call__(self):
        self.labels.append(self.rng.integers(K, size=self.n))
        centres = self.labels[-1][:, None] * np.array([2.0, -1.0])
        return (centres + self.spread * self.rng.standard_normal((self.n, 2))).astype(np.float32), self.labels[-1]


def tensor(rng, *shape):
    return Tensor(rng.normal(size=shape).astype(np.float32))


# -- codes -------------------------------------------------------------------------------------------------


def test_a_code_is_a_one_hot_label_and_for_infogan_two_numbers(rng):
    for condition in (CGAN(4), ACGAN(4)):
        assert condition.length == 4
        codes = condition.codes(rng, 3, np.array([2, 0, 3]))
        assert codes.dtype == np.float32 and codes.tolist() == [[0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1]]
    info = InfoGAN()
    codes = info.codes(rng, 5000)
    assert codes.shape == (5000, 12) and codes.dtype == np.float32 and info.length == 12
    assert (np.sort(codes[:, :10]) == [0] * 9 + [1]).all()
    assert np.allclose(codes[:, :10].mean(axis=0), 0.1, atol=0.02)
    assert -1 <= codes[:, 10:].min() < -0.99 and 0.99 < codes[:, 10:].max() <= 1
    assert np.allclose(codes[:, 10:].var(axis=0), 1 / 3, atol=0.02)
    assert abs(np.corrcoef(codes[:, 10:].T)[0, 1]) < 0.05


@each
def test_the_first_codes_do_not_depend_on_how_many_follow(name):
    condition = conditioning.get(name, K)
    few, many = (condition.codes(np.random.default_rng(3), n) for n in (4, 9))
    assert (few == many[:4]).all()


def test_without_labels_only_infogan_can_be_had():
    assert conditioning.get("none", None) is None
    assert conditioning.get("infogan", None).classes == conditioning.get("infogan", 4).classes == 10
    for name in ("cgan", "acgan"):
        with pytest.raises(ValueError, match="needs labels"):
            conditioning.get(name, None)


# -- closed forms and gradients ------------------------------------------------------------------------------


def test_terms_at_known_values(rng):
    code = Tensor(InfoGAN().codes(rng, 5))
    zero = Tensor(np.zeros((5, 13), dtype=np.float32))
    assert cross_entropy(zero[:, 1:11], code[:, :10]).item() == pytest.approx(math.log(10), rel=1e-6)
    assert InfoGAN().loss_on_real(zero, code) == 0
    error = float((code.data[:, 10:] ** 2).sum(axis=1).mean())
    assert squared_error(zero[:, 11:], code[:, 10:]).item() == pytest.approx(error, rel=1e-6)
    assert InfoGAN().loss_on_fake(zero, code).item() == pytest.approx(math.log(10) + 0.05 * error, rel=1e-6)
    known = Tensor(np.concatenate([zero.data[:, :11], code.data[:, 10:]], axis=1))  # the numbers, not the ten ways
    assert InfoGAN().loss_on_fake(known, code).item() == pytest.approx(math.log(10), rel=1e-6)
    assert squared_error(Tensor([[1.0, 0.5]]), Tensor([[0.0, 0.0]])).item() == 1.25

    one_hot = Tensor([[1.0, 0.0], [0.0, 1.0]])
    logits = Tensor([[math.log(3), 0.0], [0.0, 0.0]])  # the right class has probability 3/4 and 1/2
    assert cross_entropy(logits, one_hot).item() == pytest.approx((math.log(4 / 3) + math.log(2)) / 2, rel=1e-6)
    assert accuracy(Tensor([[1.0, 0.0], [3.0, 2.0]]), one_hot) == 0.5
    outputs = Tensor([[9.0, math.log(3), 0.0], [-9.0, 0.0, 0.0]])
    for term in (ACGAN(2).loss_on_real, ACGAN(2).loss_on_fake):  # the logit takes no part in them
        assert term(outputs, one_hot).item() == pytest.approx((math.log(4 / 3) + math.log(2)) / 2, rel=1e-6)


def test_the_label_of_cgan_chooses_what_is_added_to_the_logit():
    outputs, code = Tensor([[1.0, 10.0, 20.0], [2.0, 30.0, 40.0]]), Tensor([[0.0, 1.0], [1.0, 0.0]])
    assert CGAN(2).logits(outputs, code).data.tolist() == [[21.0], [32.0]]
    for other in (ACGAN(2), InfoGAN(2)):
        assert other.logits(outputs, code).data.tolist() == [[1.0], [2.0]]


@each
def test_gradients_of_what_is_added(name, rng):
    condition = conditioning.get(name, K)
    code = Tensor(condition.codes(rng, 5).astype(np.float64))
    outputs = rng.normal(size=(5, 1 + condition.length))
    assert gradcheck(lambda y: condition.logits(y, code), outputs, order=2).ok
    if name != "cgan":
        assert gradcheck(lambda y: condition.loss_on_fake(y, code), outputs, order=2).ok


# -- the game ------------------------------------------------------------------------------------------------

RULES = {
    "plain": {},
    "joint": {"joint_batch": True},
    "fresh": {"fresh_fakes": True},
    "simultaneous": {"simultaneous": True},
    "three critic steps": {"n_critic": 3},
    "gp": {"penalty": "gp", "loss": "wgan"},
    "dragan": {"penalty": "dragan", "loss": "hinge"},
    "r1+r2, pairs": {"penalty": "r1+r2", "loss": "rsgan", "joint_batch": True},
}


@each
@pytest.mark.parametrize("rules", RULES.values(), ids=list(RULES))
def test_each_step_moves_one_network(name, rules):
    """G's step leaves D as it is, to the last bit, also infogan's: its guess of the code moves in D's step."""
    game, reals = make_game(name, **rules), Reals()
    seen = []

    def watched(step, network, other):
        def move(grads):
            before = other.state_dict()
            step(grads)
            seen.append((network, all((before[n] == v).all() for n, v in other.state_dict().items())))

        return move

    g, d = game.generator, game.discriminator
    game.opt_d.step, game.opt_g.step = watched(game.opt_d.step, "D", g), watched(game.opt_g.step, "G", d)
    old = {"G": g.state_dict(), "D": d.state_dict()}
    stats = game.step(reals, measure=True)
    assert seen == [("D", True)] * game.n_critic + [("G", True)]
    for network, names in ((g, old["G"]), (d, old["D"])):
        assert all((value != names[n]).any() for n, value in network.state_dict().items() if n.endswith("W"))
    assert all(np.isfinite(float(value)) and np.shape(value) == () for value in stats.values())
    extra = {"cgan": set(), "acgan": {"class_accuracy_real", "class_accuracy_fake"}}
    assert set(stats) - set(make_stats()) == extra.get(name, {"code_accuracy", "code_error"})


def make_stats():
    names = "loss_d loss_g d_real d_fake_before d_fake_after accuracy_real accuracy_fake grad_norm_d grad_norm_g"
    return names.split()


@each
@pytest.mark.parametrize("rules", [{}, {"joint_batch": True}, {"fresh_fakes": True}, {"n_critic": 3}])
def test_fakes_are_made_with_the_labels_of_the_real_batch(name, rules):
    game, reals, noise = make_game(name, **rules), Reals(), []
    forward = game.generator.forward
    game.generator.forward = lambda z: noise.append(z.data.copy()) or forward(z)
    game.step(reals)
    turns = [*reals.labels, *([reals.labels[-1]] if game.fresh_fakes else [])]
    assert len(noise) == len(turns)
    for z, labels in zip(noise, turns, strict=True):
        assert z.shape == (BATCH, LATENT + game.condition.length)
        if game.condition.needs_labels:
            assert (z[:, LATENT:].argmax(axis=1) == labels).all()
    assert (noise[-1][:, LATENT:] == game.code.data).all()  # what D's step and G's judge them by
    assert len({z[:, :LATENT].tobytes() for z in noise}) == len(noise)


@each
def test_d_is_told_the_label_by_cgan_alone(name, rng):
    game, x = make_game(name), tensor(rng, BATCH, 2)
    outputs, found = game.discriminator(x), []
    for labels in (np.zeros(BATCH, int), np.ones(BATCH, int)):
        game.begin(BATCH, labels)
        found.append(game.logits(outputs).data)
    assert (found[0] != found[1]).all() == (name == "cgan")
    assert game.logits(outputs).shape == (BATCH, 1)


@each
@pytest.mark.parametrize("joint", [False, True])
def test_the_losses_by_hand(name, joint, rng):
    game = make_game(name, joint_batch=joint)
    real, labels = Reals()()
    game.begin(BATCH, labels)
    fake, code = game.fakes(BATCH), game.code
    on_real, on_fake = game.discriminator(Tensor(real)), game.discriminator(fake.detach())
    logits = [game.condition.logits(y, code) for y in (on_real, on_fake)]
    extra_d, extra_g = {
        "cgan": lambda: (0.0, 0.0),
        "acgan": lambda: (
            cross_entropy(on_real[:, 1:], code).item() + cross_entropy(on_fake[:, 1:], code).item(),
            cross_entropy(on_fake[:, 1:], code).item(),
        ),
        "infogan": lambda: (InfoGAN().loss_on_fake(on_fake, code).item(),) * 2,
    }[name]()
    loss_d, *outputs = game.discriminator_loss(Tensor(real), fake)
    loss_g, _ = game.generator_loss(Tensor(real), fake)
    assert loss_d.item() == pytest.approx(game.loss.discriminator(*logits).item() + extra_d, rel=1e-5)
    assert loss_g.item() == pytest.approx(game.loss.generator(logits[1]).item() + extra_g, rel=1e-5)
    assert [y.shape for y in outputs] == [(BATCH, 1 + game.condition.length)] * 2
    assert grad(loss_d, game.generator.parameters(), allow_unused=True) == [None] * 6


@pytest.mark.parametrize("penalty", penalties.PENALTIES)
def test_penalties_look_at_cgans_logit_under_the_label_of_the_pair(penalty):
    """D(x, y) = w_y x: its gradient is w_y, so the penalty is known at every point between real and fake."""
    game = make_game("cgan", penalty=penalty)
    weights = np.array([[0.0, 1.0, 2.0, 5.0], [0.0, 0.0, 0.0, 0.0]], dtype=np.float32)
    game.discriminator = nn.Sequential(nn.Dense(2, 4))
    game.discriminator[0].W.data, game.discriminator[0].b.data = weights, np.zeros(4, dtype=np.float32)
    real, labels = Reals()()
    game.begin(BATCH, labels)
    slope = weights[0, 1 + labels]
    expected = 0.5 * (slope**2).mean() if penalty in ("r1", "r2") else ((slope - 1) ** 2).mean()
    fake = game.fakes(BATCH)
    w_real, w_fake = slope * real[:, 0], slope * fake.data[:, 0]
    without = np.log1p(np.exp(-w_real)).mean() + np.log1p(np.exp(w_fake)).mean()
    found = game.discriminator_loss(Tensor(real), fake)[0].item()
    assert found == pytest.approx(float(without + expected), rel=1e-5)


def test_packs_have_no_one_label():
    with pytest.raises(ValueError, match="no one label"):
        make_game("cgan", pack=2)


# -- results ---------------------------------------------------------------------------------------------------


def brightness_by_label(name, steps=300, shuffle=False, blind=False):
    """Train on "images" of one pixel pair, class k bright by k; the mean fake of each class."""
    game = make_game(name, opt=lambda params, lr: optim.Adam(params, 0.01, (0.5, 0.99)), penalty="r1", d_hidden=32)
    reals = Reals(n=32)
    if blind:
        game.condition = copy.copy(game.condition)
        game.condition.logits = lambda outputs, code: outputs[:, :1]
    if shuffle:
        plain, mix = game.condition.codes, np.random.default_rng(1)
        game.condition.codes = lambda rng, n, labels=None: mix.permutation(plain(rng, n, labels))
    for _ in range(steps):
        game.step(reals)
    z = np.random.default_rng(2).standard_normal((100, LATENT)).astype(np.float32)
    codes = np.eye(K, dtype=np.float32)
    return [float(draw(game.generator, np.c_[z, codes[[k] * 100]])[:, 0].mean()) for k in range(K)]


@pytest.mark.parametrize("name", ["cgan", "acgan"])
def test_the_label_is_obeyed(name):
    assert brightness_by_label(name) == pytest.approx([0, 2, 4], abs=0.7)


@pytest.mark.parametrize("bug", ["blind", "shuffle"])
def test_the_label_is_not_obeyed_by_a_broken_cgan(bug):
    """D not seeing the label, or labels that belong to other samples: the test above must notice."""
    found = brightness_by_label("cgan", **{bug: True})
    assert found != pytest.approx([0, 2, 4], abs=0.7)


def test_infogan_makes_its_code_readable():
    game, reals = make_game("infogan", d_hidden=32, condition=InfoGAN(2)), Reals(n=32, spread=1.0)
    for _ in range(300):
        game.step(lambda: (reals()[0], None))
    last = [game.step(lambda: (reals()[0], None), measure=True) for _ in range(20)]
    assert np.mean([float(s["code_accuracy"]) for s in last]) > 0.8  # by chance: 0.5
    assert np.mean([float(s["code_error"]) for s in last]) < 0.5  # guessing 0: 0.67


@pytest.mark.parametrize("shape", [(2,), (5, 2), (3, 4, 1), (3, 4, 3)], ids=str)
def test_a_label_stands_behind_the_channels_of_each_place(shape):
    samples = np.random.default_rng(0).normal(size=(4, *shape)).astype(np.float32)
    code = np.eye(3, dtype=np.float32)[[2, 0, 1, 1]]
    shown = conditioning.LabelChannels(3).shown(Tensor(samples), Tensor(code)).data
    assert shown.shape == (4, *shape[:-1], shape[-1] + 3)
    assert np.array_equal(shown[..., :-3], samples)
    for one, row in zip(shown, code, strict=True):
        assert (one[..., -3:] == row).all()
