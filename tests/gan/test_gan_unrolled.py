"""Unrolling: G's gradient is the derivative of the game K discriminator steps ahead, and D never notices."""

import copy

import numpy as np
import pytest
from gan.test_gan_game import BATCH, LATENT, Reals, Watch, equal, make_game, networks

from tinygan import Tensor, grad, gradcheck, nn
from tinygan.gan.unrolled import replaced, unrolled


class Scalar(nn.Module):
    """D with one weight w, held in a list as a network of one's own may do: x -> w x."""

    def __init__(self, w):
        self.held = [Tensor(np.array([[float(w)]]), requires_grad=True, name="w")]

    def forward(self, x):
        return x @ self.held[0]


# -- closed forms ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("K", [0, 1, 2, 5])
def test_the_quadratic_game_has_its_closed_form(K):
    """L_D = (w - t)^2 / 2 and L_G = w: D runs after t.

    w_(k+1) = w_k - a (w_k - t), so w_K = t + (1 - a)^K (w - t), and dL_G/dt = 1 - (1 - a)^K: without unrolling
    G feels nothing at all, with more and more steps that w ends up at t.
    """
    a, w, t = 0.3, 1.7, Tensor(np.array([[0.4]]), requires_grad=True)
    discriminator, one = Scalar(w), Tensor(np.ones((1, 1)))
    with unrolled(discriminator, lambda: ((discriminator(one) - t) ** 2).sum() / 2, K, a):
        ahead = discriminator(one).sum()
    (gt,) = grad(ahead + 0 * t.sum(), [t])
    assert np.isclose(ahead.item(), 0.4 + (1 - a) ** K * (w - 0.4), rtol=1e-14)
    assert np.isclose(gt.item(), 1 - (1 - a) ** K, rtol=1e-14, atol=1e-16)


@pytest.mark.parametrize("K", [0, 1, 3])
def test_the_bilinear_game_has_its_closed_form(K):
    """D maximises w t, G minimises it (WGAN for one number): w_K = w + K a t, and G's loss is w_K t.

    dL_G/dt = w + 2 K a t. The w alone makes the plain game circle for ever; 2 K a t pulls t to 0, where it ends.
    The first half of it is w_K at its place, the second how w_K changes with t.
    """
    a, w, t = 0.2, -0.6, Tensor(np.array([[0.9]]), requires_grad=True)
    discriminator = Scalar(w)
    with unrolled(discriminator, lambda: -discriminator(t).sum(), K, a):
        loss_g = discriminator(t).sum()
    (gt,) = grad(loss_g, [t])
    assert np.isclose(gt.item(), w + 2 * K * a * 0.9, rtol=1e-14)


# -- the game --------------------------------------------------------------------------------------------


def smooth_networks():
    """A small pair in float64 without kinks, so that differences see one slope."""
    rng = np.random.default_rng(4)
    generator = nn.Sequential(nn.Dense(LATENT, 4, rng=rng), nn.Tanh(), nn.Dense(4, 2, rng=rng))
    discriminator = nn.Sequential(nn.Dense(2, 5, rng=rng), nn.Tanh(), nn.Dense(5, 1, rng=rng))
    return generator.astype(np.float64), discriminator.astype(np.float64)


def by_hand(game, real, z):
    """G's loss after K steps of D that are written out; a number, for differences. Weights are set, not swapped."""
    old = [w.data.copy() for w in game.discriminator.parameters()]
    fake = game.generator(z)
    for _ in range(game.unroll):
        loss = game.loss.discriminator(game.discriminator(real), game.discriminator(fake.detach()))
        slopes = grad(loss, game.discriminator.parameters())
        for w, slope in zip(game.discriminator.parameters(), slopes, strict=True):
            w.data = w.data - game.unroll_lr * slope.data
    value = game.loss.generator(game.discriminator(fake), game.discriminator(real)).item()
    for w, data in zip(game.discriminator.parameters(), old, strict=True):
        w.data = data
    return value


@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize("loss", ["ns", "wgan", "rsgan", "ragan"])
@pytest.mark.parametrize("K", [1, 3])
def test_gs_gradient_is_the_numeric_derivative_of_the_unrolled_objective(K, loss, joint, rng):
    game = make_game(loss, pair=smooth_networks(), unroll=K, unroll_lr=0.7, joint_batch=joint)
    real, z = Tensor(rng.normal(size=(6, 2))), Tensor(rng.normal(size=(6, LATENT)))

    def loss_g():
        fake = game.generator(z)
        with game.looking_ahead(real, fake):
            return game.generator_loss(real, fake)[0]

    grads, plain = grad(loss_g(), game.generator.parameters()), game.generator_loss(real, game.generator(z))[0]
    assert np.isclose(loss_g().item(), by_hand(game, real, z), rtol=1e-12)
    assert abs(plain.item() - loss_g().item()) > 1e-3
    for p, g in zip(game.generator.parameters(), grads, strict=True):
        old, step = p.data.copy(), 1e-5
        for place in np.ndindex(p.shape):
            values = []
            for sign in (1, -1):
                p.data = old
                p.data[place] += sign * step
                values.append(by_hand(game, real, z))
                p.data[place] -= sign * step
            p.data = old
            assert np.isclose(g.data[place], (values[0] - values[1]) / (2 * step), rtol=1e-5, atol=1e-8), p.name


@pytest.mark.parametrize("simultaneous", [False, True])
def test_the_step_of_the_game_moves_g_along_this_gradient(simultaneous):
    """From D as it is after its own step, or before it; through the fakes that D has just seen."""
    rules = dict(unroll=2, unroll_lr=0.5, simultaneous=simultaneous)
    game = make_game(**rules)
    old = copy.deepcopy(game.generator), copy.deepcopy(game.discriminator)
    watch, reals = Watch(game), Reals()
    game.step(reals)
    if not simultaneous:
        old[1].load_state_dict(game.discriminator.state_dict())
    other = make_game(pair=old, **rules)
    real, fake = Tensor(reals.given[0]), old[0](Tensor(watch.of("G sees")[0][1]))
    with other.looking_ahead(real, fake):
        loss_g, _ = other.generator_loss(real, fake)
    for mine, theirs in zip(watch.of("G moves")[0][1], grad(loss_g, old[0].parameters()), strict=True):
        assert np.allclose(mine, theirs.data, rtol=1e-4, atol=1e-6)


def test_it_can_be_differentiated_again(rng):
    """Third derivatives of D: the engine does not mind."""
    game = make_game("ns", pair=smooth_networks(), unroll=1, unroll_lr=0.7)
    real, z = Tensor(rng.normal(size=(3, 2))), Tensor(rng.normal(size=(3, LATENT)))

    def loss_g(scale):
        fake = game.generator(z) * scale
        with game.looking_ahead(real, fake):
            return game.generator_loss(real, fake)[0]

    gradcheck(loss_g, np.array(0.8), order=2).raise_if_failed()


RULES = {
    "plain": {},
    "joint, D with BatchNorm": dict(joint_batch=True, d_norm=True),
    "simultaneous": dict(simultaneous=True),
    "three critic steps": dict(n_critic=3, fresh_fakes=True),
    "r1+r2": dict(loss="rsgan", penalty="r1+r2"),
    "gp": dict(loss="wgan", penalty="gp"),
    "packed, noise": dict(pack=2, instance_noise=0.1),
}
each_rule = pytest.mark.parametrize("rules", RULES.values(), ids=list(RULES))


@each_rule
def test_gs_step_leaves_d_bit_identical(rules):
    """Weights, and BatchNorm's averages too: D after a step is what it is after the same step without G's."""
    game, other = make_game(unroll=2, **rules), make_game(**rules)
    watch, reals = Watch(game), Reals()
    for _ in range(2):
        before = [(id(t), t.requires_grad) for _, t in game.discriminator._tensors()]
        game.step(reals)
        assert [(id(t), t.requires_grad) for _, t in game.discriminator._tensors()] == before
        if not game.simultaneous:
            assert equal(watch.weights("D"), watch.of("G moves")[-1][3])
    other.step(Reals())
    once = make_game(unroll=2, **rules)
    once.step(Reals())
    weights = {name: p.data for name, p in once.discriminator.named_parameters()}
    if not rules.get("instance_noise"):  # else the inner steps have drawn noise
        assert equal(weights, {name: p.data for name, p in other.discriminator.named_parameters()})
    assert not equal(once.generator.state_dict(), other.generator.state_dict())


def test_batch_norms_averages_are_those_of_ds_own_step():
    states = []
    for K in (0, 1, 3):
        game = make_game(d_norm=True, unroll=K)
        real, fake = Tensor(Reals()()), game.fakes(BATCH)
        game.judge_both(real, fake)
        mine = game.discriminator.state_dict()
        with game.looking_ahead(real, fake):
            game.generator_loss(real, fake)
        states.append(equal(game.discriminator.state_dict(), mine))
    assert states == [False, True, True]  # without unrolling G's loss moves them, as ever


def test_no_steps_ahead_is_the_plain_game_to_the_last_bit():
    states = []
    for rules in ({}, {"unroll": 0, "unroll_lr": 5.0}):
        game, reals = make_game(d_norm=True, **rules), Reals()
        for _ in range(3):
            game.step(reals)
        states.append(
            {**game.generator.state_dict(), **{f"D.{k}": v for k, v in game.discriminator.state_dict().items()}}
        )
    assert equal(*states)


@each_rule
def test_a_step_stays_in_float32(rules):
    game = make_game(unroll=2, **rules)
    stats = game.step(Reals(), measure=True)
    assert {np.asarray(value).dtype for value in stats.values()} == {np.dtype(np.float32)}
    assert all(np.isfinite(value) for value in stats.values())


# -- swapping --------------------------------------------------------------------------------------------


def test_tensors_are_back_in_their_places_whatever_happens():
    _, network = networks()
    old, new = network.parameters(), [Tensor(np.zeros(p.shape, np.float32)) for p in network.parameters()]
    with pytest.raises(RuntimeError, match="inside"):
        with replaced(network, dict(zip(map(id, old), new, strict=True))):
            assert network(Tensor(np.ones((3, 2), np.float32))).data.any() == False  # noqa: E712
            raise RuntimeError("inside")
    assert all(a is b for a, b in zip(network.parameters(), old, strict=True))


def test_what_else_changes_inside_stays_changed():
    _, network = networks(d_norm=True)
    weight = network[0].W
    with replaced(network, {id(weight): Tensor(np.zeros(weight.shape, np.float32))}):
        network.eval()
        network[2].slope = 0.5
    assert network[0].W is weight and network[2].slope == 0.5 and not network[1].training


def test_a_list_of_tensors_is_put_back_itself():
    network = Scalar(2.0)
    held = network.held
    with replaced(network, {id(held[0]): Tensor(np.array([[3.0]]))}):
        assert network(Tensor(np.ones((1, 1)))).item() == 3.0
    assert network.held is held and held[0].data.item() == 2.0


def test_bad_numbers_are_refused():
    for rules, said in (
        ({"unroll": -1}, "unroll must be a whole number of at least 0"),
        ({"unroll_lr": 0.0}, "above 0"),
    ):
        with pytest.raises(ValueError, match=said):
            make_game(**{"unroll": 1, **rules})
