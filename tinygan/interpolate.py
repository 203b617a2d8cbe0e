"""Walk from sample to sample: ``python -m tinygan.interpolate RUN --out paths.png`` (or ``paths.gif``)."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinygan import data, plot
from tinygan.commandline import Parser, add_source, check_source, guarded, in_bounds, opened
from tinygan.data import Mixture
from tinygan.gan.latent import lerp, noise, slerp
from tinygan.outputs import check_not_read, data_of, in_place_of, output_file
from tinygan.training.trained import Trained

PROGRAM = "python -m tinygan.interpolate"
MOST_PAIRS = 100
MOST_STEPS = 100  # as many frames as an animation keeps
GRID_STEPS, FINE_STEPS = 10, 40


def parser() -> Parser:
    p = Parser(prog=PROGRAM, description="Draw the samples between pairs of noise vectors of a run's generator.")
    p.add_argument("--pairs", type=int, default=9, metavar="N", help="how many paths, each with ends of its own (9)")
    steps = f"samples on each path, with both ends ({GRID_STEPS} in a grid of images, {FINE_STEPS} elsewhere)"
    p.add_argument("--steps", type=int, metavar="N", help=steps)
    way = p.add_mutually_exclusive_group()
    way.add_argument(
        "--spherical",
        dest="way",
        action="store_const",
        const="spherical",
        default="spherical",
        help="along arcs, which keep the length of the noise (the default)",
    )
    way.add_argument(
        "--linear",
        dest="way",
        action="store_const",
        const="linear",
        help="along straight lines, on which the noise is too short in the middle",
    )
    out = "a .png, in which each row (of points: each line) is a path, or a .gif, in which all move at once"
    p.add_argument("--out", required=True, metavar="FILE", help=out)
    add_source(p)
    return p


def main(argv: Sequence[str] | None = None) -> None:
    args = parser().parse_args(argv)
    out = output_file(args.out, {".png": "a picture", ".gif": "an animation"})
    in_bounds("--pairs", args.pairs, 1, MOST_PAIRS)
    if args.steps is not None:
        in_bounds("--steps", args.steps, 2, MOST_STEPS)
    check_source(args)
    source = opened(args)
    behind = source.noise_for("interpolation")
    check_not_read(out, source.path, data_of(source.config))
    replaced = in_place_of(out)
    steps = args.steps or (GRID_STEPS if out.suffix == ".png" and not source.in_plane else FINE_STEPS)

    ends = noise(np.random.default_rng(args.seed), (args.pairs, 2, source.config.latent), args.truncation)
    between = slerp if args.way == "spherical" else lerp
    z = between(ends[:, 0], ends[:, 1], np.linspace(0, 1, steps)).reshape(args.pairs * steps, -1)
    # One code for the whole path: halfway between two classes lies none.
    codes = source.codes(args.pairs, args.seed, args.label).repeat(steps, axis=0)
    samples = source.check_samples(source.draw(behind.join(z, codes)))
    samples = source.about.pictures(samples)
    samples = samples.reshape(args.pairs, steps, *samples.shape[1:])
    if source.in_plane:
        save_points(out, samples, source, title=f"{args.pairs} {args.way} paths at step {source.step}")
    else:
        save_images(out, samples)
    of = f"{source.said_of(args.label)} of {source.path}"
    print(f"{args.pairs} {args.way} paths of {steps} samples{of} in {out}{replaced}")


def save_images(out: Path, images: np.ndarray) -> None:
    """Images (pairs, steps, H, W, C) as a grid with a path in each row, or as a grid that moves."""
    if out.suffix == ".png":
        plot.save_grid(out, images.reshape(-1, *images.shape[2:]), columns=images.shape[1])
        return
    with tempfile.TemporaryDirectory() as folder:
        frames = [Path(folder) / f"{step:03d}.png" for step in range(images.shape[1])]
        for step, frame in enumerate(frames):
            plot.save_grid(frame, images[:, step], scale=4)
        plot.save_gif(out, frames, milliseconds=100)


def save_points(out: Path, paths: np.ndarray, source: Trained, title: str) -> None:
    """Points (pairs, steps, 2) as paths in the plane, whole or growing."""
    name = source.config.data
    mixture = data.load(name) if name in data.NAMES else None
    known: dict[str, Any] = {"title": title}
    if isinstance(mixture, Mixture):
        known.update(means=mixture.means, extent=mixture.extent())
    if out.suffix == ".png":
        plot.save_paths(out, paths, **known)
        return
    with tempfile.TemporaryDirectory() as folder:
        frames = [Path(folder) / f"{step:03d}.png" for step in range(paths.shape[1])]
        for step, frame in enumerate(frames):
            plot.save_paths(frame, paths, shown=step + 1, **known)
        plot.save_gif(out, frames, milliseconds=100)


if __name__ == "__main__":
    guarded(PROGRAM, main)
