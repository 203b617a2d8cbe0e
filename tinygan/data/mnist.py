"""MNIST and Fashion-MNIST: found on this machine, or downloaded once and checked."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinygan.data.cache import cache_dir
from tinygan.data.errors import DataError
from tinygan.data.idx import parse_idx, read_bytes, uncompress
from tinygan.data.images import Images
from tinygan.shell import quoted
from tinygan.words import short

TRAIN_IMAGES = "train-images-idx3-ubyte"
TRAIN_LABELS = "train-labels-idx1-ubyte"
TEST_IMAGES = "t10k-images-idx3-ubyte"
TEST_LABELS = "t10k-labels-idx1-ubyte"
FILES = {"train": (TRAIN_IMAGES, TRAIN_LABELS), "test": (TEST_IMAGES, TEST_LABELS)}


@dataclass(frozen=True)
class Source:
    """Where a data set comes from, and the size and SHA-256 sum of each of its four files, uncompressed.

    Files from anywhere are checked, compressed by whomever: a mirror's, the user's, the cache's.
    """

    name: str
    title: str
    mirrors: tuple[str, ...]
    sha256: dict[str, str]
    sizes: dict[str, int]
    class_names: tuple[str, ...] = tuple("0123456789")


# Of both sets: a head of 4 bytes and 4 for each axis, then 28 x 28 bytes for an image and one for a label.
SIZES = {
    TRAIN_IMAGES: 16 + 60_000 * 784,
    TRAIN_LABELS: 8 + 60_000,
    TEST_IMAGES: 16 + 10_000 * 784,
    TEST_LABELS: 8 + 10_000,
}

MNIST = Source(
    name="mnist",
    title="MNIST",
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    sha256={
        TRAIN_IMAGES: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        TRAIN_LABELS: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        TEST_IMAGES: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        TEST_LABELS: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    sizes=SIZES,
)

FASHION = Source(
    name="fashion",
    title="Fashion-MNIST",
    mirrors=(
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",  # its makers' own; it has no https
    ),
    sha256={
        TRAIN_IMAGES: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        TRAIN_LABELS: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        TEST_IMAGES: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        TEST_LABELS: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
    sizes=SIZES,
    class_names=("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"),
)


def mnist(data_dir: str | Path | None = None, split: str = "train") -> Images:
    """MNIST: 60,000 (test: 10,000) handwritten digits, 28 x 28, grey, ten labels.

    The IDX files, plain or .gz, are looked for in `data_dir`/mnist and `data_dir` and nowhere
    else if that is given; otherwise in the same two places under ``$TINYGAN_DATA``, then in the
    cache folder; failing that they are downloaded into the cache folder. Every file is checked
    by its SHA-256. Source: LeCun et al. 1998.

    Parameters
    ----------
    data_dir : path, optional
        Folder with the files.
    split : {"train", "test"}
        Which part.

    Returns
    -------
    Images
        `pixels` (N, 28, 28, 1) and `labels` (N,).

    Raises
    ------
    DataError
        If a file is missing, damaged or not the genuine one, or cannot be downloaded.
    """
    return _load(MNIST, data_dir, split)


def fashion(data_dir: str | Path | None = None, split: str = "train") -> Images:
    """Fashion-MNIST: 60,000 (test: 10,000) pictures of clothes, 28 x 28, grey, ten labels.

    The files are looked for and checked as in `mnist`, with ``fashion`` for the folder's name.
    Source: Xiao, Rasul and Vollgraf 2017 (arXiv:1708.07747).

    Parameters, returns and raises as `mnist`.
    """
    return _load(FASHION, data_dir, split)


def _load(source: Source, data_dir: str | Path | None, split: str) -> Images:
    if not isinstance(split, str) or split not in FILES:
        raise DataError(f"split must be 'train' or 'test', not {short(split)}")
    pixels, labels = (_read(source, _locate(source, stem, data_dir), stem) for stem in FILES[split])
    return Images(source.name, pixels[..., np.newaxis], labels.astype(np.int64), source.class_names)


def _locate(source: Source, stem: str, data_dir: str | Path | None) -> Path:
    """The path of one of the four files, downloaded if it has to be."""
    if data_dir is not None:
        root = Path(data_dir).expanduser()
        found = _find(stem, [root / source.name, root])
        if found is None:
            raise DataError(
                f"neither {root} nor {root / source.name} holds {stem} (or .gz) of {source.title}: put the files "
                f"there, or leave out --data-dir to download them; for another data set give its path with --data"
            )
        return found
    folders = [cache_dir() / source.name]
    if os.environ.get("TINYGAN_DATA"):
        root = Path(os.environ["TINYGAN_DATA"])
        folders = [root / source.name, root, *folders]
    found = _find(stem, folders)
    if found is None:
        found = cache_dir() / source.name / f"{stem}.gz"
        urls = [f"{mirror}{stem}.gz" for mirror in source.mirrors]
        from tinygan.data.download import download  # only here: what it stands on takes 10 ms to import

        download(urls, found, source.sha256[stem], source.sizes[stem])
    return found


def _find(stem: str, folders: list[Path]) -> Path | None:
    # Some mirrors and unpackers spell it train-images.idx3-ubyte.
    names = [stem, stem.replace("-idx", ".idx")]
    for folder in folders:
        for name in (f"{name}{suffix}" for name in names for suffix in ("", ".gz")):
            if (folder / name).is_file():
                return folder / name
    return None


def _read(source: Source, path: Path, stem: str) -> np.ndarray:
    """The array in one file, which must be the genuine one to the last byte."""
    kept = path.parent == cache_dir() / source.name
    raw = read_bytes(path)
    try:
        content = uncompress(raw, path)
        array = parse_idx(content, path)  # its messages say more than "wrong checksum"
    except DataError as error:
        if not kept:
            raise
        raise DataError(f"{error}: delete it, and it will be downloaded".replace(": fetch it again", "")) from error
    sum_here = hashlib.sha256(content).hexdigest()
    if sum_here == source.sha256[stem]:
        return array
    if source is not MNIST and sum_here == MNIST.sha256[stem]:
        # The two sets use the same file names, so a wrong folder would go unnoticed.
        raise DataError(f"{path} belongs to MNIST, not to {source.title}: name another folder with --data-dir")
    fault = f"{path} is not {source.title}'s own {stem} (its SHA-256 checksum is another)"
    if kept:
        raise DataError(f"{fault}: delete it, and it will be downloaded")
    raise DataError(
        f"{fault}: if it is another data set in the same format, train on it with --data "
        f"{quoted([path.parent])}; if not, fetch it again"
    )
