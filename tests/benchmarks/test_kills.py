"""The benchmark that kills runs sees what a killed run may have lost or doubled."""

import json
import random
import re
import shutil

import pytest
from cli import posix_only, train
from training.conftest import quick_pictures  # noqa: F401

from benchmarks import kills
from tinygan.commandline import guarded
from tinygan.training import checkpoint


@pytest.fixture
def alone(tmp_path, quick_pictures):  # noqa: F811
    measured = kills.MEASURED.split()
    return train("--preset", "ring", *kills.OFTEN.split(), *measured, "--steps", 6, "--outdir", tmp_path)


def edit(name, change):
    def planted(run):
        path = run / name
        path.write_text("".join(f"{json.dumps(row)}\n" for row in change(kills.lines(run, name))))

    return planted


def other_weights(name):
    def planted(run):
        arrays, meta = checkpoint.load(run / name)
        array = next(array for array in arrays.values() if array.dtype.kind == "f" and array.size)
        array.flat[0] = -array.flat[0]  # also of a zero
        checkpoint.save(run / name, arrays, meta)

    return planted


PLANTED = {
    "a line twice": (edit("stats.jsonl", lambda rows: [*rows, rows[-1]]), "stats.jsonl: steps twice or out of order"),
    "unsorted": (edit("metrics.jsonl", lambda rows: rows[::-1]), "metrics.jsonl: steps twice or out of order"),
    "a line lost": (edit("stats.jsonl", lambda rows: rows[:-1]), "stats.jsonl: rows"),
    "another number": (edit("stats.jsonl", lambda rows: [{**rows[0], "loss_d": 0.0}, *rows[1:]]), "stats.jsonl: rows"),
    "a bit of the weights": (other_weights("checkpoint-000006.npz"), "checkpoint-000006.npz: arrays"),
    "a bit of the generator": (other_weights("generator.npz"), "generator.npz: arrays"),
    "a bit of the best": (other_weights("best.npz"), "best.npz: arrays"),
    "no best": (lambda run: (run / "best.npz").unlink(), "no best.npz"),
    "another picture": (lambda run: (run / "fakes_init.png").write_bytes(b"x"), "fakes_init.png"),
    "no end": (lambda run: (run / "checkpoint-000006.npz").unlink(), "last checkpoint checkpoint-000003.npz"),
    "no GIF": (lambda run: (run / "training.gif").unlink(), "no training.gif"),
    "a leftover": (lambda run: (run / ".a.1.tmp").touch(), "a temporary file is left"),
}


def test_each_difference_is_found(alone, tmp_path):
    killed = shutil.copytree(alone, tmp_path / "killed")

    assert kills.differences(alone, killed) == []
    for name, (plant, said) in PLANTED.items():
        shutil.rmtree(killed)
        shutil.copytree(alone, killed)
        plant(killed)
        assert said in kills.differences(alone, killed), name


class Ended:
    """A process that has ended so."""

    def __init__(self, returncode, said, folder=None):
        self.returncode, self.said, self.folder = returncode, said, folder

    def communicate(self, timeout):
        if self.folder:
            self.folder.mkdir()
            (self.folder / "config.json").touch()
            (self.folder / "training.gif").touch()
        return "", self.said


class Quiet:
    """Hits nobody."""

    rng = random.Random(0)

    def hit(self, process, outdir):
        return True


BEFORE_A_LINE = "Fatal Python error: init_import_site: no site\nTraceback (most recent call last):\nKeyboardInterrupt\n"


@pytest.mark.parametrize(("status", "said"), [(1, BEFORE_A_LINE), (130, BEFORE_A_LINE), (-9, ""), (-15, "")])
def test_a_process_that_was_hit_is_started_again(status, said, tmp_path, monkeypatch):
    processes = [Ended(status, said), Ended(0, "", tmp_path / "00000-run")]
    monkeypatch.setattr(kills, "start", lambda options: processes.pop(0))
    assert kills.killed_run("--preset ring", tmp_path, Quiet()) == tmp_path / "00000-run"


@pytest.mark.parametrize(
    ("status", "said"),
    [(1, "Traceback (most recent call last):\nKeyError: 'G'\n"), (2, "error: --lr"), (0, "Traceback\nKeyError: 1")],
)
def test_a_process_that_cannot_go_on_is_a_difference(status, said, tmp_path, monkeypatch):
    monkeypatch.setattr(kills, "start", lambda options: Ended(status, said))
    with pytest.raises(ValueError, match=re.escape(said.strip())):
        kills.killed_run("--preset ring", tmp_path, Quiet())


@posix_only
@pytest.mark.slow
def test_a_killed_run_is_resumed_and_compared(capsys, tmp_path):
    guarded(kills.PROGRAM, lambda: kills.main(["--runs", "2", "--cases", "plain", "--keep", str(tmp_path)]))
    assert "| plain | 2 | " in capsys.readouterr().out
