"""Many pictures, one after the other, into one array; the work of minutes is kept for the next time."""

from __future__ import annotations

import errno
import hashlib
import json
import sys
import time
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinygan.data.arrays import with_channels
from tinygan.data.cache import cache_dir
from tinygan.data.errors import DataError
from tinygan.data.form import Form, Size
from tinygan.data.pictures import DENIED, read_picture, size_of
from tinygan.data.tree import Entry
from tinygan.files import whole_file
from tinygan.reading import plain_file

RECIPE = 1  # raise it with every change to how pictures are read: what was kept before is then read anew
SLOW = 2.0  # seconds; what was read faster is not kept
LARGEST = 4 << 30  # bytes; what is larger is not kept
FRESH = 3.0  # seconds; a file changed so lately may change again without its time telling so


@dataclass
class Read:
    """What was made of a list of pictures.

    Attributes
    ----------
    pixels : ndarray, shape (N, H, W, C), uint8
        Those that could be read.
    kept : list of int
        Their places in the list.
    sizes : list of (height, width)
        What each had in its file.
    transparent : int
        How many let the background through.
    skipped : list of (name, reason)
        The others.
    """

    pixels: np.ndarray
    kept: list[int]
    sizes: list[Size]
    transparent: int
    skipped: list[tuple[str, str]]


def read_many(root: Path, entries: Sequence[Entry], form: Form, progress: bool = True) -> Read:
    """Read pictures in the form that is asked for, or take what was kept of an earlier time.

    What took longer than a moment is kept in the cache folder. It counts only while the files have the same names,
    sizes and times of change.

    Parameters
    ----------
    root : path
        Where the pictures lie; there is one file in the cache for each root and form.
    entries : sequence of Entry
        The files.
    form : Form
        If its channels are None the result is grey if all pictures are.
    progress : bool
        Whether to show a bar, on a terminal and if it takes longer than a moment.
    """
    shape = json.dumps([RECIPE, *asdict(form).values()])
    name = hashlib.sha256(f"{root.absolute()}\n{shape}".encode("utf-8", "surrogatepass")).hexdigest()[:24]
    path = cache_dir() / f"pictures-{name}.npz"
    key = _key(entries)
    read = _load(path, key)
    if read is None:
        begun = time.time()
        read = _read(entries, form, progress)
        settled = all(abs(begun - entry.stamp[1] / 1e9) > FRESH for entry in entries)
        if settled and time.time() - begun > SLOW and read.pixels.nbytes <= LARGEST:
            _save(path, key, read)
    return read


def _key(entries: Sequence[Entry]) -> str:
    """The names, sizes and times of all files, and the version of what reads them, in 64 digits."""
    from importlib.metadata import version

    digest = hashlib.sha256(version("pillow").encode())
    for entry in entries:
        digest.update(json.dumps([entry.parts, entry.stamp]).encode())
    return digest.hexdigest()


def _read(entries: Sequence[Entry], form: Form, progress: bool) -> Read:
    skipped: dict[int, str] = {}
    size = form.size or _natural(entries, form, skipped, progress)
    pixels = np.empty((len(entries), *size, form.channels or 1), np.uint8)
    read = Read(pixels, [], [], 0, [])
    for i, entry in enumerate(_bar(entries, "reading pictures", progress)):
        if i in skipped:
            continue
        try:
            with entry.open() as file:
                picture = read_picture(file, size, form, _place(entry, form))
        except (OSError, DataError) as error:
            skipped[i] = _why(error)
            continue
        rgb = picture.pixels[np.newaxis]
        channels = read.pixels.shape[3]
        if form.channels is None and channels == 1 and not (rgb == rgb[..., :1]).all():
            channels = 3  # the first in colour
            read.pixels = np.empty((len(entries), *size, 3), np.uint8)
            read.pixels[: len(read.kept)] = pixels[: len(read.kept)]
            del pixels
        read.pixels[len(read.kept)] = with_channels(rgb, channels)[0]
        read.kept.append(i)
        read.sizes.append(picture.size)
        read.transparent += picture.transparent
    read.pixels = read.pixels[: len(read.kept)]
    read.skipped = [(entries[i].name, why) for i, why in sorted(skipped.items())]
    return read


def _natural(entries: Sequence[Entry], form: Form, skipped: dict[int, str], progress: bool) -> Size:
    """The size that suits the pictures, from their heads; those without one are skipped."""
    sizes = []
    for i, entry in enumerate(_bar(entries, "looking at sizes", progress)):
        try:
            with entry.open() as file:
                sizes.append(size_of(file))
        except (OSError, DataError) as error:
            skipped[i] = _why(error)
    return form.size_of(sizes or [(1, 1)])


def _why(error: Exception) -> str:
    if isinstance(error, (FileNotFoundError, PermissionError)):
        return DENIED if isinstance(error, PermissionError) else "a link to nowhere"
    if isinstance(error, OSError) and error.errno == errno.ELOOP:
        return "a link to itself"
    if isinstance(error, OSError):
        return (error.strerror or type(error).__name__).lower()
    return str(error)


def _place(entry: Entry, form: Form) -> float:
    """Where a random crop lies: by the picture's name, so that others may come and go."""
    name = "/".join(entry.parts).encode("utf-8", "surrogatepass")
    return float(np.random.default_rng([form.seed, zlib.crc32(name)]).random()) if form.crop == "random" else 0.5


def _bar(entries: Sequence[Entry], what: str, progress: bool) -> Any:
    from tqdm import tqdm  # here, because `import tinygan.data` must stay light

    hidden = None if progress else True  # None: hidden where the output is no terminal
    return tqdm(entries, what, unit="file", delay=1.0, leave=False, disable=hidden, file=sys.stderr)


def _load(path: Path, key: str) -> Read | None:
    try:
        with plain_file(path) as file, np.load(file, allow_pickle=False) as kept:
            about = json.loads(str(kept["about"]))
            if about["key"] != key:
                return None
            read = Read(kept["pixels"], *(about[name] for name in ("kept", "sizes", "transparent", "skipped")))
    except Exception:
        return None  # whatever is wrong with a cache, the cure is the same: read the pictures again
    read.sizes = [(height, width) for height, width in read.sizes]
    read.skipped = [(name, why) for name, why in read.skipped]
    return read if len(read.pixels) == len(read.kept) == len(read.sizes) else None


def _save(path: Path, key: str, read: Read) -> None:
    about = {"key": key, **{name: value for name, value in vars(read).items() if name != "pixels"}}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as file:
            np.savez(file, pixels=read.pixels, about=np.array(json.dumps(about)))
    except OSError:
        return  # a folder that cannot be written costs the next run some time, nothing more
