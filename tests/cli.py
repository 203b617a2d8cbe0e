"""The command lines as a user meets them: called in this process, which is quick, or as processes of their own."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tinygan.commandline import guarded

ROOT = Path(__file__).resolve().parents[1]

posix_only = pytest.mark.skipif(os.name != "posix", reason="Windows has no signals between processes and no limits")


class Result(NamedTuple):
    """What a command left: its exit status and what it wrote."""

    status: int
    out: str
    err: str


def call(tool: str, *argv: object) -> Result:
    """``python -m tinygan.TOOL ARGV`` in this process."""
    module = importlib.import_module(f"tinygan.{tool}")
    out, err, status = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            guarded(module.PROGRAM, lambda: module.main([str(each) for each in argv]))
        except SystemExit as end:
            status = int(end.code or 0)
    return Result(status, out.getvalue(), err.getvalue())


def train(*argv: object) -> Path:
    """A run that must succeed; its folder."""
    result = call("train", *argv)
    assert result.status == 0, result.err
    return Path(result.out.split(": ")[0])


def start(tool: str, *argv: object, **options) -> subprocess.Popen:
    """The same as a process of its own, with one thread."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", f"tinygan.{tool}", *map(str, argv)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": env}
    return subprocess.Popen(command, **{**pipes, **options})


def one_sentence(err: str) -> str:
    """The only line of standard error, without the program's name; AssertionError if it is anything else."""
    assert "Traceback" not in err, err
    assert err.count("\n") == 1 and err.endswith("\n"), f"not one line: {err!r}"
    assert ": error: " in err, err
    return err.split(": error: ", 1)[1].strip()
