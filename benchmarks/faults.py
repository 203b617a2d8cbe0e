"""Small faults that can be made in a program, one at a time; `benchmarks.mutants` asks whether the tests see them.

Each is of a kind that people make: a comparison that takes its bound or leaves it out, an operator, a sign, a number
one off, two arguments exchanged, a condition turned round, an axis, dtype or copy forgotten, a line left out.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

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
    of_list = node.args and isinstance(node.args[0], (ast.List, ast.ListComp))
    if name in FUNCTIONS and not (name == "array" and of_list):  # of a list, both make a new array
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


def mutant(text: str, k: int) -> tuple[str, int, str]:
    """The k-th mutant of a file: (its text, in which line, what was done in words)."""
    tree = ast.parse(text)
    before = ast.unparse(tree)
    _, old, new = list(faults(tree))[k]
    after = ast.unparse(ast.fix_missing_locations(_Exchange(old, new).visit(tree)))
    a, b = next(pair for pair in zip(before.splitlines(), after.splitlines(), strict=True) if len(set(pair)) == 2)
    line: int = old.lineno  # type: ignore[attr-defined]
    return after, line, f"line {line}: {a.strip()}  ->  {b.strip()}"
