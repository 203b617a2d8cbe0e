"""The process in which a submission runs: it is asked for results over a pipe, one line of JSON each way.

What is right and what is not is decided in the process that asks (`process`); in here there is nothing to forge. This
file imports nothing of tinygan, for it runs with as few rights as the system lets it have, and by its path.
"""

import base64
import builtins
import contextlib
import faulthandler
import inspect
import io
import json
import os
import runpy
import signal
import sys
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

KINDS = "biufcSU"  # of arrays that are sent: no objects
PRINTED = 3200  # so many letters of what is printed are kept


def encode(value: Any) -> Any:
    """A value as JSON holds it; what is neither a number, a text nor an array of them becomes its type's name."""
    if isinstance(value, (np.ndarray, np.generic)):
        a = np.asarray(value, order="C")
        if a.dtype.kind in KINDS:
            data = base64.b64encode(a.tobytes()).decode()
            return {"array": [a.dtype.str, list(a.shape), data], "scalar": not isinstance(value, np.ndarray)}
    elif value is None or isinstance(value, (bool, int, float, str)):
        return value
    elif isinstance(value, (tuple, list)):
        return {"tuple" if isinstance(value, tuple) else "list": [encode(each) for each in value]}
    elif isinstance(value, dict):
        return {"dict": [[encode(key), encode(each)] for key, each in value.items()]}
    return {"other": type(value).__name__}


def decode(sent: Any) -> Any:
    """The value again, in memory of its own; ValueError or TypeError if it is not what `encode` makes."""
    if not isinstance(sent, dict):
        if isinstance(sent, list):
            raise ValueError("a bare list")
        return sent
    if "array" in sent:
        name, shape, data = sent["array"]
        dtype, raw = np.dtype(name), base64.b64decode(data, validate=True)
        if dtype.kind not in KINDS or not all(type(n) is int and n >= 0 for n in shape):
            raise ValueError("no array of numbers")
        a = np.frombuffer(bytearray(raw), dtype).reshape(shape) if raw else np.zeros(shape, dtype)
        if a.nbytes != len(raw):
            raise ValueError("numbers are missing")
        return a[()] if sent["scalar"] and not shape else a
    if "tuple" in sent:
        return tuple(decode(each) for each in sent["tuple"])
    if "list" in sent:
        return [decode(each) for each in sent["list"]]
    if "dict" in sent:
        return {decode(key): decode(each) for key, each in sent["dict"]}
    return type(str(sent["other"])[:60], (), {})()  # all that is known of it


def main() -> None:
    """Answer until the pipe ends."""
    asked, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    order = json.loads(asked.readline())
    path, names = order["path"], order["names"]
    with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as file:
        source = file.read()  # now, while it can be read; a link could lead to what only root may read
    told = runpy.run_path(order["errors"])
    limit(order)
    sys.modules.update(dict.fromkeys(order["forbidden"]))  # type: ignore[arg-type]  # Python will not import what is None
    sys.path.append(order["folder"])
    if hasattr(signal, "SIGUSR1"):
        faulthandler.register(signal.SIGUSR1)  # it tells the line of an endless loop
    module = sys.modules[order["name"]] = ModuleType(order["name"])
    found = module.__dict__
    found.update(__file__=path, __builtins__=builtins)
    printed = Printed()

    def answer(work: Callable[[], Any], given: list[Any], known: list[str]) -> None:
        """Write what work returns, what became of its arguments, what was printed, or what it stopped with."""
        reply: dict[str, Any]
        try:
            with contextlib.redirect_stdout(printed), np.errstate(all="ignore"):
                reply = {"result": encode(work())}
            reply["given"] = encode(given)
        except BaseException as error:
            reply = {"stopped": about(error, path, known, given, told)}
        reply["printed"] = printed.taken()
        answers.write(json.dumps(reply).encode() + b"\n")
        answers.flush()

    answer(lambda: os.getuid() if hasattr(os, "getuid") else None, [], [])
    answer(lambda: load(source, path, found, names), [], [])
    for line in asked:
        name, given = json.loads(line)
        arguments = decode(given)
        answer(partial(found[name], *arguments), arguments, parameters(found[name]) or [])


def load(source: bytes, path: str, found: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Run the file; the functions asked for, with the names of their parameters and their first line."""
    exec(compile(source, path, "exec"), found)
    functions = {name: found[name] for name in names if callable(found.get(name))}
    return {
        name: (parameters(f), str(signature(f)), getattr(getattr(f, "__code__", None), "co_firstlineno", None))
        for name, f in functions.items()
    }


def signature(f: Any) -> Any:
    try:
        return inspect.signature(f)
    except (TypeError, ValueError):
        return "(...)"


def parameters(f: Any) -> list[str] | None:
    found = signature(f)
    return None if isinstance(found, str) else list(found.parameters)


def about(error: BaseException, path: str, names: list[str], given: Any, told: dict[str, Any]) -> dict[str, Any]:
    """An error as the other side tells it: its kind, its message, the line in the student's file."""
    message = told["in_words"](error, names, given) if isinstance(error, Exception) else str(error)
    line = told["line_of"](error, path)
    module = str(getattr(error, "name", "") or "") if isinstance(error, ImportError) else ""
    return {"kind": type(error).__name__, "message": message[:2000], "line": line, "module": module}


class Printed(io.StringIO):
    """The beginning of what is printed: a student's code runs hundreds of times."""

    left = PRINTED

    def write(self, text: str) -> int:
        part = text[: min(self.left, 80)]
        self.left -= len(part)
        super().write(part)
        return len(text)

    def taken(self) -> str:
        text = self.getvalue()
        self.seek(0)
        self.truncate()
        return text


def limit(order: dict[str, Any]) -> None:
    """Take away what the system lets one take away: memory, large files, and the rights of root."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**26, 2**26))
        resource.setrlimit(resource.RLIMIT_AS, (2**32, 2**32))
    if order["uid"]:
        resource.setrlimit(resource.RLIMIT_NPROC, (64, 64))
        os.chdir(order["folder"])
        os.setgroups([])
        os.setgid(order["uid"])
        os.setuid(order["uid"])


if __name__ == "__main__":
    main()
