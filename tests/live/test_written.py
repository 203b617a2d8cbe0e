"""The lines beside the picture are true: run as they stand they are `Game.step`, and a fault in them is a fault."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from tinygan.backend import to_numpy
from tinygan.live import Lab, Settings, code
from tinygan.live.data import DATA
from tinygan.live.faults import FAULTS
from tinygan.live.patients import PATIENTS
from tinygan.live.snapshot import FARTHEST, zoomed
from tinygan.live.written import Written
from tinygan.training.config import ConfigError

SMALL = Settings(width=8, batch_size=16)
STROKES = [[(-1.0, 0.0), (1.0, 0.0)]]
SICK = [name for name, patient in PATIENTS.items() if "fault" in patient.options]


class Batches:
    """Data that give the batches of a setup."""

    def __init__(self, setup):
        self.setup = setup

    def sample(self, n, rng):
        batch = self.setup.next_reals()
        assert len(batch) == n
        return batch


def weights(*networks) -> np.ndarray:
    return np.concatenate([p.data.ravel() for network in networks for p in network.parameters()])


def patient(name: str) -> Settings:
    return dataclasses.replace(Settings(), **PATIENTS[name].options)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"loss": "ragan", "penalty": "none"},
        {"loss": "wgan", "penalty": "gp", "penalty_weight": 1.0, "n_critic": 3},
        {"penalty": "r1+r2", "pack": 3},
        {"loss": "rsgan", "pack": 2},
        {"optimizer": "sgd", "ema": 0.0, "depth": 3},
        {"optimizer": "rmsprop", "lr": 1e-4, "lr_d": 3e-3},
        {"data": "line"},
    ],
)
def test_the_lines_as_they_stand_are_the_step(changes):
    """From the same weights, batches and noise: bit for bit the same losses and weights."""
    settings = dataclasses.replace(SMALL, **changes)
    lab, setup, source = Lab(settings), settings.build(), settings.build()
    written = Written(settings, setup)
    names, lab.game.joint_batch = written.names, False  # one batch of both would round differently
    for network, own in ((names["G"], lab.game.generator), (names["D"], lab.game.discriminator)):
        network.load_state_dict(own.state_dict())
    if settings.ema:
        names["average"].network.load_state_dict(lab.game.generator.state_dict())
    names["data"], names["rng"] = Batches(source), setup.game.rng
    lines = code.lines(settings)
    for _ in range(3):
        written.run("\n".join(lines[: code.STEP_D + 1]))  # the loop, with the lines in it
        written.run("\n".join(lines[code.FAKE_G :]))
        lab.step()
        assert names["loss_d"].item() == lab.numbers["loss_d"] and names["loss_g"].item() == lab.numbers["loss_g"]
    for mine, own in ((names["G"], lab.game.generator), (names["D"], lab.game.discriminator)):
        assert np.array_equal(weights(mine), weights(own))
    if settings.ema:
        assert np.array_equal(weights(names["average"].network), weights(lab.game.average.network))


@pytest.mark.parametrize("name", DATA)
def test_the_data_that_the_code_names_are_those_of_the_picture(name):
    settings = dataclasses.replace(SMALL, data=name, digit=5)
    setup, own = settings.build(STROKES), settings.build(STROKES)
    Written(settings, setup, STROKES)
    rngs = [np.random.default_rng(1) for _ in range(2)]
    assert np.array_equal(setup.dataset.sample(50, rngs[0]), own.dataset.sample(50, rngs[1]))


def test_every_fault_has_a_patient_and_every_answer_names_its_lines():
    assert {PATIENTS[name].options["fault"] for name in SICK} == set(FAULTS)
    for name in SICK:
        wrong = {line.strip() for line in code.faulty(patient(name))}
        told = set(re.findall("`(.*?)`", PATIENTS[name].answer))
        assert told and told <= wrong, (name, told - wrong)
        assert not code.faulty(dataclasses.replace(patient(name), **PATIENTS[name].cure))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("changes", [{}, {"pack": 3, "loss": "ragan"}, {"penalty": "gp", "n_critic": 2, "ema": 0.0}])
def test_sick_code_runs_with_every_setting_line_by_line_too(fault, changes):
    settings = dataclasses.replace(SMALL, fault=fault, **changes)
    whole, read = Lab(settings), Lab(settings)
    assert len(code.faulty(settings)) >= 1
    for _ in range(2):
        whole.step()
        read.next_line()
        while read.line is not None:
            read.next_line()
    for network in ("generator", "discriminator"):
        assert np.array_equal(weights(getattr(whole.game, network)), weights(getattr(read.game, network)))
    assert whole.numbers == read.numbers and set(whole.numbers) == set(healthy_numbers(changes))
    assert whole.snapshot().fakes.shape == (500, 2)
    assert not whole.change(loss="hinge", lr=0.01)  # at once, and the code goes on
    whole.step()
    assert whole.step_count == 3


def healthy_numbers(changes):
    healthy = Lab(dataclasses.replace(SMALL, **changes))
    healthy.step()
    return healthy.numbers


def test_the_fault_of_each_is_what_it_is_said_to_be():
    labs = {fault: Lab(dataclasses.replace(SMALL, fault=fault)) for fault in ("", *FAULTS)}
    moved = {}
    for fault, lab in labs.items():
        before = weights(lab.game.generator)
        lab.step_d()
        moved[fault] = not np.array_equal(before, weights(lab.game.generator))
    assert moved == {fault: fault == "both move" for fault in labs}  # D's step moves G

    first = {fault: labs[fault]._written.names["real"].data.copy() for fault in FAULTS}
    for fault in FAULTS:
        labs[fault].step_d()
        same = np.array_equal(first[fault], labs[fault]._written.names["real"].data)
        assert same == (fault == "same batch")

    lab = labs["wrong label"]
    lab.step_g()
    logits = to_numpy(lab.game.discriminator(lab._written.names["fake"]))
    assert lab.numbers["loss_g"] == pytest.approx(np.logaddexp(0, logits).mean(), abs=1e-5)  # -ln(1 - D): as D's own

    shot = labs["range"].snapshot()
    assert np.abs(shot.fakes).max() <= 1 and np.abs(shot.reals).max() > 2.5


def test_g_may_move_first_in_a_sick_run():
    lab = Lab(dataclasses.replace(SMALL, fault="wrong label"))
    lab.step_g()
    assert (lab.d_steps, lab.g_steps) == (0, 1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fault": "wrong lable"}, "unknown fault 'wrong lable': did you mean wrong label"),
        ({"fault": "range", "data": "line"}, "a fault of the code is shown on the ring"),
    ],
)
def test_bad_faults_are_said_in_a_sentence(changes, words):
    with pytest.raises(ConfigError, match=words):
        Lab(dataclasses.replace(SMALL, **changes))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "ill"),
    [
        ("both move", lambda lab, modes: modes < 6 and lab.numbers["loss_d"] < 1.2 < lab.numbers["loss_g"]),
        ("wrong label", lambda lab, modes: max(lab.numbers["loss_d"], lab.numbers["loss_g"]) < 0.1 and lab.zoom > 4),
        ("same batch", lambda lab, modes: modes < 6 and abs(lab.numbers["d_real"] - 0.5) < 0.2),
        ("range", lambda lab, modes: modes == 0 and lab.numbers["d_real"] > 0.9),
    ],
)
def test_the_signs_are_there_after_half_a_minute(name, ill):
    """So many steps are played in it on a slow machine."""
    lab = Lab(patient(name))
    for _ in range(500):
        lab.step()
    shot = lab.snapshot()
    assert ill(lab, shot.quality[0]), (lab.numbers, shot.quality)


def test_the_picture_widens_when_the_fakes_leave_and_comes_back():
    extent, near = (-1.0, 1.0, -1.0, 1.0), np.full((10, 2), 0.5)
    assert zoomed(near, extent, 1) == 1
    assert zoomed(7 * near, extent, 1) == 4  # at 3.5
    assert zoomed(7 * near, extent, 8) == 8  # which is not far inside of 4
    assert zoomed(2 * near, extent, 8) == 2
    assert zoomed(0.5 * near, extent, 8) == 1
    assert zoomed(1e9 * near, extent, 1) == FARTHEST
    assert zoomed(np.full((10, 2), np.nan), extent, 2) == 2  # nobody knows where they are
    lab = Lab(SMALL)
    lab.game.generator.layers[-1].b.data[:] = 10.0
    lab.game.average.network.layers[-1].b.data[:] = 10.0
    shot = lab.snapshot()
    assert shot.zoom > 4 and shot.extent[1] == pytest.approx(lab.setup.dataset.extent()[1] * shot.zoom)
    assert ((shot.fakes > shot.extent[0]) & (shot.fakes < shot.extent[1])).mean() > 0.5
