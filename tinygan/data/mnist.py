"""MNIST and Fashion-MNIST: found on this machine, or downloaded once and checked."""

import hashlib
import os
import shlex
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinygan.data.cache import cache_dir
from tinygan.data.errors import DataError
from tinygan.data.idx import parse_idx, read_bytes
from tinygan.data.images import Images

TRAIN_IMAGES = "train-images-idx3-ubyte"
TRAIN_LABELS = "train-labels-idx1-ubyte"
TEST_IMAGES = "t10k-images-idx3-ubyte"
TEST_LABELS = "t10k-labels-idx1-ubyte"
FILES = {"train": (TRAIN_IMAGES, TRAIN_LABELS), "test": (TEST_IMAGES, TEST_LABELS)}


@dataclass(frozen=True)
class Source:
    """Where a data set comes from and the SHA-256 sums of its four files.

    The sums are of the uncompressed files (`of_uncompressed`), and then files from anywhere are
    checked; or of the mirrors' .gz files, and then only downloads are: the same data
    compressed by somebody else has another sum.
    """

    name: str
    title: str
    mirrors: tuple[str, ...]
    sha256: dict[str, str]
    of_uncompressed: bool
    class_names: tuple[str, ...] = tuple("0123456789")


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
    of_uncompressed=True,
)

FASHION = Source(
    name="fashion",
    title="Fashion-MNIST",
    mirrors=(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ),
    sha256={
        TRAIN_IMAGES: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        TRAIN_LABELS: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        TEST_IMAGES: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        TEST_LABELS: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    },
    of_uncompressed=False,
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

    The files are looked for as in `mnist`, with ``fashion`` for the folder's name; downloads
    are checked by their SHA-256. Source: Xiao, Rasul and Vollgraf 2017 (arXiv:1708.07747).

    Parameters, returns and raises as `mnist`.
    """
    return _load(FASHION, data_dir, split)


def _load(source: Source, data_dir: str | Path | None, split: str) -> Images:
    if split not in FILES:
        raise DataError(f"split must be 'train' or 'test', not {split!r}")
    images_path, labels_path = (_locate(source, stem, data_dir) for stem in FILES[split])
    pixels = _read(source, images_path, FILES[split][0], axes=3)
    labels = _read(source, labels_path, FILES[split][1], axes=1)
    if len(pixels) != len(labels):
        raise DataError(
            f"{images_path} holds {len(pixels)} images but {labels_path} {len(labels)} labels: "
            "take both files from one source"
        )
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

        download(urls, found, source.sha256[stem], source.of_uncompressed)
    return found


def _find(stem: str, folders: list[Path]) -> Path | None:
    # Some mirrors and unpackers spell it train-images.idx3-ubyte.
    names = [stem, stem.replace("-idx", ".idx")]
    for folder in folders:
        for name in (f"{name}{suffix}" for name in names for suffix in ("", ".gz")):
            if (folder / name).is_file():
                return folder / name
    return None


def _read(source: Source, path: Path, stem: str, axes: int) -> np.ndarray:
    """Read one file: checksum first (where known), then what IDX itself can tell."""
    content = read_bytes(path)
    array = parse_idx(content, path)  # its messages say more than "wrong checksum"
    sum_here = hashlib.sha256(content).hexdigest()
    if source.of_uncompressed and sum_here != source.sha256[stem]:
        raise DataError(
            f"{path} is not {source.title}'s own {stem} (its SHA-256 checksum is another): if it is another data set "
            f"in the same format, train on it with --data {shlex.quote(str(path.parent))}; if not, fetch it again"
        )
    if source is not MNIST and sum_here == MNIST.sha256[stem]:
        # The two sets use the same file names, so a wrong folder would go unnoticed.
        raise DataError(f"{path} belongs to MNIST, not to {source.title}: name another folder with --data-dir")
    if array.dtype == np.uint8 and (array.shape[1:] != (28, 28) if axes == array.ndim == 3 else array.max() > 9):
        raise DataError(
            f"{path} is not {source.title}, which has images of 28 x 28 and labels from 0 to 9: "
            f"train on it with --data {shlex.quote(str(path.parent))}"
        )
    if array.dtype != np.uint8 or array.ndim != axes:
        raise DataError(
            f"{path} holds {array.dtype} of shape {array.shape}, not uint8 with {axes} axes: "
            f"fetch {stem} of {source.title} again"
        )
    return array
