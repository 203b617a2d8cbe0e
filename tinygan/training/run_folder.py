"""Everything a run leaves behind, in one folder: runs/00007-mlp-digits-ns/."""

from __future__ import annotations

import json
import os
import platform
import re
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

import tinygan
from tinygan.files import errors_name, make_folders, sync, sync_folder, whole_file
from tinygan.reading import (
    Kind,
    Unreadable,
    check_fields,
    mapping,
    maybe,
    number,
    parsed,
    plain_bytes,
    plain_file,
    text,
    whole,
)
from tinygan.training import checkpoint
from tinygan.training.rows import read_rows
from tinygan.words import listed

KEEP_CHECKPOINTS = 2
ROWS = ("stats.jsonl", "metrics.jsonl")
LINES = (*ROWS, "log.txt")
BEST = "best.npz"
ANIMATION = "training.gif"  # the last file that a run writes
LARGEST_CONFIG = 1 << 24  # bytes of the largest config.json that is read
CONFIG_FIELDS: dict[str, Kind] = {"options": mapping, "networks_sha256": maybe(text)}
BEST_FIELDS: dict[str, Kind] = {"metric": text, "value": number, "step": whole(1), "n": whole(1)}
PICTURE = re.compile(r"fakes_(init|\d{6,18})\.png")
CHECKPOINT = re.compile(r"checkpoint-(\d{6,18})\.npz")
OF_A_RUN = ("config.json", "generator*.npz", "checkpoint-*.npz", BEST)  # no output may replace one


class RunError(ValueError):
    """A run folder that cannot be made, or cannot be resumed; one sentence."""


class RunFolder:
    """The folder of a run, and how its files are written: whole or not at all, one line at a time.

    Parameters
    ----------
    path : Path
        An existing folder; `create` makes a new one, `existing` checks an old one.
    """

    def __init__(self, path: Path):
        self.path = path

    @classmethod
    def create(cls, outdir: str | Path, name: str) -> RunFolder:
        """Make the next numbered folder in `outdir`, called so behind its number.

        Raises
        ------
        RunError
            If it cannot be made (a read-only place, a file in the way).
        """
        try:
            make_folders(outdir)
            while True:  # another run may take the number at the same moment: then take the next
                taken = [int(m[1]) for entry in os.listdir(outdir) if (m := re.match(r"(\d{5,})-", entry))]
                path = Path(outdir) / f"{max(taken, default=-1) + 1:05d}-{name}"
                try:
                    path.mkdir()
                except FileExistsError:
                    continue
                sync_folder(outdir)
                return cls(path)
        except OSError as error:
            raise RunError(f"cannot make a run folder in {outdir}: {error.strerror or error}") from None

    @classmethod
    def existing(cls, path: str | Path) -> RunFolder:
        """An old run's folder.

        Raises
        ------
        RunError
            If there is none, or it holds no run.
        """
        path = Path(os.path.expanduser(path))
        if not path.is_dir():
            raise RunError(f"there is no run folder {path}")
        run = cls(path)
        if not (path / "config.json").exists() and not run.checkpoints():
            raise RunError(f"{path} is not a run folder: it holds no config.json and no checkpoint")
        return run

    # -- text ------------------------------------------------------------------------------------

    def write_config(self, config: Mapping[str, Any], command: str, about: Mapping[str, Any]) -> None:
        """config.json: the options, the versions, the machine, and what the run is `about`."""
        content = {
            "options": dict(config),
            "command": command,
            **about,
            "versions": {"tinygan": tinygan.__version__, "numpy": np.__version__, "python": platform.python_version()},
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs",
            "started": time.strftime("%Y-%m-%d %H:%M:%S"),
        }
        self.write_text("config.json", json.dumps(content, indent=2) + "\n")

    def read_config(self) -> dict[str, Any]:
        """What config.json says, its options as "config", for a run that was stopped before its first checkpoint.

        Raises
        ------
        RunError
            If the file is missing or damaged.
        """
        try:
            content = parsed(plain_bytes(self.path / "config.json", LARGEST_CONFIG))
            check_fields(content, CONFIG_FIELDS)
            return {**content, "config": content["options"]}
        except FileNotFoundError:
            why = "there is none"
        except IsADirectoryError:
            why = "it is a folder"
        except Unreadable as error:
            why = str(error)
        raise RunError(f"{self.path} holds no checkpoint-*.npz and no readable config.json to begin from: {why}")

    def write_text(self, name: str, text: str) -> None:
        with whole_file(self.path / name) as file:
            file.write(text.encode(errors="backslashreplace"))

    def append(self, name: str, row: Mapping[str, Any]) -> None:
        """One line of JSON at the end of a `.jsonl` file; what is not a finite number becomes null."""
        finite = {k: None if isinstance(v, float) and not np.isfinite(v) else v for k, v in row.items()}
        self._append_line(name, json.dumps(finite))

    def log(self, text: str) -> None:
        self._append_line("log.txt", f"{time.strftime('%H:%M:%S')} {text}")

    def _append_line(self, name: str, line: str) -> None:
        try:
            with plain_file(self.path / name, at_end=True) as file:  # "\n" on Windows, too
                file.write((line + "\n").encode(errors="backslashreplace"))
        except Unreadable as why:
            raise RunError(f"{self.path / name} cannot be written: {why}") from None

    def sync_lines(self) -> None:
        """Send the lines so far to the disk: after a power cut no checkpoint may be there without those before it."""
        for name in LINES:
            with suppress(FileNotFoundError), errors_name(self.path / name), open(self.path / name, "r+b") as file:
                sync(file)

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The lines of a `.jsonl` file; what is none (a last line cut off by a crash) is left out."""
        return self._rows(name)[0]

    def _rows(self, name: str) -> tuple[list[dict[str, Any]], list[int]]:
        """The same, and the numbers of the lines that are none."""
        try:
            return read_rows(self.path / name)
        except Unreadable as why:
            raise RunError(f"{self.path / name} cannot be read: {why}") from None

    def forget_after(self, step: int) -> list[str]:
        """Drop what was written after `step`, which a resumed run will write again.

        Returns
        -------
        list of str
            A sentence for each file of which something else was left out.
        """
        said = []
        for name in ROWS:
            rows, strays = self._rows(name)
            if strays:
                lines = f"line{'s' * (len(strays) > 1)} {listed([str(place) for place in strays])}"
                said.append(f"left out {lines} of {self.path / name}: not the numbers of a step")
            self.write_text(name, "".join(json.dumps(row) + "\n" for row in rows if row["step"] <= step))
        for picture in self.pictures():
            if _step_of(picture) > step and picture.is_file():
                picture.unlink()
        for leftover in self.path.glob(".*.tmp"):
            if leftover.is_file():
                leftover.unlink()
        return said

    # -- pictures and checkpoints ------------------------------------------------------------------

    def picture(self, step: int) -> Path:
        """Where the samples after `step` steps are drawn."""
        return self.path / picture_name(step)

    def pictures(self, last: int | None = None) -> list[Path]:
        """The pictures of samples, to step `last`, in the order of their steps; of other files, none."""
        found = sorted(_called(self.path.glob("fakes_*.png"), PICTURE), key=_step_of)
        return [picture for picture in found if last is None or _step_of(picture) <= last]

    def has_ended(self) -> bool:
        """Whether nothing is missing of what the last step leaves."""
        return (self.path / ANIMATION).exists()

    def frames(self) -> list[tuple[int, Path]]:
        """(step, picture) of all pictures of samples, in order."""
        return [(_step_of(picture), picture) for picture in self.pictures()]

    def checkpoints(self) -> list[Path]:
        """All checkpoints, oldest first."""
        return sorted(_called(self.path.glob("checkpoint-*.npz"), CHECKPOINT), key=_step_of)

    def save_checkpoint(self, step: int, arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> None:
        """Write the checkpoint of `step`; only then are the oldest removed, all but two."""
        self.sync_lines()
        checkpoint.save(self.path / f"checkpoint-{step:06d}.npz", arrays, meta)
        for old in self.checkpoints()[:-KEEP_CHECKPOINTS]:
            if old.is_file():
                old.unlink()

    def save_best(self, arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any], about: Mapping[str, Any]) -> None:
        """Keep a checkpoint's content as best.npz; `about` says in what it is the best, and its step."""
        self.sync_lines()
        checkpoint.save(self.path / BEST, arrays, {**meta, "best": dict(about)})

    def best(self) -> dict[str, Any] | None:
        """What `save_best` was told about best.npz; None if there is none.

        Raises
        ------
        CheckpointError
            If it is damaged, or another file. Going on without it would put the next best in its place.
        """
        path, go_on = self.path / BEST, "move it away to go on without it"
        if not path.exists():
            return None
        try:
            _, meta = checkpoint.load(path)
            if meta.get("kind") != "checkpoint" or "best" not in meta:
                raise checkpoint.CheckpointError(f"{path} is not what --keep-best keeps")
            check_fields(meta["best"], BEST_FIELDS)
        except Unreadable as why:
            raise checkpoint.CheckpointError(f"{path} is not what --keep-best keeps ({why}); {go_on}") from None
        except checkpoint.CheckpointError as error:
            raise checkpoint.CheckpointError(f"{error}; {go_on}") from None
        return dict(meta["best"])

    def states(self) -> list[Path]:
        """All files that a run can go on from, oldest first: the checkpoints and best.npz, which is one too."""
        found, best = self.checkpoints(), self.best()
        if best:
            later = [path for path in found if _step_of(path) >= best["step"]]
            found.insert(len(found) - len(later), self.path / BEST)
        return found

    def load_checkpoint(self) -> tuple[dict[str, np.ndarray], dict[str, Any], Path]:
        """(arrays, meta, path) of the newest checkpoint, which may be the best.

        Raises
        ------
        RunError
            If there is none.
        CheckpointError
            If it or the best is damaged; the sentence says what can be done.
        """
        found = self.states()
        if not found:
            raise RunError(f"{self.path} holds no checkpoint-*.npz to go on from")
        try:
            arrays, meta = checkpoint.load(found[-1])
            if meta.get("kind") != "checkpoint":
                raise checkpoint.CheckpointError(f"{found[-1]} is no checkpoint of a run")
        except checkpoint.CheckpointError as error:
            older = f"; remove it to go on from {found[-2].name}" if len(found) > 1 else ""
            raise checkpoint.CheckpointError(f"{error}{older}") from None
        return arrays, meta, found[-1]


def picture_name(step: int) -> str:
    """What the picture of the samples after `step` steps is called."""
    return "fakes_init.png" if step == 0 else f"fakes_{step:06d}.png"


def _called(paths: Iterable[Path], name: re.Pattern[str]) -> list[Path]:
    return [path for path in paths if name.fullmatch(path.name)]


def _step_of(path: Path) -> int:
    """The step in the name of a picture or a checkpoint; the initial picture is step 0."""
    digits = re.search(r"(\d+)", path.stem)
    return int(digits[1]) if digits else 0
