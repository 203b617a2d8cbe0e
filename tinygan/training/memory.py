"""What a run that finds too little memory says, and what it leaves."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tinygan.training.config import ConfigError
from tinygan.training.loop import TrainingStopped, how_to_go_on

if TYPE_CHECKING:
    from tinygan.training.run import Run


def too_little_memory(run: Run) -> ConfigError | TrainingStopped:
    """What to raise for a MemoryError while a run trains.

    Of a new run that has taken no step the folder goes, too: nothing was learned, and the batch size, which is too
    large, cannot change on resuming. A run that has come further can go on from its checkpoint.
    """
    config, folder = run.config, run.folder
    assert folder is not None
    if not run.made or run.step > 0:
        where = "".join(f"; the last checkpoint is {path}" for path in folder.checkpoints()[-1:])
        again = f"when more is free, go on with: {how_to_go_on(run.setup, folder)}"
        return TrainingStopped(f"there is not enough memory after step {run.step}{where}; {again}")
    if run.setup.ranks.rank == 0:  # it alone writes
        if run.lock:
            run.lock.release()  # Windows removes no file that is open
        shutil.rmtree(folder.path, ignore_errors=True)
    run.folder, run.lock, run.begun = None, None, False
    what = f"a first step with {config.batch_size * config.pack:,} samples and pictures of {config.samples:,}"
    return ConfigError(
        f"there is not enough memory for {what}: try a smaller --batch-size or --samples (nothing is left of this run)"
    )
