"""A hundred labels alone, and with a GAN that learns from the other images: ``python -m benchmarks.few_labels``.

Ten labels of each class are drawn; the classifier, its noise and its optimiser are the same in all rows. With a GAN it
plays the discriminator, too (`tinygan.gan.semi_supervised`); its opponent matches features, or minimises the loss ns.
The error is that of the last weights, on test images. Layers, learning rate, noise and steps were chosen by the test
error of seed 0, with feature matching, so the seeds that count begin at 1.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import tinygan as tg
from benchmarks import comparison, options, runs, table
from benchmarks.comparison import Column
from tinygan import nn
from tinygan.commandline import Parser, guarded
from tinygan.data import Images
from tinygan.gan.sampling import draw
from tinygan.gan.semi_supervised import SemiSupervised, few_of_each

PROGRAM = "python -m benchmarks.few_labels"
EACH, BATCH = 10, 100
ERROR = Column("error", "test error, %", 2, extremes=True)
WAYS = {"alone": "100 labels alone", "gan": "and a GAN, feature matching", "ns": "and a GAN, ns"}


class Setting(NamedTuple):
    """What is trained: widths of D's hidden layers and of G's, the length of z, steps, and the first learning rate."""

    widths: tuple[int, int]
    generator: int
    latent: int
    steps: int
    lr: float = 3e-3


SETTINGS = {"mnist": Setting((256, 128), 256, 50, 3000), "digits": Setting((128, 64), 128, 50, 1000)}


def load(data: str) -> tuple[Images, Images]:
    """Training and test images."""
    if data == "mnist":
        return tg.data.mnist(None, "train"), tg.data.mnist(None, "test")
    return tg.data.digits(10_000), tg.data.digits(5_000, seed=1)


def flat(images: Images) -> np.ndarray:
    """(n, 784) in [0, 1], float32."""
    return images.pixels.reshape(len(images), -1) / np.float32(255)


def new_game(way: str, setting: Setting, rng: np.random.Generator) -> SemiSupervised:
    """Fresh networks, and the rules: all that `way` changes is what G minimises."""
    (a, b), g, z = setting.widths, setting.generator, setting.latent
    he = nn.init.he()
    D = nn.Sequential(
        *(nn.Dense(784, a, init=he, rng=rng), nn.LayerNorm(a), nn.ReLU(), nn.Dropout(0.1, rng)),
        *(nn.Dense(a, b, init=he, rng=rng), nn.LayerNorm(b), nn.ReLU(), nn.Dense(b, 10, rng=rng)),
    )
    G = nn.Sequential(
        *(nn.Dense(z, g, bias=False, rng=rng), nn.BatchNorm(g), nn.ReLU()),
        *(nn.Dense(g, g, bias=False, rng=rng), nn.BatchNorm(g), nn.ReLU()),
        *(nn.Dense(g, 784, rng=rng), nn.Sigmoid()),
    )
    opt_g, opt_d = (tg.optim.Adam(network.parameters(), setting.lr, betas=(0.5, 0.999)) for network in (G, D))
    loss, matching = tg.losses.get("ns"), way != "ns"
    return SemiSupervised(G, D, opt_g, opt_d, loss, z, rng, instance_noise=0.3, classes=10, matching=matching)


def error(data: str, way: str, setting: Setting, seed: int) -> float:
    """Train, and the share of the test images that are misread."""
    training, test = load(data)
    labels, x = training.labels, flat(training)
    assert labels is not None
    rng = np.random.default_rng(seed)
    rows = few_of_each(labels, EACH, rng)
    game = new_game(way, setting, rng)

    def batch() -> tuple[np.ndarray, ...]:
        return x[rng.integers(len(x), size=BATCH)], x[rows], labels[rows]

    def alone(next_batch: Any) -> None:
        game.reals(next_batch)
        game.move_discriminator(tg.grad(game.labelled_loss(), game.opt_d.params))

    step = tg.compiled(alone if way == "alone" else game.step)
    for i in range(setting.steps):
        game.opt_g.lr = game.opt_d.lr = setting.lr * min(1, 2 * (1 - i / setting.steps))  # falls in the second half
        step(batch)
    return float((draw(game.discriminator, flat(test)).argmax(axis=1) != test.labels).mean())


def kept(args: Any, data: str, way: str, seed: int) -> dict[str, float]:
    """The error in percent, from an earlier run of the same setting where there is one."""
    setting = SETTINGS[data]
    if args.steps:
        setting = setting._replace(steps=args.steps)
    path = Path(args.out) / "few_labels" / f"{data}-{way}-seed{seed}.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if known.get("setting") != repr(setting):
        found = {"setting": repr(setting), "error": 100 * error(data, way, setting, seed)}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found), encoding="utf-8")
        known = found
    print(f"{data}, {WAYS[way]}, seed {seed}: {known['error']:.2f} %", file=sys.stderr, flush=True)
    return known


def parse(argv: Sequence[str]) -> Any:
    p = Parser(prog=PROGRAM, description="100 labels alone, and with a GAN.")
    p.add_argument("--data", type=options.names(SETTINGS), default=list(SETTINGS), metavar="LIST", help="mnist,digits")
    p.add_argument("--steps", type=options.number, metavar="N", help="of each run (3000 and 1000)")
    p.add_argument("--out", type=Path, default=runs.OUT, metavar="DIR", help="folder of what is kept (%(default)s)")
    p.add_argument("--write", action="store_true", help="also put the table into docs/results.md")
    comparison.add_seeds(p, 5)
    return p.parse_args(argv)


def lines(args: Any) -> Iterator[str]:
    """The table, once all runs are finished; the seeds are outermost, so that fewer of them are there first."""
    cells: dict[tuple[str, str], list[dict[str, float]]] = {(data, way): [] for data in args.data for way in WAYS}
    for seed in range(1, 1 + args.seeds):
        for data, way in cells:
            cells[data, way].append(kept(args, data, way, seed))
    yield f"{EACH} labels of each of ten classes; {comparison.SHOWN}. In brackets the best and the worst seed.\n"
    rows = [["", "", "seeds", ERROR.title, "steps"]]
    for (data, way), found in cells.items():
        rows.append([data, WAYS[way], str(args.seeds), ERROR.show(found), f"{args.steps or SETTINGS[data].steps:,}"])
    yield from comparison.aligned(rows)


def main(argv: Sequence[str] | None = None) -> None:
    argv = sys.argv[1:] if argv is None else list(argv)
    args = parse(argv)
    table.publish(PROGRAM, argv, lines(args), "benchmarks.few_labels" if args.write else None)


if __name__ == "__main__":
    guarded(PROGRAM, main)
