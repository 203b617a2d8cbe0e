"""One side of a comparison, alone in its process: it trains when it is told to, and reports.

``python -m benchmarks.worker tinygan|torch STEP THREADS`` reads orders from standard input, one a line, and
answers each with one line of JSON:

    losses K     train K steps:  [[loss_d, loss_g], ...]
    time K       train K steps:  their median, in seconds
    memory       the process's peak memory so far, in MB
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tinygan.gan import losses, models, penalties
from tinygan.gan.game import Game


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
    "dcgan": Setting("dcgan", (28, 28, 1)),
    "small": Setting("small", (28, 28, 1)),
    "ring": Setting("points", (2,), latent=2, batch=512),
    "wgan-gp": Setting("mlp", (28, 28, 1), loss="wgan", gp=10.0),
}

# Trains one step, and returns its losses if asked to.
Step = Callable[[bool], tuple[float, float] | None]


def networks(setting: Setting) -> models.Pair:
    """(G, D), with the same weights in every process."""
    rng = np.random.default_rng(1)
    build = getattr(models, setting.model)
    return build(setting.shape, setting.latent, 1, 0.0, rng, rng)


def batches(setting: Setting) -> list[np.ndarray]:
    """A few batches of random numbers in [-1, 1]: what the data are makes no difference to the time."""
    rng = np.random.default_rng(2)
    return [rng.uniform(-1, 1, (setting.batch, *setting.shape)).astype(np.float32) for _ in range(4)]


def tinygan_step(setting: Setting, threads: int) -> Step:
    """tinygan's step. Its threads were set by the environment, before NumPy was imported."""
    from tinygan.backend import use_backend
    from tinygan.optim import Adam

    use_backend("numpy")
    g, d = networks(setting)
    game = Game(
        g, d, Adam(g.parameters()), Adam(d.parameters()), losses.get(setting.loss), setting.latent,
        np.random.default_rng(3), penalties=[(penalties.gp, setting.gp)] if setting.gp else [],
    )  # fmt: skip
    data, turn = batches(setting), iter(range(10**9))

    def step(report: bool) -> tuple[float, float] | None:
        found = game.step(lambda: data[next(turn) % len(data)], measure=report)
        return (float(found["loss_d"]), float(found["loss_g"])) if report else None

    return step


def torch_step(setting: Setting, threads: int) -> Step:
    """The same with PyTorch."""
    import torch

    from benchmarks.torch_models import TorchGame, mirrored

    torch.set_num_threads(threads)
    g, d = networks(setting)
    game = TorchGame(g, d, setting.shape, setting.latent, setting.loss, setting.gp, np.random.default_rng(3))
    data, turn = [mirrored(batch) for batch in batches(setting)], iter(range(10**9))

    def step(report: bool) -> tuple[float, float] | None:
        loss_d, loss_g = game.step(data[next(turn) % len(data)])
        return (float(loss_d), float(loss_g)) if report else None

    return step


def median_time(step: Step, count: int) -> float:
    times = []
    for _ in range(count):
        start = time.perf_counter()
        step(False)
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def main() -> None:
    side, name, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    step = {"tinygan": tinygan_step, "torch": torch_step}[side](SETTINGS[name], threads)
    for line in sys.stdin:
        order, *count = line.split()
        if order == "losses":
            answer: object = [step(True) for _ in range(int(count[0]))]
        elif order == "time":
            answer = median_time(step, int(count[0]))
        else:
            answer = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # Linux counts in kB
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
