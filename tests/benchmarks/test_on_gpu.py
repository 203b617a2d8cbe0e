"""What is done on a GPU in one command, as far as it can be rehearsed without one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace

import numpy as np
import pytest
from cli import ROOT, one_sentence, posix_only
from standin import COMPILER, FakeCupy

from benchmarks import on_gpu, on_gpu_parts
from benchmarks.race import LossesDiffer
from tinygan.backend import CupyBackend
from tinygan.backend.cupy_backend import diagnose

NO_CUPY = "the package CuPy is not installed: pip install it"
without_gpu = pytest.mark.skipif(not diagnose(), reason="there is a GPU")


@pytest.fixture
def facts():
    return []


@pytest.fixture
def say(facts):
    return lambda **found: facts.append(json.loads(json.dumps(found)))


@posix_only
@without_gpu
def test_without_a_gpu_each_part_says_what_is_missing(tmp_path):
    env = {**os.environ, "OUT": str(tmp_path / "out"), "PYTHON": sys.executable, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([ROOT / "benchmarks" / "on_gpu.sh"], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 1 and not done.stderr
    results = json.loads((tmp_path / "out" / "on_gpu.json").read_text(encoding="utf-8"))
    text = (tmp_path / "out" / "on_gpu.txt").read_text(encoding="utf-8")
    assert list(results) == list(on_gpu.PARTS)
    for name, result in results.items():
        assert result["ended"] == "missing" and diagnose() == result["sentence"], name
        assert f"{name} (missing, " in text.split("\n\n")[0]
    summary = on_gpu.summary(results)
    assert text.startswith(summary) and summary in done.stdout
    assert [fact["package"] for fact in results["versions"]["facts"]][0] == "numpy"


def test_all_limits_together_are_under_eight_minutes():
    assert sum(on_gpu.PARTS.values()) <= 470


def test_a_part_that_fails_or_hangs_does_not_stop_the_next(tmp_path, monkeypatch):
    """Whatever it started is ended with it."""
    mark = tmp_path / "mark"
    child = f"import time; time.sleep(4); open({str(mark)!r}, 'w')"
    programs = {
        "versions": "raise SystemExit('no such card')",
        "tests": f'import subprocess, sys, time; print(\'{on_gpu.FACT}{{"words": "a first row"}}\', flush=True); '
        f"subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(60)",
        "parity": f"print('text'); print('{on_gpu.FACT}{{\"n\": 1}}'); "
        f'print(\'{on_gpu.FACT}{{"ended": "well", "sentence": "all agree"}}\')',
    }
    watched = on_gpu.watched
    monkeypatch.setattr(
        on_gpu, "watched", lambda command, *rest: watched([sys.executable, "-c", programs[command[-1]]], *rest)
    )
    seconds = {"versions": 0.5, "tests": 2.0, "parity": 30.0}
    monkeypatch.setattr(on_gpu, "PARTS", seconds)
    start = time.monotonic()
    assert on_gpu.measure(tmp_path, list(programs)) == 1
    results = json.loads((tmp_path / "on_gpu.json").read_text(encoding="utf-8"))
    assert results["versions"]["ended"] == "failed" and results["versions"]["sentence"] == "no such card"
    assert results["tests"]["ended"] == "cut off" and "a first row" in results["tests"]["sentence"]
    assert results["parity"] | {"seconds": 0} == {
        **dict(ended="well", sentence="all agree", seconds=0, facts=[{"n": 1}])
    }
    assert "1 of 3 parts went well: parity." in (tmp_path / "on_gpu.txt").read_text(encoding="utf-8")
    if os.name == "posix":
        time.sleep(max(0.0, 6 - (time.monotonic() - start)))
        assert not mark.exists()


def test_the_versions_of_a_machine_with_a_gpu(say, facts, monkeypatch):
    """On a module with those names of CuPy that a test compares with the real package, where that is installed."""
    properties = {"name": b"NVIDIA Card"}
    runtime = SimpleNamespace(
        getDeviceProperties=lambda device: properties, driverGetVersion=lambda: 12080, runtimeGetVersion=lambda: 12090
    )
    device = SimpleNamespace(id=0, mem_info=(1, 80e9), compute_capability="90")
    cupy = SimpleNamespace(__version__="14.2.0", cuda=SimpleNamespace(runtime=runtime, Device=lambda: device))
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    monkeypatch.setattr(on_gpu_parts, "diagnose", lambda: None)
    assert on_gpu_parts.versions(say) == "NVIDIA Card with 80 GB, CUDA 12.8 (driver), 12.9 (CuPy 14.2.0)"
    assert facts[-1]["capability"] == "9.0" and any(fact.get("package") == "numpy" for fact in facts)


def test_the_names_that_are_asked_of_cupy_exist():
    cupy = pytest.importorskip("cupy")
    for name in ("getDeviceProperties", "driverGetVersion", "runtimeGetVersion"):
        assert callable(getattr(cupy.cuda.runtime, name))
    assert all(hasattr(cupy.cuda.Device, name) for name in ("id", "mem_info", "compute_capability"))


def test_tests_that_pass_fail_or_are_all_skipped(say, facts, tmp_path):
    """The part for pytest, on a file of its own."""
    file = tmp_path / "test_one.py"
    file.write_text("def test_a():\n    pass\n\n\ndef test_b():\n    pass\n", encoding="utf-8")
    assert on_gpu_parts.tests(say, "not gpu", [str(file)]).startswith("2 passed")
    file.write_text("def test_a():\n    pass\n\n\ndef test_b():\n    assert False\n", encoding="utf-8")
    with pytest.raises(on_gpu_parts.Failed, match="1 failed, 1 passed"):
        on_gpu_parts.tests(say, "not gpu", [str(file)])
    file.write_text("import pytest\n\n\n@pytest.mark.skip\ndef test_a():\n    pass\n", encoding="utf-8")
    with pytest.raises(on_gpu_parts.Failed, match="1 skipped"):
        on_gpu_parts.tests(say, "not gpu", [str(file)])
    assert len(facts) == 1 and facts[0]["test"].endswith("test_one.py::test_b")


@pytest.mark.skipif(not COMPILER, reason="the stand-in compiles the kernels with g++")
def test_parity_on_the_stand_in(say, facts, monkeypatch):
    names = ("ring", "small")
    backend = CupyBackend(FakeCupy())
    sentence = on_gpu_parts.parity(say, backend, names)
    assert (
        "all 2 presets agree" in sentence
        and "2 of 2 are the same bits played back as called, without the passes 2" in sentence
    )
    assert [fact["preset"] for fact in facts] == list(names)
    assert all(0 <= fact["called"] < 1 and fact["same_bits_without_the_passes"] for fact in facts)
    backend.kernels[on_gpu_parts_op()] = lambda op, xp, x: op.forward(xp, x) * 1.5
    with pytest.raises(on_gpu_parts.Failed, match="1 of 1 presets do not agree with NumPy: small"):
        on_gpu_parts.parity(say, backend, ["small"])
    monkeypatch.setattr(on_gpu_parts, "states", lambda *args, **options: 1 / 0)
    with pytest.raises(on_gpu_parts.Failed, match="ring"):
        on_gpu_parts.parity(say, backend, ["ring"])
    assert "ZeroDivisionError" in facts[-1]["problem"]


def on_gpu_parts_op():
    from tinygan.autograd.kinks import LeakyReLU

    return LeakyReLU


def test_a_distance_of_nan_is_no_agreement():
    here, there = {"w": np.ones(3)}, {"w": np.array([1, np.nan, 1])}
    assert not on_gpu_parts.distance(here, there) <= 1
    assert on_gpu_parts.distance(here, here) == 0


def test_runs_on_numpy(say, facts):
    assert on_gpu_parts.runs(say, "numpy", ["ring"]) == "all 1 presets train, and go on after --resume"
    with pytest.raises(on_gpu_parts.Failed, match="no_such: .*preset"):
        on_gpu_parts.runs(say, "numpy", ["no_such"])
    assert facts[0] == {"preset": "ring", "problem": ""} and facts[1]["problem"]


def test_every_race_is_run_and_told(say, facts, monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(on_gpu_parts, "diagnose", lambda: None)
    with (
        pytest.raises(on_gpu_parts.Missing, match="sees no GPU")
        if not torch.cuda.is_available()
        else (pytest.raises(ZeroDivisionError))
    ):
        on_gpu_parts.race(say)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    times = {side: np.full(3, t) for side, t in zip(on_gpu_parts.gpu.SIDES, (0.004, 0.002, 0.006, 0.001), strict=True)}
    monkeypatch.setattr(on_gpu_parts.gpu, "race", lambda *args: (times, dict.fromkeys(times, 100.0)))
    words = on_gpu_parts.race(say)
    assert "dcgan (batch 64) played back takes 2.00 ms" in words and "PyTorch's CUDA graph 0.50" in words
    raced = [(fact["step"], fact["batch"]) for fact in facts]
    assert {("dcgan", batch) for batch in (64, 256, 1024)} < set(raced) and len(raced) == 8

    def differ(step, *rest):
        if step == "ring":
            raise LossesDiffer("other losses")
        return times, dict.fromkeys(times, 100.0)

    monkeypatch.setattr(on_gpu_parts.gpu, "race", differ)
    with pytest.raises(on_gpu_parts.Failed, match=r"ring \(batch 512\): other losses; dcgan"):
        on_gpu_parts.race(say)


def test_a_package_that_is_missing_is_named_by_each_part(monkeypatch, capsys):
    """It may be one without which nothing of tinygan can be imported."""
    monkeypatch.delitem(sys.modules, "benchmarks.on_gpu_parts")
    monkeypatch.delattr(sys.modules["benchmarks"], "on_gpu_parts")
    monkeypatch.setitem(sys.modules, "tinygan.compiled", None)
    assert on_gpu.do("runs") == 1
    sentence = on_gpu.result_of(1, 1.0, capsys.readouterr().out)["sentence"]
    assert sentence == "the package tinygan.compiled is not installed: pip install tinygan.compiled"


@pytest.mark.parametrize("argv", [["--only", "versions,nothing"], ["--part", "nothing"], ["--nothing"], ["x"]])
def test_wrong_input_ends_in_one_sentence(argv, capsys):
    with pytest.raises(SystemExit) as end:
        on_gpu.main(argv)
    assert end.value.code == 2 and one_sentence(capsys.readouterr().err)


@pytest.mark.parametrize("name", list(on_gpu.PARTS))
def test_a_part_ends_with_its_sentence(name, monkeypatch, capsys):
    monkeypatch.setattr(on_gpu_parts, "diagnose", lambda: NO_CUPY)
    monkeypatch.setattr(on_gpu_parts, "version", lambda name: (_ for _ in ()).throw(PackageNotFoundError(name)))
    assert on_gpu.do(name) == 1
    assert on_gpu.result_of(1, 1.0, capsys.readouterr().out)["sentence"] == NO_CUPY
