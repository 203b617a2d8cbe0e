"""The two training steps: who moves, who is left alone, what each network sees, and in which order."""

import copy
from dataclasses import dataclass, field

import numpy as np
import pytest

from tinygan import Tensor, grad, gradcheck, losses, nn, optim, penalties
from tinygan.autograd import Op
from tinygan.gan.average import MovingAverage
from tinygan.gan.game import Game
from tinygan.gan.resemblance import resemblance

LATENT, BATCH = 3, 8


def networks(seed=0, d_norm=False, pack=1):
    rng = np.random.default_rng(seed)
    generator = nn.Sequential(
        nn.Dense(LATENT, 5, rng=rng), nn.BatchNorm(5, 0.8), nn.ReLU(), nn.Dense(5, 2, rng=rng), nn.Tanh()
    )
    norm = [nn.BatchNorm(7)] if d_norm else []
    discriminator = nn.Sequential(nn.Dense(2 * pack, 7, rng=rng), *norm, nn.LeakyReLU(0.2), nn.Dense(7, 1, rng=rng))
    return generator.name_parameters("G"), discriminator.name_parameters("D")


def make_game(loss="ns", d_norm=False, pair=None, opt=optim.Adam, lr=0.01, penalty=None, weight=10.0, **rules):
    generator, discriminator = pair or networks(d_norm=d_norm, pack=rules.get("pack", 1))
    return Game(
        generator,
        discriminator,
        opt(generator.parameters(), lr),
        opt(discriminator.parameters(), lr),
        losses.get(loss) if isinstance(loss, str) else loss,
        LATENT if pair is None else pair[0][0].in_features,
        np.random.default_rng(5),
        penalties=[(penalties.PENALTIES[name], weight) for name in (penalty or "").split("+") if name],
        **rules,
    )


class Reals:
    """A source of real batches that remembers what it gave."""

    def __init__(self, n=BATCH, shape=(2,), dtype=np.float32):
        self.rng, self.size, self.dtype, self.given = np.random.default_rng(9), (n, *shape), dtype, []

    def __call__(self):
        self.given.append((0.5 * self.rng.standard_normal(self.size)).astype(self.dtype))
        return self.given[-1]


@dataclass
class Watch:
    """Everything that happens in a game's steps, in order: each call of D and G, each move."""

    game: Game
    events: list = field(default_factory=list)

    def __post_init__(self):
        for name, network in (("G", self.game.generator), ("D", self.game.discriminator)):
            network.forward = self.wrapped(f"{name} sees", network.forward, lambda x: x.data.copy())
        for name, opt in (("G", self.game.opt_g), ("D", self.game.opt_d)):
            opt.step = self.wrapped(f"{name} moves", opt.step, lambda grads: [g.data.copy() for g in grads])

    def wrapped(self, event, function, noted):
        def call(argument):
            self.events.append((event, noted(argument), self.weights("G"), self.weights("D")))
            return function(argument)

        return call

    def weights(self, name):
        network = self.game.generator if name == "G" else self.game.discriminator
        return {key: p.data.copy() for key, p in network.named_parameters()}

    @property
    def order(self):
        return [event[0] for event in self.events]

    def of(self, name):
        return [event for event in self.events if event[0] == name]


def equal(one, two):
    return one.keys() == two.keys() and all(np.array_equal(one[name], two[name]) for name in one)


RULES = {
    "plain": {},
    "simultaneous": {"simultaneous": True},
    "fresh": {"fresh_fakes": True},
    "joint": {"joint_batch": True},
    "joint, D with BatchNorm": {"joint_batch": True, "d_norm": True},
    "three critic steps": {"n_critic": 3},
    "packed": {"pack": 2},
    "noise": {"instance_noise": 0.1},
    "gp": {"penalty": "gp", "loss": "wgan"},
    "dragan": {"penalty": "dragan"},
    "r1+r2": {"penalty": "r1+r2", "loss": "rsgan"},
    "hinge": {"loss": "hinge"},
    "ragan": {"loss": "ragan"},
    "lsgan, smooth": {"loss": losses.get("lsgan", label_smoothing=0.1)},
    "clipped": {"weight_clip": 0.1, "loss": "wgan", "opt": optim.RMSProp},
}
each_rule = pytest.mark.parametrize("rules", RULES.values(), ids=list(RULES))


# -- who moves -----------------------------------------------------------------------------------------


@each_rule
def test_each_step_leaves_the_other_network_bit_identical(rules):
    game = make_game(**rules)
    watch, reals = Watch(game), Reals()
    for _ in range(2):
        watch.events.clear()
        old = {name: watch.weights(name) for name in "GD"}
        game.step(reals)
        _, _, g_before, d_before = watch.of("G moves")[-1]
        if game.simultaneous:
            assert watch.order[-2:] == ["D moves", "G moves"]
        assert equal(g_before, old["G"]) and not equal(watch.weights("G"), old["G"])  # D's steps leave G alone
        assert equal(watch.weights("D"), d_before) and not equal(d_before, old["D"])  # G's step leaves D alone


def test_a_step_of_g_leaves_all_of_d_including_its_state():
    """D without BatchNorm has none; the state of G is moved by its forward passes alone."""
    game = make_game()
    game.opt_d.step = lambda grads: None
    d_before, g_before = game.discriminator.state_dict(), game.generator.state_dict()
    game.step(Reals())
    assert equal(game.discriminator.state_dict(), d_before) and game.opt_d.t == 0
    assert all(not np.array_equal(value, g_before[name]) for name, value in game.generator.state_dict().items())


@each_rule
def test_nothing_of_ds_loss_reaches_g(rules):
    game = make_game(**rules)
    fake = game.fakes(BATCH)
    loss_d, *_ = game.discriminator_loss(Tensor(Reals()()), fake)
    assert grad(loss_d, game.generator.parameters(), allow_unused=True) == [None] * 6
    assert grad(loss_d, [fake], allow_unused=True) == [None]
    with pytest.raises(ValueError, match="G.0.W"):
        grad(loss_d, game.generator.parameters())


class Mark(Op):
    """y = x, and a note of each gradient that passes."""

    def __init__(self, notes):
        self.notes = notes

    def forward(self, xp, x):
        return x * 1

    def backward(self, gy, y, x):
        self.notes.append(x.name)
        return gy


class Marked(nn.Dense):
    """A Dense layer that notes when a gradient of its weights is computed."""

    notes: list

    def forward(self, x):
        return x @ Mark(self.notes)(self.W) + Mark(self.notes)(self.b)


@pytest.mark.parametrize("rules", [{}, {"loss": "rsgan"}, {"simultaneous": True}, {"fresh_fakes": True}])
def test_the_generators_step_computes_no_weight_gradient_of_d(rules):
    generator, _ = networks()
    notes = []
    discriminator = nn.Sequential(Marked(2, 7), nn.LeakyReLU(0.2), Marked(7, 1)).name_parameters("D")
    for layer in (discriminator[0], discriminator[2]):
        layer.notes = notes
    game = make_game(pair=(generator, discriminator), **rules)
    real, fake = Tensor(Reals()()), game.fakes(BATCH)
    loss_d, *_ = game.discriminator_loss(real, fake)
    grad(loss_d, discriminator.parameters())
    assert set(notes) == {"D.0.W", "D.0.b", "D.2.W", "D.2.b"}
    notes.clear()
    loss_g, _ = game.generator_loss(real, fake)
    grad(loss_g, generator.parameters())
    assert notes == []


# -- what each network sees --------------------------------------------------------------------------------


def test_the_order_of_a_plain_step():
    game = make_game()
    watch, reals = Watch(game), Reals()
    game.step(reals)
    assert watch.order == ["G sees", "D sees", "D sees", "D moves", "D sees", "G moves"]
    real, fake, again = (event[1] for event in watch.of("D sees"))
    assert np.array_equal(real, reals.given[0])
    assert np.array_equal(fake, again)  # no noise, no other fakes: what G made is what its own step judges


def test_real_batches_differ_from_step_to_step_and_all_are_used():
    game = make_game()
    watch, reals = Watch(game), Reals()
    for _ in range(4):
        game.step(reals)
    seen = [event[1] for event in watch.of("D sees")[::3]]
    assert len(reals.given) == 4 and all(map(np.array_equal, seen, reals.given))
    assert len({batch.tobytes() for batch in seen}) == 4
    assert len({event[1].tobytes() for event in watch.of("G sees")}) == 4  # and so does the noise


@pytest.mark.parametrize("rules", [{}, {"fresh_fakes": True}, {"joint_batch": True}])
def test_the_fakes_d_sees_come_from_training_mode_batch_norm(rules):
    """G ends in a BatchNorm with gamma 1 and beta 0 here: each batch of fakes has mean 0 and variance 1."""
    rng = np.random.default_rng(0)
    generator = nn.Sequential(nn.Dense(LATENT, 2, rng=rng), nn.BatchNorm(2))
    game = make_game(pair=(generator, networks()[1]), **rules)
    watch, reals = Watch(game), Reals()
    game.step(reals)
    judged = [event[1] for event in watch.of("D sees")]
    fakes = [judged[0][BATCH:], judged[-1]] if game.joint_batch else judged[1:]
    for batch in fakes:
        assert len(batch) == BATCH
        assert np.allclose(batch.mean(0), 0, atol=1e-6) and np.allclose(batch.std(0), 1, atol=1e-3)
    made = game.opt_g.t + game.fresh_fakes  # the running averages moved once for each batch of fakes
    assert np.all(generator[1].running_var.data != 1) and len(watch.of("G sees")) == made


@pytest.mark.parametrize("n_critic", [1, 2, 5])
@pytest.mark.parametrize("fresh", [False, True])
def test_n_critic_and_the_draws_of_noise(n_critic, fresh):
    game = make_game(n_critic=n_critic, fresh_fakes=fresh)
    watch, reals = Watch(game), Reals()
    for _ in range(2):
        game.step(reals)
    assert (game.opt_d.t, game.opt_g.t) == (2 * n_critic, 2)
    assert len({batch.tobytes() for batch in reals.given}) == len(reals.given) == 2 * n_critic
    noise = [event[1].tobytes() for event in watch.of("G sees")]
    assert len(noise) == len(set(noise)) == 2 * (n_critic + fresh)
    judged = [event[1] for event in watch.of("D sees")]
    for step in (judged[: len(judged) // 2], judged[len(judged) // 2 :]):
        assert np.array_equal(step[-1], step[-2]) != fresh  # G's step judges D's last fakes, or new ones
        assert all(map(np.array_equal, step[0 : 2 * n_critic : 2], reals.given))  # each critic step its own reals
        del reals.given[:n_critic]


def test_noise_is_standard_normal_and_float32():
    z = make_game().noise(20_000)
    assert z.shape == (20_000, LATENT) and z.dtype == np.float32
    assert abs(z.data.mean()) < 0.02 and abs(z.data.std() - 1) < 0.02


def test_instance_noise_is_on_all_that_d_sees():
    n, std = 5000, 0.3
    game = make_game(instance_noise=std)
    watch, reals = Watch(game), Reals(n)
    game.step(reals)
    fake = copy.deepcopy(networks()[0])(Tensor(watch.of("G sees")[0][1])).data
    clean, noises = [reals.given[0], fake, fake], []
    for event, without in zip(watch.of("D sees"), clean, strict=True):
        noises.append(event[1] - without)
        assert abs(noises[-1].mean()) < 0.02 and abs(noises[-1].std() / std - 1) < 0.03
        assert abs(np.corrcoef(noises[-1].T)[0, 1]) < 0.06
    for one, two in ((0, 1), (1, 2), (0, 2)):
        assert abs(np.corrcoef(noises[one].ravel(), noises[two].ravel())[0, 1]) < 0.05


def test_a_joint_batch_equals_two_for_a_d_without_batch_norm():
    real, fake = Tensor(Reals()()), Tensor(Reals(shape=(2,))() + 1)
    two, joint = make_game(), make_game(joint_batch=True)
    for a, b in zip(two.judge_both(real, fake), joint.judge_both(real, fake), strict=True):
        assert a.shape == (BATCH, 1) and np.allclose(a.data, b.data, rtol=1e-5, atol=1e-6)
    watch = Watch(joint)
    joint.judge_both(real, fake)
    assert np.array_equal(watch.events[0][1], np.concatenate([real.data, fake.data])) and len(watch.events) == 1


def test_a_joint_batch_differs_with_batch_norm_in_d():
    real, fake = Tensor(Reals()()), Tensor(Reals()() + 1)
    (r2, f2), (r1, f1) = (make_game(d_norm=True, joint_batch=joint).judge_both(real, fake) for joint in (False, True))
    assert not np.allclose(r2.data, r1.data, atol=1e-2) and not np.allclose(f2.data, f1.data, atol=1e-2)


@pytest.mark.parametrize("shape", [(2,), (3, 5, 1), (3, 2, 3)], ids=["points", "grey", "colour"])
@pytest.mark.parametrize("m", [1, 2, 3])
def test_packing_lays_samples_side_by_side_along_the_last_axis(shape, m, rng):
    n = 4
    samples = rng.normal(size=(n * m, *shape)).astype(np.float32)
    packed = make_game(pack=m).packed(Tensor(samples)).data
    assert packed.shape == (n, *shape[:-1], m * shape[-1])
    parts = np.split(packed, m, axis=-1)
    found = [part[i].tobytes() for part in parts for i in range(n)]
    assert sorted(found) == sorted(sample.tobytes() for sample in samples)  # each sample once and whole
    if m == 2:
        assert np.array_equal(packed, np.concatenate([samples[:n], samples[n:]], axis=-1))


@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize("penalty", [None, "gp", "r1+r2"])
def test_a_packed_d_judges_packs(joint, penalty):
    game = make_game(pack=2, joint_batch=joint, penalty=penalty)
    watch, reals = Watch(game), Reals(n=2 * BATCH)
    real_logits, fake_logits = game.judge_both(Tensor(reals()), game.fakes(2 * BATCH))
    assert real_logits.shape == fake_logits.shape == (BATCH, 1)
    game.step(reals)
    assert all(event[1].shape[1] == 4 for event in watch.of("D sees"))
    assert watch.of("G sees")[-1][1].shape == (2 * BATCH, LATENT)


# -- the numbers of a whole game, by hand ------------------------------------------------------------------


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def play_by_hand(steps, n_critic, simultaneous, fresh, lr, reals):
    """G(z) = a z + b against D(x) = w x + c, non-saturating, plain gradient descent; in NumPy alone."""
    rng, (a, b, w, c) = np.random.default_rng(5), (0.7, 0.2, -0.4, 0.1)
    for _ in range(steps):
        for _ in range(n_critic):
            x = reals()[:, 0]
            z = rng.standard_normal((len(x), 1), dtype=np.float32)[:, 0].astype(np.float64)
            y = a * z + b
            too_low, too_high = -sigmoid(-(w * x + c)), sigmoid(w * y + c)
            dw, dc = (too_low * x).mean() + (too_high * y).mean(), too_low.mean() + too_high.mean()
            if not simultaneous:
                w, c = w - lr * dw, c - lr * dc
        if fresh:
            z = rng.standard_normal((len(x), 1), dtype=np.float32)[:, 0].astype(np.float64)
            y = a * z + b
        slope = -sigmoid(-(w * y + c)) * w  # through D after its step, unless simultaneous
        da, db = (slope * z).mean(), slope.mean()
        if simultaneous:
            w, c = w - lr * dw, c - lr * dc
        a, b = a - lr * da, b - lr * db
    return a, b, w, c


@pytest.mark.parametrize("n_critic, simultaneous", [(1, False), (3, False), (1, True)])
@pytest.mark.parametrize("fresh", [False, True])
def test_a_game_by_hand(n_critic, simultaneous, fresh):
    generator = nn.Sequential(nn.Dense(1, 1)).astype(np.float64)
    discriminator = nn.Sequential(nn.Dense(1, 1)).astype(np.float64)
    for network, values in ((generator, (0.7, 0.2)), (discriminator, (-0.4, 0.1))):
        for p, value in zip(network.parameters(), values, strict=True):
            p.data = np.full(p.shape, value)
    rules = dict(n_critic=n_critic, simultaneous=simultaneous, fresh_fakes=fresh)
    game = make_game(pair=(generator, discriminator), opt=optim.SGD, lr=0.5, **rules)
    reals = Reals(shape=(1,), dtype=np.float64)
    for _ in range(4):
        game.step(reals)
    found = [p.data.item() for p in (*generator.parameters(), *discriminator.parameters())]

    def by_hand(simultaneous):
        return play_by_hand(4, n_critic, simultaneous, fresh, 0.5, Reals(shape=(1,), dtype=np.float64))

    assert np.allclose(found, by_hand(simultaneous), rtol=1e-12)
    assert not np.allclose(found, by_hand(not simultaneous), rtol=1e-3)  # the order of the moves shows


@pytest.mark.parametrize("simultaneous", [False, True])
def test_gs_gradient_goes_through_d_after_or_before_its_step(simultaneous):
    game = make_game(simultaneous=simultaneous, lr=0.1)
    old_g, old_d = copy.deepcopy(game.generator), copy.deepcopy(game.discriminator)
    watch = Watch(game)
    game.step(Reals())
    through = copy.deepcopy(old_d)
    if not simultaneous:
        through.load_state_dict(game.discriminator.state_dict())
    fake = old_g(Tensor(watch.of("G sees")[0][1]))
    expected = grad(game.loss.generator(through(fake)), old_g.parameters())
    (_, grads_g, g_then, d_then) = watch.of("G moves")[0]
    for mine, theirs in zip(grads_g, expected, strict=True):
        assert np.allclose(mine, theirs.data, rtol=1e-5, atol=1e-7)
    if simultaneous:  # and D's own at G's old weights
        assert equal(watch.of("D moves")[0][2], {name: p.data for name, p in old_g.named_parameters()})


def test_the_penalty_is_added_with_its_weight():
    game, bare = make_game(penalty="gp", weight=7.0), make_game()
    real, fake = Tensor(Reals()()), bare.fakes(BATCH)
    game.rng = np.random.default_rng(1)
    extra = penalties.gp(game.discriminator, real, fake, np.random.default_rng(1))
    with_it, without = game.discriminator_loss(real, fake)[0], bare.discriminator_loss(real, fake)[0]
    assert np.isclose(float(with_it), float(without) + 7 * float(extra), rtol=1e-5)


# -- gradients of the whole game ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rules",
    [
        {"loss": "wgan", "penalty": "gp"},
        {"loss": "ns", "penalty": "dragan", "joint_batch": True},
        {"loss": "rsgan", "penalty": "r1+r2"},
        {"loss": "ragan", "pack": 2, "penalty": "gp"},
        {"loss": "hinge", "d_norm": True, "joint_batch": True},
        {"loss": losses.get("lsgan", label_smoothing=0.1), "instance_noise": 0.2},
    ],
    ids=lambda rules: " ".join(str(v) for v in rules.values() if isinstance(v, str)),
)
def test_gradcheck_of_both_players_losses(rules, rng):
    game = make_game(**rules)
    game.generator.astype(np.float64)
    game.discriminator.astype(np.float64)
    game.discriminator[-1].b.data = np.array([0.3])
    real, z = rng.normal(size=(6, 2)), Tensor(rng.normal(size=(6, LATENT)))

    def loss_d(scale):
        game.rng = np.random.default_rng(0)
        return scale * game.discriminator_loss(Tensor(real), game.generator(z))[0]

    def loss_g(scale):
        game.rng = np.random.default_rng(0)
        return scale * game.generator_loss(Tensor(real), game.generator(z))[0]

    scale = np.array(1.3)
    gradcheck(loss_d, scale, params=game.discriminator.parameters()).raise_if_failed()
    gradcheck(loss_g, scale, params=game.generator.parameters()).raise_if_failed()


def test_an_unrolled_step_can_be_differentiated(rng):
    """G's loss through D after a gradient step that itself depends on G: what unrolled GANs need."""
    generator, _ = networks()
    generator.astype(np.float64)
    real, z, loss = rng.normal(size=(6, 2)), Tensor(rng.normal(size=(6, LATENT))), losses.get("ns")

    def unrolled(w, v):
        def judge(x, w, v):
            h = x @ w
            return (h * h * 0.1 + h) @ v  # smooth, and not linear in w

        fake = generator(z)
        gw, gv = grad(loss.discriminator(judge(Tensor(real), w, v), judge(fake, w, v)), [w, v], create_graph=True)
        return loss.generator(judge(fake, w - 0.5 * gw, v - 0.5 * gv))

    w, v = rng.normal(size=(2, 3)), rng.normal(size=(3, 1))
    gradcheck(unrolled, w, v, params=generator.parameters()).raise_if_failed()


# -- weight clipping, measuring, precision ------------------------------------------------------------------


def test_weight_clipping_bounds_d_after_each_of_its_steps_and_leaves_g():
    game = make_game(weight_clip=0.05, n_critic=2, loss="wgan", lr=0.1)
    watch, reals = Watch(game), Reals()
    for _ in range(3):
        game.step(reals)
        assert max(np.abs(p.data).max() for p in game.discriminator.parameters()) <= np.float32(0.05)
    later = watch.of("D moves")[1:]
    assert all(np.abs(value).max() <= np.float32(0.05) for event in later for value in event[3].values())
    assert max(np.abs(p.data).max() for p in game.generator.parameters()) > 0.1
    assert {p.dtype for p in game.discriminator.parameters()} == {np.dtype(np.float32)}


@each_rule
def test_measuring_changes_no_weight_and_no_random_state(rules):
    states = []
    for measure in (False, True):
        game, reals = make_game(average=None, **rules), Reals()
        for _ in range(3):
            stats = game.step(reals, measure)
        assert bool(stats) == measure
        arrays = {**game.generator.state_dict(), **{f"D.{k}": v for k, v in game.discriminator.state_dict().items()}}
        arrays |= {f"opt.{k}": v for k, v in game.opt_d.state_dict().items()}
        states.append((arrays, game.rng.bit_generator.state))
    assert equal(states[0][0], states[1][0]) and states[0][1] == states[1][1]


@pytest.mark.parametrize("simultaneous", [False, True])
@pytest.mark.parametrize("loss", ["ns", "lsgan", "wgan"])
def test_what_is_measured(loss, simultaneous):
    game = make_game(loss, simultaneous=simultaneous, lr=0.1)
    old_d = copy.deepcopy(game.discriminator)
    watch, reals = Watch(game), Reals()
    stats = game.step(reals, measure=True)
    fake = watch.of("D sees")[1][1]
    real_logits, fake_logits, after = (
        d(Tensor(x)).data for d, x in ((old_d, reals.given[0]), (old_d, fake), (game.discriminator, fake))
    )
    after = fake_logits if simultaneous else after
    shown = sigmoid if loss == "ns" else (lambda logits: logits)
    middle = 0.5 if loss == "lsgan" else 0.0
    norm = {name: np.sqrt(sum((g**2).sum() for g in watch.of(f"{name} moves")[0][1])) for name in "DG"}
    expected = {
        "loss_d": float(game.loss.discriminator(Tensor(real_logits), Tensor(fake_logits))),
        "loss_g": float(game.loss.generator(Tensor(after))),
        "d_real": shown(real_logits).mean(),
        "d_fake_before": shown(fake_logits).mean(),
        "d_fake_after": shown(after).mean(),
        "accuracy_real": (real_logits > middle).mean(),
        "accuracy_fake": (fake_logits < middle).mean(),
        "grad_norm_d": norm["D"],
        "grad_norm_g": norm["G"],
        **resemblance(fake, reals.given[0]),
    }
    assert stats.keys() == expected.keys()
    for name, value in expected.items():
        assert np.isclose(stats[name], value, rtol=1e-4, atol=1e-6), name


@each_rule
def test_no_float64_array_is_made_in_a_step(rules, monkeypatch):
    game = make_game(average=None, **rules)
    game.average = MovingAverage(game.generator, 0.9)
    made, wrap = set(), Tensor._wrap.__func__

    def noting(cls, array):
        made.add(array.dtype)
        return wrap(cls, array)

    monkeypatch.setattr(Tensor, "_wrap", classmethod(noting))
    stats = {}
    for _ in range(2):
        stats = game.step(Reals(), measure=True)
    assert made <= {np.dtype(np.float32), np.dtype(bool)}
    parts = (game.generator, game.discriminator, game.average.network, game.opt_g, game.opt_d)
    arrays = [value for part in parts for name, value in part.state_dict().items() if name != "t"]
    assert {a.dtype for a in arrays} | {np.asarray(v).dtype for v in stats.values()} == {np.dtype(np.float32)}


def test_the_same_seed_plays_the_same_game():
    states = []
    for _ in range(2):
        game, reals = make_game(penalty="gp", instance_noise=0.1), Reals()
        for _ in range(3):
            game.step(reals)
        states.append(game.generator.state_dict())
    assert equal(*states)


# -- the moving average ------------------------------------------------------------------------------------


def test_the_moving_average_is_its_closed_form():
    """average_n = decay^n start + (1 - decay) sum decay^(n - i) G_i, with BatchNorm's statistics."""
    game, decay, reals = make_game(lr=0.1), 0.8, Reals()
    start = game.generator.state_dict()
    game.average = MovingAverage(game.generator, decay)
    assert equal(game.average.network.state_dict(), start)
    history = []
    for _ in range(5):
        game.step(reals)
        history.append(game.generator.state_dict())
    found = game.average.network.state_dict()
    assert found.keys() == start.keys() and "1.running_mean" in found
    for name in start:
        expected = decay**5 * start[name] + (1 - decay) * sum(decay ** (4 - i) * h[name] for i, h in enumerate(history))
        assert np.allclose(found[name], expected, rtol=1e-5, atol=1e-6), name
        assert not np.allclose(found[name], history[-1][name], rtol=1e-3), name


def test_the_moving_average_takes_no_part_in_the_game():
    states = []
    for average in (False, True):
        game, reals = make_game(), Reals()
        if average:
            game.average = MovingAverage(game.generator, 0.5)
        for _ in range(3):
            game.step(reals)
        states.append(game.generator.state_dict())
    assert equal(*states)


@pytest.mark.parametrize("decay", [0.0, 1.0, -0.5, 2.0])
def test_the_decay_lies_between_0_and_1(decay):
    with pytest.raises(ValueError, match=r"the decay of the moving average must lie in \(0, 1\)"):
        MovingAverage(networks()[0], decay)


@pytest.mark.parametrize(("loss", "boundary"), [("ns", 0.0), ("lsgan", 0.5), ("hinge", 0.0)])
def test_a_logit_on_the_boundary_is_right_for_neither_side(loss, boundary):
    """A D that says the same of everything has not told a single fake from a real sample."""
    game = make_game(loss, opt=optim.SGD, lr=1e-30)
    for p in game.discriminator.parameters():
        p.data = np.zeros_like(p.data)
    game.discriminator[2].b.data = np.full(1, boundary, np.float32)
    stats = game.step(Reals(), measure=True)
    assert float(stats["accuracy_real"]) == float(stats["accuracy_fake"]) == 0
