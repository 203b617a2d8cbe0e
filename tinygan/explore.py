"""The latent space under one's hand: ``python -m tinygan.explore RUN`` opens a page in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygan.commandline import Parser, check_seed, guarded, in_bounds, opened
from tinygan.data import DataError, Images
from tinygan.live.needs import need
from tinygan.training.build import load_data
from tinygan.training.config import ConfigError
from tinygan.training.trained import Trained

PROGRAM = "python -m tinygan.explore"
PORT = 5008


def parser() -> Parser:
    p = Parser(prog=PROGRAM, description="Move through the latent space of a run's generator, in the browser.")
    p.add_argument("run", metavar="RUN", help="a run folder, or a generator*.npz, checkpoint-*.npz or best.npz in it")
    p.add_argument("--seed", type=int, default=0, help="seed of the noise that the page begins with (0)")
    p.add_argument("--networks", metavar="FILE.py:NAME", help="your own networks, if the run has no copy of them")
    p.add_argument("--data", metavar="PATH", help="where the run's own data are, if they have moved")
    p.add_argument("--data-dir", metavar="DIR", help="folder of the IDX files or pictures, if not that of the run")
    p.add_argument("--backend", default="numpy", choices=("numpy", "cupy"), help="where to compute (numpy)")
    p.add_argument("--port", type=int, default=PORT, help=f"of this machine, where the page is served ({PORT})")
    p.add_argument("--no-browser", action="store_true", help="only say where the page is")
    return p


def main(argv: Sequence[str] | None = None) -> None:
    args = parser().parse_args(argv)
    check_seed(args.seed)
    in_bounds("--port", args.port, 0, 65535)
    need("bokeh")
    from tinygan.live.explore_page import ExplorePage
    from tinygan.live.explorer import Explorer
    from tinygan.live.server import dress, run

    source = opened(args)
    source.noise_for("the explorer")
    dataset = training_pictures(source, args)
    directions = Explorer(source).directions  # they take a while, so that all windows share them

    def fill(page: Any) -> None:
        dress(page, f"explore {source.path}")
        ExplorePage(Explorer(source, dataset, args.seed, directions)).add_to(page)

    run("the explorer", args.port, not args.no_browser, fill)


def training_pictures(source: Trained, args: Any) -> Images | None:
    """What the generator learned from, or None, and a line that says why, where it is not there any more.

    Raises
    ------
    DataError, ConfigError
        If the user named it and it cannot be read, or it is of another shape.
    """
    if len(source.shape) != 3:  # points, strings, melodies: no pictures
        return None
    named = False
    for name in ("data", "data_dir"):
        if getattr(args, name) is not None:
            setattr(source.config, name, getattr(args, name))
            named = True
    try:
        dataset = load_data(source.config, source.shape)
        if dataset.sample_shape != source.shape:
            raise DataError(f"{source.path} was trained on samples of shape {source.shape}, not {dataset.sample_shape}")
    except (DataError, ConfigError) as error:
        if named:
            raise
        print(f"without the nearest training pictures: {error}")
        return None
    return dataset


if __name__ == "__main__":
    guarded(PROGRAM, main)
