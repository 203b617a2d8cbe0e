"""Jobs of a training and an evaluation: made once, resumed, stopped together, and failed only when they may."""

from __future__ import annotations

import json
import math
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from cli import posix_only

from benchmarks import runs
from benchmarks.runs import Job, run_all
from tinygan.training.config import ConfigError
from tinygan.training.loop import TrainingInterrupted, TrainingStopped
from tinygan.training.run_folder import RunError

ROOT = Path(__file__).parents[2]

# They leave the files that the real commands leave; the seed says what goes wrong (9: only the first time).
TRAIN = """
import signal, sys, time
from pathlib import Path
words = sys.argv[1:]
def given(name): return words[words.index(name) + 1] if name in words else ""
run = Path(given("--resume") or given("--outdir") + "/00000-fake")
run.mkdir(parents=True, exist_ok=True)
note = run / "seed.txt"
seed = given("--seed") or note.read_text().replace("9", "1")
note.write_text(seed)
asked = run / "asked.txt"
asked.open("a").write("resume\\n" if given("--resume") else "train\\n")
(run / "stats.jsonl").write_text('{"step": 1, "steps_per_second": 4.0}\\n{"step": 2, "steps_per_second": 2.0}\\n')
if seed == "9":
    signal.signal(signal.SIGINT, lambda *_: ((run / "saved").touch(), sys.exit(130)))
(run / "config.json").write_text("{}")
if seed == "9":
    time.sleep(20)
if seed == "7":
    sys.exit(print("python -m train_stub: step 5: W is not a finite number any more", file=sys.stderr) or 1)
if seed == "8":
    raise ValueError("a bug")
if seed != "6":
    (run / "checkpoint-000020.npz").touch()
"""
EVALUATE = """
import json, sys
from pathlib import Path
run = Path(sys.argv[1])
(run / "asked.txt").open("a").write("alone\\n" if "--no-references" in sys.argv else "evaluate\\n")
rows = {"generator": {"modes": 7, "reverse_kl": None}, "oracle": {"modes": 8, "reverse_kl": 0.001}}
found = {"n": 1000, "extractor": "mnist classifier 0a1b", "rows": rows}
Path(sys.argv[sys.argv.index("--json") + 1]).write_text(json.dumps(found))
"""


@pytest.fixture
def stubs(tmp_path, monkeypatch):
    """Stand-ins for training and evaluation, in processes of their own."""
    (tmp_path / "train_stub.py").write_text(TRAIN)
    (tmp_path / "evaluate_stub.py").write_text(EVALUATE)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{ROOT}")
    monkeypatch.setattr(runs, "TRAIN", "train_stub")
    monkeypatch.setattr(runs, "EVALUATE", "evaluate_stub")
    return tmp_path / "out"


def job(seed, options="--preset ring"):
    return Job(f"test/plain-seed{seed}", f"{options} --steps 20 --seed {seed}")


def asked(out, seed):
    return (out / job(seed).name / "00000-fake" / "asked.txt").read_text().split()


def test_a_finished_job_is_read_and_not_made_again(stubs, capsys):
    first = run_all([job(0), job(1)], stubs, 2)
    assert asked(stubs, 0) == ["train", "evaluate"] and asked(stubs, 1) == ["train", "alone"]
    outcome = first[job(0)]
    assert outcome.rows["generator"]["modes"] == 7 and math.isnan(outcome.rows["generator"]["reverse_kl"])
    assert outcome.rows["oracle"]["reverse_kl"] == 0.001 and outcome.failed == ""
    assert outcome.measured == "n = 1,000 samples in each row, seen by the mnist classifier 0a1b"
    assert outcome.seconds_per_step() == pytest.approx(1 / 3)
    assert "finished, 2 of 2" in capsys.readouterr().err
    again = run_all([job(0), job(1)], stubs, 2)
    assert asked(stubs, 0) == ["train", "evaluate"] and again[job(0)].run == outcome.run
    outcome.run.joinpath("evaluation.json").unlink()
    run_all([job(0)], stubs, 1)
    assert asked(stubs, 0) == ["train", "evaluate", "evaluate"]


@posix_only
def test_all_stop_together_save_themselves_and_go_on(stubs):
    jobs = [job(9), Job("test/other", "--preset ring --steps 20 --seed 9"), job(1)]
    folders = [stubs / each.name / "00000-fake" for each in jobs]

    def stop():
        while not all((folder / "config.json").exists() for folder in folders[:2]):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=stop)
    thread.start()
    with pytest.raises(TrainingInterrupted, match="0 of 3 jobs done; the same command goes on"):
        run_all(jobs, stubs, 2)
    thread.join()
    assert all((folder / "saved").exists() for folder in folders[:2]) and not folders[2].exists()
    run_all(jobs, stubs, 2)
    assert asked(stubs, 9) == ["train", "resume", "alone"]


def test_a_failed_training_is_a_result(stubs):
    outcome = run_all([job(7)], stubs, 1)[job(7)]
    assert outcome.failed == "5: W is not a finite number any more" and outcome.rows == {}
    assert run_all([job(7)], stubs, 1)[job(7)] == outcome and asked(stubs, 7) == ["train"]


@pytest.mark.parametrize(("seed", "part"), [(8, "status 1: ValueError: a bug"), (6, "left nothing behind")])
def test_an_error_ends_everything_in_one_sentence(stubs, seed, part):
    with pytest.raises(TrainingStopped, match=part) as ended:
        run_all([job(9), job(seed)], stubs, 2)
    assert "\n" not in str(ended.value)
    evaluations = list(stubs.rglob("evaluation.json"))
    assert evaluations == []


def test_a_folder_of_other_options_is_refused_before_anything_is_started(stubs, monkeypatch):
    run_all([job(0)], stubs, 1)
    other = job(0, "--preset ring --lr 0.5 --pack 2")
    with pytest.raises(RunError, match=r"plain-seed0 was made with other options \(lr 0.003, not 0.5; pack 1, not 2\)"):
        run_all([job(1), other], stubs, 1)
    monkeypatch.setattr(runs, "VERSION", runs.VERSION + 1)
    with pytest.raises(RunError, match="version 1, not 2"):
        run_all([job(1), job(0)], stubs, 1)
    with pytest.raises(ConfigError, match="does not fit"):
        run_all([job(1), job(2, "--preset ring --data mnist")], stubs, 1)
    assert not (stubs / job(1).name).exists()


def test_an_option_that_is_new_was_at_its_default_then(stubs):
    run_all([job(0)], stubs, 1)
    note = stubs / job(0).name / "job.json"
    settings = json.loads(note.read_text())
    del settings["pack"]
    note.write_text(json.dumps(settings))
    run_all([job(0)], stubs, 1)
    with pytest.raises(RunError, match="pack 1, not 3"):
        run_all([job(0, "--preset ring --pack 3")], stubs, 1)


@pytest.mark.parametrize("name", ["job.json", "00000-fake/evaluation.json"])
@pytest.mark.parametrize("text", ["{", "[]", '{"rows": 3, "version": 1}'])
def test_a_damaged_file_is_named(stubs, name, text):
    run_all([job(0)], stubs, 1)
    path = stubs / job(0).name / name
    path.write_text(text)
    with pytest.raises(RunError, match="evaluation.json|job.json|other options"):
        run_all([job(0)], stubs, 1)


def test_a_run_without_a_note_of_its_options_is_not_taken_for_any(stubs):
    run_all([job(0)], stubs, 1)
    (stubs / job(0).name / "job.json").unlink()
    with pytest.raises(RunError, match=r"job.json cannot be read: delete \S*/plain-seed0$"):
        run_all([job(0, "--preset ring --lr 0.5")], stubs, 1)


def test_a_number_that_is_none_is_named(stubs):
    run_all([job(0)], stubs, 1)
    (stubs / job(0).name / "00000-fake/evaluation.json").write_text('{"rows": {"generator": {"modes": "x"}}}')
    with pytest.raises(RunError, match="evaluation.json is no evaluation that can be read"):
        run_all([job(0)], stubs, 1)


def test_children_have_one_thread_and_this_python(stubs, monkeypatch):
    seen = {}

    def popen(command, **options):
        seen.update(options, command=command)
        raise OSError("enough")

    monkeypatch.setattr(runs.subprocess, "Popen", popen)
    with pytest.raises(OSError, match="enough"):
        run_all([job(0)], stubs, 1)
    assert seen["env"]["OPENBLAS_NUM_THREADS"] == "1" and seen["start_new_session"]
    assert seen["command"][:3] == [sys.executable, "-m", "train_stub"]
