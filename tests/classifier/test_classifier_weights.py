"""A weight file is whole or refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from tinygan import archive, classifier
from tinygan.classifier import Classifier, ClassifierError, Record, load, save

RECORD = Record("digits", 0.5, 10, 1, 3)


@pytest.fixture
def fresh():
    return Classifier.build(np.random.default_rng(0))


@pytest.fixture
def kept(fresh, tmp_path):
    save(tmp_path / "kept.npz", fresh, RECORD)
    return tmp_path / "kept.npz"


def refused(path, *said):
    with pytest.raises(ClassifierError) as error:
        load(path)
    assert "\n" not in str(error.value)
    for each in said:
        assert each in str(error.value)


def test_there_and_back(fresh, kept, rng):
    loaded = load(kept)
    for name, array in fresh.state_dict().items():
        assert loaded.state_dict()[name].dtype == np.float32
        np.testing.assert_array_equal(loaded.state_dict()[name], array.astype(np.float16))
    assert loaded.record == fresh.record == Record("digits", 0.5, 10, 1, 3, fresh.record.checksum)
    assert str(loaded.record) == f"digits classifier {fresh.record.checksum[:8]} (50.00% of 10 test images)"


def test_the_same_weights_have_the_same_checksum_and_others_another(fresh, kept, tmp_path):
    again = save(tmp_path / "again.npz", load(kept), RECORD)
    assert again.checksum == fresh.record.checksum
    assert (tmp_path / "again.npz").read_bytes() == kept.read_bytes()
    other = save(tmp_path / "other.npz", Classifier.build(np.random.default_rng(1)), RECORD)
    assert other.checksum != again.checksum


@pytest.mark.parametrize("place", [0, 1000, 100_000, -65, -1])
def test_a_changed_byte(place, tmp_path):
    """Anywhere in a copy of the file that comes with the package."""
    content = bytearray(Path(classifier.__file__).with_name("mnist.npz").read_bytes())
    content[place] ^= 1
    (tmp_path / "mnist.npz").write_bytes(content)
    refused(tmp_path / "mnist.npz", "mnist.npz is damaged", "checksum")


@pytest.mark.parametrize("size", [0, 10, 64, 5000])
def test_a_file_cut_short(kept, size):
    kept.write_bytes(kept.read_bytes()[:size])
    refused(kept, "kept.npz is damaged")


def test_an_archive_of_something_else(tmp_path):
    np.savez(tmp_path / "a.npz", a=np.zeros(100))
    refused(tmp_path / "a.npz", "holds no classifier")


def test_weights_of_another_model(fresh, tmp_path):
    fresh.head.W = classifier.model.Tensor(np.zeros((3, 10), np.float32), requires_grad=True)
    save(tmp_path / "a.npz", fresh, RECORD)
    refused(tmp_path / "a.npz", "another model", "head.W", "(3, 10)")


def test_no_such_classifier(tmp_path):
    refused("mnst", "no classifier 'mnst'", "mnist or digits")
    refused(tmp_path / "a.npz", "there is no file")
    (tmp_path / "b.npz").mkdir()
    refused(tmp_path / "b.npz", "cannot be read")


def test_another_shape_and_other_classes_there_and_back(tmp_path, rng):
    classifier = Classifier.build(rng, (9, 30, 3), 2)
    record = save(tmp_path / "a.npz", classifier, Record("pets", 0.5, 10, 1, 3, class_names=("cat", "dog")))
    assert record.shape == (9, 30, 3) and record.class_names == ("cat", "dog")
    loaded = load(tmp_path / "a.npz")
    assert (loaded.shape, loaded.classes, loaded.record) == ((9, 30, 3), 2, record)
    images = rng.integers(256, size=(5, 9, 30, 3), dtype=np.uint8)
    assert loaded.probabilities(images).shape == (5, 2)


def test_a_file_of_the_digits_says_no_more_than_it_always_did(kept):
    """The two that come with the package were written before there was a choice of shape and classes."""
    with np.load(kept) as file:
        assert list(json.loads(str(file["record"]))) == ["data", "accuracy", "test_images", "epochs", "seed"]


def test_names_that_are_too_few_are_refused_and_nothing_is_written(tmp_path, rng):
    with pytest.raises(ClassifierError, match="tells 4 classes apart, and the record has 10"):
        save(tmp_path / "a.npz", Classifier.build(rng, (8, 8, 1), 4), RECORD)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "change, said",
    [
        ({"shape": [28, 28]}, "was changed"),
        ({"shape": [0, 28, 1]}, "was changed"),
        ({"shape": ["a", 28, 1]}, "was changed"),
        ({"class_names": ["one"]}, "was changed"),
        ({"class_names": ["one", "two"]}, "another model"),
        ({"shape": [64, 64, 3]}, "another model"),
        ({"shape": 5}, "its shape cannot be 5"),
        ({"shape": None}, "holds no classifier"),
        ({"accuracy": "0.5"}, "its accuracy cannot be '0.5'"),
        ({"seed": True}, "its seed cannot be True"),
        ({"colour": 5}, "holds no classifier"),
    ],
)
def test_a_record_that_cannot_be(fresh, tmp_path, change, said):
    about = {"data": "digits", "accuracy": 0.5, "test_images": 10, "epochs": 1, "seed": 3, **change}
    archive.save(tmp_path / "a.npz", fresh.state_dict(), "record", about)
    refused(tmp_path / "a.npz", said)
