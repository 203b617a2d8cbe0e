"""Whatever becomes of standard input, output and error, a command does its work, and its status tells of it."""

import os
import subprocess
import sys

import numpy as np
import pytest
from cli import ROOT, posix_only, train
from PIL import Image

from tinygan import streams
from tinygan.training.run_folder import RunFolder

pytestmark = posix_only

TINY = ("--batch-size", "8", "--samples", "4")
TRAIN = ("train", "--preset", "ring", "--steps", "4", "--log-interval", "1", "--sample-interval", "2", *TINY)

# What is asked for, the status, and the files that must be there in the end
COMMANDS = {
    "train": (TRAIN, 0, ["runs/00000-ring-ring-ns/generator.npz"]),
    "list": (("train", "--list-presets"), 0, []),
    "help": (("sample", "--help"), 0, []),
    "bad": (("train", "--lr", "-1"), 2, []),
    "sample": (("sample", "run", "--out", "a.png"), 0, ["a.png"]),
    "interpolate": (("interpolate", "run", "--out", "a.gif"), 0, ["a.gif"]),
    "evaluate": (("evaluate", "run", "--n", "100", "--json", "a.json"), 0, ["a.json"]),
    "export": (("export", "run", "--to", "npz", "--out", "a.npz"), 0, ["a.npz"]),
    "doctor": (("doctor",), 0, []),
    "check": (("check", "ex01", "--folder", ".", "--gradescope", "a.json"), 2, ["a.json"]),  # 2: nothing to check yet
    "train_classifier": (("train_classifier", "--data", "photos", "--epochs", "1", "--out", "a.npz"), 0, ["a.npz"]),
}

# What a shell does to the streams. `dead` stands for a pipe whose reader has gone.
STREAMS = {
    "no reader of stdout": ">&{dead}",
    "no reader of stderr": "2>&{dead}",
    "no reader": ">&{dead} 2>&{dead}",
    "stdin closed": "<&-",
    "stdout closed": ">&-",
    "stderr closed": "2>&-",
    "all closed": "<&- >&- 2>&-",
    "stdout full": ">/dev/full",
    "stderr full": "2>/dev/full",
    "both full": ">/dev/full 2>/dev/full",
}
QUICK = [
    *(("train", "no reader"), ("train", "all closed")),
    *(("list", "stdout full"), ("list", "stdout closed"), ("bad", "no reader of stderr")),
]
CASES = [pytest.param(*case, id=" ".join(case)) for case in QUICK]
for command in COMMANDS:
    for how in STREAMS:
        if (command, how) not in QUICK:
            CASES.append(pytest.param(command, how, id=f"{command} {how}", marks=pytest.mark.slow))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return train(*TRAIN[1:], "--outdir", tmp_path_factory.mktemp("finished"))


@pytest.fixture
def here(tmp_path, finished):
    """A folder with a run, and with pictures of two classes."""
    (tmp_path / "run").symlink_to(finished)
    rng = np.random.default_rng(0)
    for name in "ab":
        (tmp_path / "photos" / name).mkdir(parents=True)
        for k in range(90):
            Image.fromarray(rng.integers(0, 256, (12, 12), np.uint8)).save(tmp_path / "photos" / name / f"{k}.png")
    return tmp_path


def shell(here, argv, redirections, **env):
    """A command as a shell starts it; what is left of its output and error."""
    reader, dead = os.pipe()
    os.close(reader)
    line = 'exec "$@" ' + redirections.format(dead=dead)
    words = ["bash", "-c", line, "bash", sys.executable, "-m", f"tinygan.{argv[0]}", *argv[1:]]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", **env}
    try:
        return subprocess.run(words, cwd=here, env=env, capture_output=True, pass_fds=[dead], timeout=100, check=False)
    finally:
        os.close(dead)


@pytest.mark.parametrize("command, how", CASES)
def test_the_work_is_done_and_the_status_says_so(command, how, here):
    """A reader who goes away has seen enough; an output that could not be written where it should is an error."""
    if "full" in how and not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    argv, status, files = COMMANDS[command]
    ended = shell(here, argv, STREAMS[how])
    lost = how in ("stdout full", "both full") and command != "bad"  # which writes nothing there
    assert ended.returncode == (2 if lost else status), ended.stderr
    assert b"Traceback" not in ended.stdout + ended.stderr and b"Exception ignored" not in ended.stderr
    if lost and how == "stdout full" and command != "check":  # whose own status comes first
        assert b"error: cannot write standard output: No space left" in ended.stderr
    assert not [name for name in files if not (here / name).stat().st_size]
    if command == "train":
        (run,) = (here / "runs").iterdir()
        assert RunFolder(run).checkpoints()[-1].name == "checkpoint-000004.npz"
        assert [row["step"] for row in RunFolder(run).rows("stats.jsonl")] == [1, 2, 3, 4]


LOCALE = {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
NO_LETTERS = {"ascii output": {"PYTHONIOENCODING": "ascii"}, "ascii locale": LOCALE, "utf-8": {}}
NAMES = {"umlaut": "\u00e4".encode(), "no utf-8": b"\xff"}


@pytest.mark.slow
@pytest.mark.parametrize("how", NO_LETTERS)
@pytest.mark.parametrize("name", NAMES)
def test_a_path_of_any_bytes_can_be_written_and_read(name, how, here):
    if sys.platform == "darwin":
        pytest.skip("macOS refuses names that are no UTF-8")
    name = NAMES[name]
    os.rename(os.fsencode(here / "photos"), os.fsencode(here / "photos") + name)
    images = ("train", "--steps", "1", *TINY, "--data", b"photos" + name, "--outdir", name)
    known = name != b"\xff" and how != "ascii locale"  # as a letter, which the run's name has without its dots
    run = name + b"/00000-mlp-photos" + (b"a" if known else b"") + b"-ns"
    lines = [images, ("train", "--resume", run, "--steps", "2"), ("sample", run, "--out", name + b".png")]
    if (name, how) == (b"\xff", "utf-8"):
        lines += [("export", run, "--to", "safetensors"), ("evaluate", run, "--n", "50", "--json", name + b".json")]
    for argv in lines:
        ended = shell(here, argv, "", **NO_LETTERS[how])
        assert ended.returncode == 0 and b"Traceback" not in ended.stderr, ended.stderr
    assert os.path.getsize(os.fsencode(here) + b"/" + name + b".png")


class Full:
    """A raw stream that takes two bytes at a time; at first it takes nothing, as a full pipe that does not block."""

    def __init__(self):
        self.got, self.waits = b"", 2

    def write(self, data):
        if self.waits:
            self.waits -= 1
            return None
        self.got += bytes(data[:2])
        return len(data[:2])

    def isatty(self):
        return False


def test_a_pipe_that_does_not_block_is_waited_for(monkeypatch):
    waited = []
    monkeypatch.setattr(streams.select, "select", lambda *where: waited.append(where))
    raw = Full()
    file = streams.io.BufferedWriter(streams.Lasting(raw))
    file.write(b"hello")
    file.flush()
    assert raw.got == b"hello" and len(waited) == 2
