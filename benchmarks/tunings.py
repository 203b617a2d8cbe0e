"""What each tuning brings: ``python -m benchmarks.tunings``.

One tuning after the other is undone, in a process of its own that takes turns with tinygan as it is. The
ratio is the time of a step without the tuning to the time with it: what it saves, everything else being there.
"""

from __future__ import annotations

import json
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from benchmarks import options, table, worker
from benchmarks.turns import Ratio, Worker, WorkerEnded, Workers, take_turns
from tinygan.commandline import fail, guarded

PROGRAM = "python -m benchmarks.tunings"
TURN = "time 0.3"


def _without(*names: str) -> Callable[[], None]:
    """Compute these ops by their definition."""

    def undo() -> None:
        from tinygan.backend import current_backend

        kernels = current_backend().kernels
        by_name = {op.__name__: op for op in kernels}
        for name in names:
            del kernels[by_name[name]]

    return undo


def _one_way(spectrum: bool) -> Callable[[], None]:
    """Compute all convolutions in one way."""

    def undo() -> None:
        from tinygan.kernels import numpy_kernels

        numpy_kernels.prefer_spectrum = lambda *_: spectrum  # type: ignore[assignment]

    return undo


def _patch(module: str, name: str, value: object) -> Callable[[], None]:
    """Put another value in the place of a module's or a class's attribute."""

    def undo() -> None:
        owner, *inner = module.split(":")
        target = __import__(owner, fromlist=["_"])
        target = getattr(target, inner[0]) if inner else target
        assert hasattr(target, name), f"there is no {module}.{name} to undo"
        setattr(target, name, value)

    return undo


def _in_two_batches(game, real, fake):
    return game.judge(real), game.judge(fake)


def _none() -> None:
    return None


UNDO: dict[str, Callable[[], None]] = {
    "freed memory kept": _patch("tinygan.backend", "keep_freed_memory", lambda: False),
    "real and fake samples in one batch": _patch("tinygan.gan.game:Game", "judge_both", _in_two_batches),
    "Adam in pieces that stay in the cache": _without("_step_flat"),
    "LeakyReLU as a maximum": _without("LeakyReLU"),
    "gradients at kinks in pieces, as floats": _without("Gate"),
    "BatchNorm with its sums as products": _without("BatchNorm"),
    "column sums as products": _without("Sum", "SumTo", "Mean"),
    "column times row as a table": _without("MatMul"),
    "convolution by patches or spectrum, not by taps": _without("Conv2D", "ConvTranspose2D", "ConvWeight"),
    "the spectrum where it multiplies less": _one_way(False),
    "spectra of kernels kept": _patch("tinygan.kernels.numpy_spectrum", "_last", deque(maxlen=0)),
    "convolution on all cores, not BLAS alone": _patch("tinygan.kernels.threads", "openblas", _none),
}


def rows(steps: Sequence[str], threads: int, rounds: int) -> Iterator[str]:
    """The table, line by line: a column for each step."""
    yield f"time of a step without / with each tuning, {threads} thread(s), median of {rounds} turns (quartiles)"
    yield ""
    yield f"{'tuning':48}" + "".join(f"{step:>20}" for step in steps)
    columns = [dict(compare(step, threads, rounds)) for step in steps]
    for name in UNDO:
        yield f"{name:48}" + "".join(f"{column[name]:>20}" for column in columns)


def compare(step: str, threads: int, rounds: int) -> Iterator[tuple[str, str]]:
    """(tuning, ratio) for one step. Two processes at a time, so that both meet the same moment of the machine."""
    for name in UNDO:
        with Workers() as workers:
            for key in ("", name):
                workers[key, threads] = Worker("benchmarks.tunings", ["--worker", key, step, threads], threads)
            orders = {key: [TURN] for key in workers}
            times = take_turns(workers, orders, rounds)
        with_it, without = (times[(key, threads), TURN] for key in ("", name))
        yield name, str(Ratio.of(without, with_it)).strip()


def serve(name: str, step: str, threads: str) -> None:
    """The worker: tinygan's step, without the tuning of this name if there is one."""
    if name:
        UNDO[name]()
    for answer in worker.answers(worker.tinygan_step(worker.SETTINGS[step], int(threads))):
        print(json.dumps(answer), flush=True)


def main(argv: Sequence[str] | None = None) -> None:
    given = sys.argv[1:] if argv is None else list(argv)
    if given[:1] == ["--worker"]:
        serve(*given[1:])
        return
    p = options.parser(PROGRAM, "What each tuning brings.", rounds=8)
    p.add_argument("--threads", type=options.number, default=os.cpu_count() or 1, metavar="N", help="(all)")
    p.add_argument("--steps", type=options.names(worker.SETTINGS), default=["mlp", "ring", "dcgan"], metavar="LIST")
    args = p.parse_args(given)
    command = f"{PROGRAM} --threads {args.threads} --steps {','.join(args.steps)} --rounds {args.rounds}"
    try:
        table.show(
            rows(args.steps, args.threads, args.rounds), command, [], "benchmarks.tunings" if args.write else None
        )
    except table.NoMarkers as error:
        fail(PROGRAM, str(error))
    except WorkerEnded as error:
        fail(PROGRAM, str(error), 1)


if __name__ == "__main__":
    guarded(PROGRAM, main)
