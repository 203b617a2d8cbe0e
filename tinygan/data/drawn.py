"""Pictures that the library draws itself: once, and then they are kept."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tinygan.data.cache import write_atomically
from tinygan.data.images import Images
from tinygan.reading import plain_file


def drawn_once(
    path: Path, name: str, shape: tuple[int, ...], class_names: tuple[str, ...], draw: Callable[[], Images]
) -> Images:
    """The images kept at `path`, if they are of that `shape` (N, H, W, C); else what `draw` returns, which is kept."""
    try:
        with plain_file(path) as file, np.load(file, allow_pickle=False) as kept:
            images = Images(name, kept["pixels"], kept["labels"], class_names)
        if images.pixels.shape == shape:
            return images
    except Exception:
        # Whatever is wrong with a cache (missing, cut short, unreadable, not an archive: some ten types of
        # exception), the cure is the same: draw again.
        pass
    images = draw()
    content = io.BytesIO()
    np.savez_compressed(content, pixels=images.pixels, labels=images.labels)  # type: ignore[arg-type]
    try:
        write_atomically(path, content.getvalue())
    except OSError:
        pass  # a folder that cannot be written costs the next run some seconds, nothing more
    return images
