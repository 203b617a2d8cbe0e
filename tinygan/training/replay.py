"""replay.html: the page of a run, made of its folder alone, so that an old run can have one too."""

from __future__ import annotations

import dataclasses
import math
import re
import time
from collections.abc import Mapping
from typing import Any

from tinygan.plot.replay import Pictures, Replay, save_replay
from tinygan.training.run_folder import RunError, RunFolder

NAME = "replay.html"
ENLARGED = 2  # pixels of images, by `plot.save_grid`
FASTEST, SLOWEST = 2, 30  # seconds between reloads
PATIENCE = 10  # times the time between two pictures, until silence is odd
LEAST_PATIENCE = 600  # seconds
MOST_WORDS = 100
WORDS = re.compile(r"\d\d:\d\d:\d\d step (\d{1,15}): (.*)")


def replay_of(run: RunFolder, state: str = "") -> Replay:
    """What the page of a run tells; `state` is the sentence below its title."""
    try:
        config = run.read_config()
    except RunError:  # an old run, of which its checkpoint alone is left
        config = {"config": {}}
    options = config["config"]
    rows, measured = run.rows("stats.jsonl"), run.rows("metrics.jsonl")
    frames = run.frames()
    last = max([1, *(step for step, _ in frames), *(row["step"] for row in (*rows, *measured))])
    return Replay(
        title=run.path.name,
        frames=frames,
        last=last,
        reals=run.path / "reals.png",
        enlarged=ENLARGED if is_of_images(config) else 1,
        rows=rows,
        measured=measured,
        marks=equilibrium(options),
        words=words_of(run),
        options=options,
        command=str(config.get("command") or ""),
        state=state or f"The last step is {last:,}.",
    )


def is_of_images(config: Mapping[str, Any]) -> bool:
    """Whether its pictures are grids of images, not of points in the plane."""
    shape = config.get("shape")
    return isinstance(shape, list) and len(shape) == 3


def equilibrium(options: Mapping[str, Any]) -> dict[str, float]:
    """The losses where D cannot tell real from fake, D(x) = D(G(z)) = 1/2; of losses that have no other terms then.

    Source: Goodfellow et al., "Generative adversarial nets", NeurIPS 2014, sections 3 and 4.
    """
    if options.get("label_smoothing") or options.get("conditioning") in ("acgan", "infogan"):
        return {}
    of_d = {"2 ln 2": 2 * math.log(2)}
    return {"ns": {**of_d, "ln 2": math.log(2)}, "mm": {**of_d, "-ln 2": -math.log(2)}}.get(
        str(options.get("loss")), {}
    )


def words_of(run: RunFolder) -> list[tuple[int, str]]:
    """(step, sentence) of the newest warnings in log.txt; what a resumed run said again is there once."""
    log = run.path / "log.txt"
    if not log.is_file():
        return []
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    found = [(int(line[1]), line[2]) for line in map(WORDS.fullmatch, lines) if line]
    return list(dict.fromkeys(found))[-MOST_WORDS:]


class ReplayPage:
    """Writes the page with every picture, while a run is on, and once more as it ends.

    It must not be in the run's way: what fails is said once, and the run goes on.

    Parameters
    ----------
    run : RunFolder
    steps : int
        The step the run is to end with.
    """

    def __init__(self, run: RunFolder, steps: int):
        self.run, self.steps = run, steps
        self.pictures = Pictures()
        self.written: float | None = None
        self.failed = False

    def write(self, step: int) -> str | None:
        """The page of a run that is on; a sentence if that failed for the first time."""
        now = time.time()
        between = FASTEST if self.written is None else now - self.written
        self.written = now
        return self._save(
            state=f"This run is on: step {step:,} of {self.steps:,}. The page reloads by itself.",
            reload=int(min(max(between, FASTEST), SLOWEST)),
            silent=now + max(PATIENCE * between, LEAST_PATIENCE),
        )

    def close(self) -> str | None:
        """The page of a run that has ended, once, if there is one."""
        if self.written is None:
            return None
        self.written = None
        return self._save(state="", reload=0, silent=0.0)

    def _save(self, state: str, reload: int, silent: float) -> str | None:
        try:
            replay = replay_of(self.run, state)
            save_replay(self.run.path / NAME, dataclasses.replace(replay, reload=reload, silent=silent), self.pictures)
        except Exception as error:  # whatever it is: the run matters more
            if not self.failed:
                self.failed = True
                return f"{NAME} could not be written, and the run goes on without it: {error}"
        return None
