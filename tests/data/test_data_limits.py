"""What lies on a limit of what is read as images or labels, or one step beyond it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from tinygan.data import DataError, Images, Points, kaggle, load, pictures, points, sets
from tinygan.data import arrays as of_arrays
from tinygan.data import stored as of_stored
from tinygan.data.classes import classes_of
from tinygan.data.form import Form, asked_form, natural_size, parsed_size
from tinygan.data.pictures import cut_to

RNG = np.random.default_rng(0)


def ramp(low, high, dtype=np.float64, shape=(6, 8, 8)):
    """Different images of numbers from `low` to `high`, with both ends."""
    x = np.linspace(0, 1, int(np.prod(shape)))
    return (low + (high - low) * x).reshape(shape).astype(dtype)


def said(array):
    """How an array's numbers were understood; None if they were refused."""
    try:
        return (load(array).said or ("",))[-1]
    except DataError:
        return None


UNIT, BOTH, BYTE = (f"numbers from {low} to {high} as brightness" for low, high in ((0, 1), (-1, 1), (0, 255)))
RANGES = {
    (0, 1): UNIT, (-0.001, 1.001): UNIT, (0, 1.0011): None, (-0.0011, 1): BOTH, (0, 0.5): UNIT, (-1, 1): BOTH,
    (-1.001, 1.001): BOTH, (-1.0011, 1): None, (-1, 1.0011): None, (0, 255): BYTE, (0, 32): BYTE, (0, 31.9): None,
    (0, 255.1): None, (-0.01, 255): None, (5, 255): BYTE, (0.5, 0.9): UNIT, (-1, -0.5): BOTH,
}  # fmt: skip


@pytest.mark.parametrize("ends", RANGES, ids=str)
def test_how_floats_are_understood(ends):
    assert said(ramp(*ends)) == RANGES[ends]


INTEGERS = {
    (0, 255): "", (0, 256): None, (-1, 255): None, (1, 255): "", (0, 1): "0 and 1 as black and white", (0, 2): "",
    (1, 2): "", (3, 4): "",
}  # fmt: skip


@pytest.mark.parametrize("ends", INTEGERS, ids=str)
def test_how_integers_are_understood(ends):
    assert said(ramp(*ends, np.int64)) == INTEGERS[ends]
    assert said(ramp(0, 256, np.uint16)) == "16 bits scaled to 8" and said(ramp(0, 255, np.uint16)) == ""


def test_rows_are_squares_of_eight_or_more():
    assert load(ramp(0, 255, np.uint8, (6, 64))).sample_shape == (8, 8, 1)
    for length in (49, 63, 65):
        with pytest.raises(DataError, match="reshape its rows"):
            load(ramp(0, 255, np.uint8, (6, length)))


def test_two_equal_images_are_refused_and_one_is_not():
    one = ramp(0, 255, np.uint8, (1, 8, 8))
    assert not of_arrays.all_same(one) and of_arrays.all_same(one.repeat(2, 0))
    assert not of_arrays.all_same(np.concatenate([one.repeat(3, 0), one + 1]))


def test_whether_they_were_enlarged_or_shrunk():
    images = load(RNG.integers(0, 255, (3, 16, 32, 1), np.uint8))
    for size, crop, verb in (
        ((16, 16), "center", "shrunk"),
        ((20, 16), "center", "enlarged"),
        ((12, 36), "center", "enlarged"),
        ((16, 64), "fit", "shrunk"),
        ((20, 32), "fit", "enlarged"),
    ):
        assert of_arrays.in_form(images, Form(size, crop=crop)).said == (f"{verb} from 32 x 16",)


LABELS = {  # of four images: the classes and their names, or nothing if they are refused
    "one-hot": ([[0, 1], [1, 0], [1, 0], [0, 1]], [1, 0, 0, 1]),
    "one-hot floats": ([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [1, 0, 0, 1]),
    "not one-hot: half": ([[0.5, 0.5], [1, 0], [1, 0], [0, 1]], None),
    "not one-hot: two": ([[1, 1], [1, 0], [1, 0], [0, 1]], None),
    "not one-hot: none": ([[0, 0], [1, 0], [1, 0], [0, 1]], None),
    "not one-hot: below 0": ([[2, -1], [1, 0], [1, 0], [0, 1]], None),
    "a column": ([[5], [7], [5], [7]], [0, 1, 0, 1]),
    "floats": ([0.0, 2.0, 2.0, 0.0], [0, 1, 1, 0]),
    "a fraction": ([0.0, 0.5, 1.0, 0.0], None),
    "infinite": ([0.0, np.inf, 1.0, 0.0], None),
    "below 0": ([0, -1, 1, 0], None),
    "bytes that are no UTF-8": (np.array([b"\xff", b"a", b"a", b"\xff"]), [1, 0, 0, 1]),
    "bytes in UTF-8": (np.array(["\u00e9".encode(), b"a", b"a", b"b"]), [2, 0, 0, 1]),
    "one too few": ([0, 1, 0], None),
}


@pytest.mark.parametrize("case", LABELS)
def test_labels(case):
    labels, expected = LABELS[case]
    if expected is None:
        with pytest.raises(DataError, match="labels"):
            classes_of(labels, 4, "it")
    else:
        found, names = classes_of(labels, 4, "it")
        assert found.tolist() == expected and found.dtype == np.int64 and len(names) == max(expected) + 1
    if case == "bytes that are no UTF-8":
        assert names == ("a", "\ufffd")


def images_with(labels, names):
    return Images("it", ramp(0, 255, np.uint8, (4, 8, 8, 1)), np.array(labels), names)


def test_names_of_classes_are_as_many_as_the_labels_need():
    assert images_with([0, 1, 1, 0], ("a", "b")).class_names == ("a", "b")
    for wrong in ((0, 2, 1, 0), (0, 3, 1, 0), (-1, 0, 1, 0)):
        with pytest.raises(DataError, match=r"exceed|go down to -1"):
            images_with(wrong, ("a", "b"))


def test_eight_classes_are_named_one_by_one_and_nine_are_not():
    pixels = ramp(0, 255, np.uint8, (18, 8, 8, 1))
    for n, told in ((8, "0 3, 1 3, 2 2"), (9, "9 classes (0, 1, ... 8, 2 pictures each)")):
        assert told in Images("it", pixels, np.arange(18) % n).describe()
    assert "(0, 1, ... 9, 1 to 2 pictures each)" in Images("it", pixels, np.arange(18) % 10).describe()
    assert of_stored.NAMED == 8


def test_sides_that_can_be_asked_for():
    assert [parsed_size(side) for side in (8, 512, "8x512")] == [(8, 8), (512, 512), (8, 512)]
    for side, nearest in ((4, 8), (516, 512), (10, 8), (14, 16), (7, 8)):
        with pytest.raises(DataError, match=f"the nearest is {nearest}$"):
            parsed_size(side)
    assert asked_form(8, 3, seed=0).channels == 3
    for channels in (0, 2, 4):
        with pytest.raises(DataError, match="channels must be 1"):
            asked_form(8, channels)


def test_the_size_that_suits_pictures():
    assert natural_size([(128, 8)] * 2) == (128, 8)  # they keep it
    assert natural_size([(132, 132)]) == (64, 64) and natural_size([(128, 4)]) == (8, 8)
    assert natural_size([(64, 64), (60, 60)]) == (60, 60) and natural_size([(30, 90)] * 3) == (28, 28)
    assert natural_size([(20, 99), (40, 30), (99, 90)]) == (28, 28)


def test_which_part_of_a_picture_is_kept():
    """Columns of 0 to 7, each 4 pixels wide: the middle, or the part that the place says."""
    picture = Image.fromarray(np.tile(np.arange(32, dtype=np.uint8) // 4, (16, 1)))
    for crop, place, left in (("center", 0.0, 8), ("random", 0.0, 0), ("random", 1.0, 16), ("random", 0.25, 4)):
        cut = np.asarray(cut_to(picture, (16, 16), Form(crop=crop), place))
        assert cut[0].tolist() == [(left + i) // 4 for i in range(16)]
    whole = np.asarray(cut_to(picture, (16, 16), Form(crop="fit", background=(9, 9, 9))))
    assert (whole[:4] == 9).all() and (whole[12:] == 9).all() and whole[4:12].max() == 7
    assert cut_to(picture, (32, 32), Form()).size == (32, 32)


def test_how_many_columns_make_an_image():
    known = {64: (8, 8), 63: None, 65: None, 49: None, 192: (8, 8, 3), 147: None, 784: (28, 28), 3072: (32, 32, 3)}
    assert {n: kaggle._shape(n) for n in known} == known
    counting = [[str(i) for i in range(n)] for n in (9, 10)]
    assert [kaggle._counts_up(first) for first in counting] == [False, True]
    assert kaggle._counts_up(["label", *map(str, range(9))]) and not kaggle._counts_up(["1", *"23456789", "9"][::-1])


def test_the_part_of_the_plane_that_is_shown():
    box = Points("box", np.array([[0.0, 0.0], [10.0, 5.0]]))
    assert box.extent() == pytest.approx((-1, 11, -0.5, 5.5))
    flat = Points("flat", np.array([[0.0, 3.0], [10.0, 3.0]]))
    assert flat.extent() == pytest.approx((-1, 11, 2, 4))
    one = Points("one", np.array([[2.0, 3.0], [2.0, 3.0]]))
    assert one.extent() == pytest.approx((2 - points.MARGIN, 2 + points.MARGIN, 3 - points.MARGIN, 3 + points.MARGIN))
    assert sets.NAMES


def test_so_many_rows_or_letters_are_read_at_once(monkeypatch):
    monkeypatch.setattr(kaggle, "ROWS", 3)
    monkeypatch.setattr(kaggle, "LETTERS", 10)
    lines = iter(["12\n", "\n", "34\n", "56\n", "78\n", "123456789\n", "1\n", "2\n", "123456789012\n", "3\n"])
    parts = []
    while part := kaggle._part(lines):
        parts.append([line.strip() for line in part])
    assert parts == [["12", "34", "56"], ["78", "123456789"], ["1", "2", "123456789012"], ["3"]]


def test_images_that_are_ready_come_in_the_form_that_is_asked_for():
    ready = load(RNG.integers(0, 255, (3, 16, 32, 1), np.uint8))
    assert load(ready) is ready
    other = load(ready, size=8, channels=3)
    assert other.sample_shape == (8, 8, 3) and other.said[-1] == "grey as three equal channels"
    assert np.array_equal(
        other.pixels[0, :, :, 0], np.asarray(cut_to(Image.fromarray(ready.pixels[0, :, :, 0]), (8, 8), Form()))
    )


def folder_of(root, names):
    """Small pictures, all different, at these places."""
    for i, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8), 8 * i, np.uint8)).save(root / name)
    return load(root)


FOLDERS = {  # where pictures lie, and the classes that are found
    "as many outside as inside": (["a/1.png", "b/2.png", "3.png", "4.png"], None),
    "fewer outside": (["a/1.png", "a/2.png", "b/3.png", "4.png", "5.png"], ("a", "b")),
    "one folder": (["a/1.png", "a/2.png"], None),
    "two folders in one": (["all/a/1.png", "all/b/2.png"], ("a", "b")),
    "and as many beside it": (["all/a/1.png", "all/b/2.png", "3.png", "4.png"], None),
    "and fewer beside it": (["all/a/1.png", "all/a/2.png", "all/b/3.png", "4.png", "5.png"], ("a", "b")),
    "one folder in one, and one beside it": (["all/a/1.png", "all/a/2.png", "all/a/3.png", "4.png"], None),
    "train and test": (["train/a/1.png", "train/b/2.png", "test/a/3.png"], ("a", "b")),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_which_folders_are_classes(case, tmp_path):
    names, classes = FOLDERS[case]
    assert folder_of(tmp_path, names).class_names == classes


def test_labels_of_another_array_are_not_taken(tmp_path):
    x = ramp(0, 255, np.uint8, (6, 8, 8))
    for names, labels, taken in (
        (("images", "labels"), [0, 1] * 3, True),
        (("images", "labels"), [0, 1] * 2, False),
        (("x_train", "y_train"), [0, 1] * 3, True),
    ):
        np.savez(tmp_path / "it.npz", **dict(zip(names, (x, np.array(labels)), strict=True)))
        found = load(tmp_path / "it.npz")
        assert (found.labels is not None) == taken and len(found) == 6
    np.savez(tmp_path / "it.npz", x_train=x, y_train=np.array([0, 1]))
    with pytest.raises(DataError, match="6 images but labels of shape"):
        load(tmp_path / "it.npz")


@pytest.mark.parametrize(
    ("size", "asked", "kind", "expected"),
    [
        ((640, 320), (8, 8), "JPEG", (80, 40)),  # an eighth, the most
        ((640, 320), (64, 64), "JPEG", (320, 160)),  # of 320 / 128 = 2.5 a half
        ((640, 512), (64, 64), "JPEG", (160, 128)),  # a quarter, exactly
        ((640, 508), (64, 64), "JPEG", (320, 254)),
        ((320, 640), (64, 32), "JPEG", (160, 320)),  # the larger side decides
        ((100, 100), (64, 64), "JPEG", (100, 100)),
        ((640, 320), (8, 8), "PNG", (640, 320)),
    ],
)
def test_how_far_a_photograph_shrinks_while_it_is_read(size, asked, kind, expected):
    content = io.BytesIO()
    Image.fromarray(ramp(0, 255, np.uint8, size[::-1])).save(content, kind)
    picture = Image.open(content)
    assert pictures._shrink_while_reading(picture, asked) == expected == picture.size
    picture.load()
    assert picture.size == expected


def test_a_progressive_photograph_is_in_memory_whole():
    content = io.BytesIO()
    Image.fromarray(ramp(0, 255, np.uint8, (64, 64))).save(content, "JPEG", progressive=True)
    assert pictures._shrink_while_reading(Image.open(content), (8, 8)) == (64, 64)


def test_which_pictures_are_too_large_for_the_memory(monkeypatch):
    monkeypatch.setattr(pictures, "PIXELS", 1_000_000)
    pictures._check_pixels(1000, 1000)
    with pytest.raises(DataError, match="too large: 1000 x 1001 pixels, more than 1 million"):
        pictures._check_pixels(1000, 1001)


def test_numbers_of_a_picture_as_bytes():
    for mode, ends, expected in (
        ("I;16", (0, 65535), (0, 255)),
        ("I;16B", (0, 257), (0, 1)),
        ("I", (0, 65535), (0, 255)),
        ("I", (0, 256), (0, 1)),
        ("I", (0, 255), (0, 255)),
        ("F", (0, 1), (0, 255)),
        ("F", (0, 1.5), (0, 2)),
        ("F", (0, 255), (0, 255)),
        ("I", (0, 1), (0, 1)),
    ):
        found = pictures._scaled(np.array([ends]), mode)
        assert found.dtype == np.uint8 and tuple(found[0].tolist()) == expected
    for mode, ends in (("I", (0, 65536)), ("I", (-1, 256)), ("F", (-0.1, 1)), ("F", (0, 255.1)), ("F", (0, np.nan))):
        with pytest.raises(DataError, match="in place of brightness"):
            pictures._scaled(np.array([ends]), mode)
