"""The laboratory without a screen: tinygan's own `Game` on points, taken step by step, and what there is to be seen."""

from __future__ import annotations

import dataclasses
import math
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from typing import Any

import numpy as np

from tinygan.autograd import Tensor, grad
from tinygan.backend import to_numpy
from tinygan.data import Mixture
from tinygan.gan.health import find_nan
from tinygan.gan.resemblance import resemblance
from tinygan.gan.sampling import draw
from tinygan.live import code
from tinygan.live.data import Line, Stroke
from tinygan.live.settings import AT_ONCE, Settings
from tinygan.live.words import as_sentence, words
from tinygan.live.written import Told, Written
from tinygan.metrics import count_modes
from tinygan.training.pictures import reals

POINTS = 500  # real ones and fakes in the picture
ROWS = 400  # of the curves: when there are more, every other one goes
LOOK = 10  # steps between the numbers that health looks at
OF_D = ("loss_d", "d_real", "d_fake_before", "accuracy_real", "accuracy_fake", "grad_norm_d")
OF_G = ("loss_g", "d_fake_after", "grad_norm_g")
CURVES = ("step", "loss_d", "loss_g", "d_real", "d_fake", "modes", "high_quality", "kl")


class Lab:
    """One game, its settings, and its numbers so far. The same settings give the same numbers.

    Parameters
    ----------
    settings : Settings, optional
    strokes : sequence of sequences of (x, y)
        What was drawn, for the data "drawn".

    Attributes
    ----------
    setup : Setup
        Data, networks, the game.
    step_count, d_steps, g_steps : int
        Steps asked for, and how often D and G have moved.
    recent : deque of dict
        The numbers of every `LOOK`-th step, with their step, as in a run's stats.jsonl; the last `ROWS` of them.
    numbers : dict of str to float
        What `Game.step` measured last; of a step of D alone, D's part of it.
    line : int or None
        The line of code that runs next, in the middle of a step.
    ran : tuple of int
        The lines that the last press ran, or else the last step.
    zoom : int
        How many times wider than the data the picture is.
    epoch : int
        How often it began anew.

    Raises
    ------
    ConfigError, DataError
        In one sentence, if an option cannot be.

    Examples
    --------
    >>> lab = Lab(Settings(width=8))
    >>> lab.step()
    >>> lab.d_steps, lab.g_steps, lab.snapshot().fakes.shape
    (1, 1, (500, 2))
    """

    def __init__(self, settings: Settings | None = None, strokes: Sequence[Stroke] = ()):
        self.settings, self.strokes, self.epoch = settings or Settings(), strokes, 0
        self.restart()

    def restart(self) -> None:
        """Again from the beginning, with the same seed."""
        self._take(self.settings.build(self.strokes))

    def change(self, strokes: Sequence[Stroke] | None = None, **changes: Any) -> bool:
        """Change settings: at once where the networks can stay as they are, else it begins anew.

        Returns
        -------
        bool
            Whether it began anew.

        Raises
        ------
        ConfigError, DataError
            In one sentence; then nothing has changed.
        """
        settings = dataclasses.replace(self.settings, **changes)
        fresh = settings.build(self.strokes if strokes is None else strokes)
        self.finish()
        self.settings, game = settings, self.game
        if strokes is None and set(changes) <= AT_ONCE:
            for name in ("loss", "penalties", "n_critic"):
                setattr(game, name, getattr(fresh.game, name))
            game.opt_g.lr, game.opt_d.lr = fresh.game.opt_g.lr, fresh.game.opt_d.lr
            return False
        self.strokes = self.strokes if strokes is None else strokes
        self._take(fresh)
        return True

    def _take(self, setup: Any) -> None:
        self.setup, self.game = setup, setup.game
        self._written = Written(self.settings, setup, self.strokes) if self.settings.fault else None
        self.step_count = self.d_steps = self.g_steps = 0
        self.numbers: dict[str, float] = {}
        self.line: int | None = None
        self.ran: tuple[int, ...] = ()
        self.zoom = 1
        self._rest: Iterator[int] | None = None
        self._real: Tensor | None = None
        self.rows: list[tuple[float, ...]] = []
        self._every = 1
        self.recent: deque[dict[str, float]] = deque(maxlen=ROWS)
        self.reals = reals(setup, POINTS)
        self.epoch += 1

    # -- the steps

    def step(self) -> None:
        """One step of both, `Game.step` itself; a step that was begun line by line is finished first."""
        if self._written:
            return self._run(self._lines_of_both())
        self.finish()
        stats = self.game.step(self.setup.next_reals, measure=True)
        self.numbers = {name: float(to_numpy(value)) for name, value in stats.items()}
        self.d_steps += self.game.n_critic
        self.g_steps += 1
        self._real, self.ran = None, (*code.OF_D, *code.OF_G)
        self._note()

    def step_d(self) -> None:
        """One update of D."""
        self._run(self._lines_of_d())

    def step_g(self) -> None:
        """One update of G."""
        self._run(self._lines_of_g())

    def next_line(self) -> None:
        """Run one line of the step of both, and name the next in `line`."""
        if self._rest is None:
            self._rest, self.ran = self._lines_of_both(), ()
        self.line = next(self._rest, None)
        if self.line is None:
            self._rest = None
            self._note()

    def finish(self) -> None:
        """Run what is left of a step that was begun line by line."""
        while self._rest is not None:
            self.next_line()

    def _run(self, lines: Iterator[int]) -> None:
        self.finish()
        self.ran = tuple(lines)
        self._note()

    def _lines_of_both(self) -> Iterator[int]:
        for _ in range(self.game.n_critic):
            yield from self._lines_of_d()
        yield from self._lines_of_g()

    def _lines_of_d(self) -> Iterator[int]:
        told = yield from self._written.update(self.settings, code.OF_D) if self._written else self._update_d()
        self.d_steps += 1
        self._measure(OF_D, (told.loss, told.loss), (told.on_real, told.on_fake), told.on_fake, told.grads)

    def _lines_of_g(self) -> Iterator[int]:
        told = yield from self._written.update(self.settings, code.OF_G) if self._written else self._update_g()
        self.g_steps += 1
        self._measure(OF_G, (told.loss, told.loss), (told.on_fake, told.on_fake), told.on_fake, told.grads)
        alike = resemblance(told.fake.data, told.real.data)
        self.numbers.update({name: float(to_numpy(value)) for name, value in alike.items()})

    # Each line of code is named before it is run. Together they are `Game.step` with fresh fakes.

    def _update_d(self) -> Generator[int, None, Told]:
        game = self.game
        yield code.REAL
        real = self._real = Tensor(self.setup.next_reals())
        yield code.FAKE_D
        fake = game.fakes(len(real), no_graph=True)
        yield code.LOSS_D
        loss, on_real, on_fake = game.discriminator_loss(real, fake)
        yield code.STEP_D
        grads = grad(loss, game.opt_d.params)
        game.move_discriminator(grads)
        return Told(real, fake, loss, on_real, on_fake, grads)

    def _update_g(self) -> Generator[int, None, Told]:
        game = self.game
        real = self._real if self._real is not None else Tensor(self.setup.next_reals())
        yield code.FAKE_G
        fake = game.fakes(len(real))
        yield code.LOSS_G
        loss, on_fake = game.generator_loss(real, fake)
        yield code.STEP_G
        grads = grad(loss, game.opt_g.params)
        game.opt_g.step(grads)
        if game.average:
            yield code.AVERAGE
            game.average.update(game.generator)
        return Told(real, fake, loss, on_fake, on_fake, grads)

    def _measure(self, names: tuple[str, ...], losses: Any, before: Any, after: Tensor, grads: list[Tensor]) -> None:
        """Of what `Game.measure` says of a whole step, the part that is known of half a step."""
        stats = self.game.measure(losses, before, after, (grads, grads))
        self.numbers = {**self.numbers, **{name: float(to_numpy(stats[name])) for name in names}}

    # -- what there is to be seen

    def _note(self) -> None:
        """A row of the curves, and now and then one for the doctor."""
        self.step_count += 1
        if self.step_count % LOOK == 0 and set(OF_D + OF_G) <= set(self.numbers):
            self.recent.append({"step": self.step_count, **self.numbers})
        if self.step_count % self._every == 0:
            modes, high_quality, kl = self.quality(self.fakes())
            known = [self.numbers.get(name, math.nan) for name in ("loss_d", "loss_g", "d_real", "d_fake_before")]
            self.rows.append((self.step_count, *known, modes, high_quality, kl))
        if len(self.rows) > ROWS:
            self.rows, self._every = self.rows[1::2], 2 * self._every

    def fakes(self) -> np.ndarray:
        """Points of G's moving average where there is one, else of G: of the same z each time."""
        return draw(self.setup.sampler, self.setup.z[:POINTS])

    def quality(self, fakes: np.ndarray) -> tuple[float, float, float]:
        """(modes found, share of fakes near one, KL of the modes from uniform); nan where data have no modes."""
        dataset: Any = self.setup.dataset
        if not isinstance(dataset, (Mixture, Line)) or not np.isfinite(fakes).all():
            return math.nan, math.nan, math.nan
        report = count_modes(fakes, dataset.means, dataset.sigma)
        return report.modes, report.high_quality, report.reverse_kl if math.isfinite(report.reverse_kl) else math.nan

    def words(self) -> list[str]:
        """What health says of the latest numbers."""
        broken = self.broken()
        return [as_sentence(broken)] if broken else words(list(self.recent), self.game)

    def broken(self) -> str | None:
        """What is no finite number any more, if anything."""
        networks = {"discriminator": self.game.discriminator, "generator": self.game.generator}
        return find_nan({"loss_d": 0.0, "loss_g": 0.0, **self.numbers}, networks)

    def snapshot(self) -> Any:
        """All that the page shows, as plain arrays."""
        from tinygan.live.snapshot import snapshot

        return snapshot(self)
