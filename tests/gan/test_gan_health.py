"""What a run says of itself: ill ones are told so once, in plain words; healthy ones hear nothing."""

import math

import numpy as np
import pytest

import tinygan as tg
from tinygan.autograd import Tensor
from tinygan.gan import losses
from tinygan.gan.health import Past, bounds, diversity, find, find_nan, is_unbounded
from tinygan.gan.losses import LOSSES
from tinygan.nn import BatchNorm, Dense, LeakyReLU, Sequential
from tinygan.training.advice import Health
from tinygan.training.build import build
from tinygan.training.loop import TrainingStopped
from tinygan.training.presets import configure

LOSSES_OF_A_STEP = {"loss_d": 1.0, "loss_g": 1.0}
FINE = dict(
    distance=0.3, diversity=0.8, loss_d=1.2, d_real=0.6, d_fake_before=0.4, accuracy_real=0.7, accuracy_fake=0.6
)
SURE = dict(distance=2.0, loss_d=1e-4, d_real=0.9999, d_fake_before=0.0001, accuracy_real=1.0, accuracy_fake=1.0)
ASLEEP = dict(distance=2.0, d_real=0.6, d_fake_before=0.9, accuracy_fake=0.0)
ONE_POINT = dict(distance=1.0, diversity=0.0)
ALIKE = dict(distance=1.0, diversity=0.1)


def lines(upto, every=10, start=0, **changed):
    """Lines of stats.jsonl; a function stands for a number that depends on the step."""
    steps = range(start + every, upto + 1, every)
    row = FINE | changed
    return [{"step": step, **{k: v(step) if callable(v) else v for k, v in row.items()}} for step in steps]


def name_of(rows, loss="ns", **options):
    found = find(Past(rows, losses.get(loss, **options)))
    return found and found[0]


@pytest.mark.parametrize("every", [10, 25, 50, 100, 500])
@pytest.mark.parametrize(
    "sick, changed",
    [("won", SURE), ("lagging", ASLEEP), ("no noise", ONE_POINT), ("collapse", ALIKE), ("stuck", dict(distance=0.8))],
)
def test_what_a_run_has(sick, changed, every):
    assert name_of(lines(max(1000, 8 * every), every, **changed)) == sick


def test_samples_that_were_better():
    rows = lines(200, distance=0.15) + lines(300, start=200, distance=0.4)
    assert name_of(rows) == "worse" and name_of(rows[:23]) is None
    assert name_of(lines(200, distance=0.01) + lines(300, start=200, distance=0.2)) is None


HEALTHY = {
    "it learns": {},
    "D is sure at first, and G comes nearer": SURE | {"distance": lambda step: 2 - step / 400},
    "a beginning at one place": ALIKE | {"distance": lambda step: 2 - step / 200},
    "a grey beginning, such as the preset small has for 400 steps": ALIKE | {"distance": 0.45},
    "the end of the game": dict(distance=0.01, diversity=1.0, loss_d=1.39, d_real=0.5, d_fake_before=0.51),
    "few data, which D knows by heart": SURE | {"distance": 0.05},
    "now and then D is wrong": SURE | {"accuracy_fake": lambda step: 1 - (step % 40 == 0) / 64},
    "now and then D is behind": {"d_fake_before": lambda step: 0.7 if step % 40 else 0.5},
    "samples as different as real ones": dict(distance=0.2, diversity=1.5),
}


@pytest.mark.parametrize("changed", HEALTHY.values(), ids=HEALTHY)
def test_what_a_healthy_run_shows(changed):
    rows = lines(400, **{"distance": lambda step: 2 / (1 + step / 100), **changed})
    assert [name_of(rows[:n]) for n in range(len(rows) + 1)] == [None] * (len(rows) + 1)


@pytest.mark.parametrize("loss", LOSSES)
def test_who_has_won_depends_on_the_loss(loss):
    """A loss of 0.0004 is that of a D that is never wrong, but for wgan, where it is no less than 4 is."""
    rows = lines(300, **SURE | {"loss_d": 0.0004})
    assert name_of(rows, loss) == (None if loss == "wgan" else "won")
    undecided = {"lsgan": 0.5, "hinge": 2, "rsgan": math.log(2), "wgan": 0}.get(loss, 2 * math.log(2))
    assert bounds(losses.get(loss)) == (pytest.approx(undecided), 0)
    assert name_of(lines(300, **SURE | {"loss_d": 0.002 * undecided}), loss) is None


@pytest.mark.parametrize("loss", ["mm", "ns", "lsgan"])
def test_with_label_smoothing_a_perfect_discriminator_has_a_loss(loss):
    """Found by looking: the least that any pair of logits gives."""
    smooth = losses.get(loss, label_smoothing=0.1)
    logits = [Tensor(np.float32([[value]])) for value in np.arange(-9, 9, 0.1)]
    grid = [(real, fake) for real in logits for fake in (logits[0], logits[90])]  # logit 0 is lsgan's fake
    least = min(smooth.discriminator(real, fake).item() for real, fake in grid)
    assert bounds(smooth)[1] == pytest.approx(least, abs=1e-3)
    assert name_of(lines(300, **SURE | {"loss_d": least + 0.0002}), loss, label_smoothing=0.1) == "won"


@pytest.mark.parametrize("loss", ["mm", "ns", "hinge"])
def test_the_patience_is_in_lines_and_in_steps(loss):
    assert name_of(lines(200, **SURE), loss) is None
    assert name_of(lines(210, **SURE), loss) == "won"
    assert name_of(lines(300, 100, **SURE), loss) is None
    assert name_of(lines(400, 100, **SURE), loss) == "won"


def test_a_discriminator_that_is_nearly_always_right_has_won():
    """The loss of hinge may be 0 for a hundred steps, and jump in one."""
    rows = lines(300, **SURE)
    rows[-10]["loss_d"] = 0.02
    assert name_of(rows, "hinge") == "won"
    for row in rows[::5]:
        row["loss_d"] = 0.02
    assert name_of(rows, "hinge") is None


def setup(**options):
    return build(configure({"preset": "ring", **options}))


def test_a_run_is_told_once_and_again_after_a_recovery():
    health = Health(setup())
    lagging = ASLEEP | {"distance": 0.3}
    rows = lines(200, **lagging) + lines(400, start=200) + lines(600, start=400, **lagging)
    said = [row["step"] for row in rows if health.after_log(row)]
    assert said == [110, 510]


def test_lines_without_a_distance_are_passed_over():
    old = [{k: v for k, v in row.items() if k != "distance"} for row in lines(300, **ASLEEP)]
    health = Health(setup(), [*old, *lines(350, start=300, **ASLEEP | {"loss_d": None})])
    assert not health.lines and health.after_log(old[0]) is None


def test_a_resumed_run_remembers():
    rows = lines(300, **ASLEEP)
    assert Health(setup(), rows[:-1]).after_log(rows[-1]) is not None
    assert Health(setup()).after_log(rows[-1]) is None


LEASHED = [{}, dict(penalty="gp"), dict(penalty="none", weight_clip=0.01), dict(penalty="none", spectral_norm=True)]


@pytest.mark.parametrize("options", LEASHED)
@pytest.mark.parametrize("loss", LOSSES)
def test_only_a_wasserstein_critic_without_a_leash_is_warned_of(loss, options):
    assert not is_unbounded(setup(loss=loss, **options).game)
    assert is_unbounded(setup(loss=loss, penalty="none").game) == (loss == "wgan")


def test_a_run_warns_before_it_trains(tmp_path, capfd):
    run = tg.Run("ring", loss="wgan", penalty="none", steps=1, samples=4, batch_size=4, outdir=tmp_path)
    run.train()
    warned = "step 0: nothing keeps this Wasserstein critic"
    assert warned in (run.path / "log.txt").read_text(encoding="utf-8")
    assert warned in capfd.readouterr().err and "--penalty gp" in Health(run.setup).before()


def test_a_generator_that_gets_no_noise_in_training_is_found_out(tmp_path):
    """Though the pictures, of fresh noise, show samples that differ."""
    run = tg.Run("ring", steps=120, samples=4, batch_size=32, log_interval=10, outdir=tmp_path)
    run.setup.game.noise = lambda n: Tensor(np.zeros((n, 2), dtype=np.float32))
    run.train()
    assert "noise z does not reach them" in (run.path / "log.txt").read_text(encoding="utf-8")
    assert diversity(run.samples(50)) > 0.1


def test_a_run_without_a_finite_number_says_what_to_do(tmp_path):
    run = tg.Run("ring", optimizer="sgd", lr=1e9, steps=50, samples=4, log_interval=1, outdir=tmp_path)
    with pytest.raises(TrainingStopped, match="not a finite number any more: start a new run with --lr 0.1"):
        run.train()


def test_diversity_is_the_root_mean_squared_distance_from_the_mean():
    assert diversity(np.array([[0.0, 0.0], [6.0, 8.0]])) == pytest.approx(5.0)
    assert diversity(np.full((7, 3, 3, 1), 2.5)) == 0.0


@pytest.fixture
def networks(rng):
    g = Sequential(Dense(2, 3, rng=rng), BatchNorm(3), LeakyReLU(), Dense(3, 2, rng=rng))
    d = Sequential(Dense(2, 3, rng=rng), LeakyReLU(), Dense(3, 1, rng=rng))
    return {"discriminator": d, "generator": g}


def test_finite_networks_hear_nothing(networks):
    assert find_nan(LOSSES_OF_A_STEP, networks) is None


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("which, layer", [("discriminator", 2), ("generator", 3)])
def test_the_layer_that_is_not_finite_is_named(networks, which, layer, bad):
    """Though the losses, which are computed before the step, are still finite."""
    parameter = networks[which][layer].W
    parameter.data = np.where(np.arange(parameter.size).reshape(parameter.shape) == 1, bad, parameter.data)
    said = find_nan(LOSSES_OF_A_STEP, networks)
    assert f"W of layer {layer} (Dense(" in said and f"in the {which}" in said


@pytest.mark.parametrize("name, which", [("loss_d", "discriminator"), ("loss_g", "generator")])
def test_a_loss_is_named_where_all_weights_are_finite(networks, name, which):
    assert f"the {which}'s loss is not a finite number" in find_nan({**LOSSES_OF_A_STEP, name: float("nan")}, networks)


def test_asking_changes_no_parameter(networks):
    before = [p.data.copy() for p in networks["generator"].parameters()]
    find_nan({**LOSSES_OF_A_STEP, "loss_g": float("inf")}, networks)
    for old, new in zip(before, networks["generator"].parameters(), strict=True):
        assert isinstance(new, Tensor)
        np.testing.assert_array_equal(old, new.data)
