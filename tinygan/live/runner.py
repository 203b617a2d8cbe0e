"""The thread that plays: it alone touches the laboratory, so that no page ever waits for a step."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from tinygan.data import DataError
from tinygan.live.code import count
from tinygan.live.lab import Lab
from tinygan.live.snapshot import Snapshot
from tinygan.training.config import ConfigError

Job: TypeAlias = Callable[[Lab], object]

FRAME = 1 / 30  # seconds, at least, from one picture to the next
LINE = 0.8  # seconds for a line of code, where that is the speed
FULL, BY_LINE = "full speed", "line by line"
SPEEDS = {FULL: 0.0, "10 steps a second": 0.1, "2 steps a second": 0.5, "1 step a second": 1.0, BY_LINE: None}
READABLE = 0.3  # seconds that a step must take for its lines to be lit one after the other
AHEAD = 2  # pictures on the way: one is made while the other is drawn
AGAIN = 1.0  # seconds without a sign that a picture was drawn, after which the next is sent all the same
PATIENCE = 10.0  # seconds without a sign, after which nobody is looking


class Runner(threading.Thread):
    """Plays a laboratory, and shows it as often as pictures are drawn.

    Parameters
    ----------
    lab : Lab
    show : function(Snapshot, playing, said)
        Called from this thread; `said` is a sentence about bad input, or empty. Whoever has drawn it calls `drawn`.

    Attributes
    ----------
    playing : bool
    speed : str
        A key of `SPEEDS`.
    """

    def __init__(self, lab: Lab, show: Callable[[Snapshot, bool, str], None]):
        super().__init__(name="tinygan-live", daemon=True)
        self.lab, self.show = lab, show
        self.playing, self.speed = False, FULL
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._sent = self._drawn = 0  # pictures
        self._said, self._news, self._ended = "", True, False
        self._shown = self._stepped = 0.0
        self._seen = time.monotonic()

    # -- from any thread

    def do(self, job: Job) -> None:
        """Have something done to the laboratory, after what was asked before."""
        self._jobs.put(job)

    def play(self, on: bool) -> None:
        """Go on, or pause."""
        self.look()  # whoever presses play does
        self.do(lambda lab: setattr(self, "playing", on))

    def pace(self, speed: str) -> None:
        """How fast it plays from now on: a key of `SPEEDS`."""
        self.do(lambda lab: setattr(self, "speed", speed))

    def look(self) -> None:
        """Somebody is looking."""
        self._seen = time.monotonic()

    def drawn(self) -> None:
        """A picture is on the screen: the next may come."""
        self.look()
        self._drawn = min(self._drawn + 1, self._sent)

    def end(self) -> None:
        """Let the thread come to its end."""
        self._ended = True
        self._jobs.put(None)

    # -- in its own

    def run(self) -> None:
        """Until `end`."""
        while not self._ended:
            self.turn()

    def turn(self) -> None:
        """Do one thing that was asked, a step if it plays, and show it if the last picture has been drawn."""
        with np.errstate(all="ignore"):  # what is not finite is said in words
            self._obey()
            if self.playing and not self._ended:
                self._go_on()
            if not self._ended:
                self._show()

    def _obey(self) -> None:
        """Do what was asked; wait for it where there is nothing else to do."""
        try:
            if self.playing:
                job = self._jobs.get_nowait()
            else:
                job = self._jobs.get(timeout=FRAME if self._news else None)
        except queue.Empty:
            return
        if job is None:
            return
        try:
            self._said = ""
            job(self.lab)
        except (ConfigError, DataError) as error:
            self._said = str(error)
        self._news = True

    def _go_on(self) -> None:
        beat, by_line = self._beat()
        now = time.monotonic()
        if self._stepped + beat > now:
            time.sleep(min(self._stepped + beat - now, FRAME))
            return
        self._stepped = max(self._stepped + beat, now - beat)  # what comes late does not make all that follows late
        if by_line:
            self.lab.next_line()
        else:
            self.lab.step()
        self._news = True
        if self.lab.broken():  # the snapshot says it
            self.playing = False

    def _beat(self) -> tuple[float, bool]:
        """(seconds from one to the next, whether it is lines that are played, and not steps)."""
        seconds = SPEEDS[self.speed]
        if seconds is None:
            return LINE, True
        if seconds < READABLE:
            return seconds, False
        return seconds / (count(self.lab.settings) + 1), True  # one beat ends the step

    def _show(self) -> None:
        now = time.monotonic()
        if self.playing and now - self._seen > PATIENCE:
            self.playing, self._said = False, "Paused, since nobody was looking: press play to go on."
            self._news = True
        if now - self._shown > AGAIN:
            self._drawn = self._sent
        if self._news and self._sent - self._drawn < AHEAD and now - self._shown >= FRAME:
            self._news, self._shown = False, now
            self._sent += 1
            self.show(self.lab.snapshot(), self.playing, self._said)
