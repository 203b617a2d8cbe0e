"""The page without a browser: its buttons and menus act on the laboratory, and it shows what that says."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

pytest.importorskip("bokeh", reason="the page needs Bokeh: pip install 'tinygan[live]'")

from bokeh.document import Document
from bokeh.events import ButtonClick
from bokeh.models import Button

from tinygan.live import Lab, Settings, runner
from tinygan.live.controls import LOSSES, RATES, WEIGHTS, WHOLE
from tinygan.live.data import DATA
from tinygan.live.page import Page
from tinygan.live.patients import PATIENTS
from tinygan.live.settings import CHOICES

SMALL = Settings(width=8, batch_size=16)


class Screen:
    """A page in a document, whose thread is this one, and which is never in a hurry."""

    def __init__(self, settings: Settings = SMALL):
        self.page = Page(lambda show: show(), settings)
        self.document = Document()
        self.document.add_root(self.page.layout)
        self.lab, self.runner = self.page.runner.lab, self.page.runner

    def __getitem__(self, name):
        return self.document.select_one({"name": name})

    def turn(self, times: int = 1) -> None:
        """All that was asked, or so many turns; a thread with nothing to do would wait."""
        while times > 0 or not self.runner._jobs.empty():
            times -= 1
            if self.runner.playing or self.runner._news or not self.runner._jobs.empty():
                self.runner._shown = 0.0
                self.runner.drawn()
                self.runner.turn()

    def press(self, name: str) -> None:
        button = self[name]
        if isinstance(button, Button):
            button._trigger_event(ButtonClick(button))
        else:
            button.active = not button.active
        self.turn()

    def number(self, name: str) -> float:
        return float(re.search(f"data-name='{name}' data-value='([^']*)'", self["numbers"].text)[1])


@pytest.fixture
def screen() -> Screen:
    return Screen()


def test_every_button_takes_its_step(screen):
    twin = Lab(SMALL)
    for press, step in (("one-step", twin.step), ("one-d-step", twin.step_d), ("one-g-step", twin.step_g)):
        screen.press(press)
        step()
        assert np.array_equal(screen.lab.fakes(), twin.fakes())
        for name in ("loss_d", "d_real", "d_fake_before"):
            assert screen.number(name) == twin.numbers[name]
    assert (screen.lab.d_steps, screen.lab.g_steps) == (2, 2)
    screen.press("again")
    assert screen.lab.step_count == 0 and "data-value" not in screen["numbers"].text


def test_play_goes_on_and_pause_stops(screen):
    screen.press("play")
    screen.turn(4)
    assert screen.lab.step_count == 5 and screen["play"].label == "Pause"
    screen.press("play")
    assert screen.lab.step_count == 5 and screen["play"].label == "Play"


def test_line_by_line_lights_the_line_that_runs_next(screen, monkeypatch):
    monkeypatch.setattr(runner, "LINE", 0.0)
    screen["speed"].value = runner.BY_LINE
    screen.turn()
    screen.press("play")
    lit = []
    for _ in range(9):
        lit += screen["code"].css_classes
        screen.turn()
    assert lit[:8] == [f"at{i}" for i in range(1, 9)]
    text = re.sub("<[^>]*>", "", screen["code"].text)
    assert "opt_d.step(grad(loss_d, D.parameters()))" in text and "0.01 * r1(D, real, fake, rng)" in text
    assert 'data-note="real: 16 points of the data, shape (16, 2)"' in screen["code"].text


def test_what_ran_at_once_is_marked(screen):
    """A step of D marks the lines of D, and playing those of a whole step."""
    for press, ran in (("one-d-step", range(1, 5)), ("one-g-step", range(5, 9)), ("one-step", range(1, 9))):
        screen.press(press)
        assert screen["code"].css_classes == [f"ran{i}" for i in ran]
    screen.press("again")
    assert screen["code"].css_classes == []
    screen.press("play")
    assert screen["code"].css_classes == [f"ran{i}" for i in range(1, 9)]


def test_every_speed_is_offered_and_slow_ones_light_line_after_line(screen, monkeypatch):
    assert screen["speed"].options == list(runner.SPEEDS) and screen["speed"].value == runner.FULL
    beats = {}
    for speed in runner.SPEEDS:
        screen["speed"].value = speed
        screen.turn()
        beats[speed] = screen.runner._beat()
    assert [by_line for _, by_line in beats.values()] == [False, False, True, True, True]
    assert [round(beat * (9 if by_line else 1), 6) for beat, by_line in beats.values()] == [0, 0.1, 0.5, 1, 9 * 0.8]

    monkeypatch.setattr(runner, "READABLE", 0.0)
    monkeypatch.setitem(runner.SPEEDS, "1 step a second", 0.0)
    screen["speed"].value = "1 step a second"
    screen.turn()
    screen.press("play")
    lit = []
    for _ in range(9):
        lit += screen["code"].css_classes
        screen.turn()
    assert lit[:8] == [f"at{i}" for i in range(1, 9)] and screen.lab.step_count == 1


def test_lines_at_fault_are_marked_with_the_answer_and_not_before(screen):
    def marked():
        return re.findall('<div class="line [^"]*faulty">(.*?)</div>', screen["code"].text)

    i = list(PATIENTS).index("wrong label")
    screen.press(f"patient-{i}")
    assert "bce_with_logits(" in screen["code"].text and not marked()
    screen.press("answer")
    (line,) = marked()
    assert "bce_with_logits(" in line and "<code>loss_g = bce_with_logits(D(fake), 0.0)</code>" in screen["said"].text
    screen.press(f"patient-{i}")  # again, and nothing is told
    assert not marked()
    screen.press("answer")
    assert marked()
    screen.press("cure")
    assert "bce_with_logits(" not in screen["code"].text and not marked()
    screen.press(f"patient-{i}")
    screen["data"].value = "moons"  # another run: there is nothing to ask any more
    screen.turn()
    assert screen.lab.settings.fault == "" and not screen["answer"].visible
    assert "bce_with_logits(" not in screen["code"].text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("loss", "wgan"),
        ("lr", "1e-4"),
        ("lr_d", "5e-1"),
        ("penalty", "r1+r2"),
        ("penalty_weight", "10"),
        ("n_critic", 5),
        ("pack", 2),
        ("batch_size", "32"),
        ("optimizer", "sgd"),
        ("width", "16"),
        ("depth", 3),
        ("ema", "0"),
        ("seed", 3),
        ("data", "moons"),
        ("digit", "7"),
    ],
)
def test_every_menu_sets_its_option(screen, name, value):
    widget = screen[name]
    if hasattr(widget, "value_throttled"):
        widget.trigger("value_throttled", widget.value, value)
    else:
        widget.value = value
    screen.turn()
    kind = type(getattr(SMALL, name))
    assert screen.lab.settings == dataclasses.replace(SMALL, **{name: kind(value)})
    assert str(widget.value) == str(value)


def test_the_menus_offer_all_there_is():
    assert set(LOSSES) == set(CHOICES["loss"]) and len(LOSSES) == 7
    for names in (RATES, WEIGHTS):
        assert [float(name) for name in names] == sorted({float(name) for name in names})
    for patient in PATIENTS.values():
        for name, value in {**patient.options, **patient.cure}.items():
            known = {"lr": RATES, "lr_d": RATES, "penalty_weight": WEIGHTS}.get(name)
            assert known is None or value in [float(each) for each in known]
            assert name not in WHOLE or value in WHOLE[name]
    default = vars(Settings())
    assert default["width"] in WHOLE["width"] and default["batch_size"] in WHOLE["batch_size"]


@pytest.mark.parametrize("name", DATA)
def test_all_data_are_drawn(name, screen):
    if name == "drawn":
        screen.page.plane.sources["strokes"].data = {"xs": [[0.0, 1.0]], "ys": [[0.0, 0.0]]}
    else:
        screen["data"].value = name
    screen.turn()
    screen.press("one-step")
    assert screen["line"].visible == screen["map"].visible == (name == "line")
    assert screen["plane"].visible == (name != "line")
    assert screen["digit"].visible == (name == "digit")
    assert (screen["plane"].toolbar.active_drag is None) == (name != "drawn")


def test_who_wants_to_draw_sees_an_example_and_may(screen):
    screen["data"].value = "drawn"
    screen.turn()
    assert screen["plane"].toolbar.active_drag is screen.page.plane.pen and screen["wipe"].visible
    screen.page.plane.sources["strokes"].data = {"xs": [[0.0, 1.0]], "ys": [[0.5, 0.5]]}
    screen.turn()
    assert screen.lab.settings.data == "drawn" and abs(screen.lab.reals[:, 1].mean() - 0.5) < 0.02
    screen.press("wipe")
    assert screen.page.plane.sources["strokes"].data["xs"] == [] and screen.lab.settings.data == "drawn"


@pytest.mark.parametrize(("i", "name"), list(enumerate(PATIENTS)))
def test_patients_are_asked_answered_and_cured(screen, i, name):
    patient = PATIENTS[name]
    screen.press(f"patient-{i}")
    assert screen.lab.settings == dataclasses.replace(Settings(), **patient.options)
    assert patient.answer[:20] not in screen["said"].text and screen["answer"].visible
    screen["answer"]._trigger_event(ButtonClick(screen["answer"]))
    assert patient.answer[:20] in screen["said"].text and screen["cure"].visible
    screen.press("cure")
    assert screen.lab.settings == dataclasses.replace(Settings(), **{**patient.options, **patient.cure})


def test_layers_can_be_taken_away(screen):
    layers = screen.page.plane.layers
    screen["layers"].active = [0, 2]
    assert [name for name, drawn in layers.items() if drawn[0].visible] == ["heat", "fakes"]


def test_a_run_that_breaks_pauses_and_says_so(screen):
    screen.press("play")
    screen.lab.game.opt_g.params[0].data[:] = np.nan
    screen.turn(2)
    assert not screen.runner.playing and "is not a finite number any more" in screen["words"].text
    screen.press("again")
    assert "finite" not in screen["words"].text


def test_it_pauses_when_nobody_looks(screen, monkeypatch):
    screen.press("play")
    screen.runner._seen -= runner.PATIENCE + 1
    screen.runner._shown = 0.0
    screen.runner.turn()
    assert not screen.runner.playing and "nobody was looking" in screen["words"].text


def test_a_thread_ends_when_it_is_told(screen):
    screen.runner.start()
    screen.runner.play(True)
    screen.runner.end()
    screen.runner.join(60)
    assert not screen.runner.is_alive()
