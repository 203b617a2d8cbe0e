"""Processes that take turns: whatever else the machine does meanwhile hits all sides alike.

Every side, and every number of threads of it, has a process of its own. All are alive at once, but only one is at
work; the others wait for their next order. So the ratio of two times of one round is worth more than the times.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
PAUSE = 0.2  # seconds after a turn: OpenBLAS's threads keep a core busy for about 0.1 s, waiting for more work

Key = tuple[str, int]  # side, threads


class WorkerEnded(Exception):
    """A worker ended before it answered; the message is the last line of its standard error."""


class Worker:
    """A process that runs ``python -m module *args`` and answers orders, one line of JSON for each."""

    def __init__(self, module: str, args: Iterable[object], threads: int):
        environment = os.environ | {name: str(threads) for name in THREAD_VARIABLES}
        command = [sys.executable, "-m", module, *map(str, args)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )

    def ask(self, order: str) -> Any:
        """Send one order and wait for the answer."""
        assert self.process.stdin and self.process.stdout
        try:
            self.process.stdin.write(order + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended; why is read below
        answer = self.process.stdout.readline()
        if not answer:
            assert self.process.stderr
            lines = self.process.stderr.read().strip().splitlines()
            raise WorkerEnded(lines[-1] if lines else f"it ended with status {self.process.wait()}")
        return json.loads(answer)

    def close(self) -> None:
        """Let it end: its standard input ends."""
        try:
            self.process.communicate()
        except BrokenPipeError:
            self.process.wait()


class Workers(dict[Key, Worker]):
    """The workers of all sides and numbers of threads, in a ``with`` block that ends them."""

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *error: object) -> None:
        for worker in self.values():
            worker.close()


def take_turns(workers: Mapping[Key, Worker], orders: Mapping[Key, Sequence[str]], rounds: int) -> dict:
    """In every round each worker gets its orders; who begins moves on from round to round.

    Returns
    -------
    dict of (key, order): array (rounds,) of the answers
    """
    found: dict = {(key, order): [] for key in workers for order in orders[key]}
    keys = list(workers)
    for turn in range(rounds):
        first = turn % len(keys)
        for key in keys[first:] + keys[:first]:
            for order in orders[key]:
                found[key, order].append(workers[key].ask(order))
            time.sleep(PAUSE)
    return {key: np.array(answers) for key, answers in found.items()}


@dataclass(frozen=True)
class Ratio:
    """The median over the rounds of one time divided by another, with the quartiles."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, ours: np.ndarray, theirs: np.ndarray) -> Ratio:
        return cls(*np.percentile(ours / theirs, (25, 50, 75)))

    def __str__(self) -> str:
        return f"{self.median:5.2f} ({self.low:.2f}-{self.high:.2f})"


def fastest(times: Mapping[int, np.ndarray]) -> int:
    """The number of threads with the smallest median time."""
    return min(times, key=lambda threads: float(np.median(times[threads])))
