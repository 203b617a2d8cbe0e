"""Which wrong gradients a check catches, and names: ``python -m benchmarks.mistakes [FILE ...]``.

FILE is Python and holds a list MISTAKES of (name, forward, right, wrong, inputs), as
tests/testing/mistakes*.py do, which are taken without it. A sixth item says the kind of name that is
expected ("silent": none); another one is counted as misnamed. Beside tinygan's check stand the ways of
three courses and books, each written from its description. The right gradients, at random inputs, give
the false alarms.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import options
from tinygan.commandline import Parser, fail, guarded
from tinygan.testing import Report, gradcheck_pair

PROGRAM = "python -m benchmarks.mistakes"
OWN = sorted((Path(__file__).parent.parent / "tests" / "testing").glob("mistakes*.py"))
Check = Callable[[Callable, Callable, Sequence[np.ndarray], np.random.Generator], bool]


class BadFile(Exception):
    """The file holds no list of mistakes."""


def mistakes_of(path: Path) -> list[tuple]:
    """The rows (name, forward, right, wrong, inputs) of a file.

    Raises
    ------
    BadFile
    """
    if not path.is_file():
        raise BadFile(f"there is no file {path}")
    try:
        rows = runpy.run_path(str(path)).get("MISTAKES")
    except Exception as error:
        raise BadFile(f"{path} cannot be run: {type(error).__name__}: {error}") from error
    if not isinstance(rows, (list, tuple)) or not rows:
        raise BadFile(f"{path} holds no list MISTAKES of (name, forward, right, wrong, inputs)")
    for i, row in enumerate(rows):
        if not isinstance(row, tuple) or len(row) not in (5, 6) or not all(callable(f) for f in row[1:4]):
            raise BadFile(f"{path}: MISTAKES[{i}] is not (name, forward, right, wrong, inputs)")
    return list(rows)


def slopes(forward: Callable, inputs: Sequence[np.ndarray], k: int, h: float) -> np.ndarray:
    """Centred differences of sum(forward) by each number of input k."""
    found = np.zeros(inputs[k].shape)
    for index in np.ndindex(found.shape):
        moved = [x.copy() for x in inputs]
        moved[k][index] += h
        up = np.sum(forward(*moved))
        moved[k][index] -= 2 * h
        found[index] = (up - np.sum(forward(*moved))) / (2 * h)
    return found


def gradients(forward: Callable, backward: Callable, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The gradients that backward gives for the upstream gradient that all three take: ones."""
    gxs = backward(np.ones_like(forward(*inputs)), *[x.copy() for x in inputs])
    return [np.asarray(g) for g in (gxs if isinstance(gxs, (tuple, list)) else [gxs])]


def summed_norm(forward: Callable, backward: Callable, inputs: Sequence[np.ndarray], rng: np.random.Generator) -> bool:
    """dlsys: the norms of all errors, summed."""
    gxs = gradients(forward, backward, inputs)
    return bool(sum(np.linalg.norm(g - slopes(forward, inputs, k, 1e-4)) for k, g in enumerate(gxs)) < 1e-6)


def one_index(forward: Callable, backward: Callable, inputs: Sequence[np.ndarray], rng: np.random.Generator) -> bool:
    """minitorch: one random number of each input, to 1e-2."""
    for k, g in enumerate(gradients(forward, backward, inputs)):
        index = tuple(rng.integers(n) for n in inputs[k].shape)
        if not np.isclose(g[index], slopes(forward, inputs, k, 1e-6)[index], 1e-2, 1e-2):
            return False
    return True


def first_input(forward: Callable, backward: Callable, inputs: Sequence[np.ndarray], rng: np.random.Generator) -> bool:
    """DeZero: every number of the first input, to a relative 1e-4 and an absolute 1e-5."""
    gx = gradients(forward, backward, inputs)[0]
    return gx.shape == inputs[0].shape and np.allclose(gx, slopes(forward, inputs, 0, 1e-4), 1e-4, 1e-5)


def tinygan(forward: Callable, backward: Callable, inputs: Sequence[np.ndarray], rng: np.random.Generator) -> bool:
    return gradcheck_pair(forward, backward, *inputs, seed=int(rng.integers(2**31))).ok


CHECKS: dict[str, Check] = {
    "tinygan": tinygan, "dlsys' way": summed_norm, "minitorch's way": one_index, "DeZero's way": first_input
}  # fmt: skip


def passes(check: Check, forward: Callable, backward: Callable, inputs: Sequence[Any], seed: int) -> bool:
    """Whether a check finds no fault; one that stops with an error has found it."""
    arrays = [np.array(x, dtype=np.float64) if np.asarray(x).dtype.kind == "f" else np.asarray(x) for x in inputs]
    try:
        with np.errstate(all="ignore"):
            return check(forward, backward, arrays, np.random.default_rng(seed))
    except Exception:
        return False


def name_given(report: Report) -> str:
    """What the report calls the mistake; empty if it only says that there is one."""
    sentences = [found.sentence for found in report.diagnoses] or report.problems
    return " / ".join(dict.fromkeys(sentences))


def lines(rows: Sequence[tuple], runs: int) -> Iterator[str]:
    """The report, line by line.

    Raises
    ------
    BadFile
        If a row cannot be computed.
    """
    named = misnamed = 0
    for name, forward, _, wrong, inputs, *expected in rows:
        try:
            report = gradcheck_pair(forward, wrong, *inputs)
            if any(problem.startswith("forward stopped") for problem in report.problems):
                raise report.cause or ValueError
        except Exception as error:
            raise BadFile(f"{name}: the forward function or its inputs: {type(error).__name__}: {error}") from error
        given, kinds = name_given(report), {found.kind for found in report.diagnoses}
        other = bool(expected and kinds) and any(kind not in expected[0] for kind in kinds)
        named, misnamed = named + bool(given), misnamed + other
        yield f"{name}\n    {'MISNAMED ' * other}{given or '(no name)'}"
    rng, alarms = np.random.default_rng(0), dict.fromkeys(CHECKS, 0)
    for seed in range(runs):
        _, forward, right, _, inputs, *_ = rows[int(rng.integers(len(rows)))]
        # Other numbers of the same signs: a logarithm stays one.
        moved = [x * rng.uniform(0.7, 1.3, np.shape(x)) if np.asarray(x).dtype.kind == "f" else x for x in inputs]
        for label, check in CHECKS.items():
            alarms[label] += not passes(check, forward, right, moved, seed)
    yield f"\n{'':16} {'caught':>10} {'named':>10} {'misnamed':>10} {'false alarms':>16}"
    for label, check in CHECKS.items():
        caught = sum(not passes(check, forward, wrong, inputs, 0) for _, forward, _, wrong, inputs, *_ in rows)
        name, wrongly = (f"{named}/{len(rows)}", f"{misnamed}/{len(rows)}") if check is tinygan else ("-", "-")
        yield f"{label:16} {f'{caught}/{len(rows)}':>10} {name:>10} {wrongly:>10} {f'{alarms[label]}/{runs}':>16}"


def main(argv: Sequence[str] | None = None) -> None:
    p = Parser(prog=PROGRAM, description="Which wrong gradients a check catches, and names.")
    p.add_argument("file", nargs="*", type=Path, default=OWN, help="with a list MISTAKES (the project's own)")
    p.add_argument("--runs", type=options.number, default=1000, metavar="N", help="of right gradients (%(default)s)")
    args = p.parse_args(sys.argv[1:] if argv is None else argv)
    try:
        for line in lines([row for path in args.file for row in mistakes_of(path)], args.runs):
            print(line)
    except BadFile as error:
        fail(PROGRAM, str(error))


if __name__ == "__main__":
    guarded(PROGRAM, main)
