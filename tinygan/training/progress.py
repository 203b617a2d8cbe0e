"""How a run tells where it is: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 10.0


class Progress:
    """Counts steps; prints on standard error, so that standard output stays for results.

    Parameters
    ----------
    first, last : int
        The step the run begins after, and the one it ends with.
    """

    def __init__(self, first: int, last: int):
        self.last = last
        self.terminal = sys.stderr.isatty()
        self.bar = tqdm(total=last, initial=first, unit="step", disable=not self.terminal, dynamic_ncols=True)
        self.next_line = time.monotonic() + SECONDS_BETWEEN_LINES

    def step(self) -> None:
        self.bar.update()

    def show(self, step: int, row: Mapping[str, Any]) -> None:
        """The latest numbers: beside the bar, or on a line of their own every ten seconds."""
        losses = f"loss D {row['loss_d']:.3f} G {row['loss_g']:.3f}"
        text = f"{losses}  D(x) {row['d_real']:.2f}  D(G(z)) {row['d_fake_after']:.2f}"
        if self.terminal:
            self.bar.set_postfix_str(text, refresh=False)
        elif time.monotonic() >= self.next_line or step == self.last:
            self.next_line = time.monotonic() + SECONDS_BETWEEN_LINES
            rate = row["steps_per_second"]
            left = (self.last - step) / rate
            self.say(f"step {step}/{self.last}  {text}  {rate:.1f} steps/s, {left:.0f} s left")

    def say(self, text: str) -> None:
        """A line of text, without breaking the bar."""
        tqdm.write(text, file=sys.stderr)

    def close(self) -> None:
        self.bar.close()


class StopRequest:
    """Becomes true when the user asks the run to stop."""

    asked = False

    def __bool__(self) -> bool:
        return self.asked


@contextmanager
def stop_on_signals() -> Iterator[StopRequest]:
    """Let Ctrl-C (and SIGTERM) end the run after the step in progress; a second one ends it at once.

    A step cut in two could not be resumed exactly: one network would have moved, the other not.
    """
    stop = StopRequest()
    if threading.current_thread() is not threading.main_thread():  # only there can signals be caught
        yield stop
        return

    def handle(number: int, frame: Any) -> None:
        if stop.asked:
            raise KeyboardInterrupt
        stop.asked = True

    former = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
