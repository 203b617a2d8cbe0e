"""One training step on all sides: a check that they compute the same, then turns; and the rows that say who won."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.options import PEERS
from benchmarks.turns import Key, Ratio, Worker, WorkerEnded, Workers, fastest, take_turns

CHECKED_STEPS = 4
SECONDS = 0.35  # of a turn
TARGETS = {
    "mlp": 0.85,
    "small": 0.9,
    "dcgan": 0.8,
    "dcgan64": 1.0,
    "ring": 0.6,
    "wgan-gp": 0.9,
    "mlp 16": 0.8,
    "dcgan 16": 1.0,
}  # best against PyTorch's best, by the row's name
ONE_THREAD = 0.75  # the target of each of them at one thread

HEADER = """\
                                    ratio                  ms a step         peak MB            tinygan
step        threads  peer           (below 1: faster)  tinygan     peer  tinygan    peer  GFLOP/s   floor"""


class LossesDiffer(Exception):
    """Two sides do not compute the same losses, so their times must not be compared."""


@dataclass
class Race:
    """What the turns of one step gave.

    Attributes
    ----------
    times : {(side, threads): array (rounds,)}
        Seconds a step.
    floors : {threads: array (rounds,)}
        Seconds of the step's bare matrix products.
    memory : {(side, threads): MB}
        Peaks of the processes.
    flop : int
        Multiplications and additions of the step's matrix products and convolutions.
    absent : {side: reason}
        Peers that could not take part.
    """

    times: dict[Key, np.ndarray]
    floors: dict[int, np.ndarray]
    memory: dict[Key, float]
    flop: int
    absent: dict[str, str] = field(default_factory=dict)


def race(step: str, peers: Sequence[str], threads: Sequence[int], rounds: int, batch: int = 0, width: int = 1) -> Race:
    """Let all sides of a step take turns.

    Raises
    ------
    WorkerEnded
        If tinygan's side ended early.
    LossesDiffer
    """
    keys = [(side, n) for n in threads for side in ("tinygan", *peers)]
    with Workers() as workers:
        for side, n in keys:
            workers[side, n] = Worker("benchmarks.worker", (side, step, n, batch, width), n)
        absent = check_losses(step, workers)
        flop = 2 * workers["tinygan", threads[0]].ask("products")
        time_it, floor_it = f"time {SECONDS}", f"floor {SECONDS / 2}"
        take_turns(workers, {key: ["time 0"] for key in workers}, 1)  # now everything was allocated once
        memory = {key: worker.ask("memory") for key, worker in workers.items()}
        orders = {key: [time_it, floor_it] if key[0] == "tinygan" else [time_it] for key in workers}
        found = take_turns(workers, orders, rounds)
        times = {key: found[key, time_it] for key in workers}
    return Race(times, {n: found[("tinygan", n), floor_it] for n in threads}, memory, flop, absent)


def check_losses(step: str, workers: Workers) -> dict[str, str]:
    """Compare the losses of the first steps; peers that cannot compute them leave.

    Returns
    -------
    dict of the peers that left, and why
    """
    losses, absent = {}, {}
    for key in list(workers):
        try:
            losses[key] = workers[key].ask(f"losses {CHECKED_STEPS}")
        except WorkerEnded as ended:
            if key[0] == "tinygan":
                raise
            absent[key[0]] = str(ended)
            workers.pop(key).close()
    expected = next(iter(losses.values()))
    for (side, _), found in losses.items():
        if not losses_agree(expected, found):
            raise LossesDiffer(f"{step}: tinygan and {side} do not compute the same losses: {expected}, {found}")
    return absent


def losses_agree(expected: list, found: list) -> bool:
    """To the precision of float32 sums in another order, after a few steps."""
    return np.shape(expected) == np.shape(found) and np.allclose(expected, found, rtol=2e-3, atol=1e-4)


def name_of(step: str, batch: int, width: int) -> str:
    """What the table calls a step with this batch, and networks so many times as wide; 0 is its own."""
    return step + (f" x{width}" if width else "") + (f" {batch}" if batch else "")


def rows(name: str, r: Race, peers: Sequence[str]) -> Iterator[str]:
    """The table's rows: for each number of threads, then each side at its best."""
    of_side: dict[str, dict[int, np.ndarray]] = {}
    for (side, n), times in r.times.items():
        of_side.setdefault(side, {})[n] = times
    ours = of_side["tinygan"]
    for n in ours:
        for peer in peers:
            theirs = {n: of_side[peer][n]} if n in of_side.get(peer, {}) else {}
            row = f"{name:11} {n:7}  " + _row(r, n, peer, n if theirs else None)
            yield row + (verdict(name, ours[n], theirs, ONE_THREAD) if n == 1 and peer == "torch" and theirs else "")
    for peer in peers if len(ours) > 1 else ():
        best, theirs = fastest(ours), of_side.get(peer, {})
        row = f"{name:11}    best  " + _row(r, best, peer, fastest(theirs) if theirs else None)
        yield row + (verdict(name, ours[best], theirs, TARGETS.get(name)) if peer == "torch" and theirs else "")


def absences(name: str, r: Race) -> Iterator[str]:
    """A sentence for each peer that could not take part."""
    for peer, reason in r.absent.items():
        yield f"{name}: {PEERS[peer]} could not take part: {reason}"


def _row(r: Race, ours: int, peer: str, theirs: int | None) -> str:
    """tinygan with `ours` threads beside the peer with `theirs`; None if it was absent."""
    times, floor = r.times["tinygan", ours], r.floors[ours]
    ratio, other, other_memory = "    -", "-", "-"
    if theirs is not None:
        ratio = str(Ratio.of(times, r.times[peer, theirs]))
        other, other_memory = f"{1e3 * np.median(r.times[peer, theirs]):.2f}", f"{r.memory[peer, theirs]:.0f}"
    return (
        f"{PEERS[peer]:14} {ratio:18} {1e3 * np.median(times):8.2f} {other:>8} {r.memory['tinygan', ours]:8.0f} "
        f"{other_memory:>7} {r.flop / np.median(times) / 1e9:8.1f} {100 * np.median(floor / times):5.0f} %"
    )


def verdict(name: str, ours: np.ndarray, theirs: Mapping[int, np.ndarray], target: float | None) -> str:
    """Whether tinygan reaches the target against the peer's best; "" for what has none."""
    if target is None or name not in TARGETS:
        return ""
    reached = Ratio.of(ours, theirs[fastest(theirs)]).median <= target
    return f"  target {target:.2f}: {'reached' if reached else 'missed'}"
