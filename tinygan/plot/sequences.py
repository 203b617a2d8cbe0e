"""Strings and melodies as pictures. Each symbol has one of its own; what is uncertain looks like several at once."""

from __future__ import annotations

import functools

import numpy as np

WIDTH, HEIGHT = 8, 16  # pixels of a symbol of text
FONT = "DejaVuSansMono.ttf"  # which comes with matplotlib


def text_images(samples: np.ndarray, alphabet: str) -> np.ndarray:
    """Strings, white on black; at each place the symbols lie over each other, each as bright as it is probable.

    Parameters
    ----------
    samples : ndarray (n, L, V)
        Probabilities of the symbols.
    alphabet : str
        The V symbols; the first, which fills the end, is not drawn.

    Returns
    -------
    ndarray (n, 16, 8 L, 1), in [0, 1]
    """
    n, length, symbols = samples.shape
    if len(alphabet) != symbols:
        raise ValueError(f"an alphabet of {len(alphabet)} symbols does not fit samples of shape {samples.shape}")
    drawn = np.clip(samples, 0, 1) @ _glyphs(alphabet).reshape(symbols, -1)
    places = drawn.reshape(n, length, HEIGHT, WIDTH).transpose(0, 2, 1, 3)
    return np.clip(places.reshape(n, HEIGHT, length * WIDTH, 1), 0, 1)


def roll_images(samples: np.ndarray) -> np.ndarray:
    """Melodies as piano rolls: time to the right, pitch upwards, each pitch as bright as it is probable.

    Parameters
    ----------
    samples : ndarray (n, T, P)
        At each step the probabilities of the pitches, upwards, and of the rest, which is not drawn.

    Returns
    -------
    ndarray (n, P - 1, T, 1), in [0, 1]
    """
    pitches = np.clip(samples[:, :, :-1], 0, 1)
    return np.ascontiguousarray(pitches.transpose(0, 2, 1)[:, ::-1, :, np.newaxis])


@functools.lru_cache(maxsize=8)
def _glyphs(alphabet: str) -> np.ndarray:
    """(V, 16, 8) in [0, 1]: the symbols, white on black."""
    from pathlib import Path

    import matplotlib
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / FONT), 13)
    pictures = [Image.new("L", (WIDTH, HEIGHT)) for _ in alphabet]
    for picture, symbol in zip(pictures[1:], alphabet[1:], strict=True):
        ImageDraw.Draw(picture).text((WIDTH / 2, 12), symbol, font=font, fill=255, anchor="ms")
    return np.stack([np.asarray(picture) for picture in pictures]).astype(np.float32) / 255
