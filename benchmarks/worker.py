"""One side of a comparison, alone in its process: it trains when it is told to, and reports.

``python -m benchmarks.worker SIDE STEP THREADS BATCH [WIDTH]`` reads orders from standard input, one a line, and
answers each with one line of JSON (a BATCH of 0 is the step's own, a WIDTH of 2 makes the networks twice as wide):

    losses K     train K steps:  [[loss_d, loss_g], ...]
    time S       train for about S seconds:  the median time of a step, in seconds
    memory       the process's peak memory so far, in MB
    floor S      tinygan: multiply the step's bare matrices for about S seconds: their median time, in seconds
    products     tinygan: the multiplications of one step's matrix products

Between orders it waits for its standard input and leaves the processor to the others.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.wider import widened
from tinygan.compiled import compiled
from tinygan.gan import losses, models, penalties
from tinygan.gan.game import Game
from tinygan.nn import Sequential
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
    width: int = 1  # how many times as many units the networks have


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
    g, d = build(setting.shape, setting.latent, rng)
    return (g, d) if setting.width == 1 else (widened(g, setting.width, rng), widened(d, setting.width, rng))


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


class TinyganStep:
    """tinygan's step, played back as ``python -m tinygan.train`` does, or computed anew each time.

    Parameters
    ----------
    setting : Setting
    play_back : bool
    """

    def __init__(self, setting: Setting, play_back: bool):
        from tinygan.backend import use_backend

        use_backend("numpy")
        self.game, data = new_game(setting), cycle(batches(setting))
        self.next_reals = lambda: next(data)
        self.play = compiled(self.game.step, _refuse) if play_back else self.game.step

    def __call__(self, report: bool) -> tuple[float, float] | None:
        found = self.play(self.next_reals, measure=report)
        return (float(found["loss_d"]), float(found["loss_g"])) if report else None

    def plain(self) -> None:
        """The next step, computed op by op: so its ops can be watched."""
        self.game.step(self.next_reals)


def _refuse(sentence: str) -> None:
    """What is not played back must not be timed as if it were."""
    sys.exit(sentence)


def tinygan_step(setting: Setting, threads: int) -> TinyganStep:
    """tinygan's step, op by op. Its threads were set by the environment, before NumPy was imported."""
    return TinyganStep(setting, play_back=False)


def compiled_step(setting: Setting, threads: int) -> TinyganStep:
    """The same step, recorded twice and played back from then on."""
    return TinyganStep(setting, play_back=True)


def torch_step(setting: Setting, threads: int) -> Step:
    """The same with PyTorch."""
    import torch

    from benchmarks.torch_models import TorchGame

    torch.set_num_threads(threads)
    return _mirrored_step(TorchGame, setting)


def torch_compile_step(setting: Setting, threads: int) -> Step:
    """The same with what `torch.compile` makes of it."""
    os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"  # or processes that compile would stay beside this one
    import torch
    from torch._inductor.cpp_builder import get_cpp_compiler

    from benchmarks.torch_models import CompiledTorchGame

    get_cpp_compiler()  # says in one sentence if there is none
    torch._logging.set_logs(all=logging.ERROR)  # type: ignore[attr-defined]  # nobody reads on while the step is compiled
    torch.set_num_threads(threads)
    return _mirrored_step(CompiledTorchGame, setting)


def jax_step(setting: Setting, threads: int) -> Step:
    """The same with JAX, in one `jit`."""
    os.environ["NPROC"] = os.environ["PJRT_NPROC"] = str(threads)  # before the import: XLA's way to say it
    from benchmarks.jax_models import JaxGame

    g, d = networks(setting)
    assert isinstance(g, Sequential) and isinstance(d, Sequential)
    game = JaxGame(g, d, setting.latent, setting.loss, setting.gp, np.random.default_rng(3))
    data = cycle(batches(setting))

    def step(report: bool) -> tuple[float, float] | None:
        loss_d, loss_g = game.step(next(data))
        return (float(loss_d), float(loss_g)) if report else None

    return step


def dezero_step(setting: Setting, threads: int) -> Step:
    """The same with DeZero, which stands on NumPy as tinygan does."""
    from benchmarks.dezero_models import DezeroGame

    return _mirrored_step(DezeroGame, setting)


SIDES: dict[str, Callable[[Setting, int], Step]] = {
    "tinygan": compiled_step,
    "eager": tinygan_step,
    "torch": torch_step,
    "torch.compile": torch_compile_step,
    "jax": jax_step,
    "dezero": dezero_step,
}


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
            found = found or products_of(step.plain if isinstance(step, TinyganStep) else lambda: step(False))
            if order == "products":
                yield multiplications(found)
            else:
                floor = floor or Floor(found)
                yield median_time(floor.seconds, float(number[0]))


def main() -> None:
    side, name, threads, batch, *width = sys.argv[1:]
    setting = SETTINGS[name]
    setting = replace(setting, batch=int(batch) or setting.batch, width=int(width[0]) or 1 if width else 1)
    step = SIDES[side](setting, int(threads))
    for answer in answers(step):
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
