"""One side of a comparison on a GPU, alone in its process: it trains when it is told to, and reports.

``python -m benchmarks.gpu_worker tinygan|compiled|eager|graphs STEP BATCH TF32`` reads orders from standard input, one
a line, and answers each with one line of JSON (a BATCH of 0 is the step's own, TF32 is 0 or 1):

    losses K     train K steps on the host's noise:  [[loss_d, loss_g], ...]
    time S       train for about S seconds, then wait for the GPU:  seconds a step
    memory       the most memory held on the GPU so far, in MB

All sides have the real batches on the GPU. tinygan draws its noise on the host and sends it, always; PyTorch
draws it on the GPU, as its users do, but when losses are compared.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import cycle
from typing import Any

import numpy as np

from benchmarks.worker import SETTINGS, Setting, batches, networks, new_game

WARM_UP = 3  # steps before a capture: PyTorch's libraries choose their ways and take their memory


class TinyganSide:
    """tinygan on a backend, its step called or `compiled`; on a GPU nothing waits for it within a step."""

    def __init__(self, setting: Setting, backend: Any = "cupy", compiled: bool = False):
        import tinygan as tg
        from tinygan.backend import use_backend

        self.backend = use_backend(backend)
        self.game = new_game(setting)
        reals = cycle([self.backend.asarray(batch) for batch in batches(setting)])
        self.next_reals = partial(next, reals)  # one object: a step that is played back was written down with it
        self.play = tg.compiled(self.game.step, say=self.give_up) if compiled else self.game.step

    @staticmethod
    def give_up(why: str) -> None:
        """Called in the place of a warning: without its programs this side would be the other one."""
        raise RuntimeError(why)

    def losses(self) -> tuple[float, float]:
        found = self.play(self.next_reals, measure=True)
        loss_d, loss_g = (float(self.backend.to_numpy(found[name])) for name in ("loss_d", "loss_g"))
        return loss_d, loss_g

    def step(self) -> None:
        self.play(self.next_reals)

    def synchronize(self) -> None:
        self.backend.synchronize()

    def memory(self) -> float:
        return self.backend.xp.get_default_memory_pool().total_bytes() / 1e6


class TorchSide:
    """PyTorch, step by step ("eager") or as a recording of one step that is played again ("graphs").

    A recording needs its inputs always at the same place, so a step reads `real`, `z` and `share`, which are
    filled before it.
    """

    def __init__(self, setting: Setting, graphs: bool, tf32: bool, device: str = "cuda"):
        import torch

        from benchmarks.torch_models import TorchGame, mirrored

        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
        torch.backends.cudnn.benchmark = True
        self.torch, self.rng = torch, np.random.default_rng(3)
        g, d = networks(setting)
        self.game = TorchGame(g, d, setting.shape, setting.latent, setting.loss, setting.gp, self.rng)
        for network in (self.game.g, self.game.d):
            network.to(device)  # the parameters stay the objects that the optimisers know
        reals = [torch.from_numpy(mirrored(batch)).to(device) for batch in batches(setting)]
        self.real = torch.empty_like(reals[0])
        self.z = torch.empty((setting.batch, setting.latent), device=device)
        self.share = torch.empty((setting.batch,) + (1,) * (self.real.ndim - 1), device=device)
        self.play: Callable[[], None] = self.train
        self.found: Any = None
        self.reals = cycle(reals)
        if graphs:
            self.record()
            self.reals = cycle(reals)  # the recording took one of them

    def train(self) -> None:
        """One step, as in `TorchGame.step`, on the inputs that lie there."""
        game = self.game
        fake = game.g(self.z)
        loss_d = game.loss_d(game.d(self.real), game.d(fake.detach()))
        if game.gp:
            loss_d = loss_d + game.gp * self.penalty(fake.detach())
        game.opt_d.zero_grad()
        loss_d.backward()
        game.opt_d.step()
        loss_g = game.loss_g(game.d(fake))
        game.opt_g.zero_grad()
        loss_g.backward()
        game.opt_g.step()
        self.found = loss_d.detach(), loss_g.detach()

    def penalty(self, fake: Any) -> Any:
        """`TorchGame.penalty`, with the shares that lie there."""
        x = (self.share * self.real + (1 - self.share) * fake).requires_grad_()
        (gx,) = self.torch.autograd.grad(self.game.d(x).sum(), x, create_graph=True)
        return ((gx.flatten(1).norm(dim=1) - 1) ** 2).mean()

    def record(self) -> None:
        """Record one step (PyTorch's manual, "CUDA graphs", whole-network capture), and begin anew."""
        torch, game = self.torch, self.game
        tensors = [t for network in (game.g, game.d) for t in (*network.parameters(), *network.buffers())]
        former = [t.detach().clone() for t in tensors]
        for optimizer in (game.opt_g, game.opt_d):
            for group in optimizer.param_groups:
                group["capturable"] = True
        self.fill(host=False)
        beside = torch.cuda.Stream()
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):
            for _ in range(WARM_UP):
                self.train()
        torch.cuda.current_stream().wait_stream(beside)
        for optimizer in (game.opt_g, game.opt_d):
            optimizer.zero_grad(set_to_none=True)  # so that the recording takes gradients of its own
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.train()
        with torch.no_grad():
            for t, value in zip(tensors, former, strict=True):
                t.copy_(value)
            for optimizer in (game.opt_g, game.opt_d):
                for state in optimizer.state.values():
                    for value in state.values():
                        value.zero_()
        self.play = graph.replay

    def fill(self, host: bool) -> None:
        """The inputs of the next step."""
        self.real.copy_(next(self.reals))
        if host:
            for target, draw in ((self.z, self.rng.standard_normal), (self.share, self.rng.random)):
                if target is self.z or self.game.gp:
                    target.copy_(self.torch.from_numpy(draw(tuple(target.shape), dtype=np.float32)))
        else:
            self.z.normal_()
            if self.game.gp:
                self.share.uniform_()

    def losses(self) -> tuple[float, float]:
        self.fill(host=True)
        self.play()
        loss_d, loss_g = self.found
        return float(loss_d), float(loss_g)

    def step(self) -> None:
        self.fill(host=False)
        self.play()

    def synchronize(self) -> None:
        self.torch.cuda.synchronize()

    def memory(self) -> float:
        return self.torch.cuda.max_memory_reserved() / 1e6


def seconds_a_step(side: Any, seconds: float) -> float:
    """Train for about so long; the GPU's last step is waited for. The first step is not counted."""
    side.step()
    side.synchronize()
    start, count = time.perf_counter(), 0
    while not count or time.perf_counter() - start < seconds:
        for _ in range(10):
            side.step()
        side.synchronize()
        count += 10
    return (time.perf_counter() - start) / count


def main() -> None:
    name, step, batch, tf32 = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == "1"
    setting = replace(SETTINGS[step], batch=batch or SETTINGS[step].batch)
    side: Any
    if name in ("tinygan", "compiled"):
        side = TinyganSide(setting, compiled=name == "compiled")
    else:
        side = TorchSide(setting, name == "graphs", tf32)
    for line in sys.stdin:
        order, *number = line.split()
        if order == "losses":
            answer: object = [side.losses() for _ in range(int(number[0]))]
        else:
            answer = seconds_a_step(side, float(number[0])) if order == "time" else side.memory()
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
