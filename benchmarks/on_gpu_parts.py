"""The parts of `benchmarks.on_gpu`: each returns a sentence, and says its numbers as it finds them.

A part raises `Missing` for what this machine lacks, and `Failed` for what is not as it should be.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

import tinygan as tg
from benchmarks import gpu
from benchmarks.race import LossesDiffer
from benchmarks.turns import WorkerEnded
from benchmarks.worker import SETTINGS
from tinygan import data
from tinygan.backend import backend_of, using_backend
from tinygan.backend.cupy_backend import diagnose
from tinygan.compiled import program
from tinygan.training import build, presets

ROOT = Path(__file__).resolve().parent.parent
Say = Callable[..., None]  # say(name=value, ...): numbers that are kept whatever comes next
STEPS = 4  # of a comparison: a step that is played back is written down in the first two
ROUNDS = 3  # of each race
BATCHES = (64, 256, 1024)
AT_ONCE = 4  # tests, or runs, side by side; nothing is timed in them


class Missing(Exception):
    """This machine lacks something; the message says what, and how to get it."""


class Failed(Exception):
    """Something is not as it should be; the message says what."""


def check_gpu() -> None:
    problem = diagnose()
    if problem:
        raise Missing(problem)


def versions(say: Say) -> str:
    """The card, its driver, and the packages."""
    for name in ("numpy", "cupy-cuda12x", "cupy-cuda13x", "torch", "pytest"):
        try:
            say(package=name, version=version(name))
        except PackageNotFoundError:
            continue
    say(package="python", version=sys.version.split()[0], cores=os.cpu_count())
    check_gpu()
    import cupy

    runtime, device = cupy.cuda.runtime, cupy.cuda.Device()
    card, memory = runtime.getDeviceProperties(device.id)["name"].decode(), device.mem_info[1] / 1e9
    driver, toolkit = (
        f"{n // 1000}.{n % 1000 // 10}" for n in (runtime.driverGetVersion(), runtime.runtimeGetVersion())
    )
    capability = f"{device.compute_capability[:-1]}.{device.compute_capability[-1]}"
    say(card=card, memory_gb=memory, driver=driver, toolkit=toolkit, capability=capability, cupy=cupy.__version__)
    return f"{card} with {memory:.0f} GB, CUDA {driver} (driver), {toolkit} (CuPy {cupy.__version__})"


def tests(say: Say, marker: str = "gpu", paths: Sequence[str] = ()) -> str:
    """``pytest -m gpu``: each kernel against its definition, each op and each step against NumPy."""
    if importlib.util.find_spec("pytest") is None:
        raise Missing("pytest is not installed: pip install pytest")
    if marker == "gpu":
        check_gpu()
    side_by_side = ["-n", str(AT_ONCE)] if importlib.util.find_spec("xdist") else []
    command = [sys.executable, "-m", "pytest", "-v", "-m", marker, "-p", "no:cacheprovider", "--tb=short"]
    command += [*side_by_side, *paths]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout
    last = ""
    for line in process.stdout:
        print(line, end="", flush=True)
        last = line.strip() or last
        if found := re.match(r"(\S.*::.*) (FAILED|ERROR) +\[|\[gw\d+\] \[ *\d+%\] (FAILED|ERROR) (.*)", line):
            name = found[1] or found[4].strip()
            say(test=name, words=f"{name} failed")
    last = last.strip("= ")
    if process.wait() or not re.search(r"\b[1-9]\d* passed", last):
        raise Failed(last)
    return last


def parity(say: Say, backend: Any = "cupy", names: Collection[str] = tuple(presets.PRESETS)) -> str:
    """The first steps of each preset on CuPy, called and played back, against NumPy's, with plain gradient descent."""
    if backend == "cupy":
        check_gpu()
    far, same, same_joined = [], 0, 0
    for name in names:
        try:
            here = states(name, "numpy", compiled=False)
            called, raw, played = (states(name, backend, *way) for way in ((False,), (True, False), (True,)))
            found = {"called": distance(here, called), "played": distance(here, played)}
            equal = all(np.array_equal(value, raw[each]) for each, value in called.items())
            joined = all(np.array_equal(value, played[each]) for each, value in called.items())
        except Exception as error:
            say(preset=name, problem=f"{type(error).__name__}: {error}")
            far.append(name)
            continue
        same, same_joined = same + equal, same_joined + joined
        say(preset=name, **found, same_bits=joined, same_bits_without_the_passes=equal)
        print(f"{name}: {found}, the same bits: {joined}, without the passes: {equal}", flush=True)
        if not max(found.values()) <= 1:
            far.append(name)
    bits = f"{same_joined} of {len(names)} are the same bits played back as called, without the passes {same}"
    if far:
        raise Failed(f"{len(far)} of {len(names)} presets do not agree with NumPy: {', '.join(far)}; {bits}")
    return f"the steps of all {len(names)} presets agree with NumPy's, called and played back; {bits}"


def states(preset: str, backend: Any, compiled: bool, passes: bool = True) -> dict[str, np.ndarray]:
    """All weights and moments after some steps."""
    config = presets.configure(dict(preset=preset, batch_size=4, samples=1, optimizer="sgd"))
    dataset = data.digits(n=40) if config.data == "digits" else data.load(config.data)
    with using_backend(backend) as used, mock.patch.object(build, "use_backend", lambda name: used):
        setup = build.build(config, dataset=dataset)
        play = tg.compiled(setup.game.step) if compiled else setup.game.step
        plain = mock.patch.object(program, "improved", lambda lines, wanted, backend: lines)
        with nullcontext() if passes else plain:
            for _ in range(STEPS):
                play(setup.next_reals)
        assert backend_of(setup.game.generator.parameters()[0].data) is used
        if why := getattr(play, "why_not", ""):
            raise Failed(why)
        return setup.state(STEPS)[0]


def distance(here: dict[str, np.ndarray], there: dict[str, np.ndarray]) -> float:
    """The largest difference, in units of what rounding may be: 5e-3 of an array's largest number, and 2e-5."""
    return max(
        float(np.abs(value - there[name]).max() / (5e-3 * np.abs(value).max() + 2e-5)) for name, value in here.items()
    )


def runs(say: Say, backend: str = "cupy", names: Collection[str] = tuple(presets.PRESETS)) -> str:
    """Each preset from the command line: twenty steps with --quick, and twenty more after a --resume."""
    if backend == "cupy":
        check_gpu()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        problems = dict(zip(names, pool.map(lambda name: trained(name, backend, folder), names), strict=True))
    for name, problem in problems.items():
        say(preset=name, problem=problem)
    bad = {name: problem for name, problem in problems.items() if problem}
    if bad:
        raise Failed("; ".join(f"{name}: {problem}" for name, problem in bad.items()))
    return f"all {len(problems)} presets train, and go on after --resume"


def trained(preset: str, backend: str, folder: str) -> str:
    """What went wrong; "" if nothing did."""
    first = ("--preset", preset, "--quick", "--backend", backend, "--steps", "20", "--outdir", folder)
    done = _train(*first)
    if done.returncode:
        return _last_line(done.stderr)
    done = _train("--resume", done.stdout.split(": ")[0], "--steps", "40")
    print(preset, done.stdout, done.stderr, sep="\n", flush=True)
    return _last_line(done.stderr) or f"exit status {done.returncode}" if done.returncode else ""


def _train(*options: str) -> Any:
    command = [sys.executable, "-m", "tinygan.train", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[-1]


def races() -> Iterator[tuple[str, int]]:
    """(step, batch) of each race, the most telling first."""
    steps = sorted(SETTINGS, key=lambda step: ("dcgan", "mlp", "wgan-gp", "small", "ring", "dcgan64").index(step))
    for step in steps:
        for batch in BATCHES if step == "dcgan" else [SETTINGS[step].batch]:
            yield step, batch


def race(say: Say) -> str:
    """One training step beside PyTorch's: `benchmarks.gpu`, in few rounds."""
    check_gpu()
    if importlib.util.find_spec("torch") is None:
        raise Missing("PyTorch is not installed: pip install torch")
    import torch

    if not torch.cuda.is_available():
        raise Missing(f"PyTorch {torch.__version__} sees no GPU: install a build with CUDA (https://pytorch.org)")
    print(gpu.HEADER, flush=True)
    words, problems = [], []
    for step, batch in races():
        try:
            times, memory = gpu.race(step, batch, False, ROUNDS)
        except (WorkerEnded, LossesDiffer) as error:
            problems.append(f"{step} (batch {batch}): {error}")
            say(step=step, batch=batch, problem=str(error), words=problems[-1])
            continue
        milliseconds = {side: 1e3 * float(np.median(each)) for side, each in times.items()}
        words.append(in_words(step, batch, milliseconds))
        say(step=step, batch=batch, milliseconds=milliseconds, megabytes=memory, words=words[-1])
        print(gpu.row(step, batch, times, memory), flush=True)
    if problems:
        raise Failed("; ".join([*problems, *words]))
    return "; ".join(words)


def in_words(step: str, batch: int, milliseconds: dict[str, float]) -> str:
    """How a step compares, in a few words."""
    ours = milliseconds["compiled"]
    others = {"called": "tinygan", "PyTorch": "eager", "PyTorch's CUDA graph": "graphs"}
    factors = ", ".join(f"{name} {milliseconds[side] / ours:.2f}" for name, side in others.items())
    return f"{step} (batch {batch}) played back takes {ours:.2f} ms; as a multiple of it: {factors}"
