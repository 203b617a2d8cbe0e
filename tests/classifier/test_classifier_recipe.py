"""The recipe learns, the same each time, and its command line takes care of files."""

import numpy as np
import pytest
from cli import call, one_sentence, start

from tinygan.classifier import Classifier, ClassifierError, accuracy, load, load_sets, recipe, train
from tinygan.data import Images, digits


@pytest.fixture(scope="module")
def few():
    return digits(600, seed=2)


@pytest.fixture(scope="module")
def trained(few):
    return train(few, epochs=6)


def test_a_little_training_helps(trained):
    test = digits(300, seed=3)
    before = accuracy(Classifier.build(np.random.default_rng(0)), test)
    assert before < 0.4 and accuracy(trained, test) > 0.8
    assert not trained.training


def test_its_weights_are_what_a_weight_file_can_hold(trained):
    for array in trained.state_dict().values():
        np.testing.assert_array_equal(array, array.astype(np.float16).astype(np.float32))


def test_the_seed_decides_the_training(few):
    small = Images("small", few.pixels[:256], few.labels[:256])
    one, same, other = (train(small, 1, seed).state_dict() for seed in (1, 1, 2))
    for name, array in one.items():
        np.testing.assert_array_equal(array, same[name])
    assert any((one[name] != other[name]).any() for name in one)


def test_reports_every_step(few):
    seen = []
    train(Images("small", few.pixels[:300], few.labels[:300]), 2, 0, lambda *told: seen.append(told))
    assert [told[:2] for told in seen] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert all(np.isfinite(loss) for _, _, loss in seen)


def test_images_are_moved_by_two_pixels_at_most(rng):
    point = np.zeros((400, 28, 28, 1), np.uint8)
    point[:, 10, 20] = 255
    moved = recipe.moved(point, rng)
    assert moved.shape == point.shape and (moved.sum(axis=(1, 2, 3), dtype=int) == 255).all()
    _, rows, columns, _ = np.nonzero(moved)
    assert set(rows - 10) == set(columns - 20) == {-2, -1, 0, 1, 2}
    corner = np.zeros((50, 28, 28, 1), np.uint8)
    corner[:, 0, 0] = 255
    assert (recipe.moved(corner, rng)[:, 5:, 5:] == 0).all()  # what leaves does not come in again elsewhere


def test_the_test_set_is_another_one():
    with pytest.raises(ClassifierError, match="choose one of mnist, digits"):
        load_sets("fashion")
    assert recipe.DIGITS["training"][1] != recipe.DIGITS["test"][1]


@pytest.mark.parametrize(
    "n, labels, shape, epochs, said",
    [
        (200, None, (28, 28, 1), 1, "need labels"),
        (200, 10, (28, 28, 1), 1, "labels from 0 to 9"),
        (200, 3, (28, 28, 3), 1, "not (28, 28, 3)"),
        (100, 3, (28, 28, 1), 1, "at least 128 images, not 100"),
        (200, 3, (28, 28, 1), 0, "at least 1 epoch, not 0"),
    ],
)
def test_what_cannot_be_learnt(n, labels, shape, epochs, said):
    images = Images("odd", np.zeros((n, *shape), np.uint8), None if labels is None else np.full(n, labels))
    with pytest.raises(ClassifierError) as error:
        train(images, epochs)
    assert said in str(error.value)


# -- the command line ------------------------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch, tmp_path):
    """A recipe of seconds, in an empty folder."""
    monkeypatch.setattr(recipe, "DIGITS", {"training": (256, 2), "test": (50, 3)})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_writes_a_file_that_loads_and_says_how_good_it_is(quick):
    result = call("train_classifier", "--data", "digits", "--epochs", 2, "--seed", 4)
    assert result.status == 0, result.err
    loaded = load(quick / "classifier-digits.npz")
    record = loaded.record
    assert (record.data, record.test_images, record.epochs, record.seed) == ("digits", 50, 2, 4)
    assert record.accuracy == accuracy(loaded, digits(50, seed=3))
    assert result.out.startswith(f"{record}, trained in ") and result.out.count("\n") == 1
    assert "step 4/4  loss " in result.err and "\r" not in result.err


@pytest.mark.parametrize(
    "options, said",
    [
        ("--data fashion", "fashion"),
        ("--epochs 0", "--epochs must be from 1 to 1000, not 0"),
        ("--epochs many", "many"),
        ("--seed -1", "--seed must be at least 0"),
        ("--out a.png", "--out must end in .npz, not a.png"),
        ("--out nowhere/a.npz", "which is no folder"),
        ("--data mnist --data-dir .", "holds train-images"),
        ("--epoch 3", "did you mean --epochs?"),
    ],
)
def test_bad_input_is_one_sentence(quick, options, said):
    result = call("train_classifier", *options.split())
    assert result.status == 2 and result.out == ""
    assert said in one_sentence(result.err)
    assert list(quick.iterdir()) == []


def test_as_a_program(tmp_path):
    process = start("train_classifier", "--out", tmp_path, cwd=tmp_path)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2 and ".npz" in one_sentence(err)
