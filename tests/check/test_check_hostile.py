"""Submissions that mean harm: the checker outlives them, writes its results, and gives no points for lies."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli import ROOT, posix_only

from tinygan.check.engine import HOME, exercises, submission

pytestmark = posix_only
STUB = (HOME / "ex05_dense.py").read_text()
RIGHT = "return gy @ w.T, x.T @ gy, gy.sum(axis=0)"
WRONG = "return gy @ w.T, 2 * x.T @ gy, gy.sum(axis=0)"
EX05 = exercises(HOME, asked=["ex05"])[1][0]
root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be another user")


def file_with(folder, body="raise NotImplementedError", before="", after=""):
    (folder / "ex05_dense.py").write_text(f"{before}\n{STUB.replace('raise NotImplementedError', body)}\n{after}\n")


# -- it ends, and so does all it has started ----------------------------------------------------------------

ENDLESS = {
    "cancels the timer": "import faulthandler; faulthandler.cancel_dump_traceback_later()\n    while True: pass",
    "ignores signals": "import signal as s\n    for n in (10, 14, 15): s.signal(n, s.SIG_IGN)\n    while True: pass",
    "stops itself": "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
    "sleeps": "import time; time.sleep(1000)",
    "floods stdout": "import os\n    while True: os.write(1, b'a' * 1000000)",
    "floods with lines": "import os\n    while True: os.write(2, b'a\\n' * 500000)",
    "prints for ever": "while True: print('a' * 1000)",
    "catches all": "while True:\n        try:\n            while True: pass\n        except BaseException: pass",
}


def some_slow(cases, quick=3):
    """All of them, but the first few, are run with the slow tests: each takes a second or more."""
    return [pytest.param(case, marks=[pytest.mark.slow] * (i >= quick)) for i, case in enumerate(cases)]


@pytest.mark.parametrize("what", some_slow(ENDLESS))
def test_the_deadline_holds_whatever_it_does(tmp_path, what):
    file_with(tmp_path, ENDLESS[what])
    begin = time.monotonic()
    result = submission(EX05, tmp_path, limit=1)
    assert result.status == "ERROR" and "it did not end within 1 s" in str(result)
    assert time.monotonic() - begin < 30 and len(str(result)) < 2000


@pytest.mark.parametrize("own_session", [False, True])
def test_what_it_starts_ends_with_the_checker(tmp_path, own_session):
    """A process that it leaves behind could write the results anew."""
    pid_file = tmp_path / "pid"
    pid_file.touch()
    pid_file.chmod(0o666)
    tmp_path.chmod(0o777)
    start = "    os.setsid()\n    if os.fork(): os._exit(0)\n" * own_session
    write = f"    open({str(pid_file)!r}, 'w').write(str(os.getpid()))\n    time.sleep(600)"
    body = f"import os, time\nif not os.fork():\n{start}{write}"
    file_with(tmp_path, RIGHT, before=body + f"\nwhile not open({str(pid_file)!r}).read(): pass")
    done = checker("ex05", "--gradescope", tmp_path / "results.json", cwd=tmp_path)
    assert json.loads((tmp_path / "results.json").read_text())["score"] == 3, done.stderr
    time.sleep(0.2)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)


def checker(*argv, cwd=None, python=sys.executable, **options):
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *site_packages(python)]), "SECRET": "s3cr3t"}
    command = [python, "-m", "tinygan.check", *map(str, argv)]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=120, **options)


def site_packages(python):
    return [] if python == sys.executable else [path for path in sys.path if path.endswith("site-packages")]


# -- results are always written -------------------------------------------------------------------------------

to_all = lambda text: f"import os\n    for fd in range(3, 64):\n        try: {text}\n        except OSError: pass"
DEADLY = [
    "import os, signal; os.killpg(0, signal.SIGKILL)",
    "import os; os._exit(0)",
    "import os; os.abort()",
    "import ctypes; ctypes.string_at(0)",
    to_all("os.write(fd, b'[\"PASS\"]\\n')"),
    to_all("""os.write(fd, b'{"result": [1, 2], "given": 3, "printed": 0}\\n')"""),
    to_all("os.write(fd, b'[' * 100000 + b'\\n')"),
    to_all("os.close(fd)"),
    "import json; json.dumps = lambda *a: 'DataError: the exercise is at fault'",
    "import sys; sys.setrecursionlimit(10**9); return [gy] * 10**9",
    "a = []\n    for _ in range(10**5): a = [a]\n    return a",
    "return 'a' * 10**9",
    "raise type('E', (Exception,), {'__str__': lambda self: 1 / 0})",
    "import os, signal; os.kill(os.getpid(), 40)",
    "raise type('E' * 10**6, (Exception,), {})('a' * 10**7)",
    "return gy, np.zeros((10**12, 0)), np.array(['a', b'b', None])",
    "raise KeyboardInterrupt",
    "raise GeneratorExit",
    "raise MemoryError",
]


@pytest.mark.parametrize("body", some_slow(DEADLY))
def test_results_are_written_whatever_ends_it(tmp_path, body):
    file_with(tmp_path, body)
    done = checker("ex05", "ex02", "--gradescope", "results.json", "--time-limit", "2", cwd=tmp_path)
    found = json.loads((tmp_path / "results.json").read_text())
    assert "Traceback" not in done.stderr and done.returncode == 1
    assert [test["score"] for test in found["tests"]] == [0, 0] and "ERROR" in found["tests"][0]["output"]
    assert "not attempted" not in found["tests"][0]["output"] and len(found["tests"][0]["output"]) < 4000


def test_results_are_there_even_if_the_checker_is_killed(tmp_path):
    """Of the same user a submission can do that."""
    file_with(tmp_path, "import os, signal, time; os.kill(os.getppid(), signal.SIGKILL); time.sleep(1)")
    checker("ex02", "ex05", "ex01", "--gradescope", "results.json", cwd=tmp_path)
    tests = json.loads((tmp_path / "results.json").read_text())["tests"]
    assert len(tests) == 3 and all(test["score"] == 0 and test["status"] == "failed" for test in tests)
    assert "the checker was stopped" in tests[2]["output"] or "there is no file" in tests[2]["output"]


def test_a_device_stays_a_device(tmp_path):
    file_with(tmp_path, RIGHT)
    os.mkfifo(tmp_path / "pipe")
    reader = subprocess.Popen(["cat", "pipe"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert checker("ex05", "--gradescope", "pipe", cwd=tmp_path).returncode == 0
    assert json.loads(reader.communicate(timeout=60)[0])["score"] == 3
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    full = checker("ex05", "--gradescope", "/dev/full", cwd=tmp_path)
    assert full.returncode == 2 and "No space left" in full.stderr and "Traceback" not in full.stderr
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)
    (tmp_path / "link.json").symlink_to("real.json")
    (tmp_path / "real.json").write_text("old")
    assert checker("ex05", "--gradescope", "link.json", cwd=tmp_path).returncode == 0
    assert (tmp_path / "link.json").is_symlink() and json.loads((tmp_path / "real.json").read_text())["score"] == 3


# -- a pass cannot be forged ----------------------------------------------------------------------------------

LINE = r"""b'\n["PASS", ""]\n' """
FORGED = {
    "os.write to all": f"import os\nfor fd in range(64):\n    try: os.write(fd, {LINE})\n    except OSError: pass\n",
    "print": 'print(\'["PASS", ""]\')\n',
    "print at the end": 'import atexit; atexit.register(print, \'["PASS", ""]\')\n',
    "write and exit": f"import os\nos.write(1, {LINE}); os._exit(0)\n",
    "exit": "import sys; sys.exit(0)\n",
    "np.allclose": "import numpy as np\nnp.allclose = np.isclose = np.array_equal = lambda *a, **k: np.True_\n",
    "a lying array": "import numpy as np\nclass Liar(np.ndarray):\n    __sub__ = __rsub__ = lambda a, b: 0 * b\n",
    "gc": "import gc\nfor o in gc.get_objects():\n    if isinstance(o, dict) and 'found' in o: o['found'] = {}\n",
    "frames": "import sys\nf = sys._getframe()\nwhile f:\n    f.f_locals.update(found={}); f = f.f_back\n",
    "the report": "import sys\nfor m in list(sys.modules.values()):\n    if hasattr(m, 'Report'): m.Report.ok = True\n",
    "zeroed inputs": "",
    "the source": "import runpy, sys\nfor p in sys.argv[1:]:\n    runpy.run_path(p)\n",
    "another file": "",
}


@pytest.mark.parametrize("what", some_slow(FORGED, 6))
def test_a_pass_cannot_be_forged(tmp_path, what):
    body = WRONG
    if what == "zeroed inputs":
        body = "x[...] = 0; w[...] = 0; gy[...] = 0; return 0 * x, 0 * w, 0 * gy.sum(axis=0)"
    if what == "a lying array":
        body = "return tuple(a.view(Liar) for a in (gy @ w.T, 2 * x.T @ gy, gy.sum(axis=0)))"
    if what == "another file":
        source = tmp_path / "source"
        source.mkdir()
        for name in ("ex02_matmul.py", "ex05_dense.py"):
            (source / name).write_text((HOME / "source" / name).read_text())
        new = (
            (HOME / "source" / "ex05_dense.py").read_text().replace("def check(exam):", "def check(exam):\n    return")
        )
        (tmp_path / "ex02_matmul.py").write_text(f"open({str(source / 'ex05_dense.py')!r}, 'w').write({new!r})\n")
    file_with(tmp_path, body, before=FORGED[what])
    done = checker("ex02", "ex05", "--gradescope", "results.json", cwd=tmp_path)
    assert json.loads((tmp_path / "results.json").read_text())["score"] == 0, done.stdout


def test_a_link_to_the_instructors_file_is_none(tmp_path):
    (tmp_path / "ex05_dense.py").symlink_to(HOME / "source" / "ex05_dense.py")
    result = submission(EX05, tmp_path)
    assert result.status == "ERROR" and "is a link: hand in the file itself" in str(result)


def test_nothing_that_it_says_moves_the_readers_terminal(tmp_path):
    for body in (r"print('\x1b[2J\x9b')", r"raise ValueError('\x1b[2J')"):
        file_with(tmp_path, f"{body}\n    return 1")
        text = str(submission(EX05, tmp_path))
        assert "\x1b" not in text and r"\x1b[2J" in text


def test_a_result_is_compared_with_what_was_asked_for_and_not_with_what_is_left(tmp_path):
    """An answer sent ahead is taken for the next question: it is a wrong one."""
    answer = """b'{"result": 1, "given": 1, "printed": ""}\\n' * 5"""
    ahead = "import os\nfor fd in range(3, 64):\n    try: os.write(fd, ANSWER)\n    except OSError: pass"
    ahead = ahead.replace("ANSWER", answer)
    file_with(tmp_path, RIGHT, before=ahead)
    assert submission(EX05, tmp_path, limit=3).points == 0


# -- another user: only root can be one -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def python():
    """A Python that every user can read, with NumPy in reach."""
    for path in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        code = "import sys, numpy; from tinygan.check.process import another_user; sys.exit(not another_user())"
        env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *site_packages(path)])}
        if Path(path).exists() and subprocess.run([path, "-c", code], env=env, capture_output=True).returncode == 0:
            return path
    pytest.skip("no Python here that another user can read")


@root
def test_another_user_can_neither_read_nor_change_nor_kill(tmp_path, python):
    """The verdict says what a submission has found out: it raises it."""
    tmp_path.chmod(0o755)
    private = tmp_path / "private"
    (private / "source").mkdir(parents=True)
    (private / "source" / "ex05_dense.py").write_text((HOME / "source" / "ex05_dense.py").read_text())
    private.chmod(0o700)
    probe = f"""import os, pathlib, signal
    found = [os.getuid() and "other"]
    def can(f, *a):
        try: return f(*a) or True
        except OSError: return False
    ppid = os.getppid()
    found += [can(os.kill, ppid, signal.SIGKILL), can(open, f"/proc/{{ppid}}/environ")]
    found += [can(open, f"/proc/{{ppid}}/mem", "r+b"), can(os.listdir, {str(private)!r})]
    found += [can(open, {str(tmp_path / "results.json")!r}, "w"), os.environ.get("SECRET")]
    raise RuntimeError(found)"""
    file_with(tmp_path, probe)
    (tmp_path / "mine.py").write_text("total = lambda a: a.sum(axis=0)\n")
    argv = ["ex05", "--source", private / "source", "--gradescope", "results.json"]
    done = checker(*argv, cwd=tmp_path, python=python)
    assert done.stderr == "", done.stderr  # all is shut: there is no note
    said = " ".join(json.loads((tmp_path / "results.json").read_text())["tests"][0]["output"].split())
    assert "RuntimeError: ['other', False, False, False, False, False, None]" in said
    file_with(
        tmp_path, RIGHT.replace("gy.sum(axis=0)", "total(gy)"), before="import statistics\nfrom mine import total"
    )
    assert checker(*argv, cwd=tmp_path, python=python).returncode == 0


@root
def test_a_fork_bomb_is_bounded_and_ends(tmp_path, python):
    tmp_path.chmod(0o755)
    file_with(tmp_path, "import os\n    while True:\n        try: os.fork()\n        except OSError: pass")
    done = checker("ex05", "--gradescope", "results.json", "--time-limit", "1", cwd=tmp_path, python=python)
    assert "did not end within 1 s" in json.loads((tmp_path / "results.json").read_text())["tests"][0]["output"]
    assert done.returncode == 1 and not [
        pid for pid in Path("/proc").glob("[0-9]*") if uid_of(pid) >= 61184 and uid_of(pid) < 65520
    ]


def uid_of(pid):
    try:
        return pid.stat().st_uid
    except OSError:
        return 0


def test_where_submissions_are_not_shut_in_it_is_said(tmp_path, monkeypatch):
    from tinygan.check import guard

    monkeypatch.setattr(guard, "another_user", lambda: 0)
    (note,) = guard.notes([EX05])
    assert note.startswith("submissions run as the user that you are: they could read and change what you can")
    monkeypatch.setattr(guard, "another_user", lambda: 61184)
    monkeypatch.setattr(guard, "readable_by_all", lambda path: True)
    (note,) = guard.notes([EX05])
    assert note.startswith(f"submissions could read {EX05.path.parent}: chmod")
