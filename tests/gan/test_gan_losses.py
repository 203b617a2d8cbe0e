"""The losses: closed forms, limits at huge logits, gradients, argument order, and PyTorch's opinion."""

import inspect
import re
import warnings

import numpy as np
import pytest

from tinygan import Tensor, grad, gradcheck, losses, ops, to_numpy
from tinygan.autograd.cross_entropy import cross_entropy

LN2 = np.log(2)
NAMES = list(losses.LOSSES)
each_loss = pytest.mark.parametrize("name", NAMES)


def softplus(z):
    return np.logaddexp(0, z)


# What D and what G minimise, by the papers, on arrays of logits for real (r) and fake (f) samples.
FORMULAS = {
    "mm": (lambda r, f: softplus(-r).mean() + softplus(f).mean(), lambda r, f: -softplus(f).mean()),
    "ns": (lambda r, f: softplus(-r).mean() + softplus(f).mean(), lambda r, f: softplus(-f).mean()),
    "lsgan": (lambda r, f: ((r - 1) ** 2).mean() + (f**2).mean(), lambda r, f: ((f - 1) ** 2).mean()),
    "wgan": (lambda r, f: f.mean() - r.mean(), lambda r, f: -f.mean()),
    "hinge": (lambda r, f: np.maximum(0, 1 - r).mean() + np.maximum(0, 1 + f).mean(), lambda r, f: -f.mean()),
    "rsgan": (lambda r, f: softplus(f - r).mean(), lambda r, f: softplus(r - f).mean()),
    "ragan": (
        lambda r, f: softplus(f.mean() - r).mean() + softplus(f - r.mean()).mean(),
        lambda r, f: softplus(r.mean() - f).mean() + softplus(r - f.mean()).mean(),
    ),
}


def both(loss, real, fake):
    """(D's loss, G's loss) as numbers."""
    real, fake = Tensor(np.asarray(real, np.float64)), Tensor(np.asarray(fake, np.float64))
    return float(loss.discriminator(real, fake)), float(loss.generator(fake, real))


# -- values -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, options, loss_d, loss_g",
    [
        ("mm", {}, 2 * LN2, -LN2),
        ("ns", {}, 2 * LN2, LN2),
        ("lsgan", {}, 1, 1),
        ("lsgan", {"half": True}, 0.5, 0.5),
        ("wgan", {}, 0, 0),
        ("hinge", {}, 2, 0),
        ("rsgan", {}, LN2, LN2),
        ("ragan", {}, 2 * LN2, 2 * LN2),
    ],
)
def test_at_zero_logits(name, options, loss_d, loss_g):
    assert np.allclose(both(losses.get(name, **options), np.zeros((5, 1)), np.zeros((5, 1))), (loss_d, loss_g))


@each_loss
def test_values_are_the_papers(name, rng):
    real, fake = rng.normal(0, 3, (7, 1)), rng.normal(0, 3, (7, 1))
    assert np.allclose(both(losses.get(name), real, fake), [f(real, fake) for f in FORMULAS[name]], rtol=1e-12)


def test_half_halves_both_sides(rng):
    real, fake = rng.normal(size=(7, 1)), rng.normal(size=(7, 1))
    whole, half = both(losses.get("lsgan"), real, fake), both(losses.get("lsgan", half=True), real, fake)
    assert np.allclose(whole, 2 * np.array(half), rtol=1e-14)


def test_minimax_and_non_saturating_share_d_and_differ_in_g(rng):
    """The value has both terms: ln D(x) and ln(1 - D(G(z))); "minimax" is not the non-saturating loss."""
    real, fake = rng.normal(size=(7, 1)), rng.normal(size=(7, 1))
    (mm_d, mm_g), (ns_d, ns_g) = both(losses.get("mm"), real, fake), both(losses.get("ns"), real, fake)
    p, q = 1 / (1 + np.exp(-real)), 1 / (1 + np.exp(-fake))
    assert np.isclose(mm_d, -np.log(p).mean() - np.log(1 - q).mean()) and mm_d == ns_d
    assert np.isclose(mm_g, np.log(1 - q).mean())
    assert np.isclose(ns_g, -np.log(q).mean())  # with its minus sign: better fakes cost less


@each_loss
def test_a_loss_is_one_number_of_the_logits_precision(name, rng):
    for dtype in (np.float32, np.float64):
        real, fake = (Tensor(rng.normal(size=(5, 1)).astype(dtype), requires_grad=True) for _ in range(2))
        loss = losses.get(name)
        for value in (loss.discriminator(real, fake), loss.generator(fake, real)):
            assert value.shape == () and value.dtype == dtype
            assert grad(value, [fake])[0].dtype == dtype


@each_loss
def test_logits_may_be_flat_and_means_are_over_the_batch(name, rng):
    real, fake = rng.normal(size=(5, 1)), rng.normal(size=(5, 1))
    once = both(losses.get(name), real, fake)
    assert np.allclose(both(losses.get(name), real[:, 0], fake[:, 0]), once)
    assert np.allclose(both(losses.get(name), np.tile(real, (3, 1)), np.tile(fake, (3, 1))), once)


@pytest.mark.parametrize("name", [n for n in NAMES if n != "rsgan"])
def test_real_and_fake_batches_may_differ_in_size(name, rng):
    real, fake = rng.normal(size=(5, 1)), rng.normal(size=(3, 1))
    assert np.allclose(both(losses.get(name), real, fake), [f(real, fake) for f in FORMULAS[name]])


# -- limits -----------------------------------------------------------------------------------------

BIG = 1e4
LIMITS = {  # name: (D where it is sure and right, D where it is sure and wrong, G where D is sure, G where D is fooled)
    "mm": (0, 2 * BIG, 0, -BIG),
    "ns": (0, 2 * BIG, BIG, 0),
    "lsgan": ((BIG - 1) ** 2 + BIG**2, (BIG + 1) ** 2 + BIG**2, (BIG + 1) ** 2, (BIG - 1) ** 2),
    "wgan": (-2 * BIG, 2 * BIG, BIG, -BIG),
    "hinge": (0, 2 * BIG + 2, BIG, -BIG),
    "rsgan": (0, 2 * BIG, 2 * BIG, 0),
    "ragan": (0, 4 * BIG, 4 * BIG, 0),
}


@each_loss
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_logits_have_their_limits(name, dtype):
    loss, n = losses.get(name), 5
    up = Tensor(np.full((n, 1), BIG, dtype), requires_grad=True)
    down = Tensor(np.full((n, 1), -BIG, dtype), requires_grad=True)
    values = [
        loss.discriminator(up, down), loss.discriminator(down, up), loss.generator(down, up), loss.generator(up, down),
    ]  # fmt: skip
    assert np.allclose([float(v) for v in values], LIMITS[name], rtol=1e-6)
    for value, logits in zip(values, ([up, down], [up, down], [down], [up]), strict=True):
        assert all(np.isfinite(g.data).all() for g in grad(value, logits))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("logit", [-20.0, -100.0, -BIG])
def test_the_non_saturating_gradient_lives_where_d_is_sure(dtype, logit):
    """-log(sigmoid(l) + 1e-8) is flat below -18; this one keeps its slope of -1/N. Minimax's vanishes."""
    fake = Tensor(np.full((5, 1), logit, dtype), requires_grad=True)
    (ns,) = grad(losses.get("ns").generator(fake), [fake])
    (mm,) = grad(losses.get("mm").generator(fake), [fake])
    assert np.allclose(ns.data, -1 / 5, rtol=1e-6)
    assert np.allclose(mm.data, 0, atol=1e-9)


def test_gradients_of_a_sure_discriminator():
    up, down = (Tensor(np.full((4, 1), s * 100.0), requires_grad=True) for s in (1, -1))
    for right, wrong in zip(
        grad(losses.get("ns").discriminator(up, down), [up, down]),
        grad(losses.get("ns").discriminator(down, up), [down, up]),
        strict=True,
    ):
        assert np.allclose(right.data, 0, atol=1e-30) and np.allclose(np.abs(wrong.data), 1 / 4)


# -- derivatives ------------------------------------------------------------------------------------


@each_loss
def test_gradients_to_second_order(name, rng):
    loss = losses.get(name)
    real, fake = rng.normal(0, 2, (5, 1)), rng.normal(0, 2, (5, 1))
    gradcheck(loss.discriminator, real, fake, order=2).raise_if_failed()
    gradcheck(lambda fake, real: loss.generator(fake, real), fake, real, order=2).raise_if_failed()


@each_loss
def test_each_player_wants_what_it_should(name):
    """A step down D's loss raises real logits and lowers fake ones; a step down G's raises the fakes'."""
    real, fake = (Tensor(np.array([[0.3], [-0.2]]), requires_grad=True) for _ in range(2))
    loss = losses.get(name)
    g_real, g_fake = grad(loss.discriminator(real, fake), [real, fake])
    assert (g_real.data < 0).all() and g_fake.data.sum() > 0
    (g,) = grad(loss.generator(fake, real), [fake])
    assert (g.data < 0).all()


def test_the_order_of_arguments_is_one():
    for loss in (losses.get(name) for name in NAMES):
        assert list(inspect.signature(loss.discriminator).parameters) == ["real_logits", "fake_logits"]
        assert list(inspect.signature(loss.generator).parameters) == ["fake_logits", "real_logits"]
        assert inspect.signature(loss.generator).parameters["real_logits"].default is None


# -- options and sentences -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mm", "ns"])
def test_label_smoothing_is_bce_with_target_1_minus_s(name, rng):
    real, fake, s = rng.normal(0, 3, (7, 1)), rng.normal(0, 3, (7, 1)), 0.1
    p, q = 1 / (1 + np.exp(-real)), 1 / (1 + np.exp(-fake))
    expected = -((1 - s) * np.log(p) + s * np.log(1 - p)).mean() - np.log(1 - q).mean()  # one-sided: fakes stay 0
    smooth, plain = losses.get(name, label_smoothing=s), losses.get(name)
    assert np.isclose(both(smooth, real, fake)[0], expected, rtol=1e-12)
    assert both(smooth, real, fake)[1] == both(plain, real, fake)[1]
    gradcheck(smooth.discriminator, real, fake, order=2).raise_if_failed()
    best = Tensor(np.array([[np.log((1 - s) / s)]]), requires_grad=True)  # where D(x) = 1 - s
    assert np.allclose(grad(smooth.discriminator(best, Tensor(fake)), [best])[0].data, 0, atol=1e-15)


def test_label_smoothing_of_lsgan_moves_the_target(rng):
    real, fake = rng.normal(size=(7, 1)), rng.normal(size=(7, 1))
    smooth = both(losses.get("lsgan", label_smoothing=0.2), real, fake)
    assert np.allclose(smooth, (((real - 0.8) ** 2).mean() + (fake**2).mean(), ((fake - 1) ** 2).mean()))


@pytest.mark.parametrize("name", ["rsgan", "ragan"])
def test_relativistic_losses_ask_for_real_logits(name):
    assert losses.get(name).needs_real
    with pytest.raises(ValueError, match=r"compares fakes with real samples: give generator\(\) real_logits too"):
        losses.get(name).generator(Tensor(np.zeros((3, 1))))


def test_the_others_do_not_look_at_them():
    fake = Tensor(np.zeros((3, 1)))
    for name in ("mm", "ns", "lsgan", "wgan", "hinge"):
        loss = losses.get(name)
        assert not loss.needs_real
        assert float(loss.generator(fake)) == float(loss.generator(fake, Tensor(np.ones((3, 1)))))


def test_rsgan_pairs_each_real_with_a_fake():
    with pytest.raises(ValueError, match=r"pairs each real with a fake, but got \(3, 1\) and \(5, 1\)"):
        losses.get("rsgan").discriminator(Tensor(np.zeros((3, 1))), Tensor(np.zeros((5, 1))))


@pytest.mark.parametrize(
    "name, options, said",
    [
        ("wgn", {}, "unknown loss 'wgn': did you mean wgan[?] choose one of mm, ns, lsgan, wgan, hinge, rsgan, ragan"),
        ("Hinge", {}, "unknown loss 'Hinge': did you mean hinge[?]"),
        ("wgan-gp", {}, "did you mean wgan[?]"),
        ("qqq", {}, "unknown loss 'qqq': choose one of"),
        (None, {}, "unknown loss None: choose one of"),
        ("hinge", {"label_smoothing": 0.1}, "the loss Hinge has no labels to smooth"),
        ("rsgan", {"label_smoothing": 0.1}, "the loss Relativistic has no labels to smooth"),
        ("ns", {"label_smoothing": 1.0}, r"label_smoothing must lie in \[0, 1\), but it is 1.0"),
        ("ns", {"label_smoothing": -0.1}, r"label_smoothing must lie in \[0, 1\)"),
        ("ns", {"half": True}, "the loss ns has no option 'half': it takes label_smoothing"),
        ("lsgan", {"hlaf": True}, "the loss lsgan has no option 'hlaf': it takes label_smoothing, half"),
    ],
)
def test_wrong_calls_of_get_end_in_a_sentence(name, options, said):
    with pytest.raises(ValueError, match=said):
        losses.get(name, **options)


@each_loss
def test_scores(name, rng):
    """D(x) is a probability where the logit is a log-odds, and the logit itself elsewhere."""
    logits = rng.normal(size=(5, 1))
    expected = 1 / (1 + np.exp(-logits)) if name in ("mm", "ns") else logits
    assert np.allclose(losses.get(name).score(Tensor(logits)).data, expected)


# -- cross-entropy ------------------------------------------------------------------------------------


def test_the_two_cross_entropies_agree(rng):
    logits, targets = rng.normal(0, 3, (5, 2)), rng.uniform(size=(5, 2))
    p = 1 / (1 + np.exp(-logits))
    expected = -(targets * np.log(p) + (1 - targets) * np.log(1 - p)).mean()
    assert np.isclose(float(losses.bce_with_logits(Tensor(logits), targets)), expected, rtol=1e-12)
    assert np.isclose(float(losses.bce(ops.sigmoid(Tensor(logits)), targets)), expected, rtol=1e-12)
    assert np.isclose(float(losses.bce(Tensor(p), Tensor(targets))), expected, rtol=1e-12)
    gradcheck(lambda x: losses.bce_with_logits(x, targets), logits, order=2).raise_if_failed()
    gradcheck(lambda x: losses.bce(ops.sigmoid(x), targets), logits, order=2).raise_if_failed()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bce_is_finite_at_exactly_0_and_1(dtype):
    p = Tensor(np.array([0, 1, 0, 1], dtype), requires_grad=True)
    right, wrong = losses.bce(p, np.array([0, 1, 0, 1])), losses.bce(p, np.array([1, 0, 1, 0]))
    eps = np.finfo(dtype).eps
    assert right.dtype == wrong.dtype == dtype
    assert 0 <= float(right) <= 2 * eps and np.isclose(float(wrong), -np.log(eps), rtol=1e-6)
    for loss in (right, wrong):
        assert np.isfinite(grad(loss, [p])[0].data).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bce_with_logits_is_exact_at_huge_logits(dtype):
    logits = Tensor(np.array([BIG, -BIG, BIG, -BIG], dtype), requires_grad=True)
    for targets, value, slope in (([1, 0, 1, 0], 0.0, 0.0), ([0, 1, 0, 1], BIG, 0.25)):
        loss = losses.bce_with_logits(logits, np.array(targets))
        assert loss.dtype == dtype and float(loss) == value
        assert np.allclose(grad(loss, [logits])[0].data, slope * np.array([1, -1, 1, -1]), atol=1e-12)


# -- shapes and ranges that are refused ---------------------------------------------------------------


@each_loss
@pytest.mark.parametrize(
    ("real", "fake"), [((4, 1), (4,)), ((4,), (4, 1)), ((4, 2), (4, 1)), ((4, 1), (4, 1, 1))], ids=str
)
def test_logits_of_two_kinds_of_shape_are_refused_by_name(name, real, fake):
    real, fake, loss = Tensor(np.zeros(real)), Tensor(np.zeros(fake)), losses.get(name)
    with pytest.raises(ValueError, match=rf"{loss.name} .*{re.escape(f'{real.shape} and {fake.shape}')}"):
        loss.discriminator(real, fake)
    if loss.needs_real:
        with pytest.raises(ValueError, match=loss.name):
            loss.generator(fake, real)


@pytest.mark.parametrize("function", [losses.bce_with_logits, losses.bce], ids=lambda f: f.__name__)
def test_targets_of_another_shape_are_refused_naming_both(function, backend):
    """(64, 1) beside (64,) would broadcast to 64 x 64, and no error would show that D cannot learn."""
    x = Tensor(np.full((4, 1), 0.5, np.float32))
    for targets in (np.ones(4), np.ones((1, 4)), np.ones((1, 1)), np.ones(1), [1.0] * 4, Tensor(np.ones((4, 2)))):
        with pytest.raises(
            ValueError, match=rf"{function.__name__}: .*\(4, 1\) and the targets \(.* must have one shape"
        ):
            function(x, targets)
    one = float(to_numpy(function(x, 1)))
    for targets in (np.ones((4, 1)), np.ones(()), [[1.0]] * 4, np.float32(1), True, Tensor(np.ones((4, 1), bool))):
        assert float(to_numpy(function(x, targets))) == pytest.approx(one, rel=1e-6)


@pytest.mark.parametrize("function", [losses.bce_with_logits, losses.bce], ids=lambda f: f.__name__)
@pytest.mark.parametrize("target", [-1, 2, 1.0001, np.nan])
def test_targets_outside_0_to_1_are_refused(function, target):
    x = Tensor([0.5, 0.5])
    with pytest.raises(
        ValueError, match=rf"{function.__name__}: the target must lie in \[0, 1\], but it is {target:g}"
    ):
        function(x, target)
    if not np.isnan(target):
        with pytest.raises(ValueError, match=rf"{function.__name__}: the targets must lie in \[0, 1\], but run from"):
            function(x, np.array([0.5, target]))


def test_bce_refuses_logits_and_passes_nan_on():
    with pytest.raises(
        ValueError, match=r"bce: the probabilities \(not logits\) must lie in \[0, 1\], but run from -2 to 3"
    ):
        losses.bce(Tensor([3.0, -2.0]), 1)
    assert np.isnan(float(losses.bce(Tensor([np.nan, 0.5]), 1)))


def test_a_gpu_is_not_asked_for_its_numbers(fake_cupy):
    """Looking at them would make the host wait in every step."""
    x, targets = Tensor([0.5, 0.5]), Tensor([0.0, 1.0])
    fake_cupy.__init__()
    losses.bce(x, targets), losses.bce_with_logits(x, targets), losses.get("ns").discriminator(x, x)
    assert fake_cupy.syncs == 0


def test_cross_entropy_wants_a_row_for_each_row():
    with pytest.raises(ValueError, match=r"cross_entropy needs a row for each row of logits \(4, 3\), not \(3,\)"):
        cross_entropy(Tensor(np.zeros((4, 3))), Tensor(np.zeros(3)))


# -- PyTorch ----------------------------------------------------------------------------------------


def torch_formulas(torch):
    F = torch.nn.functional

    def bce(logits, target):
        return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))

    def mse(logits, target):
        return F.mse_loss(logits, torch.full_like(logits, target))

    return {
        "mm": (lambda r, f: bce(r, 1.0) + bce(f, 0.0), lambda r, f: -bce(f, 0.0)),
        "ns": (lambda r, f: bce(r, 1.0) + bce(f, 0.0), lambda r, f: bce(f, 1.0)),
        "lsgan": (lambda r, f: mse(r, 1.0) + mse(f, 0.0), lambda r, f: mse(f, 1.0)),
        "wgan": (lambda r, f: f.mean() - r.mean(), lambda r, f: -f.mean()),
        "hinge": (lambda r, f: F.relu(1 - r).mean() + F.relu(1 + f).mean(), lambda r, f: -f.mean()),
        "rsgan": (lambda r, f: bce(r - f, 1.0), lambda r, f: bce(f - r, 1.0)),
        "ragan": (
            lambda r, f: bce(r - f.mean(), 1.0) + bce(f - r.mean(), 0.0),
            lambda r, f: bce(f - r.mean(), 1.0) + bce(r - f.mean(), 0.0),
        ),
    }


@each_loss
@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_pytorch_has_the_same_values_gradients_and_hessians(name, player, rng):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    n, player_d = 5, player == "discriminator"
    logits = rng.normal(0, 3, (2 * n, 1))
    formula, loss = torch_formulas(torch)[name][0 if player_d else 1], losses.get(name)

    def theirs(x):
        return formula(x[:n], x[n:])

    x = torch.tensor(logits, requires_grad=True)
    (slope,) = torch.autograd.grad(theirs(x), x)
    hessian = torch.autograd.functional.hessian(theirs, x).reshape(2 * n, 2 * n).numpy()

    mine = Tensor(logits, requires_grad=True)
    value = loss.discriminator(mine[:n], mine[n:]) if player_d else loss.generator(mine[n:], mine[:n])
    (gx,) = grad(value, [mine], create_graph=True)
    rows = [grad(gx[i, 0], [mine], allow_unused=True)[0] if gx.requires_grad else None for i in range(2 * n)]
    rows = [np.zeros(2 * n) if row is None else row.data[:, 0] for row in rows]
    assert np.isclose(float(value), theirs(x).item(), rtol=1e-10)
    assert np.allclose(gx.data, slope.numpy(), rtol=1e-10, atol=1e-14)
    assert np.allclose(rows, hessian, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize(("logit", "target"), [(30.0, 1), (-30.0, 0), (80.0, 1)])
def test_the_slope_is_not_rounded_to_zero_where_d_is_right(logit, target):
    x = Tensor(np.array([logit], dtype=np.float32), requires_grad=True)
    (slope,) = grad(losses.bce_with_logits(x, target), [x])
    assert np.isclose(to_numpy(slope)[0], (1 - 2 * target) * np.exp(-abs(logit)), rtol=1e-5, atol=0)


def test_the_mean_and_the_loss_of_nothing_have_an_empty_gradient():
    x = Tensor(np.zeros((0, 5), dtype=np.float32), requires_grad=True)
    assert grad(x.mean(axis=1).sum(), [x])[0].shape == (0, 5)
    with np.errstate(invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert grad(losses.bce_with_logits(x, 1), [x])[0].shape == (0, 5)
