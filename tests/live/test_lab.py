"""The laboratory plays tinygan's own game: its numbers are those of `Game.step`, and of the step written out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import tinygan as tg
from tinygan.live import Lab, Settings
from tinygan.live.data import DATA, drawn, make
from tinygan.training.config import ConfigError

SMALL = Settings(width=8, batch_size=16)
STROKES = [[(-1.0, 0.0), (1.0, 0.0)]]


def weights(lab: Lab) -> np.ndarray:
    return np.concatenate(
        [p.data.ravel() for net in (lab.game.generator, lab.game.discriminator) for p in net.parameters()]
    )


def test_a_step_is_the_game_written_out():
    """The dozen lines beside the picture, as one would write them: the same numbers."""
    settings = dataclasses.replace(SMALL, penalty="none", ema=0.0, n_critic=2)
    lab, setup = Lab(settings), settings.build()
    G, D, game = setup.game.generator, setup.game.discriminator, setup.game
    for _ in range(3):
        for _ in range(2):
            real = tg.Tensor(setup.next_reals())
            fake = G(game.noise(len(real))).detach()
            loss_d = game.loss.discriminator(D(real), D(fake))
            game.opt_d.step(tg.grad(loss_d, D.parameters()))
        fake = G(game.noise(len(real)))
        loss_g = game.loss.generator(D(fake))
        game.opt_g.step(tg.grad(loss_g, G.parameters()))
        lab.step()
        assert lab.numbers["loss_d"] == pytest.approx(loss_d.item(), abs=1e-6)
        assert lab.numbers["loss_g"] == pytest.approx(loss_g.item(), abs=1e-6)
    assert (lab.d_steps, lab.g_steps) == (6, 3)


@pytest.mark.parametrize(
    "changes", [{}, {"loss": "rsgan"}, {"n_critic": 3}, {"pack": 2}, {"ema": 0.0}, {"loss": "wgan"}]
)
def test_presses_and_lines_add_up_to_a_step(changes):
    """D's steps and then G's, or line by line: bit for bit `Game.step`, in weights and in numbers."""
    settings = dataclasses.replace(SMALL, **changes)
    whole, pressed, read = Lab(settings), Lab(settings), Lab(settings)
    for _ in range(3):
        whole.step()
        for _ in range(settings.n_critic):
            pressed.step_d()
        pressed.step_g()
        read.next_line()
        while read.line is not None:
            read.next_line()
    for other in (pressed, read):
        assert np.array_equal(weights(whole), weights(other))
        assert other.numbers == whole.numbers
        assert np.array_equal(whole.fakes(), other.fakes())


def test_a_step_of_one_moves_that_one_alone():
    lab = Lab(SMALL)
    before = [p.data.copy() for p in lab.game.generator.parameters()], [p.data.copy() for p in lab.game.opt_d.params]
    lab.step_d()
    assert all(np.array_equal(a, p.data) for a, p in zip(before[0], lab.game.opt_g.params, strict=True))
    assert not any(np.array_equal(a, p.data) for a, p in zip(before[1], lab.game.opt_d.params, strict=True))
    assert set(lab.numbers) >= {"loss_d", "d_real"} and "loss_g" not in lab.numbers
    after = [p.data.copy() for p in lab.game.opt_d.params]
    lab.step_g()
    assert all(np.array_equal(a, p.data) for a, p in zip(after, lab.game.opt_d.params, strict=True))
    assert (lab.d_steps, lab.g_steps) == (1, 1)


def test_again_is_the_same_again():
    lab = Lab(SMALL)
    for _ in range(4):
        lab.step()
    first, epoch = weights(lab), lab.epoch
    lab.restart()
    assert lab.step_count == 0 and lab.epoch == epoch + 1
    for _ in range(4):
        lab.step()
    assert np.array_equal(weights(lab), first)


def test_what_can_change_at_once_does_and_the_networks_stay():
    lab = Lab(SMALL)
    lab.step()
    before = weights(lab)
    assert not lab.change(loss="hinge", lr=0.5, lr_d=0.25, penalty="gp", penalty_weight=3.0, n_critic=4)
    assert np.array_equal(weights(lab), before) and lab.step_count == 1
    game = lab.game
    assert (game.loss.name, game.opt_g.lr, game.opt_d.lr, game.n_critic) == ("Hinge", 0.5, 0.25, 4)
    assert [weight for _, weight in game.penalties] == [3.0]
    assert lab.change(width=16) and lab.step_count == 0


def test_a_change_in_the_middle_of_a_step_ends_it_first():
    lab = Lab(SMALL)
    for _ in range(3):
        lab.next_line()
    lab.change(lr=0.1)
    assert lab.line is None and (lab.d_steps, lab.g_steps) == (1, 1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data": "rnig"}, "unknown data 'rnig': did you mean ring"),
        ({"digit": 12}, "unknown digit 12"),
        ({"loss": "nss"}, "did you mean ns"),
        ({"penalty": "r1+r1"}, "names a penalty twice"),
        ({"lr": 0.0}, "--lr must be above 0"),
        ({"lr_d": float("nan")}, "--lr-d must be a finite number"),
        ({"width": 0}, "width must be a whole number from 1 to 512, not 0"),
        ({"depth": 2.5}, "depth must be a whole number from 1 to 8, not 2.5"),
        ({"pack": 0}, "--pack must be at least 1"),
        ({"ema": 1.0}, "--ema must be"),
        ({"optimizer": "adma"}, "did you mean adam"),
        ({"seed": -1}, "--seed must be at least 0"),
    ],
)
def test_bad_settings_are_said_in_a_sentence_and_change_nothing(changes, words):
    lab = Lab(SMALL)
    lab.step()
    before = weights(lab)
    with pytest.raises(ConfigError, match=words.replace("+", r"\+")):
        lab.change(**changes)
    assert lab.settings == SMALL and lab.step_count == 1 and np.array_equal(weights(lab), before)
    with pytest.raises(ConfigError, match="no setting 'widht': did you mean width"):
        Settings.of({"widht": 3})


@pytest.mark.parametrize("name", DATA)
def test_all_data_are_played_and_seen(name):
    lab = Lab(dataclasses.replace(SMALL, data=name), STROKES)
    lab.step()
    shot = lab.snapshot()
    size = 1 if name == "line" else 2
    assert shot.reals.shape == shot.fakes.shape == (500, size)
    assert np.isfinite(shot.heat).all() and np.isfinite(shot.arrows).all() and shot.arrows.shape == (100, 4)
    assert shot.rows.shape == (1, 8) and shot.total_modes == {"ring": 8, "grid": 9, "line": 3}.get(name, 0)
    left, right = shot.extent[:2]
    assert left < shot.reals[:, 0].min() and shot.reals[:, 0].max() < right


def test_drawn_points_lie_along_the_lines_as_densely_on_each():
    points = drawn([[(0, 0), (2, 0)], [(0, 5), (0, 6)]])(3000, np.random.default_rng(0))
    first = points[:, 1] < 2.5
    assert np.abs(points[first][:, 1]).max() < 0.3 and 0.62 < first.mean() < 0.71
    assert np.allclose(drawn([[(1, 1)]])(50, np.random.default_rng(0)).mean(axis=0), 1, atol=0.05)  # a dot


def test_the_density_on_a_line_is_one():
    line = make("line")
    x = np.linspace(-6, 6, 2001)
    assert np.trapezoid(line.density(x), x) == pytest.approx(1, abs=1e-6)
    samples = line.sample(20_000, np.random.default_rng(0))
    assert samples.std() == pytest.approx(np.sqrt(1.5 + 0.25**2), rel=0.02)


@pytest.mark.parametrize(
    ("loss", "levels"),
    [
        ("ns", (2 * np.log(2), np.log(2))),
        ("mm", (2 * np.log(2), -np.log(2))),
        ("lsgan", (0.5, 0.25)),
        ("hinge", (2, 0)),
    ],
)
def test_equilibrium_lines(loss, levels):
    assert Lab(dataclasses.replace(SMALL, loss=loss)).snapshot().equilibrium == pytest.approx(levels)


def test_curves_keep_the_whole_run_in_few_rows():
    lab = Lab(dataclasses.replace(SMALL, width=1, depth=1, batch_size=1, penalty="none"))
    for _ in range(1000):
        lab.step()
    steps = lab.snapshot().rows[:, 0]
    assert len(steps) <= 400 and steps[0] <= 4 and steps[-1] >= 997 and len(set(np.diff(steps))) == 1
