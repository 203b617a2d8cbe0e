"""Does a run know that it is ill? Sick and healthy runs, and what each says of itself: ``python -m benchmarks.health``.

Each run is made by `tinygan.Run` in a folder that is thrown away. A sick run is named rightly if one of its sentences
is of the expected symptom; a healthy one must say nothing. What came out in truth stands beside it: of points the modes
that 2,500 samples reach, of digits the share of the most frequent class, in the eyes of the library's classifier.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import tinygan as tg
from benchmarks import options, table
from tinygan.classifier import load
from tinygan.commandline import Parser, guarded
from tinygan.gan.health import NAN, SYMPTOMS, UNBOUNDED
from tinygan.gan.sampling import draw
from tinygan.train import parser
from tinygan.training.config import Config
from tinygan.training.loop import TrainingInterrupted, TrainingStopped

PROGRAM = "python -m benchmarks.health"
NO_NOISE = "and no noise"  # instead of an option: what the generator is trained with is z = 0
FAST_D = "--preset mlp --lr 2e-5 --lr-d 2e-3 --steps 300"
WORDS = {name: sentence for name, (_, sentence) in SYMPTOMS.items()} | {"unbounded": UNBOUNDED, "nan": NAN}


@dataclass(frozen=True)
class Case:
    """The options of a run, and the symptoms of which one must be named; none if it is healthy."""

    words: str
    expected: tuple[str, ...] = ()


COLLAPSED = ("collapse", "no noise")
CASES = {
    "mlp lr 0.05": Case("--preset mlp --lr 0.05 --steps 300", ("worse", "won", *COLLAPSED)),
    "ring lr 0.05": Case("--preset ring --lr 0.05 --steps 800", COLLAPSED),
    "hinge lr 0.05": Case("--preset ring --loss hinge --lr 0.05 --steps 800", ("worse", "stuck", *COLLAPSED)),
    "wgan free": Case("--preset ring --loss wgan --penalty none --steps 300", ("unbounded",)),
    "wgan free mlp": Case("--preset mlp --loss wgan --steps 60", ("unbounded",)),
    "mlp lr-d 1e-9": Case("--preset mlp --lr-d 1e-9 --steps 160", ("lagging",)),
    "ring lr-d 1e-7": Case("--preset ring --lr-d 1e-7 --steps 1000", ("lagging", *COLLAPSED)),
    "lsgan lr-d 1e-7": Case("--preset ring --loss lsgan --lr-d 1e-7 --steps 600", ("lagging", "stuck", *COLLAPSED)),
    "mm fast D": Case(f"{FAST_D} --loss mm", ("won",)),
    "rsgan fast D": Case(f"{FAST_D} --loss rsgan", ("won",)),
    "ragan fast D": Case(f"{FAST_D} --loss ragan", ("won",)),
    "hinge fast D": Case(f"{FAST_D} --loss hinge", ("won",)),
    "no noise": Case(f"--preset ring --steps 400 {NO_NOISE}", COLLAPSED),
    "no noise rsgan": Case(f"--preset ring --loss rsgan --steps 400 {NO_NOISE}", COLLAPSED),
    "sgd lr 50": Case("--preset mlp --optimizer sgd --lr 50 --steps 100", ("nan",)),
    "heavy penalty": Case("--preset ring --penalty-weight 1e3 --steps 1200", ("stuck", "lagging", *COLLAPSED)),
    "mlp": Case("--preset mlp --steps 500"),
    "mlp quick": Case("--preset mlp --quick"),
    "mlp mm": Case("--preset mlp --loss mm --steps 250"),
    "mlp lsgan": Case("--preset mlp --loss lsgan --steps 250"),
    "mlp hinge": Case("--preset mlp --loss hinge --steps 250"),
    "mlp rsgan": Case("--preset mlp --loss rsgan --steps 250"),
    "mlp ragan": Case("--preset mlp --loss ragan --steps 250"),
    "wgan-gp": Case("--preset wgan-gp --steps 110"),
    "wgan clip": Case(
        "--preset mlp --loss wgan --weight-clip 0.01 --optimizer rmsprop --lr 5e-5 --n-critic 5 --steps 110"
    ),
    "ring": Case("--preset ring --steps 1200"),
    "ring quick": Case("--preset ring --quick"),
    "ring lsgan": Case("--preset ring --loss lsgan --steps 1200"),
    "grid": Case("--preset grid --steps 1200"),
    "r3gan": Case("--preset r3gan --steps 200"),
    "cgan": Case("--preset cgan --steps 250"),
}


def play(words: str, log_interval: int) -> tuple[set[str], str, float]:
    """Train a run: the names of the symptoms it spoke of, what came out in truth, and the seconds it took."""
    args = parser().parse_args(words.removesuffix(NO_NOISE).split())
    given = {f.name: v for f in dataclasses.fields(Config) if (v := getattr(args, f.name)) is not None}
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        run = tg.Run(outdir=folder, quick=args.quick, **{"log_interval": log_interval, **given})
        run.config.sample_interval = run.config.steps  # pictures take longer than these runs
        if words.endswith(NO_NOISE):
            latent = run.config.latent
            run.setup.game.noise = lambda n: tg.Tensor(np.zeros((n, latent), np.float32))  # type: ignore[method-assign]
        try:
            run.train()
        except TrainingInterrupted:
            raise
        except TrainingStopped:  # it says why in its log
            pass
        log = (run.path / "log.txt").read_text(encoding="utf-8")
        seconds = time.perf_counter() - start
        return {name for name, sentence in WORDS.items() if _kernel(sentence) in log}, truth(run), seconds


def _kernel(sentence: str) -> str:
    """The longest piece of a sentence that has no number in it."""
    return max((piece.partition("}")[-1] if "}" in piece else piece for piece in sentence.split("{")), key=len)


def truth(run: Any) -> str:
    """What the generator's samples are like, by a measure from outside; not the moving average's, which lags behind."""
    setup = run.setup
    samples = draw(setup.game.generator, setup.behind.draw(np.random.default_rng(0), 1000))
    if not np.isfinite(samples).all():
        return "not finite"
    if samples.ndim == 2:
        found = tg.metrics.count_modes(samples, setup.dataset.means, setup.dataset.sigma)
        return f"{found.modes} of {len(setup.dataset.means)} modes, {found.high_quality:.0%} near one"
    seen = load("digits").probabilities(samples, *setup.range).argmax(axis=1)
    return f"{len(np.unique(seen))} classes, most {np.bincount(seen).max() / len(seen):.0%}"


def right(case: Case, said: set[str]) -> bool:
    return bool(said & set(case.expected)) if case.expected else not said


def lines(args: Any) -> Iterator[str]:
    """The table, as the runs finish; at the end how many of each kind were judged rightly."""
    yield f"What each run says of itself, a line of stats.jsonl every {args.log_interval} steps.\n"
    yield "| run | options | expected | said | in truth | right? | s |"
    yield "|---|---|---|---|---|---|---|"
    counts = {True: [0, 0], False: [0, 0]}
    for name in args.only:
        case = CASES[name]
        said, found, seconds = play(case.words, args.log_interval)
        ok = right(case, said)
        tally = counts[bool(case.expected)]
        tally[0] += ok
        tally[1] += 1
        wanted, told = (", ".join(sorted(words)) or "-" for words in (case.expected, said))
        answer = "yes" if ok else "NO"
        yield f"| {name} | `{case.words}` | {wanted} | {told} | {found} | {answer} | {seconds:.0f} |"
    yield ""
    yield "Sick runs named rightly: {} of {}; healthy runs left in peace: {} of {}.".format(
        *counts[True], *counts[False]
    )


def parse(argv: Sequence[str]) -> Any:
    p = Parser(prog=PROGRAM, description="What sick and healthy runs say of themselves.")
    p.add_argument("--only", type=options.names(CASES), default=list(CASES), metavar="NAMES", help="some of the runs")
    p.add_argument("--log-interval", type=options.number, default=10, metavar="N", help="of each run (%(default)s)")
    p.add_argument("--list", action="store_true", help="show the runs and their options")
    p.add_argument("--write", action="store_true", help="also put the table into docs/results.md")
    return p.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    argv = sys.argv[1:] if argv is None else list(argv)
    args = parse(argv)
    if args.list:
        for name, case in CASES.items():
            print(f"{name:16} {'sick' if case.expected else 'healthy':8} {case.words}")
        return
    table.publish(PROGRAM, argv, lines(args), "benchmarks.health" if args.write else None)


if __name__ == "__main__":
    guarded(PROGRAM, main)
