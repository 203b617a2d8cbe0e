"""One side of a comparison, alone in its process: it trains when it is told to, and reports.

``python -m benchmarks.worker tinygan|torch|dezero STEP THREADS BATCH`` reads orders from standard input, one a
line, and answers each with one line of JSON (a BATCH of 0 is the step's own):

    losses K     train K steps:  [[loss_d, loss_g], ...]
    time S       train for about S seconds:  the median time of a step, in seconds
    memory       the process's peak memory so far, in MB
    floor S      tinygan: multiply the step's bare matrices for about S seconds: their median time, in seconds
    products     tinygan: the multiplications of one step's matrix products

Between orders it waits for its standard input and leaves the processor to the others.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np

from tinygan.gan import losses, models, penalties
from tinygan.gan.game import Game
from tinygan.optim import Adam


@dataclass(frozen=True)
class Setting:
    """What is trained: the networks (by their name in `tinygan.gan.models`), the batch, the loss."""

    model: str
    shape: tuple[int, ...]
    latent: int = 100
    batch: int = 64
    loss: str = "ns"
    gp: float = 0.0  # weight of WGAN-GP's penalty


SETTINGS = {
    "mlp": Setting("mlp", (28, 28, 1)),
    "small": Setting("small", (28, 28, 1)),
    "dcgan": Setting("dcgan", (28, 28, 1)),
    "dcgan64": Setting("dcgan", (64, 64, 3), batch=16),
    "ring": Setting("points", (2,), latent=2, batch=512),
    "wgan-gp": Setting("mlp", (28, 28, 1), loss="wgan", gp=10.0),
}

# Trains one step, and returns its losses if asked to.
Step = Callable[[bool], tuple[float, float] | None]


def networks(setting: Setting) -> models.Pair:
    """(G, D), with the same weights in every process."""
    rng = np.random.default_rng(1)
    build = getattr(models, setting.model)
    return build(setting.shape, setting.latent, rng)


def batches(setting: Setting) -> list[np.ndarray]:
    """A few batches of random numbers in [-1, 1]: what the data are makes no difference to the time."""
    rng = np.random.default_rng(2)
    return [rng.uniform(-1, 1, (setting.batch, *setting.shape)).astype(np.float32) for _ in range(4)]


def new_game(setting: Setting) -> Game:
    """The setting's game, on the backend in use."""
    g, d = networks(setting)
    return Game(
        g, d, Adam(g.parameters()), Adam(d.parameters()), losses.get(setting.loss), setting.latent,
        np.random.default_rng(3), penalties=[(penalties.gp, setting.gp)] if setting.gp else [],
        joint_batch=True,  # as in every preset
    )  # fmt: skip


def tinygan_step(setting: Setting, threads: int) -> Step:
    """tinygan's step. Its threads were set by the environment, before NumPy was imported."""
    from tinygan.backend import use_backend

    use_backend("numpy")
    game, data = new_game(setting), cycle(batches(setting))

    def step(report: bool) -> tuple[float, float] | None:
        found = game.step(lambda: next(data), measure=report)
        return (float(found["loss_d"]), float(found["loss_g"])) if report else None

    return step


def torch_step(setting: Setting, threads: int) -> Step:
    """The same with PyTorch."""
    import torch

    from benchmarks.torch_models import TorchGame

    torch.set_num_threads(threads)
    return _mirrored_step(TorchGame, setting)


def dezero_step(setting: Setting, threads: int) -> Step:
    """The same with DeZero, which stands on NumPy as tinygan does."""
    from benchmarks.dezero_models import DezeroGame

    return _mirrored_step(DezeroGame, setting)


SIDES = {"tinygan": tinygan_step, "torch": torch_step, "dezero": dezero_step}


def _mirrored_step(game_class: Any, setting: Setting) -> Step:
    from benchmarks.mirror import mirrored

    g, d = networks(setting)
    game = game_class(g, d, setting.shape, setting.latent, setting.loss, setting.gp, np.random.default_rng(3))
    data = cycle([mirrored(batch) for batch in batches(setting)])

    def step(report: bool) -> tuple[float, float] | None:
        loss_d, loss_g = game.step(next(data))
        return (float(loss_d), float(loss_g)) if report else None

    return step


def median_time(run: Callable[[], Any], seconds: float) -> float:
    """The median time of one run, of as many as fit: at least one. The first is not counted.

    The others had the caches and the processor since this process last ran, so the first brings them back.
    """
    run()
    times: list[float] = []
    while not times or sum(times) < seconds:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def peak_memory() -> float:
    """The process's peak memory so far, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux: `getrusage` would begin with the memory of the process that started this one
        (line,) = [line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) / 1024
    import resource  # not on Windows, where nothing here says how much memory was used

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)  # macOS counts in bytes


def answers(step: Step) -> Iterator[object]:
    """The answers to the orders on standard input. The floor is built when first asked for."""
    from benchmarks.floor import Floor, multiplications, products_of

    floor = found = None
    for line in sys.stdin:
        order, *number = line.split()
        if order == "losses":
            yield [step(True) for _ in range(int(number[0]))]
        elif order == "time":
            yield median_time(lambda: step(False), float(number[0]))
        elif order == "memory":
            yield peak_memory()
        else:
            found = found or products_of(lambda: step(False))
            if order == "products":
                yield multiplications(found)
            else:
                floor = floor or Floor(found)
                yield median_time(floor.seconds, float(number[0]))


def main() -> None:
    side, name, threads, batch = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    setting = SETTINGS[name]
    step = SIDES[side](replace(setting, batch=batch or setting.batch), threads)
    for answer in answers(step):
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
