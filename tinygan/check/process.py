"""A submission in a process of its own: what asks it, with a deadline, a bound on all it says, and no trust."""

import contextlib
import json
import os
import queue
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from tinygan.check.child import PRINTED, decode, encode
from tinygan.testing import errors

START = 60.0  # seconds for Python and NumPy to start, before any of the student's code runs
LONGEST = 2**24  # bytes of an answer
NOT_NUMPY = ("tinygan", "torch", "jax", "tensorflow", "keras", "autograd", "tinygrad", "dezero", "cupy")
FIRST_UID, UIDS = 61184, 4336  # that nobody has: systemd keeps these for services


class Stopped(Exception):
    """The student's function stopped with an error: its kind, message, line and, of an ImportError, the module."""

    def __init__(self, kind: str, message: str, line: int | None = None, module: str = ""):
        super().__init__(message)
        self.kind, self.message, self.line, self.module = kind, message, line, module


class Ended(BaseException):
    """The process does not answer any more, so that nothing more can be asked."""


class Submission:
    """A student's file in its process; `call` asks one of its functions. Close it: it is a context manager."""

    def __init__(self, path: Path, names: list[str], module: str, limit: float):
        self.path, self.limit, self.left, self.printed = path, limit, limit, ""
        self.uid = another_user()
        self.folder = Path(tempfile.mkdtemp(prefix="tinygan-check-")) if self.uid else path.parent
        if self.uid:
            copy_of(path.parent, self.folder, self.uid)
        keep = {key: os.environ[key] for key in ("PATH", "SYSTEMROOT", "LANG") if key in os.environ}
        paths = os.pathsep.join(each for each in sys.path if each)
        env = {
            **keep,
            "PYTHONPATH": paths,
            "HOME": str(self.folder),
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
        }
        command = [sys.executable, "-P", "-B", "-X", "utf8", str(Path(__file__).with_name("child.py"))]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.process = subprocess.Popen(command, env=env, start_new_session=True, **pipes)  # type: ignore[call-overload]
        self.answers: queue.Queue[bytes] = queue.Queue(1)
        self.said = b""  # the end of what was written past us
        for each in (self._listen, self._drain):
            threading.Thread(target=each, daemon=True).start()
        self.order = {
            **{"path": str(path), "folder": str(self.folder), "name": module, "names": names, "uid": self.uid},
            **{"forbidden": NOT_NUMPY, "errors": errors.__file__},
        }
        self.functions: dict[str, Any] = {}

    def __enter__(self) -> "Submission":
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()

    def load(self) -> None:
        """Run the file."""
        self._write(self.order)
        self._result(START)
        found = self._result(self.left)
        if not isinstance(found, dict) or not all(
            isinstance(each, tuple) and len(each) == 3 for each in found.values()
        ):
            raise Ended(self.nonsense())
        self.functions = found

    def call(self, name: str, *arguments: Any) -> Any:
        """What the student's function returns; the arguments are changed as it has changed them."""
        self._write([name, encode(list(arguments))])
        return self._result(self.left, arguments)

    def _write(self, request: Any) -> None:
        assert self.process.stdin
        with contextlib.suppress(OSError):  # that it has gone is told by its answer
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()

    def _result(self, limit: float, arguments: Any = None) -> Any:
        begin = time.monotonic()
        try:
            line = self.answers.get(timeout=max(limit, 0.01))
        except queue.Empty:
            raise Ended(self._too_long()) from None
        self.left -= (time.monotonic() - begin) if arguments is not None else 0
        if not line:
            raise Ended(self._gone())
        try:
            reply = json.loads(line)
            self.printed = (self.printed + str(reply["printed"]))[:PRINTED]
            stopped = reply.get("stopped")
            if stopped is not None and not isinstance(stopped, dict):
                raise TypeError
            if stopped is None:
                result = decode(reply["result"])
                if arguments is not None:
                    changed(list(arguments), decode(reply["given"]))
        except Exception as error:
            raise Ended(self.nonsense()) from error
        if stopped is not None:
            most = {"kind": 100, "message": 2000, "module": 100}
            kind, message, module = (str(stopped.get(key, ""))[:n] for key, n in most.items())
            raise Stopped(kind, message, stopped.get("line"), module)
        return result

    def _listen(self) -> None:
        """Hand on whole answers, one at a time; an empty one at the end, or for one that is too long."""
        assert self.process.stdout
        while (line := self.process.stdout.readline(LONGEST)).endswith(b"\n"):
            self.answers.put(line)
        self.answers.put(b"")

    def _drain(self) -> None:
        assert self.process.stderr
        while some := os.read(self.process.stderr.fileno(), 2**16):
            self.said = (self.said + some)[-(2**16) :]

    def _end(self) -> str:
        """The end of what it wrote past us."""
        return self.said.decode(errors="replace")

    def nonsense(self) -> str:
        return f"{self.path.name} answered with something that no function returns"

    def _too_long(self) -> str:
        """The sentence about a deadline, with the innermost line of the file."""
        lines: list[str] = []
        if hasattr(signal, "SIGUSR1"):
            self.process.send_signal(signal.SIGUSR1)  # it writes where it is
        for _ in range(20):
            time.sleep(0.1)
            lines = [line for line in self._end().splitlines() if f'"{self.path}", line' in line]
            if lines:
                break
        where = f"\nwhere: {lines[0].strip()}" if lines else ""
        return f"it did not end within {self.limit:g} s: is there an endless loop?{where}"

    def _gone(self) -> str:
        try:
            status = self.process.wait(2)
        except subprocess.TimeoutExpired:
            return self.nonsense()
        said = self._end().split()[-40:]
        what = f"status {status}" if status >= 0 else f"signal {-status}, {signal.strsignal(-status)}"
        return " ".join([f"Python itself ended while running {self.path.name}: {what}", *said])

    def close(self) -> None:
        """End it, with all that it has started, whatever it does about that."""
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        if self.uid:
            for _ in range(3):  # all of this user, which nobody else is: also those in a session of their own
                kill = ["/bin/sh", "-c", "kill -9 -1"]
                subprocess.run(kill, user=self.uid, group=self.uid, extra_groups=[], capture_output=True)
            shutil.rmtree(self.folder, ignore_errors=True)
        self.process.wait()


def another_user() -> int:
    """A user id that a submission can run as; 0 if there is none: not root, or Python is where only root reads."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return 0
    needed = Path(os.__file__), Path(np.__file__), Path(sys.executable)
    return FIRST_UID + os.getpid() % UIDS if all(map(readable_by_all, needed)) else 0


def readable_by_all(path: Path) -> bool:
    """Whether any user of this machine can read a file."""
    path = path.resolve()
    return bool(path.stat().st_mode & stat.S_IROTH) and all(up.stat().st_mode & stat.S_IXOTH for up in path.parents)


def copy_of(folder: Path, to: Path, uid: int) -> None:
    """What a submission may import, where another user can read it."""
    os.chown(to, uid, uid)
    for path in sorted(folder.glob("*.py"))[:100]:
        if path.is_file() and not path.is_symlink() and path.stat().st_size < 2**20:
            copy = to / path.name
            copy.write_bytes(path.read_bytes())
            os.chown(copy, uid, uid)


def changed(old: Any, new: Any) -> None:
    """Make an argument what the student's function has made of it."""
    keys = range(len(old)) if isinstance(old, list) else list(old)
    for key in keys:
        a, b = old[key], new[key]
        if isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and a.shape == b.shape and a.dtype == b.dtype:
            if a.tobytes() != b.tobytes():
                a[...] = b
        elif isinstance(a, (dict, list)) and type(a) is type(b):
            changed(a, b)
        elif isinstance(old, dict):
            old[key] = b
    if isinstance(old, dict):
        old |= {key: each for key, each in new.items() if key not in old}
