import pytest

from tinygan.data import NAMES, DataError, Images, Mixture, load


def test_names():
    assert NAMES == ("ring", "grid", "digits", "faces", "mnist", "fashion", "stacked", "folder")


def test_generated_sets(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYGAN_CACHE", str(tmp_path))
    assert isinstance(load("ring"), Mixture)
    assert len(load("ring", modes=5).means) == 5
    assert len(load("grid").means) == 25
    images = load("digits", n=30, seed=2)
    assert isinstance(images, Images) and len(images) == 30


@pytest.mark.parametrize(
    ("name", "meant"), [("mnits", "mnist"), ("digit", "digits"), ("fashon", "fashion"), ("stakced", "stacked")]
)
def test_misspelt_names_are_guessed(name, meant):
    with pytest.raises(DataError, match=f"did you mean {meant}") as caught:
        load(name)
    assert all(known in str(caught.value) for known in NAMES)


@pytest.mark.parametrize("name", ["cifar10", "", None, 3, {}, "MNIST DATA SET", "load", "cache"])
def test_unknown_names_list_the_known(name):
    with pytest.raises(DataError, match="choose one of ring, grid, digits"):
        load(name)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("ring", {"mode": 4}),
        ("digits", {"sizes": 4}),
        ("mnist", {"n": 4}),
        ("stacked", {"m": 4}),
    ],
)
def test_unknown_options_are_named(name, options):
    (option,) = options
    with pytest.raises(DataError, match=f"no option '{option}'"):
        load(name, **options)
