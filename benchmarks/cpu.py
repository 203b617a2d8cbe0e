"""tinygan beside PyTorch eager on a CPU: ``python -m benchmarks.cpu``.

What is timed is one training step, one update of D and one of G: the same networks, weights, batches,
noise and Adam in both, float32. First both train a few steps, and their losses must agree. Then they take
turns, a few steps each, in two processes of their own, so that whatever else the machine does hits both:
the ratio of the two times of a turn is what counts, and its median over all turns is printed with the
quartiles. Below 1 tinygan is faster.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Sequence

import numpy as np

from benchmarks.worker import SETTINGS

CHECKED_STEPS = 4


class Worker:
    """A process that trains when told to (see `benchmarks.worker`)."""

    def __init__(self, side: str, step: str, threads: int):
        n = str(threads)
        environment = os.environ | {"OMP_NUM_THREADS": n, "OPENBLAS_NUM_THREADS": n, "MKL_NUM_THREADS": n}
        command = [sys.executable, "-m", "benchmarks.worker", side, step, n]
        self.name = f"{side} {step}"
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def ask(self, order: str):
        """Send one order and wait for the answer."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"the worker {self.name} ended early")
        return json.loads(answer)

    def close(self) -> None:
        self.process.communicate()


def compare(step: str, threads: int, rounds: int, steps_a_turn: int) -> str:
    """One row of the table. Raises SystemExit if the two sides do not compute the same losses."""
    ours, theirs = Worker("tinygan", step, threads), Worker("torch", step, threads)
    try:
        check_losses(step, ours.ask(f"losses {CHECKED_STEPS}"), theirs.ask(f"losses {CHECKED_STEPS}"))
        order = f"time {steps_a_turn}"
        times = np.array([(ours.ask(order), theirs.ask(order)) for _ in range(rounds)])
        memory = ours.ask("memory"), theirs.ask("memory")
    finally:
        ours.close()
        theirs.close()
    low, ratio, high = np.percentile(times[:, 0] / times[:, 1], (25, 50, 75))
    mine, other = 1e3 * np.median(times, axis=0)
    return (
        f"{step:8} {threads:7}   {ratio:5.2f} ({low:.2f}-{high:.2f})   {mine:9.1f} {other:9.1f}   "
        f"{memory[0]:9.0f} {memory[1]:9.0f}"
    )


def check_losses(step: str, ours: list, theirs: list) -> None:
    """Both sides' losses of the first steps, to the precision of float32 sums in another order."""
    if not np.allclose(ours, theirs, rtol=2e-3, atol=1e-4):
        raise SystemExit(f"{step}: the two sides do not compute the same losses:\n  tinygan {ours}\n  torch   {theirs}")


def steps_a_turn(step: str) -> int:
    """Short turns, so that both see the same moment of the machine: about a third of a second each."""
    return {"dcgan": 2, "small": 4, "ring": 40}.get(step, 10)


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cpu", description=__doc__.split("\n\n")[0])
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="of both (default: all cores)")
    parser.add_argument("--rounds", type=int, default=12, help="turns of each (default: %(default)s)")
    parser.add_argument("--steps", default="mlp,dcgan", help=f"of {','.join(SETTINGS)} (default: %(default)s)")
    args = parser.parse_args(argv)
    args.steps = args.steps.split(",")
    unknown = [step for step in args.steps if step not in SETTINGS]
    if unknown:
        parser.error(f"unknown step {unknown[0]!r}: choose from {', '.join(SETTINGS)}")
    if args.threads < 1 or args.rounds < 1:
        parser.error("--threads and --rounds must be 1 or more")
    return args


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    if importlib.util.find_spec("torch") is None:
        print("benchmarks.cpu compares with PyTorch, which is not installed: pip install torch", file=sys.stderr)
        return 2
    print("one D update and one G update, float32, Adam; tinygan / PyTorch eager, median (quartiles)\n")
    print("                     ratio                    ms a step          peak MB")
    print("step     threads     (below 1: faster)      tinygan   PyTorch     tinygan   PyTorch")
    for step in args.steps:
        print(compare(step, args.threads, args.rounds, steps_a_turn(step)), flush=True)
    print("\nLosses of the first steps agree. PyTorch computes D's weight gradients in G's step too.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
