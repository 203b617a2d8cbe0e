"""Bad generators of images: what a metric should notice. Real images go in as bytes (n, H, W, C) and so come out."""

import numpy as np

WIDTH = 5  # pixels
TIMES = 2
CHUNK = 500  # images


def uniform_noise(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Every pixel any brightness: like no image at all."""
    return rng.integers(256, size=shape, dtype=np.uint8)


def one_repeated(images: np.ndarray) -> np.ndarray:
    """The first image again and again: perfect, and collapsed."""
    return np.repeat(images[:1], len(images), axis=0)


def blurred(images: np.ndarray) -> np.ndarray:
    """Each image without its details: the mean of 5 x 5 pixels, taken twice (nearly a Gaussian of 2 pixels).

    Outside of an image it is black.
    """
    return np.concatenate([blurred_chunk(images[i : i + CHUNK]) for i in range(0, len(images), CHUNK)])


def blurred_chunk(images: np.ndarray) -> np.ndarray:
    """The same, of so few images that their copies in floating point fit into memory."""
    smooth = images.astype(np.float32)
    for axis in (1, 2) * TIMES:
        frame = [(0, 0)] * smooth.ndim
        frame[axis] = (WIDTH // 2, WIDTH // 2)
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(smooth, frame), WIDTH, axis=axis)
        smooth = windows.mean(axis=-1)
    return np.rint(smooth).astype(np.uint8)
