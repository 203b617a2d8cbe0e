"""Run by ``mpiexec -n 2 python two_ranks.py``: rank 0 prints, as JSON, what two ranks found out together."""

from __future__ import annotations

import json

import numpy as np

from tinygan.autograd import Tensor, grad
from tinygan.backend import to_numpy
from tinygan.gan.models import mlp_discriminator
from tinygan.training import presets
from tinygan.training.build import build
from tinygan.training.distributed import Ranks
from tinygan.training.setup import checksums


def gradient_error(ranks, dtype):
    """The largest difference between the ranks' mean gradient and that of the joined batch, by its scale."""
    network = mlp_discriminator((4, 4, 1), np.random.default_rng(0)).astype(dtype)
    x = np.random.default_rng(1).normal(size=(6, 4, 4, 1)).astype(dtype)

    def gradient(batch):
        return grad((network(Tensor(batch)) ** 2).mean(), network.parameters())

    joined, mine = gradient(x), ranks.mean(gradient(x[ranks.rank :: ranks.size]))
    pairs = [(to_numpy(a), to_numpy(b)) for a, b in zip(joined, mine, strict=True)]
    return max(float(abs(a - b).max() / abs(a).max()) for a, b in pairs)


def after_steps(ranks, **given):
    """Checksums, one list for all ranks, of what must be equal and of what must differ after a few steps."""
    setup = build(presets.configure(dict(batch_size=8, samples=4, **given)), ranks)
    pixels = {image.tobytes() for image in setup.batches.images.pixels}
    for step in range(1, 6):
        setup.set_learning_rates(step)
        setup.game.step(setup.next_reals, measure=step == 3)
    z, real = setup.game.noise(4).data, setup.next_reals()
    drop = setup.drop_rng.random(4)
    return {
        "states": ranks.gather(checksums(setup.state(5)[0])),
        "shared_images": len(set.intersection(*ranks.gather(pixels))),
        "images": ranks.gather(len(setup.batches.images)),
        "own": [ranks.gather(list(checksums({"it": it}).values())[0]) for it in (z, real, drop)],
    }


def main():
    ranks = Ranks.join()
    found = {
        "float32": gradient_error(ranks, np.float32),
        "float64": gradient_error(ranks, np.float64),
        "mlp": after_steps(ranks, preset="mlp", dropout=0.3),
        "deep": after_steps(ranks, preset="deep", ema=0.9),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
