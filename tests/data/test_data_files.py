"""Files of arrays: .npz, .npy, tables, CIFAR's binary form, IDX pairs; each format, its faults and their sentences."""

import gzip
import io
import struct
import tarfile

import numpy as np
import pytest

from tinygan.data import DataError, Points, kind, load

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (12, 28, 28), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (12, 32, 32, 3), dtype=np.uint8)
LABELS = np.arange(12, dtype=np.uint8) % 3


def is_grey(images, n=12, labels=True):
    assert np.array_equal(images.pixels[..., 0], GREY[:n])
    assert (images.labels is not None) == labels
    if labels:
        assert images.labels.tolist() == LABELS[:n].tolist() and images.class_names == ("0", "1", "2")


def refused(path, told, **options):
    with pytest.raises(DataError, match=told) as caught:
        load(path, **options)
    assert "\n" not in str(caught.value)


# -- .npz and .npy ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [
        ("x_train", "y_train"),  # Keras
        ("train_images", "train_labels"),  # MedMNIST
        ("X_train", "Y_train"),
        ("trainX", "trainY"),
        ("x", "y"),
        ("images", "labels"),
        ("data", "target"),
        ("arr_0", "label"),
        ("anything", "labels"),
    ],
)
def test_npz_by_the_usual_names(tmp_path, names):
    np.savez(tmp_path / "set.npz", **dict(zip(names, (GREY, LABELS), strict=True)))
    images = load(tmp_path / "set.npz")
    assert images.name == "set"
    is_grey(images)


def test_npz_of_two_parts_and_by_name(tmp_path):
    path = tmp_path / "set.npz"
    np.savez(path, x_train=GREY, y_train=LABELS, x_test=GREY[:4], y_test=LABELS[:4])
    is_grey(load(path))
    is_grey(load(path, split="test"), 4)
    is_grey(load(f"{path}:x_test"), 4)
    refused(f"{path}:x_tset", "no array 'x_tset': did you mean x_test[?] choose one of x_train, y_train")
    np.savez_compressed(path, one=GREY, two=GREY)
    refused(path, r"arrays one \(12, 28, 28\), two \(12, 28, 28\): say which are the images, as .*set.npz:one")
    is_grey(load(f"{path}:two"), labels=False)
    refused(path, "say which", split="test")


def test_labels_in_a_file_of_their_own(tmp_path):
    np.savez(tmp_path / "kmnist-train-imgs.npz", arr_0=GREY)
    np.savez(tmp_path / "kmnist-train-labels.npz", arr_0=LABELS)
    images = load(tmp_path / "kmnist-train-imgs.npz")
    is_grey(images)
    assert images.describe().endswith("labels from kmnist-train-labels.npz")
    np.save(tmp_path / "x_train.npy", GREY)
    is_grey(load(tmp_path / "x_train.npy"), labels=False)
    np.save(tmp_path / "y_train.npy", LABELS)
    is_grey(load(tmp_path / "x_train.npy"))


@pytest.mark.parametrize("array", [GREY, np.asfortranarray(GREY), GREY / 255, GREY.reshape(12, 784)])
def test_npy(tmp_path, array):
    np.save(tmp_path / "set.npy", array)
    images = load(str(tmp_path / "set.npy"))
    is_grey(images, labels=False)
    np.save(tmp_path / "set.npy", 0 * array)  # what was read does not change with the file
    is_grey(images, labels=False)


def test_points_in_files(tmp_path):
    points = RNG.standard_normal((50, 2))
    np.save(tmp_path / "set.npy", points)
    np.savez(tmp_path / "set.npz", other=points, x=points)
    for what in (tmp_path / "set.npy", tmp_path / "set.npz", f"{tmp_path}/set.npz:other"):
        assert kind(what) == "points"
        loaded = load(what)
        assert isinstance(loaded, Points) and loaded.name == "set" and len(loaded.source) == 50


@pytest.mark.parametrize("name", ["set.npz", "set.npy"])
@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no NumPy file"),
        (b"PK\3\4abc", "no NumPy file"),
        (b"\x93NUMPY\1\0v\0{", "no NumPy file"),
        (b"x", "no NumPy"),
    ],
)
def test_damaged_numpy_files(tmp_path, name, content, told):
    (tmp_path / name).write_bytes(content)
    refused(tmp_path / name, told)
    assert kind(tmp_path / name) == "images"


def test_objects_are_never_loaded(tmp_path):
    np.savez(tmp_path / "set.npz", x=np.array([{}, {}], dtype=object))
    np.save(tmp_path / "set.npy", np.array([{}, {}], dtype=object))
    for name in ("set.npz", "set.npy"):
        refused(tmp_path / name, "Python objects, which are never loaded")
    np.savez(tmp_path / "none.npz")
    refused(tmp_path / "none.npz", "holds no array")


# -- tables ----------------------------------------------------------------------------------------------


def table(path, columns, rows, end="\n", head=True):
    lines = [",".join(columns)] if head else []
    lines += [",".join(str(value) for value in row) for row in rows]
    path.write_text(end.join(lines) + end, encoding="utf-8", newline="")
    return path


PIXELS = [f"pixel{i}" for i in range(784)]
FLAT = GREY.reshape(12, 784)
ROWS = np.column_stack([LABELS, FLAT])


@pytest.mark.parametrize(
    ("columns", "rows", "labels"),
    [
        (["label", *PIXELS], ROWS, True),
        ([*PIXELS, "label"], np.column_stack([FLAT, LABELS]), True),
        (["Class", *(f"pixel{i}" for i in range(1, 785))], ROWS, True),
        (['"label"', *(f'"{name}"' for name in PIXELS)], ROWS, True),
        (["label", *(f"{1 + i // 28}x{1 + i % 28}" for i in range(784))], ROWS, True),
        (PIXELS, FLAT, False),
        (["label", *PIXELS[::-1]], np.column_stack([LABELS, FLAT[:, ::-1]]), True),
        (["0", *(str(i) for i in range(1, 785))], ROWS, True),
    ],
    ids=["kaggle", "label last", "from 1", "quoted", "rows x columns", "no label", "reversed", "numbers as names"],
)
def test_tables(tmp_path, columns, rows, labels):
    images = load(table(tmp_path / "train.csv", columns, rows))
    assert images.name == "train"
    is_grey(images, labels=labels)


def test_tables_without_names_packed_and_from_windows(tmp_path):
    path = table(tmp_path / "train.csv", [], ROWS, head=False)
    is_grey(load(path))
    assert load(path).describe().endswith("the first column taken as the label")
    is_grey(load(table(path, [], FLAT, head=False)), labels=False)
    is_grey(load(table(path, ["label", *PIXELS], ROWS, end="\r\n")))
    (tmp_path / "train.csv.gz").write_bytes(gzip.compress(b"\xef\xbb\xbf" + path.read_bytes()))
    is_grey(load(tmp_path / "train.csv.gz"))
    path.write_text(path.read_text() + "\n\n")
    is_grey(load(path))


def test_tables_of_colour_and_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr("tinygan.data.kaggle.ROWS", 5)
    path = table(
        tmp_path / "hmnist.csv",
        [*(f"pixel{i:04d}" for i in range(3072)), "label"],
        np.column_stack([COLOUR.reshape(12, -1), LABELS]),
    )
    assert np.array_equal(load(path).pixels, COLOUR)


@pytest.mark.parametrize(
    ("columns", "rows", "told"),
    [
        (["label", *PIXELS], ROWS[:0], "no rows of images"),
        (["label", *PIXELS[:-1]], ROWS[:, :-1], "783 columns of pixels .*no square image"),
        (["x", "y"], RNG.random((5, 2)), "no square image.*for points in the plane save them as .npy"),
        (["emotion", "pixels", "Usage"], [[0, "1 2 3", "Training"]], "no square image"),
        (["number", *PIXELS], ROWS, "it is not clear what the column 'number' is"),
        (["label", *PIXELS], ROWS[:, :-1], "a row has 784 numbers"),
        (["label", *PIXELS], [["a"] * 785], "below line 2"),
        (["label", *PIXELS], ROWS.astype(int) * 2, "pixels must be numbers from 0 to 255"),
        (["label", *PIXELS], np.full((2, 785), "nan"), "pixels must be numbers"),
        (["label", *PIXELS], np.full((2, 785), ""), "below line 2"),
    ],
)
def test_tables_that_are_none(tmp_path, columns, rows, told):
    refused(table(tmp_path / "train.csv", columns, rows), told)


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n\xff\xfe", b"\x1f\x8b\x08broken", b"\n\n\n"])
def test_files_that_are_no_tables(tmp_path, content):
    (tmp_path / "train.csv").write_bytes(content)
    refused(tmp_path / "train.csv", "train.csv")


# -- CIFAR -----------------------------------------------------------------------------------------------


def records(pixels, *labels):
    """CIFAR's binary form: the labels of each image, then its reds, greens and blues."""
    planes = pixels.transpose(0, 3, 1, 2).reshape(len(pixels), -1)
    return np.column_stack([*labels, planes]).astype(np.uint8).tobytes()


NAMES = ("airplane", "automobile", "bird")
TEN = {
    **{f"data_batch_{i + 1}.bin": records(COLOUR[2 * i : 2 * i + 2], LABELS[2 * i : 2 * i + 2]) for i in range(5)},
    "test_batch.bin": records(COLOUR[10:], LABELS[10:]),
    "batches.meta.txt": "\n".join(NAMES).encode() + b"\n\n",
    "readme.html": b"<html>",
}
HUNDRED = {
    "train.bin": records(COLOUR[:10], LABELS[:10] // 2, LABELS[:10]),
    "test.bin": records(COLOUR[10:], LABELS[10:] // 2, LABELS[10:]),
    "fine_label_names.txt": "\n".join(NAMES).encode(),
    "coarse_label_names.txt": b"x\ny\n",
}


def unpacked(root, files):
    root.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (root / name).write_bytes(content)
    return root


def tar(path, files, folder="cifar-10-batches-bin/"):
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(folder + name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


@pytest.mark.parametrize("files", [TEN, HUNDRED], ids=["10", "100"])
@pytest.mark.parametrize("form", ["folder", "tar.gz", "tar", "tgz"])
def test_cifar(tmp_path, files, form):
    name = "cifar-binary"
    path = unpacked(tmp_path / name, files) if form == "folder" else tar(tmp_path / f"{name}.{form}", files)
    images = load(path)
    assert images.name == "cifar-binary" and images.class_names == NAMES
    assert np.array_equal(images.pixels, COLOUR[:10]) and images.labels.tolist() == LABELS[:10].tolist()
    assert images.describe() == "10 pictures, 32 x 32, colour, 3 classes (airplane 4, automobile 3, bird 3)"
    test = load(path, split="test")
    assert np.array_equal(test.pixels, COLOUR[10:]) and test.class_names == NAMES[1:]
    assert load(path, size=64, channels=1).sample_shape == (64, 64, 1)


def test_one_file_of_cifar(tmp_path):
    root = unpacked(tmp_path, TEN)
    images = load(root / "data_batch_3.bin")
    assert np.array_equal(images.pixels, COLOUR[4:6]) and images.class_names == ("automobile", "bird")
    (root / "batches.meta.txt").unlink()
    assert load(root / "data_batch_3.bin").class_names == ("1", "2")
    assert np.array_equal(load(unpacked(tmp_path / "100", HUNDRED) / "train.bin").pixels, COLOUR[:10])


PICKLED = {"data_batch_1": b"\x80\x04.", "test_batch": b"\x80\x04.", "batches.meta": b"\x80\x04."}


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (PICKLED, "pickle.*fetch cifar-10-binary.tar.gz"),
        ({"data_batch_1.mat": b"MATLAB 5.0"}, "fetch cifar-10-binary.tar.gz"),
        ({**TEN, "data_batch_1.bin": TEN["data_batch_1.bin"][:-1]}, "damaged or cut short .*not a multiple of 3073"),
        ({**TEN, "data_batch_2.bin": b""}, "data_batch_2.bin .* damaged or cut short"),
        ({"test_batch.bin": TEN["test_batch.bin"]}, "no data_batch_1.bin nor train.bin"),
    ],
)
def test_cifar_that_cannot_be_read(tmp_path, files, told):
    refused(unpacked(tmp_path / "cifar", files), told)
    if "data_batch_1.mat" not in files:
        refused(tar(tmp_path / "cifar.tar.gz", files), told)


def test_other_archives(tmp_path):
    refused(tar(tmp_path / "flowers.tgz", {"a.jpg": b"x"}), "not CIFAR in its binary form: unpack it")
    whole = tar(tmp_path / "cifar.tar.gz", TEN).read_bytes()
    for content in (b"", b"x", whole[: len(whole) // 2]):
        (tmp_path / "cifar.tar.gz").write_bytes(content)
        refused(tmp_path / "cifar.tar.gz", "damaged or cut short")


# -- IDX -------------------------------------------------------------------------------------------------


def idx(array):
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def pair(root, images=GREY, labels=LABELS, stem="train", gz="", link="-"):
    root.mkdir(parents=True, exist_ok=True)
    press = gzip.compress if gz else bytes
    path = root / f"{stem}-images{link}idx{images.ndim}-ubyte{gz}"
    path.write_bytes(press(idx(images)))
    if labels is not None:
        (root / f"{stem}-labels{link}idx1-ubyte{gz}").write_bytes(press(idx(labels)))
    return path


@pytest.mark.parametrize("gz", ["", ".gz"])
@pytest.mark.parametrize("link", ["-", "."])
def test_idx_by_the_file_and_by_the_folder(tmp_path, gz, link):
    path = pair(tmp_path / "kmnist", gz=gz, link=link)
    pair(tmp_path / "kmnist", GREY[:4], LABELS[:4], "t10k", gz, link)
    is_grey(load(path))
    images = load(tmp_path / "kmnist")
    assert images.name == "kmnist"
    is_grey(images)
    is_grey(load(tmp_path / "kmnist", split="test"), 4)


def test_idx_without_labels_from_1_and_in_colour(tmp_path):
    alone = load(pair(tmp_path / "a", labels=None))
    is_grey(alone, labels=False)
    assert alone.describe().endswith("no file of labels beside it")
    letters = load(pair(tmp_path / "b", labels=LABELS + 1))
    assert letters.labels.tolist() == LABELS.tolist() and letters.class_names == ("1", "2", "3")
    assert np.array_equal(load(pair(tmp_path / "c", COLOUR)).pixels, COLOUR)
    (tmp_path / "plain").write_bytes(idx(GREY))  # told by its first bytes
    is_grey(load(tmp_path / "plain"), labels=False)


def test_emnist_is_turned_upright_and_has_its_letters(tmp_path):
    pair(tmp_path, GREY.swapaxes(1, 2).copy(), LABELS + 1, "emnist-letters-train", ".gz")
    (tmp_path / "emnist-letters-mapping.txt").write_text("1 65 97\n2 66 98\n3 67 99\n")
    images = load(tmp_path)
    assert np.array_equal(images.pixels[..., 0], GREY) and images.class_names == ("A", "B", "C")
    assert images.describe().endswith("rows and columns swapped, as EMNIST wants it")
    (tmp_path / "emnist-letters-mapping.txt").write_text("nonsense")
    assert load(tmp_path).class_names == ("1", "2", "3")


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (
            lambda d: pair(d, labels=LABELS[:5]),
            "12 images but .* labels of shape .5,.: take both",
        ),
        (lambda d: pair(d, LABELS[:, None].copy()), "images have 3 or 4 axes"),
        (lambda d: (pair(d), pair(d, stem="letters-train"))[0].parent, "several files of images"),
        (lambda d: pair(d, stem="t10k").with_name("t10k-labels-idx1-ubyte"), "a file of labels"),
        (lambda d: (pair(d, stem="a"), pair(d, stem="b"))[0].parent, "no file of train images"),
    ],
)
def test_idx_that_does_not_fit(tmp_path, make, told):
    refused(make(tmp_path), told)


def test_swapped_idx_files_are_seen(tmp_path):
    images = pair(tmp_path)
    labels = tmp_path / "train-labels-idx1-ubyte"
    one, other = images.read_bytes(), labels.read_bytes()
    images.write_bytes(other)
    labels.write_bytes(one)
    refused(images, "the two files have each other's names")
    refused(images, "chooses among the files of a folder", split="test")


# -- what is none of these -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a.pkl", "a pickle"),
        ("a.pt", "a pickle"),
        ("a.mat", "scipy.io.loadmat"),
        ("a.h5", "h5py"),
        ("a.parquet", "a table of another kind"),
        ("a.7z", "unpack it"),
        ("a.mp4", "a film"),
        ("a.png", "one picture: give the folder"),
        ("a.log", "it cannot be told what"),
        ("a", "it cannot be told what"),
    ],
)
def test_files_that_are_not_read(tmp_path, name, told):
    (tmp_path / name).write_bytes(b"something")
    refused(tmp_path / name, told)
    assert kind(tmp_path / name) == "images"
