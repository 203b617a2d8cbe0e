"""Jobs that can be stopped at any time: each has a checkpoint of its own, and goes on bit for bit as if never stopped.

A finished job's file keeps the generator and what was measured; it is not run again.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.pacgan import Job, Rules, Trial, settings
from tinygan.metrics import ModeReport
from tinygan.training import checkpoint
from tinygan.training.checkpoint import CheckpointError
from tinygan.training.loop import TrainingInterrupted
from tinygan.training.progress import Progress, StopRequest, stop_on_signals

SECONDS_BETWEEN_SAVES = 60.0
SECONDS_BETWEEN_LINES = 30.0


class Jobs:
    """The jobs of one budget, and the folder of their files.

    Parameters
    ----------
    folder : Path
    budget : str
        Part of each file's name.
    rules : Rules
    save_every : float
        Seconds between the checkpoints of a running job.
    """

    def __init__(self, folder: Path, budget: str, rules: Rules, save_every: float = SECONDS_BETWEEN_SAVES):
        self.folder, self.budget, self.rules, self.save_every = folder, budget, rules, save_every

    def path(self, job: Job) -> Path:
        return self.folder / f"{job.data}-{self.budget}-pack{job.pack}-seed{job.seed}.npz"

    def run_all(self, jobs: Iterable[Job]) -> dict[Job, ModeReport]:
        """The reports of all jobs, those that are finished from their files.

        Raises
        ------
        CheckpointError
            If a file is damaged or of other settings: said before anything is trained.
        TrainingInterrupted
            On Ctrl-C, after saving.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        done = {job: self.finished(job) for job in jobs}
        with stop_on_signals() as stop:
            return {job: report or self.run(job, stop) for job, report in done.items()}

    def finished(self, job: Job) -> ModeReport | None:
        """What was measured, if the job is finished; checks the job's file if there is one."""
        saved = self.load(job)
        return _unpack(saved[1].get("report"), self.path(job)) if saved else None

    def run(self, job: Job, stop: StopRequest) -> ModeReport:
        """Train a job from where it stands to its end, and measure it."""
        trial, name = Trial(job, self.rules), self.path(job).stem
        saved = self.load(job)
        if saved:
            try:
                trial.load_state(*saved)
            except (KeyError, TypeError, ValueError) as error:
                raise CheckpointError(f"{self.path(job)} does not fit: {error}") from None
        progress = Progress(trial.steps, self.rules.steps)
        progress.bar.set_description_str(name)
        try:
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # the table shows what NaN leads to
                self.train(trial, progress, stop)
                report = trial.report()
        finally:
            progress.close()
        self.save(trial, report)
        progress.say(f"{name}: {report.modes} modes, {report.high_quality:.1%} of high quality")
        return report

    def train(self, trial: Trial, progress: Progress, stop: StopRequest) -> None:
        """All steps that are left, with a checkpoint and a line now and then."""
        name, first, start = self.path(trial.job).stem, trial.steps, time.monotonic()
        next_save, next_line = start + self.save_every, start + SECONDS_BETWEEN_LINES
        while trial.steps < self.rules.steps:
            if stop:
                self.save(trial)
                at = f"{name} stopped after step {trial.steps} of {self.rules.steps}"
                raise TrainingInterrupted(f"{at}; the same command goes on from there")
            trial.step()
            progress.step()
            now = time.monotonic()
            if now >= next_save:
                self.save(trial)
                next_save = time.monotonic() + self.save_every
            if now >= next_line and not progress.terminal:
                next_line = now + SECONDS_BETWEEN_LINES
                progress.say(f"{name}: {_pace(trial, first, now - start)}")

    def save(self, trial: Trial, report: ModeReport | None = None) -> None:
        """The whole state of a trial; of a finished one, the generator and its report."""
        arrays, meta = trial.state()
        if report:
            arrays = {name: value for name, value in arrays.items() if name.startswith("G/")}
            kl = report.reverse_kl if math.isfinite(report.reverse_kl) else None  # JSON has no infinity
            meta["report"] = {"counts": report.counts.tolist(), "n": report.n, "reverse_kl": kl}
        checkpoint.save(self.path(trial.job), arrays, {"settings": settings(trial.job, self.rules), **meta})

    def load(self, job: Job) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
        """What `save` wrote, or None if there is no file.

        Raises
        ------
        CheckpointError
            If the file is damaged, or of other settings; the message names them.
        """
        path = self.path(job)
        if not path.exists():
            return None
        arrays, meta = checkpoint.load(path)
        saved, wanted = meta.get("settings"), settings(job, self.rules)
        if not isinstance(saved, dict):
            raise CheckpointError(f"{path} is no checkpoint of this benchmark: choose another folder with --out")
        other = [f"{key} {saved.get(key)}, not {value}" for key, value in wanted.items() if saved.get(key) != value]
        if other:
            raise CheckpointError(
                f"{path} is of other settings ({'; '.join(other)}): delete it, or choose another folder with --out"
            )
        return arrays, meta


def _pace(trial: Trial, first: int, seconds: float) -> str:
    rate = (trial.steps - first) / seconds
    left = (trial.rules.steps - trial.steps) / rate
    return f"step {trial.steps}/{trial.rules.steps}, {rate:.1f} steps/s, {left:.0f} s left"


def _unpack(saved: Any, path: Path) -> ModeReport | None:
    """A report from what JSON kept of it."""
    if saved is None:
        return None
    try:
        counts, n = np.array(saved["counts"], dtype=np.int64), int(saved["n"])
        found, total = int(np.count_nonzero(counts)), int(counts.sum())
        kl = math.inf if saved["reverse_kl"] is None else float(saved["reverse_kl"])
        return ModeReport(found, len(counts), total / n, kl, counts, n)
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} has no report that can be read: {error!r}") from None
