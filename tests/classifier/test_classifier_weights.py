"""A weight file is whole or refused."""

from pathlib import Path

import numpy as np
import pytest

from tinygan import classifier
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
