import pytest

from tinygan.data import DataError
from tinygan.data.form import asked_form, colour, in_words, natural_size, parsed_size


@pytest.mark.parametrize(
    ("size", "parsed"),
    [
        (None, None),
        (64, (64, 64)),
        ("64", (64, 64)),
        ("48x64", (48, 64)),
        (" 48 X 64 ", (48, 64)),
        ((8, 512), (8, 512)),
        ([16, 32], (16, 32)),
        (64.0, (64, 64)),
    ],
)
def test_sizes(size, parsed):
    assert parsed_size(size) == parsed


@pytest.mark.parametrize(
    ("size", "told"),
    [
        (0, "the nearest is 8"),
        (-64, "the nearest is 8"),
        (30, "not 30: the nearest is 32"),
        (1024, "the nearest is 512"),
        ("48x66", "not 66"),
        *((size, "such as 48x64") for size in ("", "x", "64x", "1x2x3", True, 2.5, (8, 8, 8), (), float("nan"), b"64")),
    ],
)
def test_impossible_sizes(size, told):
    with pytest.raises(DataError, match=told):
        parsed_size(size)


@pytest.mark.parametrize(
    ("sizes", "natural"),
    [
        ([(28, 28)] * 3, (28, 28)),
        ([(48, 128)] * 3, (48, 128)),
        ([(30, 30)] * 3, (28, 28)),  # not a multiple of 4
        ([(132, 132)] * 3, (64, 64)),  # too large to keep
        ([(4, 4)] * 3, (8, 8)),
        ([(28, 28), (28, 32)], (28, 28)),
        ([(40, 500), (1000, 45), (3000, 4000)], (44, 44)),  # the median short side is 45
        ([(1, 1), (3000, 4000), (3000, 4000)], (64, 64)),
    ],
)
def test_the_size_that_suits(sizes, natural):
    assert natural_size(sizes) == natural


def test_colours():
    assert colour("white") == (255, 255, 255)
    assert colour("black") == (0, 0, 0)
    assert colour("#ff8000") == (255, 128, 0)
    for wrong in ("transparent", "#12", "", None, 3, "#11223344"):
        with pytest.raises(DataError, match="background must be the name of a colour"):
            colour(wrong)


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ({"channels": 2}, "channels must be 1"),
        ({"channels": True}, "channels must be 1"),
        ({"channels": "3"}, "channels must be 1"),
        ({"crop": "centre"}, "crop must be one of center, fit, random"),
        ({"seed": -1}, "seed must be"),
        ({"seed": 0.5}, "seed must be"),
    ],
)
def test_impossible_looks(option, told):
    with pytest.raises(DataError, match=told):
        asked_form(**option)


def test_sizes_in_words():
    assert in_words((64, 64)) == "64 x 64"
    assert in_words((48, 64)) == "48 high x 64 wide"
