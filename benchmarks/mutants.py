"""How many small faults the tests see: ``python -m benchmarks.mutants [--n 120] [--seed 0] [--files GLOB ...]``.

A mutant is the library with one fault in one place, of a kind in `benchmarks.faults`. Each is made in a copy of the
checkout, where the tests of its part run until the first failure, those of its own file first. A mutant that lives is
either equivalent, which a reader must judge, or a test that is missing. The parts have their turns, and within a part
the kinds are drawn alike, so that neither the largest folder nor the most frequent kind is all that is asked.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import multiprocessing
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice, zip_longest
from pathlib import Path

import pytest

from benchmarks.faults import faults, mutant

ROOT = Path(__file__).resolve().parent.parent
FILES = [
    f"tinygan/{part}" for part in ("autograd/*.py", "nn/*.py", "optim.py", "gan/*.py", "data/*.py", "metrics/*.py")
]
LIMIT = 200  # seconds of the processor for the tests of one mutant; one that never ends is seen


def drawn(texts: dict[str, str], n: int, rng: random.Random) -> list[tuple[str, int]]:
    """(file, which of its faults) for n faults, none twice: a part after the other, in each the kinds alike."""
    parts: dict[str, dict[str, list[tuple[str, int]]]] = defaultdict(lambda: defaultdict(list))
    for file, text in texts.items():
        for k, (kind, *_) in enumerate(faults(ast.parse(text))):
            parts[folder_of_tests(file)][kind].append((file, k))

    def shuffled(kinds: dict[str, list[tuple[str, int]]]) -> Iterator[tuple[str, int]]:
        while kinds := {kind: left for kind, left in kinds.items() if left}:
            left = kinds[rng.choice(sorted(kinds))]
            yield left.pop(rng.randrange(len(left)))

    turns = zip_longest(*map(shuffled, parts.values()))
    return list(islice((fault for turn in turns for fault in turn if fault), n))


def folder_of_tests(file: str) -> str:
    """The folder of tests that mirrors a file of the library."""
    return "tests/" + Path(file).parts[1].removesuffix(".py")


def seen(place: Path, file: str, words: Sequence[str] = (), limit: int = LIMIT) -> str:
    """What the tests of this part say to the copy in `place`: "failed", "endless", or "" if they pass.

    Those of the file itself run first, then those that speak most of `words`.
    """
    tests = sorted((place / folder_of_tests(file)).glob("test_*.py"))
    own = [test for test in tests if Path(file).stem in test.stem]
    text = {test: test.read_text(encoding="utf-8") for test in tests}
    others = sorted(set(tests) - set(own), key=lambda test: (-sum(map(text[test].count, words)), test))
    for some in (own, others):
        child = multiprocessing.get_context("fork").Process(target=_run, args=(place, [str(t) for t in some], limit))
        child.start()
        child.join(20 * limit)
        if child.exitcode is None:
            child.kill()  # it waits for ever
            return "endless"
        if child.exitcode:
            return "failed" if child.exitcode > 0 else "endless"
    return ""


def _run(place: Path, tests: list[str], limit: int) -> None:
    """Run tests, in a process of their own that has what is slow to import; the exit status tells."""
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    os.chdir(place)
    os.environ["PYTHONPATH"] = str(place)
    sys.dont_write_bytecode = True
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    status = pytest.main(["-q", "-x", "--tb=no", "-p", "no:cacheprovider", *tests]) if tests else 0
    sys.exit(status not in (0, pytest.ExitCode.NO_TESTS_COLLECTED))


def around(text: str, line: int) -> list[str]:
    """The names of the functions and classes in which a line lies."""
    named = (n for n in ast.walk(ast.parse(text)) if isinstance(n, (ast.FunctionDef, ast.ClassDef)))
    inside = [n.name for n in named if n.lineno <= line <= (n.end_lineno or line)]
    return [name for name in inside if not name.startswith("__") and name != "forward"]


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutants", description="Faults that the tests see.")
    parser.add_argument("--n", type=int, default=120, help="how many mutants")
    parser.add_argument("--seed", type=int, default=0, help="which ones")
    parser.add_argument("--files", nargs="+", default=FILES, help="patterns of files, from the checkout's root")
    parser.add_argument("--limit", type=int, default=LIMIT, help="seconds of the processor for the tests of one")
    args = parser.parse_args(argv)
    files = sorted(f for pattern in args.files for f in ROOT.glob(pattern))
    texts = {str(f.relative_to(ROOT)): f.read_text(encoding="utf-8") for f in files}
    living: list[str] = []
    chosen = drawn(texts, args.n, random.Random(args.seed))
    passing: set[str] = set()  # folders of tests that are known to pass
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as the tests have it, before NumPy is imported
    for name in ("numpy", "matplotlib.pyplot", "hypothesis.extra.numpy", "torch"):
        with suppress(ImportError):
            importlib.import_module(name)
    with tempfile.TemporaryDirectory(prefix="tinygan-mutants-") as folder:
        place = Path(folder, "copy")
        shutil.copytree(ROOT, place, ignore=shutil.ignore_patterns(".git", ".venv", "__pycache__", "runs", "docs"))
        for file, k in chosen:
            changed, line, words = mutant(texts[file], k)
            (place / file).write_text(changed, encoding="utf-8")
            start = time.perf_counter()
            verdict = seen(place, file, [Path(file).stem, *around(texts[file], line)], args.limit) or "LIVES"
            (place / file).write_text(texts[file], encoding="utf-8")
            print(f"{verdict:8} {time.perf_counter() - start:5.0f} s  {file} {words}", flush=True)
            if verdict == "LIVES":
                living.append(f"{file} {words}")
                passing.add(folder_of_tests(file))
        for tests, file in {folder_of_tests(file): file for file, _ in chosen}.items():
            if tests not in passing and seen(place, file):
                sys.exit(f"{tests} fails without any fault, too: mend that first")
    print(f"{len(chosen) - len(living)} of {len(chosen)} seen; what lives, to be judged:", *living, sep="\n  ")


if __name__ == "__main__":
    main()
