"""The recipe learns, the same each time, and its command line takes care of files."""

import numpy as np
import pytest
from cli import call, one_sentence, start
from PIL import Image

from tinygan.classifier import Classifier, ClassifierError, accuracy, load, load_sets, recipe, split, train
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
    with pytest.raises(ClassifierError, match="ring are points"):
        load_sets("ring")
    assert recipe.DIGITS["training"][1] != recipe.DIGITS["test"][1]


@pytest.mark.parametrize(
    "n, labels, shape, epochs, said",
    [
        (200, None, (28, 28, 1), 1, "need labels"),
        (200, 0, (28, 28, 1), 1, "labels up to 0 for 1 classes"),
        (100, 3, (28, 28, 1), 1, "at least 128 images, not 100"),
        (200, 3, (28, 28, 1), 0, "at least 1 epoch, not 0"),
    ],
)
def test_what_cannot_be_learnt(n, labels, shape, epochs, said):
    images = Images("odd", np.zeros((n, *shape), np.uint8), None if labels is None else np.full(n, labels))
    with pytest.raises(ClassifierError) as error:
        train(images, epochs)
    assert said in str(error.value)


def coloured(n, shape=(12, 20, 3), classes=3, seed=0):
    """Noise, a square of each class's own colour in it."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=n)
    pixels = rng.integers(100, size=(n, *shape), dtype=np.uint8)
    pixels[:, 3:9, 5:15] //= 2
    for k in range(classes):
        pixels[labels == k, 3:9, 5:15, k % shape[2]] = 255 - 80 * (k // shape[2])
    return Images("colours", pixels, labels, tuple("abcdefg"[:classes]))


def test_images_of_any_shape_and_classes_are_learnt(tmp_path):
    training, test = split(coloured(700))
    classifier = train(training, epochs=12)
    assert (classifier.shape, classifier.classes) == ((12, 20, 3), 3)
    assert accuracy(classifier, test) > 0.95
    p, f = classifier.outputs(test.pixels)
    assert p.shape == (len(test), 3) and f.shape == (len(test), 64)
    with pytest.raises(ClassifierError, match=r"\(n, 12, 20, 3\), n > 0, not \(2, 28, 28, 1\)"):
        classifier.probabilities(np.zeros((2, 28, 28, 1), np.uint8))


def test_a_fifth_of_each_class_is_held_out_by_the_seed():
    images = coloured(503)
    training, test = split(images, seed=1)
    whole = {image.tobytes() for image in images.pixels}
    first, second = ({image.tobytes() for image in part.pixels} for part in (training, test))
    assert len(whole) == 503 and first | second == whole and not first & second
    for k in range(3):
        assert (test.labels == k).sum() == pytest.approx((images.labels == k).sum() / 5, abs=1)
    assert training.class_names == test.class_names == ("a", "b", "c")
    np.testing.assert_array_equal(split(images, seed=1)[1].pixels, test.pixels)
    assert (split(images, seed=2)[1].pixels != test.pixels).any()
    for image, label in zip(test.pixels[:9], test.labels[:9], strict=True):
        assert image[5, 10].argmax() == label


def test_a_class_that_the_training_part_lacks_is_still_one():
    images = Images("odd", np.zeros((200, 8, 8, 1), np.uint8), np.r_[np.zeros(199, np.int64), 4], None)
    training, test = split(images)
    assert training.class_names == test.class_names == tuple("01234")


def test_few_images_cannot_be_split():
    with pytest.raises(ClassifierError, match="too few to hold some out"):
        split(Images("few", np.zeros((4, 8, 8, 1), np.uint8), np.array([0, 1, 0, 1])))


def test_a_small_set_is_passed_over_more_often():
    assert recipe.epochs_for(60_000) == recipe.epochs_for(20_000) == 6  # the two that come with the package
    assert recipe.epochs_for(600) * (600 // 128) >= 900 and recipe.epochs_for(100) == 900


def test_small_images_are_moved_less_and_their_border_is_repeated(rng):
    bright = np.full((50, 30, 14, 3), 200, np.uint8)
    assert (recipe.moved(bright, rng) == 200).all()
    tiny = rng.integers(256, size=(50, 8, 8, 3), dtype=np.uint8)
    np.testing.assert_array_equal(recipe.moved(tiny, rng), tiny)
    point = np.zeros((400, 56, 20, 1), np.uint8)
    point[:, 30, 10] = 255
    _, rows, columns, _ = np.nonzero(recipe.moved(point, rng))
    assert set(rows - 30) == set(columns - 10) == set(range(-4, 5))


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
        ("--data nowhere", "'nowhere'"),
        ("--data ring", "ring are points"),
        ("--size 32", "--size does not go with --data mnist"),
        ("--data digits --channels 3", "--channels does not go with --data digits"),
        ("--channels 2", "--channels"),
        ("--epochs 0", "--epochs must be from 1 to 1000, not 0"),
        ("--epochs many", "many"),
        ("--seed -1", "--seed must be at least 0"),
        ("--out a.png", "--out must end in .npz (the weights), not a.png"),
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


def pictures(folder, images):
    for i, (picture, label) in enumerate(zip(images.pixels, images.labels, strict=True)):
        place = folder / images.class_names[label]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(place / f"{i}.png")


def test_a_folder_of_pictures_is_learnt_and_its_classes_are_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pictures(tmp_path / "mine", coloured(200, (32, 32, 3)))
    result = call("train_classifier", "--data", "mine", "--epochs", 2, "--size", 16)
    assert result.status == 0, result.err
    assert "mine: 16 x 16 x 3, 3 classes; learns from 160 and is tested on 40 held out (seed 0)" in result.out
    record = load("classifier-mine.npz").record
    assert (record.data, record.shape, record.class_names) == ("mine", (16, 16, 3), ("a", "b", "c"))
    assert (record.test_images, record.epochs) == (40, 2)


def test_a_folder_without_classes_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pictures(tmp_path / "mine", coloured(10, (8, 8, 3), classes=1))
    result = call("train_classifier", "--data", "mine")
    assert result.status == 2 and "need labels" in one_sentence(result.err)
    assert not list(tmp_path.glob("*.npz"))
