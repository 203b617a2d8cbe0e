"""How many small faults the tests see: ``python -m benchmarks.mutants [--n 40] [--seed 0] [--files GLOB ...]``.

A mutant is the library with one fault in one place: a comparison, an operator, a number or an argument exchanged, a
condition turned round, a line left out. Each is made in a copy of the checkout, where the tests of its part run until
the first failure. A mutant that lives is either equivalent, which a reader must judge, or a test that is missing.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILES = [
    f"tinygan/{part}" for part in ("autograd/*.py", "nn/*.py", "optim.py", "gan/*.py", "data/*.py", "metrics/*.py")
]
LIMIT = 300  # seconds for the tests of one mutant; one that never ends is seen

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
}  # fmt: skip


def faults(tree: ast.Module) -> Iterator[tuple[ast.AST, str, object]]:
    """(node, field, what it becomes) for every fault that can be made; not in what is only said or only typed."""
    spared: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Raise, ast.Assert, ast.JoinedStr)):
            spared |= {id(inner) for inner in ast.walk(node)}
        if isinstance(node, (ast.FunctionDef, ast.arg, ast.AnnAssign)):
            typed = [node.returns] if isinstance(node, ast.FunctionDef) else [node.annotation]
            spared |= {id(inner) for part in typed if part for inner in ast.walk(part)}
    for node in ast.walk(tree):
        if id(node) not in spared:
            yield from _of_node(node)


def _of_node(node: ast.AST) -> Iterator[tuple[ast.AST, str, object]]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
        yield node, "ops", [SWAPS[type(node.ops[0])](), *node.ops[1:]]
    elif isinstance(node, (ast.BinOp, ast.BoolOp, ast.AugAssign)) and type(node.op) in SWAPS:
        yield node, "op", SWAPS[type(node.op)]()
    elif isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float)):
        yield node, "value", not node.value if isinstance(node.value, bool) else node.value + 1
    elif isinstance(node, (ast.If, ast.IfExp, ast.While)):
        yield node, "test", ast.UnaryOp(ast.Not(), node.test)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield node, "op", ast.UAdd()
    elif isinstance(node, ast.Call) and len(node.args) == 2 and not any(isinstance(a, ast.Starred) for a in node.args):
        yield node, "args", node.args[::-1]
    for name in ("body", "orelse"):
        lines = getattr(node, name, None)
        if isinstance(lines, list):
            for i, line in enumerate(lines):
                call = isinstance(line, ast.Expr) and isinstance(line.value, ast.Call)
                if call or isinstance(line, (ast.AugAssign, ast.Raise)):
                    yield node, name, [*lines[:i], ast.copy_location(ast.Pass(), line), *lines[i + 1 :]]


def mutant(text: str, k: int) -> tuple[str, str]:
    """The k-th mutant of a file: (its text, what was done in words)."""
    tree = ast.parse(text)
    node, field, new = list(faults(tree))[k]
    inside = node if hasattr(node, "lineno") else tree.body[0]
    before = ast.unparse(copy.deepcopy(node)).splitlines()
    setattr(node, field, new)
    ast.fix_missing_locations(tree)
    after = ast.unparse(node).splitlines()
    pairs = [(a, b) for a, b in zip(before, after, strict=False) if a != b] or [(before[-1], after[-1])]
    return ast.unparse(tree), f"line {inside.lineno}: {pairs[0][0].strip()}  ->  {pairs[0][1].strip()}"


def folder_of_tests(file: str) -> str:
    """The folder of tests that mirrors a file of the library."""
    return "tests/" + Path(file).parts[1].removesuffix(".py")


def seen(place: Path, file: str) -> str:
    """What the tests of this part say to the copy in `place`: "failed", "endless", or "" if they pass."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--tb=no", "-p", "no:cacheprovider", folder_of_tests(file)]
    environment = {**os.environ, "PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(command, cwd=place, env=environment, capture_output=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return "endless"
    return "failed" if done.returncode else ""


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutants", description="Faults that the tests see.")
    parser.add_argument("--n", type=int, default=40, help="how many mutants")
    parser.add_argument("--seed", type=int, default=0, help="which ones")
    parser.add_argument("--files", nargs="+", default=FILES, help="patterns of files, from the checkout's root")
    args = parser.parse_args(argv)
    files = sorted(str(f.relative_to(ROOT)) for pattern in args.files for f in ROOT.glob(pattern))
    counts = {f: len(list(faults(ast.parse((ROOT / f).read_text(encoding="utf-8"))))) for f in files}
    rng, living = random.Random(args.seed), []
    chosen = [rng.choice([f for f in files if counts[f]]) for _ in range(args.n)]
    with tempfile.TemporaryDirectory(prefix="tinygan-mutants-") as folder:
        place = Path(folder, "copy")
        shutil.copytree(ROOT, place, ignore=shutil.ignore_patterns(".git", ".venv", "__pycache__", "runs", "docs"))
        for file in chosen:
            text = (ROOT / file).read_text(encoding="utf-8")
            changed, words = mutant(text, rng.randrange(counts[file]))
            (place / file).write_text(changed, encoding="utf-8")
            start = time.perf_counter()
            verdict = seen(place, file) or "LIVES"
            (place / file).write_text(text, encoding="utf-8")
            living += [(file, words)] if verdict == "LIVES" else []
            print(f"{verdict:8} {time.perf_counter() - start:5.0f} s  {file} {words}", flush=True)
    print(f"{args.n - len(living)} of {args.n} seen; what lives, to be judged:")
    for file, words in living:
        print(f"  {file} {words}")


if __name__ == "__main__":
    main()
