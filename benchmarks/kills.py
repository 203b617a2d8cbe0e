"""Does a run that is killed and resumed end like one that never was? ``python -m benchmarks.kills``, some minutes.

For each case one run is left alone. Others with the same options are real processes that get a signal at a random
moment, and are resumed, which may be hit too, until they have ended. Then every array of the last checkpoint, of
generator.npz and of best.npz, every line of the numbers and every picture is compared with the first run, bit by bit.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.turns import THREAD_VARIABLES
from tinygan.commandline import fail, guarded
from tinygan.training import checkpoint
from tinygan.training.lock import LOCK
from tinygan.training.run_folder import BEST, ROWS, RunFolder

PROGRAM = "python -m benchmarks.kills"
OFTEN = "--log-interval 1 --checkpoint-interval 3 --samples 4 --batch-size 4"
FEW_PICTURES = "--preset ring --sample-interval 1000"  # drawing takes longer than all else
SWITCHES = "--n-critic 2 --pack 2 --unroll 1 --lr-half-life 5 --ema 0.9 --dropout 0.2"
MEASURED = "--metrics energy --keep-best energy --eval-interval 2 --eval-samples 100"
CASES = {
    "pictures": "--preset ring --steps 40 --sample-interval 10",
    "plain": f"{FEW_PICTURES} --steps 200",
    "all switches": f"{FEW_PICTURES} --steps 60 {SWITCHES}",
    "keep best": f"{FEW_PICTURES} --steps 60 {MEASURED}",
    "images": "--preset mlp --steps 12 --sample-interval 4",
    "classes": "--preset cgan --steps 12 --sample-interval 4",
    "board": f"{FEW_PICTURES} --steps 60 --tensorboard",
}
SIGNALS = ("KILL", "KILL", "KILL", "TERM", "INT INT", "STOP CONT", "STOP KILL", "HUP")
AT_THE_LOCK = 0.15  # of the signals: sent as soon as the lock's file is touched
LIMIT = 300  # seconds: a process that has not ended by then never will
MOST = 50  # resumes


@dataclass
class Found:
    """What the runs of a case were like."""

    runs: int = 0
    signals: Counter[str] = field(default_factory=Counter)
    at_the_lock: int = 0
    differences: list[str] = field(default_factory=list)


class Killer:
    """Starts training processes and hits them.

    Parameters
    ----------
    rng : random.Random
    seconds : float
        What a whole run takes, to aim by.
    found : Found
    """

    def __init__(self, rng: random.Random, seconds: float, found: Found):
        self.rng, self.seconds, self.found = rng, seconds, found

    def hit(self, process: subprocess.Popen[str], outdir: Path) -> bool:
        """Send the next signals at a random moment; whether the process was still there."""
        locks, start = lock_files(outdir), time.monotonic()
        moment, at_the_lock = self.rng.uniform(0.1, 0.9) * self.seconds, self.rng.random() < AT_THE_LOCK
        names = self.rng.choice(SIGNALS).split()
        if at_the_lock:
            names, moment = ["KILL"], LIMIT
        while process.poll() is None and time.monotonic() - start < moment:
            if at_the_lock and lock_files(outdir) != locks:
                time.sleep(self.rng.choice((0.0, 0.0, 0.001, 0.01)))
                break
            time.sleep(0.0 if at_the_lock else 0.005)
        if process.poll() is not None:
            return False
        for name in names:
            process.send_signal(getattr(signal, f"SIG{name}"))
            time.sleep(self.rng.uniform(0.0, 0.3))
        self.found.signals[" ".join(names)] += 1
        self.found.at_the_lock += at_the_lock
        return True


def lock_files(outdir: Path) -> list[tuple[Path, int]]:
    """The locks of all runs, and when they were written to."""
    return sorted((path, path.stat().st_mtime_ns) for path in outdir.glob(f"*/{LOCK}"))


def start(options: str) -> subprocess.Popen[str]:
    """A training process with one thread."""
    env = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, "1")}
    command = [sys.executable, "-m", "tinygan.train", *shlex.split(options)]
    return subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def folder_of(outdir: Path) -> Path | None:
    """The newest run that can be resumed: one killed before it had options begins anew."""
    return max((path.parent for path in outdir.glob("*/config.json")), default=None)


def killed_run(options: str, outdir: Path, killer: Killer) -> Path:
    """A run that is hit about twice, and resumed until it has ended; its folder. ValueError if it cannot go on."""
    hits = killer.rng.choice((1, 1, 2, 2, 3))
    for _ in range(MOST):
        folder = folder_of(outdir)
        process = start(f"{options} --outdir {outdir}" if folder is None else f"--resume {shlex.quote(str(folder))}")
        if hits:
            hits -= killer.hit(process, outdir)
        _, said = process.communicate(timeout=LIMIT)
        folder = folder_of(outdir)
        interrupted = said.strip().endswith("KeyboardInterrupt")  # also before Python has read a line of the library
        if "Traceback" in said and not interrupted:
            raise ValueError(said.strip())
        if process.returncode == 0 and folder and (folder / "training.gif").exists():
            return folder
        if process.returncode == 2 and folder and "is already at step" in said:
            return folder  # it was hit after its last checkpoint
        if process.returncode in (1, 2) and not interrupted:
            raise ValueError(said.strip())
    raise ValueError(f"has not ended after {MOST} starts")


def lines(folder: Path, name: str) -> list[dict[str, Any]]:
    """The rows of a file of numbers without what the clock decides; ValueError if a line is none."""
    path = folder / name
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    return [{key: value for key, value in row.items() if key != "steps_per_second"} for row in rows]


def differences(left_alone: Path, killed: Path) -> list[str]:
    """In what two runs differ, a word each.

    A run that was asked to stop has a line and a picture of that step more, and they are in its GIF and its curves.
    """
    found = []
    newest = [RunFolder(folder).checkpoints()[-1].name for folder in (left_alone, killed)]
    if len(set(newest)) > 1:
        found.append(f"last checkpoint {newest[1]}")
    for name in (newest[0], "generator.npz", BEST):
        here, there = left_alone / name, killed / name
        if here.exists() and not there.exists():
            found.append(f"no {name}")
        elif here.exists():
            (arrays, meta), (others, other_meta) = checkpoint.load(here), checkpoint.load(there)
            same = arrays.keys() == others.keys() and all(
                (array.dtype, array.shape, array.tobytes()) == (other.dtype, other.shape, other.tobytes())
                for array, other in ((arrays[key], others[key]) for key in arrays)
            )
            if not same or meta != other_meta:
                found.append(f"{name}: {'what is said of the arrays' if same else 'arrays'}")
    for name in ROWS:
        expected, rows = lines(left_alone, name), lines(killed, name)
        steps = [row["step"] for row in rows]
        if steps != sorted(set(steps)):
            found.append(f"{name}: steps twice or out of order")
        known = {row["step"] for row in expected}
        if [row for row in rows if row["step"] in known] != expected:
            found.append(f"{name}: rows")
    for picture in left_alone.glob("*.png"):
        other = killed / picture.name
        if picture.name != "curves.png" and not (other.exists() and other.read_bytes() == picture.read_bytes()):
            found.append(picture.name)
    missing = {path.name for path in left_alone.iterdir()} - {path.name for path in killed.iterdir()}
    found += [f"no {name}" for name in sorted(missing) if not name.startswith(("checkpoint-", "events."))]
    if list(killed.glob(".*.tmp")):
        found.append("a temporary file is left")
    return found


def measure(name: str, runs: int, rng: random.Random, folder: Path) -> Found:
    """All runs of one case."""
    options, found = f"{OFTEN} {CASES[name]}", Found()
    left_alone = folder / "alone"
    since = time.monotonic()
    process = start(f"{options} --outdir {left_alone}")
    _, said = process.communicate(timeout=LIMIT)
    reference = folder_of(left_alone)
    if process.returncode or reference is None:
        fail(PROGRAM, said)
    killer = Killer(rng, time.monotonic() - since, found)
    while found.runs < runs:
        number, before = found.runs, found.signals.total()
        outdir = Path(tempfile.mkdtemp(prefix=f"{number:03d}-", dir=folder))
        try:
            problems = differences(reference, killed_run(options, outdir, killer))
        except (ValueError, OSError, subprocess.TimeoutExpired) as error:
            problems = [str(error)]
        if found.signals.total() == before and not problems:
            continue  # it was quicker than the first signal
        found.runs += 1
        found.differences += [f"{outdir}: {problem}" for problem in problems]
        print(f"{name} {number}: {'; '.join(problems) or 'the same'}", file=sys.stderr, flush=True)
    return found


def row(name: str, found: Found) -> str:
    """A line of the table."""
    sent = ", ".join(f"{signals} {n}" for signals, n in sorted(found.signals.items()))
    return f"| {name} | {found.runs} | {sent} | {found.at_the_lock} | {len(found.differences)} |"


def main(argv: Sequence[str] | None = None) -> None:
    p = argparse.ArgumentParser(prog=PROGRAM, description=__doc__.split("\n")[0])
    p.add_argument("--runs", type=int, default=97, help="killed runs in all (97)")
    p.add_argument("--cases", default="pictures,plain,all switches,keep best,images,classes", help="comma-separated")
    p.add_argument("--seed", type=int, default=0, help="of the moments and the signals (0)")
    p.add_argument("--keep", metavar="DIR", help="leave the runs here")
    args = p.parse_args(argv)
    names = args.cases.split(",")
    for name in names:
        if name not in CASES:
            fail(PROGRAM, f"there is no case {name!r}: choose of {', '.join(CASES)}")
    if os.name != "posix":
        fail(PROGRAM, "this system has no signals between processes")
    rng = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as scratch:
        table = ["| case | runs | signals | at the lock | differences |", "|---|---|---|---|---|"]
        differ = []
        for i, name in enumerate(names):
            share = args.runs * (i + 1) // len(names) - args.runs * i // len(names)
            folder = Path(args.keep or scratch) / name.replace(" ", "-")
            folder.mkdir(parents=True)
            found = measure(name, share, rng, folder)
            table.append(row(name, found))
            differ += found.differences
    print("\n".join([*table, *differ]))
    raise SystemExit(1 if differ else 0)


if __name__ == "__main__":
    guarded(PROGRAM, main)
