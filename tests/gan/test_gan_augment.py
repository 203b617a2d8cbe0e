"""Differentiable augmentation: what it does to images, its derivatives, and where the game uses it."""

import numpy as np
import pytest

from tinygan import Tensor, grad, gradcheck, losses, nn, ops, optim, penalties
from tinygan.gan.augment import POLICIES, Augment, Shift, window
from tinygan.gan.conditional_game import ConditionalGame
from tinygan.gan.conditioning import CGAN
from tinygan.gan.game import Game

ALL = "color+shift+cutout"


def pictures(shape=(5, 16, 8, 3), seed=1, low=-1.0, high=1.0):
    return np.random.default_rng(seed).uniform(low, high, shape)


def augmented(policy, x, seed=0, low=-1.0, high=1.0):
    return Augment(policy, low, high)(Tensor(x), np.random.default_rng(seed)).data


# -- what it does ---------------------------------------------------------------------------------------


def test_brightness_adds_one_number_to_an_image():
    x = pictures((400, 2, 3, 3))
    added = augmented("brightness", x) - x
    assert np.allclose(added, added[:, :1, :1, :1], atol=1e-12)
    each = added[:, 0, 0, 0]
    assert -0.5 <= each.min() < -0.45 and 0.45 < each.max() <= 0.5 and abs(each.mean()) < 0.05


def test_color_keeps_what_it_says_and_grey_images_have_no_colour():
    x = pictures((300, 4, 5, 3))
    y = augmented("color", x)
    grey_x, grey_y = x.mean(3), y.mean(3)
    contrast = grey_y.std((1, 2)) / grey_x.std((1, 2))  # brightness and saturation leave it
    assert 0.5 <= contrast.min() < 0.55 and 1.45 < contrast.max() <= 1.5
    colour = (y - grey_y[..., None]).std((1, 2, 3)) / (x - grey_x[..., None]).std((1, 2, 3)) / contrast
    assert 0 <= colour.min() < 0.1 and 1.9 < colour.max() <= 2
    assert np.corrcoef(colour, contrast)[0, 1] ** 2 < 0.05
    assert np.allclose(standard(augmented("color", x[..., :1])), standard(x[..., :1]), atol=1e-12)


def standard(x):
    """Each image without its brightness and contrast."""
    return (x - x.mean((1, 2, 3), keepdims=True)) / x.std((1, 2, 3), keepdims=True)


def test_shift_moves_an_image_by_up_to_an_eighth_and_fills_in_the_middle_of_the_range():
    x = np.zeros((900, 16, 8, 1))
    x[:, 8, 4] = 1.0
    n, row, column, _ = augmented("shift", x).nonzero()
    assert np.array_equal(n, np.arange(900))
    assert set(row - 8) == {-2, -1, 0, 1, 2} and set(column - 4) == {-1, 0, 1}
    assert len(set(zip(row, column, strict=True))) == 15  # the two are drawn by themselves
    y = augmented("shift", np.ones((200, 16, 8, 1)), low=0.0, high=1.0)
    assert set(np.unique(y)) == {0.5, 1.0}


def test_cutout_cuts_a_window_of_half_the_size():
    y = augmented("cutout", np.ones((900, 16, 8, 2)))
    assert np.array_equal(y[..., 0], y[..., 1]) and set(np.unique(y)) == {0.0, 1.0}
    rows, columns = (y[..., 0] == 0).any(2), (y[..., 0] == 0).any(1)
    assert np.array_equal(y[..., 0] == 0, rows[:, :, None] & columns[:, None, :])
    assert set(rows.sum(1)) == {4, 5, 6, 7, 8} and set(columns.sum(1)) == {2, 3, 4}


@pytest.mark.parametrize("size", [1, 2, 5, 7, 8, 28])
def test_a_window_is_the_papers(size):
    """Their code: a grid about each centre, cut to the image; here all centres are drawn at some time."""
    length = int(size * 0.5 + 0.5)
    expected = {
        tuple(np.isin(np.arange(size), np.arange(length) + centre - length // 2))
        for centre in range(size + (1 - length % 2))
    }
    assert set(map(tuple, window(size, 2000, np.random.default_rng(0)))) == expected


@pytest.mark.parametrize("policy", [*POLICIES, ALL])
def test_each_image_and_each_call_has_numbers_of_its_own(policy):
    x = np.broadcast_to(pictures((1, 16, 16, 3)), (6, 16, 16, 3))
    rng = np.random.default_rng(0)
    first, second = (Augment(policy)(Tensor(x), rng).data for _ in range(2))
    assert len({image.tobytes() for image in (*first, *second)}) >= 8  # of 12; there are but 25 shifts
    assert np.array_equal(first, augmented(policy, x)) and not np.array_equal(first, second)


@pytest.mark.parametrize("policy", [*POLICIES, ALL])
def test_the_range_is_only_a_scale(policy):
    x = pictures()
    assert np.allclose(augmented(policy, (x + 1) / 2, low=0, high=1), (augmented(policy, x) + 1) / 2, atol=1e-12)
    assert np.allclose(augmented(policy, 3 * x, low=-3, high=3), 3 * augmented(policy, x), atol=1e-12)


def test_the_order_is_that_of_the_names():
    x = np.ones((40, 8, 8, 1))
    assert (augmented("brightness+cutout", x) == 0).any() and not (augmented("cutout+brightness", x) == 0).any()


# -- derivatives ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", [*POLICIES, ALL])
@pytest.mark.parametrize("shape", [(2, 5, 4, 3), (2, 5, 9, 1)], ids=["colour", "grey"])
def test_gradients_to_second_order(policy, shape):
    def f(x):
        return ops.tanh(Augment(policy, 0, 1)(x * 1, np.random.default_rng(4)))

    gradcheck(f, pictures(shape, low=0), order=2).raise_if_failed()


def test_shifting_back_is_the_adjoint(rng):
    down, right = np.array([0.0, 2, -3, 9]), np.array([1.0, 0, -1, -2])
    a, b = rng.normal(size=(2, 4, 5, 3, 2))
    forth, back = Shift(9)(*map(Tensor, (a, down, right))).data, Shift(9)(*map(Tensor, (b, -down, -right))).data
    assert np.isclose((forth * b).sum(), (a * back).sum(), rtol=1e-12) and not forth[3].any()
    assert np.array_equal(forth[0, :, 1:], a[0, :, :-1]) and np.array_equal(forth[1, 2:], a[1, :-2])


def in_torch(policy, t, seed):
    """The same numbers in PyTorch, image by image, after the paper's description; t is (N, H, W, C) in [-1, 1]."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    F = torch.nn.functional
    rng, (n, height, width, _) = np.random.default_rng(seed), t.shape

    def numbers():
        return rng.random((n, 1, 1, 1), dtype=np.float32).ravel().tolist()

    def brightness(images):
        return [image + u - 0.5 for image, u in zip(images, numbers(), strict=True)]

    def saturation(images):
        return [torch.lerp(i.mean(2, keepdim=True), i, 2 * u) for i, u in zip(images, numbers(), strict=True)]

    def contrast(images):
        return [torch.lerp(i.mean().expand_as(i), i, u + 0.5) for i, u in zip(images, numbers(), strict=True)]

    def shift(images):
        p, q = int(height / 8 + 0.5), int(width / 8 + 0.5)
        moves = zip(images, rng.integers(-p, p + 1, n), rng.integers(-q, q + 1, n), strict=True)
        return [
            F.pad(i, (0, 0, q, q, p, p))[p - down : p - down + height, q - right : q - right + width]
            for i, down, right in moves
        ]

    def cutout(images):
        lengths = [int(size / 2 + 0.5) for size in (height, width)]
        starts = [
            rng.integers(0, size + (1 - length % 2), n) - length // 2
            for size, length in zip((height, width), lengths, strict=True)
        ]
        result = []
        for image, top, left in zip(images, *starts, strict=True):
            keep = torch.ones(height, width, 1, dtype=image.dtype)
            keep[max(top, 0) : top + lengths[0], max(left, 0) : left + lengths[1]] = 0
            result.append(image * keep)
        return result

    steps = {
        "brightness": [brightness],
        "color": [brightness, saturation, contrast],
        "shift": [shift],
        "cutout": [cutout],
    }
    images = list(t)
    for name in policy.split("+"):
        for step in steps[name]:
            images = step(images)
    return torch.stack(images)


@pytest.mark.parametrize("shape", [(5, 16, 12, 3), (4, 28, 28, 1), (3, 7, 9, 2)], ids=str)
@pytest.mark.parametrize("policy", [*POLICIES, ALL, "cutout+shift+brightness"])
def test_values_and_gradients_are_pytorchs(policy, shape, rng):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    a, gy = pictures(shape), rng.normal(size=shape)
    x, t = Tensor(a, requires_grad=True), torch.tensor(a, requires_grad=True)
    y, s = Augment(policy)(x, np.random.default_rng(8)), in_torch(policy, t, 8)
    (gx,) = grad((y**3 * gy).sum(), [x], create_graph=True)
    (gt,) = torch.autograd.grad((s**3 * torch.tensor(gy)).sum(), t, create_graph=True)
    (ggx,) = grad((gx * gx).sum(), [x])
    (ggt,) = torch.autograd.grad((gt * gt).sum(), t)
    for actual, expected in ((y, s), (gx, gt), (ggx, ggt)):
        expected = expected.detach().numpy()
        np.testing.assert_allclose(actual.data, expected, rtol=1e-9, atol=1e-10 * np.abs(expected).max())


def test_r1_through_the_augmentation_is_pytorchs(rng):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    discriminator = nn.Sequential(nn.Flatten(), nn.Dense(96, 7), nn.Tanh(), nn.Dense(7, 1)).astype(np.float64)
    a, weights = pictures((4, 8, 4, 3)), discriminator.parameters()

    def judge(x):
        return discriminator(Augment(ALL)(x, np.random.default_rng(3)))

    penalty = penalties.r1(judge, Tensor(a), Tensor(a), None)
    grads = grad(penalty, weights, allow_unused=True)
    t = torch.tensor(a, requires_grad=True)
    w1, b1, w2, b2 = (torch.tensor(w.data, requires_grad=True) for w in weights)
    logits = torch.tanh(in_torch(ALL, t, 3).flatten(1) @ w1 + b1) @ w2 + b2
    (gt,) = torch.autograd.grad(logits.sum(), t, create_graph=True)
    expected = (gt**2).sum((1, 2, 3)).mean() / 2
    assert np.isclose(penalty.item(), expected.item(), rtol=1e-10)
    for ours, theirs in zip(grads[:3], torch.autograd.grad(expected, [w1, b1, w2]), strict=True):
        np.testing.assert_allclose(ours.data, theirs.numpy(), rtol=1e-9, atol=1e-12)
    assert grads[3] is None  # the last bias has no part in the slope


# -- dtypes, devices, bad input ------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", [*POLICIES, ALL])
def test_every_backend_keeps_float32_and_waits_for_nothing(policy, backend):
    a = pictures().astype(np.float32)
    x = Tensor(a, requires_grad=True)
    y = Augment(policy, -1, 1)(x, np.random.default_rng(0))
    (gx,) = grad((y * y).sum(), [x], create_graph=True)
    (ggx,) = grad((gx * gx).sum(), [x])
    assert getattr(backend.xp, "syncs", 0) == 0
    assert all(type(t.data) is backend.array_type and t.dtype == np.float32 for t in (y, gx, ggx))
    assert np.allclose(backend.to_numpy(y.data), augmented_on_numpy(policy, a), atol=1e-6)
    assert np.array_equal(backend.to_numpy(x.data), a)


def augmented_on_numpy(policy, a):
    from tinygan.backend import using_backend

    with using_backend("numpy"):
        return augmented(policy, a)


@pytest.mark.parametrize("policy", ["", "flip", "shift+", "shift + cutout", "translation", "Shift", "shift,cutout"])
def test_unknown_names_are_refused(policy):
    with pytest.raises(ValueError, match=r"^augment knows brightness, color, shift, cutout, joined by \+, but not '"):
        Augment(policy, -1, 1)


@pytest.mark.parametrize("low, high", [(1, -1), (0, 0), (float("nan"), 1)])
def test_a_range_that_is_none_is_refused(low, high):
    with pytest.raises(ValueError, match=f"^the images' range must have low below high, not {low} and {high}"):
        Augment("shift", low, high)


@pytest.mark.parametrize("shape", [(5, 2), (5, 8, 8), ()])
def test_what_is_no_image_is_refused(shape):
    with pytest.raises(ValueError, match=r"^augment shift needs images \(N, H, W, C\), not samples of shape "):
        Augment("shift")(Tensor(np.zeros(shape, np.float32)), np.random.default_rng(0))


@pytest.mark.parametrize("shape", [(0, 8, 8, 1), (1, 1, 1, 1), (2, 3, 1, 2)])
def test_small_and_empty_batches(shape):
    assert augmented(ALL, np.ones(shape)).shape == shape


# -- the game ------------------------------------------------------------------------------------------------


BATCH = 8


class Reals:
    """A source of real batches that remembers what it gave."""

    def __init__(self, *shape):
        self.rng, self.size, self.given = np.random.default_rng(9), (BATCH, *(shape or (2,))), []

    def __call__(self):
        self.given.append(0.5 * self.rng.standard_normal(self.size, dtype=np.float32))
        return self.given[-1]


def make_game(loss="ns", penalty="", **rules):
    """A game of points."""
    rng, pack = np.random.default_rng(0), rules.get("pack", 1)
    generator = nn.Sequential(nn.Dense(3, 5, rng=rng), nn.ReLU(), nn.Dense(5, 2, rng=rng), nn.Tanh())
    discriminator = nn.Sequential(nn.Dense(2 * pack, 7, rng=rng), nn.LeakyReLU(), nn.Dense(7, 1, rng=rng))
    return played_by(generator, discriminator, loss, penalty, **rules)


def image_game(kind=Game, code=0, **rules):
    """A game of images with R1."""
    rng = np.random.default_rng(0)
    generator = nn.Sequential(nn.Dense(3 + code, 64, rng=rng), nn.Reshape((8, 8, 1)), nn.Tanh())
    layers = nn.Conv2D(1, 4, 3, 2, rng=rng), nn.SiLU(), nn.Flatten(), nn.Dense(36, 1 + code, rng=rng)
    return played_by(generator, nn.Sequential(*layers), "ns", "r1", kind, joint_batch=True, **rules)


def played_by(generator, discriminator, loss, penalty, kind=Game, **rules):
    opts = [optim.Adam(network.parameters(), 0.01) for network in (generator, discriminator)]
    terms = [(penalties.PENALTIES[name], 2.0) for name in penalty.split("+") if name]
    rng = np.random.default_rng(5)
    return kind(generator, discriminator, *opts, losses.get(loss), 3, rng, penalties=terms, **rules)


def seen_by_d(game):
    """A list to which each batch is added that D sees from now on."""
    seen, forward = [], game.discriminator.forward

    def noting(x):
        seen.append(x.data.copy())
        return forward(x)

    game.discriminator.forward = noting
    return seen


def weights(game):
    networks = {"G": game.generator, "D": game.discriminator}
    return {f"{name}.{key}": v for name, net in networks.items() for key, v in net.state_dict().items()}


def equal(one, two):
    return one.keys() == two.keys() and all(np.array_equal(one[name], two[name]) for name in one)


class Recorded:
    """An augmentation that marks what it returns, differently each time: x -> 3 x + 100 + u."""

    def __init__(self):
        self.shapes = []

    def __call__(self, samples, rng):
        self.shapes.append(samples.shape)
        return 3 * samples + (100 + float(rng.random()))


RULES = {
    "plain": {},
    "joint": {"joint_batch": True},
    "fresh": {"fresh_fakes": True},
    "relativistic": {"loss": "rsgan"},
    "three critic steps": {"n_critic": 3},
    "simultaneous": {"simultaneous": True},
    "penalties": {"penalty": "r1+r2"},
    "gp": {"penalty": "gp", "loss": "wgan"},
    "noise": {"instance_noise": 0.1},
    "packed": {"pack": 2},
    "packed, r1": {"pack": 2, "penalty": "r1"},
    "unrolled": {"unroll": 2},
}
each_rule = pytest.mark.parametrize("rules", RULES.values(), ids=list(RULES))


@each_rule
def test_an_augmentation_that_does_nothing_changes_no_bit(rules):
    states = []
    for augment in (None, lambda samples, rng: samples):
        game, reals = make_game(augment=augment, **rules), Reals()
        for _ in range(3):
            game.step(reals)
        states.append(weights(game))
    assert equal(*states)


@each_rule
def test_all_that_d_sees_is_augmented_with_fresh_numbers(rules):
    game = make_game(augment=Recorded(), **rules)
    seen = seen_by_d(game)
    game.step(Reals())
    assert all(batch.min() > 80 for batch in seen)
    halves = [half for batch in seen for half in (np.split(batch, 2) if len(batch) > BATCH else [batch])]
    assert len({half.tobytes() for half in halves}) == len(halves) >= 3  # real, fake, and fakes in G's step
    assert all(shape[1] == 2 for shape in game.augment.shapes)  # single samples, packs or not


def test_packs_are_augmented_sample_by_sample_for_the_penalties_too():
    game = make_game(augment=Recorded(), pack=2, penalty="r1")
    seen = seen_by_d(game)
    game.verdict(Tensor(np.zeros((4, 4), np.float32)))
    assert game.augment.shapes == [(4, 2), (4, 2)]
    assert np.array_equal(seen[0][:, 0], seen[0][:, 1]) and seen[0][0, 0] != seen[0][0, 2]


def test_gs_gradient_comes_through_the_augmentation():
    """D's logit is w.x here, so with T(x) = 3 x it is 3 w.x: as without T for three times the weights."""
    grads = []
    for augment, factor in ((lambda samples, rng: 3 * samples, 1.0), (None, 3.0)):
        game = make_game(augment=augment)
        game.discriminator = nn.Sequential(nn.Dense(2, 1, bias=False, rng=np.random.default_rng(2)))
        game.discriminator[0].W.data = game.discriminator[0].W.data * factor
        loss, _ = game.generator_loss(None, game.fakes(BATCH))
        grads.append([g.data for g in grad(loss, game.generator.parameters())])
    assert all(np.allclose(a, b, rtol=1e-4, atol=1e-7) for a, b in zip(*grads, strict=True))


@pytest.mark.parametrize("penalty", ["r1", "r2"])
def test_the_penalties_see_the_slope_of_d_after_the_augmentation(penalty):
    game = make_game(augment=lambda samples, rng: 3 * samples)
    game.discriminator = nn.Sequential(nn.Dense(2, 1, rng=np.random.default_rng(2)))
    samples = Tensor(Reals()())
    value = penalties.PENALTIES[penalty](game.verdict, samples, samples, game.rng).item()
    assert np.isclose(value, 9 / 2 * (game.discriminator[0].W.data ** 2).sum(), rtol=1e-6)


def test_a_game_of_images_repeats_itself_and_measuring_draws_nothing(backend):
    states = []
    for measure in (False, True):
        game, reals = image_game(augment=Augment(ALL, -1, 1)), Reals(8, 8, 1)
        for _ in range(2):
            game.step(reals, measure)
        states.append(weights(game))
    assert equal(*states) and all(np.isfinite(value).all() for value in states[0].values())
    assert {value.dtype for value in states[0].values()} == {np.dtype(np.float32)}


def test_a_step_with_an_augmentation_does_not_wait_for_the_device(fake_cupy):
    game, reals = image_game(augment=Augment(ALL, -1, 1)), Reals(8, 8, 1)
    before = fake_cupy.syncs
    game.step(reals, measure=True)
    assert fake_cupy.syncs == before


def test_a_conditional_game_inherits_it():
    """And keeps each sample beside its label, in the penalty too."""
    condition, labels, reals = CGAN(3), np.arange(BATCH) % 3, Reals(8, 8, 1)
    game = image_game(ConditionalGame, condition.length, condition=condition, augment=Recorded())
    seen = seen_by_d(game)
    game.step(lambda: (reals(), labels))
    assert np.array_equal(game.code.data.argmax(1), labels)
    for batch in (seen[0][:BATCH], seen[1]):  # D's, and R1's
        added = batch - 3 * reals.given[0]
        assert 100 <= added.min() and np.ptp(added) < 1e-4
    assert np.array_equal(seen[0].shape, (2 * BATCH, 8, 8, 1)) and not np.array_equal(seen[0][:BATCH], seen[1])
