"""Arrays as people have them: bytes or floats, grey, colour or with transparency, channels first or last."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygan.data.classes import classes_of
from tinygan.data.errors import DataError
from tinygan.data.form import Form
from tinygan.data.images import Images
from tinygan.data.pictures import cut_to
from tinygan.words import short

ROWS = 1024  # images that are worked on at once, so that no second copy of all of them is made
ONE_ARRAY = "all must have one shape, and lie in the memory of the CPU"
EQUAL = "all pictures are the same"


def images_of(
    name: str,
    pixels: Any,
    labels: Any = None,
    form: Form | None = None,
    class_names: tuple[str, ...] | None = None,
    said: Sequence[str] = (),
) -> Images:
    """Make `Images` of an array, in the form that is asked for.

    Parameters
    ----------
    name : str
        What the set is called.
    pixels : array-like
        (N, H, W), (N, H, W, C), (N, C, H, W) or rows of square pictures (N, side * side), with C = 1, 3 or 4 (the
        fourth is opacity). Bytes, booleans, or floats in [0, 1], [-1, 1] or [0, 255].
    labels : array-like, optional
        As `classes_of` takes them.
    form : Form, optional
        Size, channels, crop and background.
    class_names : tuple of str, optional
        Names of the classes 0, 1, ..., if the labels are their numbers.
    said : sequence of str
        How the array was come by, in a few words each, for `Images.describe`.

    Raises
    ------
    DataError
        If it cannot be told what the array means.
    """
    form = form or Form()
    array, layout = _channels_last(_as_array(pixels, name), name)
    array, range_ = _as_bytes(array, name)
    said = [*said, *layout, *range_]
    notes: list[str] = []
    if array.shape[3] == 4:
        array = _laid_on(array, form.background)
        said.append("transparency laid on the background")
    numbers = None
    if labels is not None:
        numbers, names = classes_of(labels, len(array), name)
        if class_names and all(label.isdigit() and int(label) < len(class_names) for label in names):
            names = tuple(class_names[int(label)] for label in names)
        class_names = names
    if all_same(array):
        notes.append(EQUAL)
    images = Images(name, array, numbers, None if labels is None else class_names, tuple(said), tuple(notes))
    return in_form(images, dataclasses.replace(form, size=form.size_of([array.shape[1:3]])))


def in_form(images: Images, form: Form) -> Images:
    """The images in the size and with the channels that `form` asks for; the same if it asks for nothing."""
    height, width, channels = images.sample_shape
    size = form.size or (height, width)
    wanted = form.channels or channels
    if size == (height, width) and wanted == channels:
        return images
    said = []
    if size != (height, width):
        # The kept part decides, as in `cut_to`.
        larger = size[0] > height if form.crop == "fit" else max(size[0] / height, size[1] / width) > 1
        said.append(f"{'enlarged' if larger else 'shrunk'} from {width} x {height}")
    if wanted != channels:
        said.append("made grey" if wanted == 1 else "grey as three equal channels")
    pixels = np.empty((len(images), *size, wanted), np.uint8)
    places = np.random.default_rng(form.seed).random(len(images))
    for start in range(0, len(images), ROWS):
        part = with_channels(images.pixels[start : start + ROWS], wanted)
        if size != (height, width):
            part = _resized(part, form, size, places[start : start + ROWS])
        pixels[start : start + ROWS] = part
    return dataclasses.replace(images, pixels=pixels, said=(*images.said, *said))


def all_same(pixels: np.ndarray) -> bool:
    """Whether there are several images, and each is like the first."""
    parts = (pixels[start : start + ROWS] for start in range(0, len(pixels), ROWS))
    return len(pixels) > 1 and all((part == pixels[:1]).all() for part in parts)


def with_channels(pixels: np.ndarray, channels: int) -> np.ndarray:
    """(N, H, W, 1 or 3) as grey or colour. Grey is the luma of ITU-R BT.601, exact where R = G = B.

    luma = 0.299 R + 0.587 G + 0.114 B
    """
    if pixels.shape[3] == channels:
        return pixels
    if channels == 3:
        return np.repeat(pixels, 3, axis=3)
    weights = np.array([0.299, 0.587, 0.114], np.float32)
    return (pixels @ weights).round().clip(0, 255).astype(np.uint8)[..., np.newaxis]


def _resized(pixels: np.ndarray, form: Form, size: tuple[int, int], places: np.ndarray) -> np.ndarray:
    from PIL import Image  # here, because `import tinygan.data` must stay light

    grey = pixels.shape[3] == 1
    pictures = (Image.fromarray(p[..., 0] if grey else p) for p in np.ascontiguousarray(pixels))
    cut = [np.asarray(cut_to(picture, size, form, place)) for picture, place in zip(pictures, places, strict=True)]
    return np.stack(cut).reshape(len(pixels), *size, pixels.shape[3])


def _as_array(pixels: Any, name: str) -> np.ndarray:
    try:
        array = np.asarray(pixels)
    except (TypeError, ValueError, RuntimeError) as error:  # other shapes within a list, a tensor on a GPU
        raise DataError(f"{short(name)} cannot be made into one array of images: {ONE_ARRAY}") from error
    if array.dtype.kind not in "fiub":
        raise DataError(f"{short(name)} is an array of {array.dtype}: give numbers, of shape (N, H, W, C)")
    if array.size == 0:
        raise DataError(f"{short(name)} holds no images (shape {array.shape})")
    return array


def _channels_last(array: np.ndarray, name: str) -> tuple[np.ndarray, list[str]]:
    """The array with axes (N, H, W, C), and what was done to it."""
    shape, said = array.shape, []
    if array.ndim == 2:
        side = math.isqrt(shape[1])
        if side * side != shape[1] or side < 8:
            raise DataError(f"{short(name)} has shape {shape}: reshape its rows to images, (N, H, W) or (N, H, W, C)")
        array = array.reshape(-1, side, side)
        said.append(f"rows of {shape[1]} taken as {side} x {side}")
    if array.ndim == 3:
        if array.shape[2] in (1, 3, 4):
            raise DataError(
                f"{short(name)} has shape {shape}, one image or images too narrow: give many, of shape (N, H, W, C)"
            )
        array = array[..., np.newaxis]
    if array.ndim != 4:
        raise DataError(f"{short(name)} has shape {shape}: give images of shape (N, H, W) or (N, H, W, C)")
    if array.shape[3] not in (1, 3, 4):
        if array.shape[1] in (1, 3, 4):
            said.append("turned from (N, C, H, W)")
            return array.transpose(0, 2, 3, 1), said
        last = array.shape[2] in (1, 3, 4)
        hint = "it looks like (H, W, C, N), so give array.transpose(3, 0, 1, 2)" if last else "C is 1, 3 or 4"
        raise DataError(f"{short(name)} has shape {shape}, not (N, H, W, C): {hint}")
    return array, said


def _as_bytes(array: np.ndarray, name: str) -> tuple[np.ndarray, list[str]]:
    """The array as uint8, and how its numbers were understood."""
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255), ["false and true as black and white"]
    low, high = _bounds(array)
    if not math.isfinite(low + high):
        raise DataError(f"{short(name)} holds numbers that are not finite: mend or leave out those images")
    if array.dtype.kind in "iu":
        return _of_integers(array, int(low), int(high), name)
    slack = 1e-3  # of rounding
    if -slack <= low and high <= 1 + slack:
        scale, shift, said = 255.0, 0.0, "numbers from 0 to 1 as brightness"
    elif low < 0 and -1 - slack <= low and high <= 1 + slack:
        scale, shift, said = 127.5, 127.5, "numbers from -1 to 1 as brightness"
    elif low >= 0 and 32 <= high <= 255:
        scale, shift, said = 1.0, 0.0, "numbers from 0 to 255 as brightness"
    else:
        raise DataError(
            f"the numbers of {short(name)} run from {low:.4g} to {high:.4g}: give bytes from 0 to 255, or floats from "
            "0 to 1 or from -1 to 1"
        )
    result = np.empty(array.shape, np.uint8)
    for start in range(0, len(array), ROWS):
        part = array[start : start + ROWS].astype(np.float32)
        result[start : start + ROWS] = (part * np.float32(scale) + np.float32(shift)).round().clip(0, 255)
    return result, [said]


def _of_integers(array: np.ndarray, low: int, high: int, name: str) -> tuple[np.ndarray, list[str]]:
    if array.dtype == np.uint16 and high > 255:  # scanners and microscopes
        return (array / 257).round().astype(np.uint8), ["16 bits scaled to 8"]
    if low < 0 or high > 255:
        raise DataError(f"the numbers of {short(name)} run from {low} to {high}: give bytes from 0 to 255")
    if low == 0 and high == 1:
        return array.astype(np.uint8) * np.uint8(255), ["0 and 1 as black and white"]
    return np.ascontiguousarray(array, np.uint8), []


def _bounds(array: np.ndarray) -> tuple[float, float]:
    if array.dtype == np.uint8:
        return float(array.min()), float(array.max())
    parts = [array[start : start + ROWS] for start in range(0, len(array), ROWS)]
    return float(min(part.min() for part in parts)), float(max(part.max() for part in parts))


def _laid_on(pixels: np.ndarray, background: tuple[int, int, int]) -> np.ndarray:
    """(N, H, W, 4) on the background: colour * a + background * (1 - a), with a from 0 to 1."""
    result = np.empty((*pixels.shape[:3], 3), np.uint8)
    behind = np.array(background, np.float32)
    for start in range(0, len(pixels), ROWS):
        part = pixels[start : start + ROWS].astype(np.float32)
        a = part[..., 3:] / 255
        result[start : start + ROWS] = (part[..., :3] * a + behind * (1 - a)).round()
    return result
