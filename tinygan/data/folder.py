"""A folder of pictures as a data set."""

from pathlib import Path

import numpy as np

from tinygan.data.errors import DataError
from tinygan.data.images import Images

SUFFIXES = (".png", ".jpg", ".jpeg")


def folder(path: str | Path, size: int | None = 28, channels: int | None = None) -> Images:
    """Read all PNG and JPEG files under a folder, in the order of their paths.

    Each picture is cut to its central square and averaged down to size x size. If every
    picture lies in a subfolder and there are two subfolders or more, their names in
    alphabetical order are the labels 0, 1, ... Transparency is laid on white; files with
    other endings are passed over.

    Parameters
    ----------
    path : path
        The folder, searched with all its subfolders.
    size : int or None
        Side in pixels; None leaves the pictures as they are (they must then be of one size).
    channels : {1, 3} or None
        1 makes grey, 3 colour; None keeps grey if all the pictures are.

    Returns
    -------
    Images
        `pixels` (N, size, size, channels).

    Raises
    ------
    DataError
        If the folder is missing or holds no picture, a file is not a picture, the sizes differ
        where `size` is None, or an argument is out of range.
    """
    if channels not in (None, 1, 3):
        raise DataError(f"channels must be 1 (grey), 3 (colour) or left out, not {channels!r}")
    if size is not None and (not isinstance(size, int) or size < 1):
        raise DataError(f"size must be a whole number of pixels of at least 1, not {size!r}")
    root = Path(path)
    files = _pictures(root)
    pictures = [_read(file, size) for file in files]
    for file, picture in zip(files, pictures, strict=True):
        if picture.shape != pictures[0].shape:
            (h, w), (h0, w0) = picture.shape[:2], pictures[0].shape[:2]
            raise DataError(
                f"{file} is {w} x {h} pixels but {files[0]} is {w0} x {h0}: give a size to bring them all to one"
            )
    pixels = np.stack(pictures)
    if channels is None:
        channels = 1 if (pixels == pixels[..., :1]).all() else 3
    return Images(root.name, _grey(pixels) if channels == 1 else pixels, _labels(root, files))


def _pictures(root: Path) -> list[Path]:
    if not root.is_dir():
        what = "is not a folder" if root.exists() else "does not exist"
        raise DataError(f"{root} {what}: give a folder of PNG or JPEG files")
    found = [p for p in root.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file()]
    files = sorted(found, key=lambda p: p.parts)  # paths themselves would compare without case on Windows
    if not files:
        raise DataError(f"{root} holds no PNG or JPEG file: give a folder that does")
    return files


def _read(file: Path, size: int | None) -> np.ndarray:
    """One picture as (H, W, 3) uint8; a grey one has three equal channels."""
    from PIL import Image, ImageOps  # here, because `import tinygan.data` must stay light

    try:
        with Image.open(file) as opened:
            picture = ImageOps.exif_transpose(opened)  # cameras note the rotation, not do it
    except Exception as error:
        # Pillow raises a dozen types for damaged files; each means the same to the user.
        raise DataError(f"{file} cannot be read as a picture: mend or remove it") from error
    if picture.mode.startswith("I"):  # 16 bits a pixel, which convert() would clip, not scale
        picture = Image.fromarray((np.asarray(picture) / 257).round().astype(np.uint8))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    picture = picture.convert("RGB")
    if size is not None:
        picture = ImageOps.fit(picture, (size, size), method=Image.Resampling.BOX)
    return np.asarray(picture)


def _grey(rgb: np.ndarray) -> np.ndarray:
    """Luma of ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B; exact where R = G = B."""
    weights = np.array([0.299, 0.587, 0.114], np.float32)
    return (rgb @ weights).round().clip(0, 255).astype(np.uint8)[..., np.newaxis]


def _labels(root: Path, files: list[Path]) -> np.ndarray | None:
    tops = [file.relative_to(root).parts[0] for file in files]
    classes = sorted(set(tops))
    if len(classes) < 2 or any(file.parent == root for file in files):
        return None
    return np.array([classes.index(top) for top in tops], np.int64)
