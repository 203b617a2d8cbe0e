"""The figure of a run in a notebook, drawn anew while the run goes on: `tg.live.watch`.

It is one output of the cell, a picture that is replaced in its place (IPython's display_id), so that a notebook that is
saved, printed or read on the web keeps the last state of it, and any notebook program shows it without an extension.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any, overload

import numpy as np

from tinygan.autograd import Tensor
from tinygan.backend import to_numpy
from tinygan.gan.game import Game
from tinygan.plot.glance import glance
from tinygan.training import pictures
from tinygan.training.papers import title
from tinygan.training.run import Run

SECONDS = 1.0  # between two drawings, at least
SHARE = 0.1  # of the time goes into drawing, at most
MOST_ROWS = 4000
ELSEWHERE = "tg.live.watch draws in a notebook, and this is none: open replay.html of the run folder in a browser"


class Figure:
    """Numbers and samples go in as they come; it is drawn now and then, and once more as the cell ends.

    Parameters
    ----------
    title : str
    reals : ndarray, shape (m, 2), optional
        Points of the data.
    shell : IPython's shell, or None
        Where there is none nothing is drawn.
    """

    def __init__(self, title: str, reals: np.ndarray | None, shell: Any):
        self.title, self.reals, self.shell = title, reals, shell
        self.rows: list[dict[str, Any]] = []
        self.samples: np.ndarray | None = None
        self.handle: Any = None  # of the output of the cell that runs
        self.new, self.next_time = False, 0.0

    def __call__(self, step: int, stats: Mapping[str, Any] | None = None, samples: Any = None) -> None:
        """Show a step of your own loop.

        Parameters
        ----------
        step : int
        stats : mapping, optional
            What `Game.step` returns with ``measure=True``.
        samples : ndarray or Tensor, optional
            Images (n, H, W, C) in [0, 1], or points (n, 2).
        """
        if stats:
            self.rows.append({"step": step, **{name: float(to_numpy(value)) for name, value in stats.items()}})
            if len(self.rows) > MOST_ROWS:
                del self.rows[::2]
        if samples is not None:
            self.samples = np.array(to_numpy(samples.data if isinstance(samples, Tensor) else samples))
        self.new, self.step = True, step
        if self.shell and time.monotonic() >= self.next_time:
            self.draw()

    def numbers(self, step: int, row: Mapping[str, Any]) -> None:
        """A line of stats.jsonl."""
        self(step, row)

    def pictures(self, step: int, samples: np.ndarray) -> None:
        """Samples of a run."""
        self(step, samples=samples)

    def draw(self) -> None:
        """Put the picture into the cell, or in the place of the one that is there."""
        from IPython.display import Image, display

        began = time.monotonic()
        image = Image(glance(self.rows, self.samples, self.reals, f"{self.title}, step {self.step:,}"), format="png")
        if self.handle:
            self.handle.update(image)
        else:
            self.handle = display(image, display_id=True)
            self.shell.events.register("post_run_cell", self.end_of_cell)
        self.new = False
        now = time.monotonic()
        self.next_time = now + max(SECONDS, (now - began) / SHARE)

    def end_of_cell(self, result: Any = None) -> None:
        """Draw what is new; the next cell that trains gets an output of its own."""
        if self.new:
            self.draw()
        self.shell.events.unregister("post_run_cell", self.end_of_cell)
        self.handle, self.next_time = None, 0.0


@overload
def watch(what: Run, reals: np.ndarray | None = None) -> None: ...


@overload
def watch(what: Game, reals: np.ndarray | None = None) -> Figure: ...


def watch(what: Run | Game, reals: np.ndarray | None = None) -> Figure | None:
    """Draw a live figure in a notebook: the newest samples, losses, D's outputs and gradient norms.

    A run is watched from its next `train` on. A game has no loop of its own: call what is returned in yours. Outside of
    a notebook nothing is drawn, and a line says so.

    Parameters
    ----------
    what : Run or Game
    reals : ndarray of float, shape (m, 2), optional
        Points of the data, to be drawn below those of a game; a run has its own.

    Returns
    -------
    show : function(step, stats, samples), for a game
        ``stats`` is what ``game.step(next_reals, measure=True)`` returned, ``samples`` images (n, H, W, C) in [0, 1] or
        points (n, 2). Either may be left out. It may be called with every step: it draws once a second at most.

    Raises
    ------
    TypeError
        If it is neither a run nor a game.

    Notes
    -----
    In a notebook::

        run = tg.Run("ring", quick=True)
        tg.live.watch(run)
        run.train()

    and with a loop of your own::

        show = tg.live.watch(game, reals=data.sample(500, rng))
        for step in range(1, 1001):
            stats = game.step(next_reals, measure=True)
            show(step, stats, game.fakes(500, no_graph=True))
    """
    if not isinstance(what, (Run, Game)):
        raise TypeError(f"watch takes a tg.Run or a tg.Game, not {type(what).__name__}")
    shell = notebook()
    if shell is None:
        print(ELSEWHERE)
    if isinstance(what, Game):
        return Figure("samples", None if reals is None else np.asarray(reals), shell)
    if shell is None:
        what.viewers = []
        return None
    if reals is None and what.trained.in_plane:
        reals = pictures.reals(what.setup, len(what.setup.z))
    figure = Figure(title(what.setup), reals, shell)
    if what.folder:
        figure.rows = what.folder.rows("stats.jsonl")
    what.viewers = [figure]
    return None


def notebook() -> Any:
    """The shell of the notebook that this runs in; None outside of one, and in a terminal."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell if hasattr(shell, "kernel") else None
