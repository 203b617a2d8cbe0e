"""A classifier that plays the discriminator's part: its losses in closed form, and its game."""

import numpy as np
import pytest

import tinygan as tg
from tinygan import Tensor, grad, gradcheck, losses, nn, ops, optim, penalties
from tinygan.gan.average import MovingAverage
from tinygan.gan.sampling import draw
from tinygan.gan.semi_supervised import SemiSupervised, feature_matching, few_of_each, logsumexp

K, LATENT = 3, 4


def make_game(kind=SemiSupervised, seed=0, outputs=K, loss="ns", penalty=None, opt=optim.Adam, lr=0.01, **rules):
    rng = np.random.default_rng(seed)
    G = nn.Sequential(nn.Dense(LATENT, 16, rng=rng), nn.ReLU(), nn.Dense(16, 2, rng=rng))
    D = nn.Sequential(nn.Dense(2, 16, rng=rng), nn.LeakyReLU(0.2), nn.Dense(16, outputs, rng=rng))
    opt_g, opt_d = (opt(network.parameters(), lr) for network in (G, D))
    rules = {"classes": K, "penalties": [(penalties.PENALTIES[penalty], 1.0)] if penalty else []} | rules
    return kind(G, D, opt_g, opt_d, losses.get(loss), LATENT, np.random.default_rng(5), **rules)


class Reals:
    """Batches (unlabelled, labelled, labels): class k lies around (2 k, -k)."""

    def __init__(self, n=8, labelled=6):
        self.n, self.labelled, self.rng = n, labelled, np.random.default_rng(9)

    def some(self, n):
        labels = self.rng.integers(K, size=n)
        x = labels[:, None] * np.array([2.0, -1.0]) + 0.1 * self.rng.standard_normal((n, 2))
        return x.astype(np.float32), labels

    def __call__(self):
        return self.some(self.n)[0], *self.some(self.labelled)


# -- the losses --------------------------------------------------------------------------------------------


def test_with_logsumexp_as_logit_d_is_z_over_z_plus_one(rng):
    logits = rng.standard_normal((5, K))
    z = np.exp(logits).sum(axis=1, keepdims=True)
    assert np.allclose(logsumexp(Tensor(logits)).data, np.log(z), rtol=1e-12)
    assert np.allclose(ops.sigmoid(logsumexp(Tensor(logits))).data, z / (z + 1), rtol=1e-12)
    with_fake = ops.softmax(Tensor(np.concatenate([logits, np.zeros((5, 1))], axis=1))).data
    assert np.allclose(1 - with_fake[:, K:], z / (z + 1), rtol=1e-12)  # one class more, whose logit is 0


def test_extreme_logits_stay_finite_and_keep_their_gradient():
    rows = Tensor(np.float32([[1000, 0, -1000], [-1000, -1000, -1000], [1000, 1000, 1000]]), requires_grad=True)
    found = logsumexp(rows)
    assert np.allclose(found.data[:, 0], [1000, -1000 + np.log(3), 1000 + np.log(3)])
    assert np.allclose(grad(found.sum(), [rows])[0].data, [[1, 0, 0], [1 / 3] * 3, [1 / 3] * 3], atol=1e-6)
    loss = losses.get("ns").discriminator(found[1:2], found[2:])  # D is wrong, and sure: the loss is 1000 + 1000
    assert loss.item() == pytest.approx(2000, rel=1e-5)
    assert losses.get("ns").discriminator(found[2:], found[1:2]).item() == 0
    assert np.isfinite(grad(loss, [rows])[0].data).all()


def test_gradients_agree_with_differences_to_the_second_order(rng):
    gradcheck(logsumexp, rng.standard_normal((4, K)), order=2)
    gradcheck(feature_matching, rng.standard_normal((4, K)), rng.standard_normal((5, K)), order=2)


def test_feature_matching_is_the_squared_distance_of_the_means(rng):
    real, fake = rng.standard_normal((4, 5)), rng.standard_normal((6, 5))
    wanted = sum((real[:, i].mean() - fake[:, i].mean()) ** 2 for i in range(5))
    assert feature_matching(Tensor(real), Tensor(fake)).item() == pytest.approx(wanted, rel=1e-12)
    assert feature_matching(Tensor(real), Tensor(real[::-1])).item() < 1e-20  # whatever their order
    with pytest.raises(ValueError, match=r"as many features, \(N, F\), not \(4, 5\) and \(6, 4\)"):
        feature_matching(Tensor(real), Tensor(fake[:, :4]))


def parts(game, batch):
    """D's loss and G's, and what they must be, by NumPy from D's outputs alone."""
    real = game.reals(lambda: batch)
    fake = game.fakes(len(real))
    found = game.discriminator_loss(real, fake)[0].item(), game.generator_loss(real, fake)[0].item()
    D = game.discriminator
    z_real, z_fake = (np.exp(D(x).data.astype(float)).sum(axis=1) for x in (real, fake))
    scores = np.exp(D(Tensor(batch[1])).data.astype(float))
    right = scores[np.arange(len(batch[2])), batch[2]] / scores.sum(axis=1)
    loss_d = -np.log(z_real / (z_real + 1)).mean() - np.log(1 / (z_fake + 1)).mean()
    means = [D[1](D[0](x)).data.mean(axis=0) for x in (real, fake)]
    return found, (loss_d - game.supervised * np.log(right).mean(), ((means[0] - means[1]) ** 2).sum())


class WithoutLabels(SemiSupervised):
    """A mistake: the cross-entropy is left out."""

    def contest(self, real, fake):
        return super(SemiSupervised, self).contest(real, fake)


class FakeLogitFree(SemiSupervised):
    """A mistake: the logit of "fake" is the first class's, not 0."""

    def logits(self, outputs):
        return super().logits(outputs) - outputs[:, :1]


class MatchesLogits(SemiSupervised):
    """A mistake: D's outputs are matched, not its features."""

    def generator_loss(self, real, fake):
        on_fake = self.judge(fake)
        return feature_matching(self.judge(real), on_fake), on_fake


class OfOneKind(SemiSupervised):
    """A mistake: the features of the fakes are compared with themselves."""

    def generator_loss(self, real, fake):
        return super().generator_loss(fake, fake)


@pytest.mark.parametrize("supervised", [0.0, 1.0, 2.5])
def test_the_losses_of_the_game_have_their_closed_form(supervised):
    found, wanted = parts(make_game(supervised=supervised), Reals()())
    assert found == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("loss", ["ns", "lsgan", "rsgan"])
def test_without_matching_g_plays_as_in_any_game(loss):
    game = make_game(loss=loss, matching=False)
    real = game.reals(Reals())
    fake = game.fakes(len(real))
    on_real, on_fake = (logsumexp(game.discriminator(x)) for x in (real, fake))
    wanted = game.loss.generator(on_fake, on_real).item()
    assert game.generator_loss(real, fake)[0].item() == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("mistake", [WithoutLabels, FakeLogitFree, MatchesLogits, OfOneKind])
def test_mistakes_do_not_have_it(mistake):
    found, wanted = parts(make_game(mistake), Reals()())
    assert found != pytest.approx(wanted, rel=0.02)


def test_each_loss_moves_its_own_network_alone():
    game = make_game()
    real = game.reals(Reals())
    fake = game.fakes(len(real))
    loss_d = game.discriminator_loss(real, fake)[0]
    assert set(grad(loss_d, game.generator.parameters(), allow_unused=True)) == {None}
    assert all(np.abs(g.data).max() > 0 for g in grad(loss_d, game.discriminator.parameters()))
    last = game.discriminator[-1].parameters()
    assert set(grad(game.generator_loss(real, fake)[0], last, allow_unused=True)) == {None}


def test_labelled_samples_are_shown_as_all_others_are():
    """Instance noise lies on them, too: else D could tell them from the rest."""
    seen = []

    class Watched(SemiSupervised):
        def discriminate(self, samples):
            seen.append(samples.data)
            return super().discriminate(samples)

    game, batch = make_game(Watched, instance_noise=0.5), Reals(labelled=5)()
    game.contest(game.reals(lambda: batch), game.fakes(8))
    (labelled,) = [x for x in seen if len(x) == 5]
    assert 0.1 < np.abs(labelled - batch[1]).mean() < 1


# -- the game ----------------------------------------------------------------------------------------------

RULES = {
    "plain": {},
    "joint, noise": dict(joint_batch=True, instance_noise=0.1),
    "r1, fresh": dict(penalty="r1", fresh_fakes=True),
    "two critic steps, unrolled": dict(n_critic=2, unroll=1),
    "no matching": dict(matching=False),
    "simultaneous, hinge": dict(simultaneous=True, loss="hinge"),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rules", RULES.values(), ids=list(RULES))
def test_it_is_played_back_to_the_last_bit(rules):
    found = []
    for compiled in (False, True):
        game, reals = make_game(**rules), Reals()
        game.average = MovingAverage(game.generator, 0.9)
        step = tg.compiled(game.step) if compiled else game.step
        numbers = [step(reals, measure=i % 3 == 0) for i in range(7)]
        assert not compiled or (step.programs and not step.why_not), step.why_not
        state = {f"{i}.{name}": value for i, each in enumerate(numbers) for name, value in each.items()}
        for network in (game.generator, game.discriminator, game.average.network):
            state |= {f"{id(network)}.{name}": array for name, array in network.state_dict().items()}
        found.append(list(state.values()))
    assert all(np.array_equal(one, other) for one, other in zip(*found, strict=True))


def test_labels_change_with_the_batch_when_it_is_played_back():
    """A label that was recorded once would teach D that everything is of class 0."""
    game, reals = make_game(lr=0.03), Reals(labelled=K)
    step = tg.compiled(game.step)

    def one_class_at_a_time():
        unlabelled, *_ = reals()
        k = len(seen) % K
        seen.append(k)
        return unlabelled, np.float32([[2 * k, -k]] * K), np.full(K, k)

    seen = []
    for _ in range(150):
        step(one_class_at_a_time)
    x, labels = reals.some(60)
    assert (draw(game.discriminator, x).argmax(axis=1) == labels).mean() > 0.9


def refuse(match, batch=None, **rules):
    with pytest.raises(ValueError, match=match):
        make_game(**rules).step(lambda: batch or Reals()())


def test_bad_input_is_refused_in_a_sentence():
    x, labelled, labels = Reals()()
    refuse("labels must be whole numbers from 0 to 2", (x, labelled, labels + K))
    refuse("labels must be whole numbers from 0 to 2", (x, labelled, labels - K))
    refuse("labels must be whole numbers from 0 to 2", (x, labelled, labels + 0.5))
    refuse(r"a label each: not 6 and \(5,\)", (x, labelled, labels[1:]))
    refuse(r"one labelled sample or more, a label each: not 0 and \(0,\)", (x, labelled[:0], labels[:0]))
    refuse(r"must have one shape, but got \(6, 1\) and \(8, 2\)", (x, labelled[:, :1], labels))
    refuse(r"D must return \(N, 3\), a logit for each class, but returned \(8, 4\)", outputs=4)
    refuse("does not go with packs", pack=2)
    refuse("classes must be a whole number", classes=0)
    refuse("supervised must be 0 or more", supervised=-1.0)
    game = make_game()
    with pytest.raises(ValueError, match="needs a Sequential as discriminator"):
        args = game.generator, game.discriminator[0], game.opt_g, game.opt_d, game.loss, LATENT, game.rng
        SemiSupervised(*args, classes=16)


# -- few labels --------------------------------------------------------------------------------------------


def test_few_of_each_class_are_drawn(rng):
    labels = rng.permutation(np.arange(40) % 4)
    rows = few_of_each(labels, 3, rng)
    assert labels[rows].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3] and len(set(rows)) == 12
    assert set(rows) != set(few_of_each(labels, 3, rng))
    assert len(set(few_of_each(labels, 10, rng))) == 40  # each at most once


@pytest.mark.parametrize(
    "labels, n, match",
    [
        ([0, 0, 1], 2, "2 labels of each class were asked for, but class 1 has 1"),
        ([0, 2, 2], 1, "class 1 has 0"),
        ([0, 2**31 - 1], 1, "class 1 has 0"),  # without a list of two billion classes
        ([0, 1], 0, "labels of each class must be a whole number of at least 1"),
        ([-1, 0], 1, "whole numbers of 0 or more"),
        ([[0], [1]], 1, r"needs labels \(N,\), not an array of shape \(2, 1\)"),
    ],
)
def test_labels_that_are_not_there_cannot_be_drawn(labels, n, match, rng):
    with pytest.raises(ValueError, match=match):
        few_of_each(np.array(labels), n, rng)
