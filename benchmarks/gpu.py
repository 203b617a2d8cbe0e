"""tinygan beside PyTorch on an NVIDIA GPU: ``python -m benchmarks.gpu``.

What is timed is one training step, one update of D and one of G: the same networks, weights, batches and Adam on
all sides, float32; TF32 on all sides or on none. tinygan's step is called ("tinygan"), and played back
("compiled", see `tg.compiled`). PyTorch runs as usual ("eager"), and as a CUDA graph of the whole step that is launched
again ("graphs"), which saves it nearly all launches. First all train a few steps, and their losses must agree.
Then they take turns, each in a process of its own (`benchmarks.turns`).
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks import options, table
from benchmarks.race import CHECKED_STEPS, LossesDiffer
from benchmarks.turns import Ratio, Worker, WorkerEnded, Workers, take_turns
from benchmarks.worker import SETTINGS
from tinygan.backend import BackendUnavailable
from tinygan.backend.cupy_backend import diagnose
from tinygan.commandline import fail, guarded

PROGRAM = "python -m benchmarks.gpu"
SIDES = ("tinygan", "compiled", "eager", "graphs")
PAIRS = (("tinygan", "eager"), ("compiled", "eager"), ("compiled", "graphs"))  # whose ratios are shown
SECONDS = 0.5  # of a turn
TITLE = "One D update and one G update on {}, float32, TF32 {}, Adam. Median of {} rounds (quartiles).\n"
HEADER = (
    f"{'':14}{'time by time, below 1: faster':<57}{'ms a step':^35}   {'MB on the GPU':^35}\n"
    f"{'step':7}{'batch':>5}  {'  '.join(f'{a}/{b}'.ljust(17) for a, b in PAIRS)}  "
    f"{' '.join(f'{side:>8}' for side in SIDES)}   {' '.join(f'{side:>8}' for side in SIDES)}"
)


def parse(argv: Sequence[str]) -> Any:
    p = options.parser(PROGRAM, "One training step of tinygan beside PyTorch on an NVIDIA GPU, in turns.", rounds=12)
    every = ",".join(SETTINGS)
    p.add_argument("--steps", type=options.names(SETTINGS), default=list(SETTINGS), metavar="LIST", help=every)
    p.add_argument(
        "--batch", type=options.numbers, default=[64, 256, 1024], metavar="LIST", help="of dcgan (64,256,1024)"
    )
    p.add_argument("--tf32", action="store_true", help="let all sides round the inputs of products to 10 bits")
    return p.parse_args(argv)


def check_machine() -> None:
    """End with one sentence and exit status 2 where there is no GPU, no CuPy or no PyTorch that sees the GPU."""
    problem = diagnose()
    if problem:
        raise BackendUnavailable(f"the comparison needs CuPy and a GPU: {problem}")
    options.check_installed(PROGRAM, ["torch"])
    import torch

    if not torch.cuda.is_available():
        fail(PROGRAM, f"PyTorch {torch.__version__} sees no GPU: install a build with CUDA (https://pytorch.org)")


def lines(args: Any) -> Iterator[str]:
    """The table, line by line as it is measured."""
    import torch

    yield TITLE.format(torch.cuda.get_device_name(), "on" if args.tf32 else "off", args.rounds)
    yield HEADER
    for step in args.steps:
        for batch in args.batch if step == "dcgan" else [SETTINGS[step].batch]:
            times, memory = race(step, batch, args.tf32, args.rounds)
            yield row(step, batch, times, memory)


def race(step: str, batch: int, tf32: bool, rounds: int) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Let all sides of a step take turns.

    Returns
    -------
    times : {side: array (rounds,)}
        Seconds a step.
    memory : {side: MB}

    Raises
    ------
    WorkerEnded, LossesDiffer
    """
    os.environ["CUPY_TF32"] = str(int(tf32))  # CuPy's switch, which the workers inherit
    with Workers() as workers:
        for side in SIDES:
            workers[side, 1] = Worker("benchmarks.gpu_worker", (side, step, batch, int(tf32)), 1)
        losses = {side: worker.ask(f"losses {CHECKED_STEPS}") for (side, _), worker in workers.items()}
        check_losses(step, losses, 5e-2 if tf32 else 2e-3)
        time_it = f"time {SECONDS}"
        found = take_turns(workers, {key: [time_it] for key in workers}, rounds)
        memory = {side: float(worker.ask("memory")) for (side, _), worker in workers.items()}
    return {side: found[(side, 1), time_it] for side in SIDES}, memory


def check_losses(step: str, losses: Mapping[str, list], tolerance: float) -> None:
    """Raise LossesDiffer unless all sides' losses of the first steps agree, to the precision of their products."""
    ours = losses["tinygan"]
    for side, theirs in losses.items():
        if not np.allclose(ours, theirs, rtol=tolerance, atol=tolerance / 20):
            raise LossesDiffer(f"{step}: tinygan and {side} do not compute the same losses: {ours}, {theirs}")


def row(step: str, batch: int, times: Mapping[str, np.ndarray], memory: Mapping[str, float]) -> str:
    """One line of the table."""
    ratios = "  ".join(f"{Ratio.of(times[ours], times[theirs])!s:17}" for ours, theirs in PAIRS)
    milliseconds = " ".join(f"{1e3 * np.median(times[side]):8.2f}" for side in SIDES)
    megabytes = " ".join(f"{memory[side]:8.0f}" for side in SIDES)
    return f"{step:7}{batch:5}  {ratios}  {milliseconds}   {megabytes}"


def main(argv: Sequence[str] | None = None) -> None:
    argv = sys.argv[1:] if argv is None else list(argv)
    args = parse(argv)
    check_machine()
    command = f"{PROGRAM} {shlex.join(argv)}".strip()
    try:
        table.show(lines(args), command, ["torch"], "benchmarks.gpu" if args.write else None)
    except table.NoMarkers as error:
        fail(PROGRAM, str(error))
    except (WorkerEnded, LossesDiffer) as error:
        fail(PROGRAM, str(error), 1)


if __name__ == "__main__":
    guarded(PROGRAM, main)
