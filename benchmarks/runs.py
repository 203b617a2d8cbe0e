"""Training runs with their evaluations, several at a time, which can be stopped at any time and are never made twice.

What is to be done next follows from the files alone, so the same command goes on wherever it was stopped:
``<out>/<name>/job.json`` says what the folder was made for, the numbered folder beside it is the run, and the
``evaluation.json`` in that one is the result.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.turns import THREAD_VARIABLES
from tinygan.files import whole_file
from tinygan.train import parser
from tinygan.training import presets
from tinygan.training.config import Config
from tinygan.training.loop import TrainingInterrupted, TrainingStopped
from tinygan.training.progress import stop_on_signals
from tinygan.training.run_folder import RunError, RunFolder

OUT = Path("runs/benchmarks")
TRAIN, EVALUATE = "tinygan.train", "tinygan.evaluate"
VERSION = 1  # of a job: to be raised when the same options give other figures, so that old folders are refused
SECONDS_BETWEEN_LOOKS = 0.05


@dataclass(frozen=True)
class Job:
    """A run and its evaluation.

    Attributes
    ----------
    name : str
        Its folder, such as ``losses/ns-seed0``.
    options : str
        Of ``python -m tinygan.train``, as on the command line.
    """

    name: str
    options: str

    def settings(self) -> dict[str, Any]:
        """All options of the run, those of its preset too; ConfigError if they do not fit each other."""
        args = parser().parse_args(self.options.split())
        names = [f.name for f in dataclasses.fields(Config)]
        given = {name: value for name in names if (value := getattr(args, name)) is not None}
        return {"version": VERSION, **dataclasses.asdict(presets.configure(given))}


@dataclass(frozen=True)
class Outcome:
    """What came out of a job.

    Attributes
    ----------
    run : Path
        The run's folder.
    rows : mapping of str to mapping of str to float
        Of the evaluation: the numbers of "generator", and of the rows it is compared with. Without value: NaN.
    failed : str
        Why the training ended early, as when a weight is no number any more; then there are no rows.
    measured : str
        On how many samples and, of images, in whose eyes.
    """

    run: Path
    rows: Mapping[str, Mapping[str, float]]
    failed: str = ""
    measured: str = ""

    def seconds_per_step(self) -> float:
        """The median over the lines of stats.jsonl, so that pictures, checkpoints and pauses do not count."""
        rates = [row["steps_per_second"] for row in RunFolder(self.run).rows("stats.jsonl")]
        return 1 / statistics.median(rates) if rates else math.nan

    def at_the_end(self, key: str) -> float:
        """The mean of a number of stats.jsonl over the last tenth of its lines; NaN if they lack it."""
        rows = RunFolder(self.run).rows("stats.jsonl")
        last = [float(row.get(key, math.nan)) for row in rows[-max(1, len(rows) // 10) :]]
        return statistics.fmean(last) if last else math.nan


class JobFolder:
    """The files of a job.

    Parameters
    ----------
    out : Path
    job : Job

    Raises
    ------
    RunError
        If the folder was made with other options, or does not say with which.
    """

    def __init__(self, out: Path, job: Job):
        self.path, self.job, self.settings = out / job.name, job, job.settings()
        note = self.path / "job.json"
        if note.exists() or self.run:  # a run without a note may be of any options
            other = _differences(_read(note, delete=self.path), self.settings)
            if other:
                raise RunError(
                    f"{self.path} was made with other options ({'; '.join(other)}): delete it, or choose another "
                    "folder with --out"
                )

    def begin(self) -> None:
        """Make the folder, and say in it what it is for."""
        self.path.mkdir(parents=True, exist_ok=True)
        with whole_file(self.path / "job.json") as file:
            file.write(json.dumps(self.settings, indent=2).encode())

    @property
    def run(self) -> Path | None:
        """The run's folder, once there is one that can be resumed."""
        return max((path.parent for path in self.path.glob("*/config.json")), default=None)

    @property
    def evaluation(self) -> Path:
        return (self.run or self.path) / "evaluation.json"

    def outcome(self) -> Outcome | None:
        """The result, if the job is finished."""
        if self.run is None or not self.evaluation.exists():
            return None
        found = _read(self.evaluation, delete=self.evaluation)
        try:
            rows = {name: _numbers(row) for name, row in found["rows"].items()}
            extractor = f", seen by the {found['extractor']}" if found.get("extractor") else ""
            measured = f"n = {found['n']:,} samples in each row{extractor}" if rows else ""
            return Outcome(self.run, rows, found.get("failed", ""), measured)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise RunError(f"{self.evaluation} is no evaluation that can be read: delete it") from None

    def next_command(self) -> list[str]:
        """What brings an unfinished job further: to train, to go on with it, or to evaluate."""
        if self.run is None:
            return [TRAIN, *self.job.options.split(), "--outdir", str(self.path)]
        if not (self.run / f"checkpoint-{self.settings['steps']:06d}.npz").exists():
            return [TRAIN, "--resume", str(self.run)]
        # What a generator is compared with depends on the data alone: once, with the first seed, is enough.
        alone = ["--no-references"] if self.settings["seed"] else []
        return [EVALUATE, str(self.run), "--json", str(self.evaluation), *alone]

    def start(self) -> subprocess.Popen:
        """The next command as a process with one thread, in a group of its own: Ctrl-C reaches it through us, once."""
        environment = os.environ | dict.fromkeys(THREAD_VARIABLES, "1")
        command = [sys.executable, "-m", *self.next_command()]
        with open(self.path / "output.txt", "a", encoding="utf-8") as output:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment,
                start_new_session=True,
            )

    def ended(self, status: int) -> None:
        """Judge a process that ended by itself. A training that ended early is a result, and is written down as one.

        Raises
        ------
        TrainingStopped
            If it ended for any other reason: that is an error in the benchmark or in tinygan.
        """
        if status == 0:
            return
        lines = (self.path / "output.txt").read_text(encoding="utf-8", errors="replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), f"ended with status {status}")
        stopped = f"python -m {TRAIN}: step "
        if status != TrainingStopped.status or not last.startswith(stopped):
            raise TrainingStopped(f"{self.path} ended with status {status}: {last}")
        with whole_file(self.evaluation) as file:
            file.write(json.dumps({"rows": {}, "failed": last.removeprefix(stopped)}).encode())


def run_all(jobs: Iterable[Job], out: Path, at_once: int) -> dict[Job, Outcome]:
    """The outcomes of all jobs; those that are finished are read from their files.

    Raises
    ------
    ConfigError, RunError
        Before anything is started: if options do not fit, or a folder was made with others.
    TrainingStopped
        If a process ended by an error; the others are stopped, and save themselves.
    TrainingInterrupted
        On Ctrl-C, after all have saved themselves.
    """
    folders = {job: JobFolder(out, job) for job in jobs}
    waiting = [folder for folder in folders.values() if folder.outcome() is None]
    total = len(waiting)
    for folder in waiting:
        folder.begin()
    running: dict[JobFolder, subprocess.Popen] = {}
    with stop_on_signals() as stop:
        try:
            while (waiting or running) and not stop:
                while waiting and len(running) < at_once:
                    folder = waiting.pop(0)
                    running[folder] = folder.start()
                time.sleep(SECONDS_BETWEEN_LOOKS)
                for folder in look_after(running):
                    done = total - len(waiting) - len(running)
                    print(f"{folder.path}: finished, {done} of {total}", file=sys.stderr, flush=True)
        finally:
            stop_all(running.values())
    left = len(waiting) + len(running)
    if left:
        raise TrainingInterrupted(
            f"stopped with {total - left} of {total} jobs done; the same command goes on from there"
        )
    return {job: folder.outcome() for job, folder in folders.items()}  # type: ignore[misc]


def look_after(running: dict[JobFolder, subprocess.Popen]) -> list[JobFolder]:
    """Give jobs whose process has ended their next one; the finished ones are taken out and returned."""
    finished = []
    for folder, process in list(running.items()):
        status = process.poll()
        if status is None:
            continue
        folder.ended(status)
        if folder.outcome() is not None:
            finished.append(folder)
            del running[folder]
        elif process.args[2:] == folder.next_command():  # type: ignore[index]
            raise TrainingStopped(f"{folder.path}: {' '.join(folder.next_command())} left nothing behind")
        else:
            running[folder] = folder.start()
    return finished


def stop_all(processes: Iterable[subprocess.Popen]) -> None:
    """Ask them to stop, as Ctrl-C does, and wait until they have saved themselves."""
    processes = list(processes)
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
    for process in processes:
        process.wait()


def _read(path: Path, delete: Path) -> dict[str, Any]:
    """The JSON object in a file; else RunError, which says what to delete."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        content = None
    if not isinstance(content, dict):
        raise RunError(f"{path} cannot be read: delete {delete}")
    return content


def _differences(saved: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What was otherwise, in words. An option that tinygan did not have then stood at what is its default now."""
    then = {key: saved.get(key, getattr(Config, key, None)) for key in now}
    return [f"{key} {then[key]}, not {value}" for key, value in now.items() if then[key] != value]


def _numbers(row: Mapping[str, float | None]) -> dict[str, float]:
    return {name: math.nan if value is None else float(value) for name, value in row.items()}
