"""Buttons, sliders and menus: each does one thing to the runner, and shows what the settings are."""

from __future__ import annotations

from collections.abc import Callable
from string import ascii_uppercase
from typing import Any

from bokeh.models import Button, CategoricalSlider, CheckboxButtonGroup, Div, InlineStyleSheet, Select, Slider, Toggle

from tinygan.live.data import DATA
from tinygan.live.figures import LAYERS
from tinygan.live.lab import Lab
from tinygan.live.patients import PATIENTS
from tinygan.live.runner import FULL, SPEEDS, Job, Runner
from tinygan.live.settings import CHOICES, Settings

RATES = [f"{a}e-{b}" for b in range(7, 0, -1) for a in (1, 2, 3, 5)]
WEIGHTS = ["0.001", "0.003", "0.01", "0.03", "0.1", "0.3", "1", "3", "10", "30", "100", "300", "1000"]
WHOLE = {"width": (8, 16, 32, 64, 128, 256), "batch_size": (8, 16, 32, 64, 128, 256, 512)}
DECAYS = ("0", "0.9", "0.99", "0.995", "0.998", "0.999")
STEPS: tuple[tuple[str, str, Job], ...] = (
    ("one-step", "One step", Lab.step),
    ("one-d-step", "One D step", Lab.step_d),
    ("one-g-step", "One G step", Lab.step_g),
    ("again", "Again, same seed", Lab.restart),
)
LOSSES = {
    "mm": "mm: minimax",
    "ns": "ns: non-saturating",
    "lsgan": "lsgan: least squares",
    "wgan": "wgan: Wasserstein",
    "hinge": "hinge",
    "rsgan": "rsgan: relativistic",
    "ragan": "ragan: relativistic average",
}
ASK = "Each of these runs is ill. Press one, watch it, and say what is wrong before you ask."


def nearest(names: list[str], value: float) -> str:
    """The name of the number nearest to `value`, on a logarithmic scale."""
    return min(names, key=lambda name: abs(float(name) / max(value, 1e-12) - 1))


class Controls:
    """All of them.

    Parameters
    ----------
    runner : Runner
    sheet : InlineStyleSheet
    answer : function(str, bool)
        Shows the sentence about a patient; whether it is the answer, so that the lines at fault may be marked.
    layers : function(list of str)
        Told which layers of the picture are wanted.
    wipe : function()
        Wipes away what was drawn.
    """

    def __init__(
        self,
        runner: Runner,
        sheet: InlineStyleSheet,
        answer: Callable[[str, bool], None],
        layers: Callable[[list[str]], None],
        wipe: Callable[[], None],
    ):
        self.runner, self.answer = runner, answer
        self._telling = False  # the widgets are being told the settings: their callbacks must not answer
        look: dict[str, Any] = dict(stylesheets=[sheet], sizing_mode="stretch_width")
        self.play = Toggle(label="Play", name="play", button_type="success", **look)
        self.speed = Select(options=list(SPEEDS), value=FULL, name="speed", **look)
        self.buttons = [self.play, self.speed]
        self.play.on_change("active", self._play)
        self.speed.on_change("value", lambda attr, old, new: runner.pace(new))
        for name, label, job in STEPS:
            button = Button(label=label, name=name, **look)
            button.on_click(lambda job=job: runner.do(job))
            self.buttons.append(button)

        self.menus: dict[str, Any] = {
            "data": Select(title="data", options=list(DATA.items()), **look),
            "digit": Select(title="digit", options=[str(i) for i in CHOICES["digit"]], **look),
            "loss": Select(title="loss", options=[(name, LOSSES.get(name, name)) for name in CHOICES["loss"]], **look),
            "lr_d": CategoricalSlider(title="learning rate of D", categories=RATES, value=RATES[0], **look),
            "lr": CategoricalSlider(title="learning rate of G", categories=RATES, value=RATES[0], **look),
            "penalty": Select(title="penalty on D's slope", options=list(CHOICES["penalty"]), **look),
            "penalty_weight": CategoricalSlider(title="its weight", categories=WEIGHTS, value=WEIGHTS[0], **look),
            "n_critic": Slider(title="D steps for each G step (n_critic)", start=1, end=10, step=1, value=1, **look),
            "pack": Slider(title="points judged together (packing)", start=1, end=4, step=1, value=1, **look),
            "batch_size": Select(title="batch", options=[str(n) for n in WHOLE["batch_size"]], **look),
            "optimizer": Select(title="optimiser", options=list(CHOICES["optimizer"]), **look),
            "width": Select(title="width of the networks", options=[str(n) for n in WHOLE["width"]], **look),
            "depth": Slider(title="depth", start=1, end=4, step=1, value=2, **look),
            "ema": Select(title="average of G (EMA)", options=list(DECAYS), **look),
            "seed": Slider(title="seed", start=0, end=20, step=1, value=0, **look),
        }
        for name, widget in self.menus.items():
            widget.name = name
            slides = isinstance(widget, (Slider, CategoricalSlider))
            widget.on_change("value_throttled" if slides else "value", self._setting(name))

        self.hint = Div(text="<small>Draw on the plane: your first line replaces the example.</small>", **look)
        self.wipe = Button(label="Draw anew", name="wipe", **look)
        self.wipe.on_click(wipe)
        self.patients = []
        for i, (name, patient) in enumerate(PATIENTS.items()):
            button = Button(label=f"{ascii_uppercase[i]}: {patient.complaint}", name=f"patient-{i}", **look)
            button.on_click(lambda name=name: self.admit(name))
            self.patients.append(button)
        self.what = Button(label="What is it?", name="answer", button_type="primary", visible=False, **look)
        self.cure = Button(label="Cure it", name="cure", button_type="success", visible=False, **look)
        self.what.on_click(self.tell)
        self.cure.on_click(self.heal)
        self.patient = ""

        self.layers = CheckboxButtonGroup(
            labels=["D's map", "data", "fakes", "arrows", "G's grid"], active=[0, 1, 2, 3, 4], name="layers", **look
        )
        self.layers.on_change("active", lambda attr, old, new: layers([LAYERS[i] for i in new]))
        self.titles = {text: Div(text=f"<h2>{text}</h2>", **look) for text in ("Settings", "Diagnose me")}

    def tell_settings(self, settings: Settings, playing: bool) -> None:
        """Show what is set."""
        self._telling = True
        try:
            for name, widget in self.menus.items():
                value = getattr(settings, name)
                if isinstance(widget, CategoricalSlider):
                    value = nearest(widget.categories, value)
                elif isinstance(widget, Select):
                    value = f"{value:g}" if isinstance(value, float) else str(value)
                if widget.value != value:
                    widget.value = value
            self.menus["digit"].visible = settings.data == "digit"
            self.wipe.visible = self.hint.visible = settings.data == "drawn"
            self.play.update(active=playing, label="Pause" if playing else "Play")
        finally:
            self._telling = False

    def _play(self, attr: str, old: object, new: bool) -> None:
        if not self._telling:
            self.runner.play(new)

    def _setting(self, name: str) -> Callable[[str, object, Any], None]:
        kind = type(getattr(Settings(), name))

        def changed(attr: str, old: object, new: Any) -> None:
            if not self._telling:
                options = {name: kind(new)}
                if name == "data":  # a fault of the code is one on the ring
                    self.discharge()
                    options["fault"] = ""
                self.runner.do(lambda lab: lab.change(**options))

        return changed

    # -- the clinic

    def admit(self, name: str) -> None:
        """Begin a sick run, and ask what it has."""
        self.patient = name
        self.runner.do(lambda lab: lab.change(**{**vars(Settings()), **PATIENTS[name].options}))
        self.runner.play(True)
        watch = "Watch for half a minute, and read settings and code. What is wrong? Then ask."
        self.answer(f"{self.letter()}: {watch}", False)
        self.what.visible, self.cure.visible = True, False

    def discharge(self) -> None:
        """Ask no more: it is another run now."""
        self.what.visible = self.cure.visible = False
        self.answer(ASK, False)

    def letter(self) -> str:
        """Of the patient who is in."""
        return ascii_uppercase[list(PATIENTS).index(self.patient)]

    def tell(self) -> None:
        """The answer."""
        self.answer(f"{self.letter()}: {PATIENTS[self.patient].answer}", True)
        self.what.visible, self.cure.visible = False, True

    def heal(self) -> None:
        """The cure, from the beginning."""
        patient = PATIENTS[self.patient]
        self.runner.do(lambda lab: lab.change(**{**vars(lab.settings), **patient.cure}))
        self.runner.play(True)
        self.answer(f"{self.letter()}: the same run with the cure, from the beginning.", False)
        self.cure.visible = False
