"""How many small faults the tests see: ``python -m benchmarks.mutants [--n 120] [--seed 0] [--files GLOB ...]``.

A mutant is the library with one fault in one place, of one of the kinds below. Each is made in a copy of the checkout,
where the tests of its part run until the first failure, those of its own file first. A mutant that lives is either
equivalent, which a reader must judge, or a test that is missing. The parts have their turns, and within a part the
kinds are drawn alike, so that neither the largest folder nor the most frequent kind is all that is asked.
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
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice, zip_longest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILES = [
    f"tinygan/{part}" for part in ("autograd/*.py", "nn/*.py", "optim.py", "gan/*.py", "data/*.py", "metrics/*.py")
]
LIMIT = 200  # seconds for the tests of one mutant; one that never ends is seen

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.Pow: ast.Mult, ast.MatMult: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
FUNCTIONS = {
    "min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "argmin": "argmax", "argmax": "argmin",
    "any": "all", "all": "any", "sum": "mean", "mean": "sum", "floor": "ceil", "ceil": "floor", "zeros": "ones",
    "ones": "zeros", "zeros_like": "ones_like", "ones_like": "zeros_like", "array": "asarray", "std": "var",
}  # fmt: skip
DROPPED = {"axis", "keepdims", "ddof", "dtype", "copy", "initial", "endpoint", "replace"}  # keywords to be left out
SYMMETRIC = {"maximum", "minimum", "max", "min", "array_equal", "logical_and", "logical_or", "gcd"}
CLASSES = {"isinstance", "issubclass", "getattr", "hasattr"}  # exchanged arguments of these cannot but crash
SPOKEN = {"__repr__", "__str__", "describe", "in_words"}  # what these return is read by people only

Fault = tuple[str, ast.AST, ast.AST]  # the kind, a node, what stands in its place


def faults(tree: ast.Module) -> Iterator[Fault]:
    """Every fault that can be made; not in what is only said or only typed."""
    spared: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Raise, ast.Assert)):
            spared |= {id(inner) for inner in ast.walk(node)} - {id(node)}
        elif (
            isinstance(node, ast.JoinedStr)
            or (isinstance(node, ast.FunctionDef) and node.name in SPOKEN)
            or (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
        ):
            spared |= {id(inner) for inner in ast.walk(node)}
        if typed := getattr(node, "returns", None) or getattr(node, "annotation", None):
            spared |= {id(inner) for inner in ast.walk(typed)}
    for node in (node for node in ast.walk(tree) if id(node) not in spared):
        yield from ((kind, node, new) for kind, new in _of_node(node))


def _of_node(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
        yield "comparison", _but(node, ops=[SWAPS[type(node.ops[0])](), *node.ops[1:]])
    elif isinstance(node, ast.BoolOp):
        yield "and, or", _but(node, op=SWAPS[type(node.op)]())
    elif isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in SWAPS and not _text(node):
        yield "operator", _but(node, op=SWAPS[type(node.op)]())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Not)):
        yield "sign", node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield "number", _but(node, value=not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        yield from (("number", _but(node, value=node.value + d)) for d in (1, -1)[: 1 + isinstance(node.value, int)])
    elif isinstance(node, (ast.If, ast.IfExp, ast.While)):
        yield "condition", _but(node, test=ast.UnaryOp(ast.Not(), node.test))
    elif isinstance(node, ast.Call):
        yield from _of_call(node)
    called = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    stored = isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript)
    if called or stored or isinstance(node, (ast.AugAssign, ast.Raise)):
        yield "dropped line", ast.Pass()


def _of_call(node: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    plain = len(node.args) == 2 and not any(isinstance(a, ast.Starred) for a in node.args)
    if plain and name not in SYMMETRIC | CLASSES and ast.dump(node.args[0]) != ast.dump(node.args[1]):
        yield "arguments", _but(node, args=node.args[::-1])
    if name in FUNCTIONS:
        field = "attr" if isinstance(node.func, ast.Attribute) else "id"
        yield "function", _but(node, func=_but(node.func, **{field: FUNCTIONS[name]}))
    if isinstance(node.func, ast.Attribute) and name == "copy" and not node.args:
        yield "copy", node.func.value
    for word in node.keywords:
        if word.arg in DROPPED:
            yield "keyword", _but(node, keywords=[other for other in node.keywords if other is not word])


def _but(node: ast.AST, **fields: object) -> ast.AST:
    """A copy of a node in which some fields differ."""
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def _text(node: ast.AST) -> bool:
    """Whether pieces of text are put together here."""
    sides = (getattr(node, "left", None), getattr(node, "right", None), getattr(node, "value", None))
    return any(isinstance(s, ast.JoinedStr) or isinstance(getattr(s, "value", None), str) for s in sides)


class _Exchange(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST):
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)


def mutant(text: str, k: int) -> tuple[str, str]:
    """The k-th mutant of a file: (its text, what was done in words)."""
    tree = ast.parse(text)
    before = ast.unparse(tree)
    _, old, new = list(faults(tree))[k]
    after = ast.unparse(ast.fix_missing_locations(_Exchange(old, new).visit(tree)))
    a, b = next(pair for pair in zip(before.splitlines(), after.splitlines(), strict=True) if len(set(pair)) == 2)
    return after, f"line {old.lineno}: {a.strip()}  ->  {b.strip()}"  # type: ignore[attr-defined]


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


def seen(place: Path, file: str) -> str:
    """What the tests of this part say to the copy in `place`: "failed", "endless", or "" if they pass."""
    tests = sorted((place / folder_of_tests(file)).glob("test_*.py"), key=lambda test: Path(file).stem not in test.stem)
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--tb=no", "-p", "no:cacheprovider", *map(str, tests)]
    environment = {**os.environ, "PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(command, cwd=place, env=environment, capture_output=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return "endless"
    return "failed" if done.returncode else ""


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutants", description="Faults that the tests see.")
    parser.add_argument("--n", type=int, default=120, help="how many mutants")
    parser.add_argument("--seed", type=int, default=0, help="which ones")
    parser.add_argument("--files", nargs="+", default=FILES, help="patterns of files, from the checkout's root")
    args = parser.parse_args(argv)
    files = sorted(f for pattern in args.files for f in ROOT.glob(pattern))
    texts = {str(f.relative_to(ROOT)): f.read_text(encoding="utf-8") for f in files}
    chosen, living = drawn(texts, args.n, random.Random(args.seed)), []
    with tempfile.TemporaryDirectory(prefix="tinygan-mutants-") as folder:
        place = Path(folder, "copy")
        shutil.copytree(ROOT, place, ignore=shutil.ignore_patterns(".git", ".venv", "__pycache__", "runs", "docs"))
        for file in {folder_of_tests(file): file for file, _ in chosen}.values():
            if seen(place, file):
                sys.exit(f"{folder_of_tests(file)} fails without any fault: mend that first")
        for file, k in chosen:
            changed, words = mutant(texts[file], k)
            (place / file).write_text(changed, encoding="utf-8")
            start = time.perf_counter()
            verdict = seen(place, file) or "LIVES"
            (place / file).write_text(texts[file], encoding="utf-8")
            living += [f"{file} {words}"] * (verdict == "LIVES")
            print(f"{verdict:8} {time.perf_counter() - start:5.0f} s  {file} {words}", flush=True)
    print(f"{len(chosen) - len(living)} of {len(chosen)} seen; what lives, to be judged:", *living, sep="\n  ")


if __name__ == "__main__":
    main()
