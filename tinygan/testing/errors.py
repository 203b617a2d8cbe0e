"""What a student's function stopped with, in words: where, and for NumPy's errors about shapes, which shapes met.

This file imports nothing of tinygan: the process that runs a submission loads it by its path.
"""

import ast
import linecache
from types import FrameType, TracebackType
from typing import Any

import numpy as np

OPERATORS = {ast.MatMult: "@", ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
# What may be computed again to see its shape: calls may not.
PLAIN: tuple[type, ...] = (ast.Name, ast.Attribute, ast.Subscript, ast.Constant, ast.Load, ast.Store, ast.Slice)
PLAIN += (ast.Tuple, ast.UnaryOp, ast.USub, ast.BinOp, *OPERATORS)


def in_words(error: BaseException, names: list[str], given: Any) -> str:
    """The error's message; for one about shapes, the expression, its shapes, and those of what was given."""
    message = str(error)
    if isinstance(error, ValueError) and any(word in message for word in ("gufunc", "not aligned", "broadcast")):
        met = shapes_that_met(error) or (
            "a matrix product of shapes that do not fit" if "gufunc" in message else message
        )
        shapes = [f"{name} {a.shape}" for name, a in zip(names, given, strict=False) if isinstance(a, np.ndarray)]
        return f"{met}; given are {', '.join(shapes)}" if shapes else met
    return message


def line_of(error: BaseException, file: str | None) -> int | None:
    """The innermost line of this file that led to the error."""
    if isinstance(error, SyntaxError) and error.filename == file:
        return error.lineno
    lines = [tb.tb_lineno for tb in tracebacks(error) if tb.tb_frame.f_code.co_filename == file]
    return lines[-1] if lines else None


def tracebacks(error: BaseException) -> list[TracebackType]:
    """From the outermost call to the innermost."""
    found, tb = [], error.__traceback__
    while tb:
        found.append(tb)
        tb = tb.tb_next
    return found


def shapes_that_met(error: BaseException) -> str:
    """The innermost expression that stopped, with the shapes of its operands; empty if it cannot be told."""
    for tb in reversed(tracebacks(error)):
        frame = tb.tb_frame
        first, last, start, end = list(frame.f_code.co_positions())[tb.tb_lasti // 2]
        lines = [linecache.getline(frame.f_code.co_filename, i) for i in range(first or 0, (last or 0) + 1)]
        if not "".join(lines).strip() or start is None or end is None:
            continue
        lines[-1] = lines[-1].encode()[:end].decode()
        text = " ".join(("".join([lines[0].encode()[start:].decode(), *lines[1:]])).split())
        try:
            (node,) = ast.parse(text).body
        except (SyntaxError, ValueError):
            continue
        if said := of_operands(node, text, frame):
            return said
    return ""


def of_operands(node: ast.stmt, text: str, frame: FrameType) -> str:
    """The sentence for a binary operation; empty for anything else."""
    whole = node.value if isinstance(node, ast.Expr) else node
    operands: list[ast.expr]
    if isinstance(whole, ast.AugAssign):
        operands, sign = [whole.target, whole.value], OPERATORS.get(type(whole.op), "")
    elif isinstance(whole, ast.BinOp):
        operands, sign = [whole.left, whole.right], OPERATORS.get(type(whole.op), "")
    elif isinstance(whole, ast.Call) and isinstance(whole.func, ast.Attribute) and whole.func.attr in ("matmul", "dot"):
        operands, sign = [*[whole.func.value] * (2 - len(whole.args)), *whole.args][:2], "@"  # np.dot(a, b) or a.dot(b)
    else:
        return ""
    a, b = (shape_of(operand, frame) for operand in operands)
    if a is None or b is None or not sign:
        return ""
    if sign == "@":
        why = "both need axes"
        if a and b:
            second = b[-2] if len(b) > 1 else b[0]
            rows = "rows" if len(b) > 1 else "numbers"
            why = f"the {a[-1]} columns of the first must be as many as the {second} {rows} of the second"
            if a[-1] == second:
                why = "the axes before the last two differ"
    else:
        ends = zip(reversed(a), reversed(b), strict=False)
        i, (m, n) = next((i, pair) for i, pair in enumerate(ends, 1) if pair[0] != pair[1] and 1 not in pair)
        why = f"axis -{i} has length {m} in the first and {n} in the second"
    return f"{text} does not fit: {a} {sign} {b}: {why}"


def shape_of(node: ast.expr, frame: FrameType) -> tuple[int, ...] | None:
    """The shape of a plain expression (no calls) in this frame."""
    if not all(isinstance(part, PLAIN) for part in ast.walk(node)):
        return None
    code = compile(ast.Expression(ast.fix_missing_locations(load(node))), "<shape>", "eval")
    try:
        return np.shape(eval(code, frame.f_globals, frame.f_locals))  # it has just been computed there
    except Exception:
        return None


def load(node: ast.expr) -> ast.expr:
    """The target of ``a += b`` as something that is read."""
    if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
        node.ctx = ast.Load()
    return node
