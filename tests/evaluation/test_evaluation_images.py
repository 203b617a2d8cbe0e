"""Images are judged by a classifier: bad generators are far from real images, and each is bad in its own way."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tinygan import classifier, data, metrics
from tinygan.data import Images, from_range, to_range
from tinygan.evaluation import baselines, judge
from tinygan.evaluation.images import METRICS, ImageJudge, look
from tinygan.evaluation.judge import metrics_of
from tinygan.evaluation.judge import test_images as load_test
from tinygan.evaluation.sets import sides

N = 400


@pytest.fixture(scope="module")
def digits():
    return data.digits(1000)


@pytest.fixture(scope="module")
def judging(digits):
    return judge("digits", digits, N)


@pytest.fixture(scope="module")
def rows(judging):
    return judging.reference_rows()


def test_real_images_are_the_floor(rows):
    real, *bad = rows.values()
    assert list(rows) == ["real test images", "uniform noise", "one image repeated", "blurred real images"]
    assert list(real) == [
        *("score", "fcd", "kid", "kid_error", "precision", "recall", "density", "coverage", "classes", "class_kl")
    ]
    assert real["score"] > 9 and real["classes"] == 10 and real["class_kl"] < 0.02
    assert abs(real["kid"]) < 5 * real["kid_error"] and min(real["precision"], real["recall"]) > 0.7
    for row in bad:
        assert row["fcd"] > 50 * real["fcd"] and row["kid"] > 50 * abs(real["kid"])
        assert row["recall"] < 0.1 and row["score"] < 4


def test_one_image_repeated_covers_one_class(rows):
    row = rows["one image repeated"]
    assert row["classes"] == 1 and row["score"] == pytest.approx(1) and row["recall"] < 0.02
    assert row["class_kl"] == pytest.approx(math.log(10), abs=0.01)


def test_a_blur_leaves_the_classes_but_not_the_images(rows, digits):
    smooth = baselines.blurred(digits.pixels[:20])
    assert smooth.dtype == np.uint8 and smooth.shape == (20, 28, 28, 1)
    assert smooth.mean() == pytest.approx(digits.pixels[:20].mean(), rel=0.02)
    assert (
        np.abs(np.diff(smooth.astype(int), axis=1)).max()
        < 0.5 * np.abs(np.diff(digits.pixels[:20].astype(int), axis=1)).max()
    )
    assert rows["blurred real images"]["classes"] > 5


def test_a_blur_is_the_mean_of_25_neighbours_twice():
    point = np.zeros((1, 28, 28, 1), np.uint8)
    point[0, 14, 14, 0] = 250
    triangle = np.array([1, 2, 3, 4, 5, 4, 3, 2, 1]) / 25
    expected = np.rint(250 * np.outer(triangle, triangle))
    np.testing.assert_array_equal(baselines.blurred(point)[0, 10:19, 10:19, 0], expected)


def test_the_scale_of_the_samples_does_not_matter(judging, digits):
    pixels = load_test("digits", N)  # of training images, which are neighbours of each other, balls have them as border
    whole = judging.report(pixels)
    for low, high in ((0.0, 1.0), (-1.0, 1.0)):
        other = judge("digits", digits, N, low, high).report(to_range(pixels, low, high))
        assert other == pytest.approx(whole, rel=1e-3, abs=1e-3)


def test_numbers_outside_the_range_are_cut_off_as_in_a_picture(judging, digits):
    images = to_range(digits.pixels[:N], 0, 1)
    beyond = np.where(images == 1, np.float32(7), np.where(images == 0, np.float32(-2), images))
    assert judging.report(beyond) == judging.report(from_range(beyond, 0, 1))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_number_that_is_not_finite_makes_all_of_them_nan(judging, digits, bad):
    images = to_range(digits.pixels[:N], 0, 1)
    images[N - 1, 3, 3, 0] = bad
    report = judging.report(images, labels=digits.labels[:N])
    assert list(report)[-1] == "label_accuracy" and all(math.isnan(value) for value in report.values())
    assert list(judging.report(images, keys=["kid"])) == ["kid", "kid_error"]


@pytest.mark.parametrize("images", [np.zeros((5, 28, 28, 1), np.int64), np.zeros((0, 28, 28, 1), np.float32)])
def test_images_of_an_unknown_range_are_refused(judging, images):
    """Numbers to 255 that are no bytes would be cut off at 1, and judged in silence."""
    with pytest.raises(data.DataError, match=r"must be bytes \(uint8\) or floats, and at least one: not \d of"):
        judging.report(images)


def test_only_what_is_asked_for_is_reported(judging, digits, monkeypatch):
    whole = judging.report(digits.pixels[:N])
    monkeypatch.setattr(metrics, "precision_recall", None)  # and worked out
    monkeypatch.setattr(metrics, "kernel_distance", None)
    monkeypatch.setattr(metrics, "density_coverage", None)
    assert judging.report(digits.pixels[:N], keys={"fcd", "class_kl"}) == {k: whole[k] for k in ("fcd", "class_kl")}


def test_labels_asked_for_are_compared(judging, digits):
    labels = digits.labels[:N].copy()
    assert judging.report(digits.pixels[:N], keys=["label_accuracy"], labels=labels) == {"label_accuracy": 1.0}
    labels[: N // 4] = (labels[: N // 4] + 1) % 10
    assert judging.report(digits.pixels[:N], labels=labels)["label_accuracy"] == 0.75
    assert "label_accuracy" not in judging.report(digits.pixels[:N], keys=["classes"])


def test_the_real_side_is_a_fixed_choice_of_training_images(digits, judging):
    other = judge("digits", digits, N)
    np.testing.assert_array_equal(other.real.features, judging.real.features)
    whole = look(judging.classifier, digits.pixels, 0, 1).features
    _, distances = metrics.nearest_neighbours(judging.real.features, whole)
    assert len(whole) > len(judging.real.features) == N and distances.max() < 1e-3  # another batch rounds otherwise


def test_test_images_are_none_of_the_training_images(digits):
    test = load_test("digits", 50)
    assert test.shape == (50, 28, 28, 1) and test.dtype == np.uint8
    assert not {image.tobytes() for image in test} & {image.tobytes() for image in digits.pixels}


@pytest.mark.parametrize("n", [0, 99, 1001])
def test_a_number_of_images_out_of_range_is_refused(digits, n):
    with pytest.raises(data.DataError, match=f"from 100 to 1000 images .* not {n}"):
        judge("digits", digits, n)


def test_labels_are_needed(digits):
    bare = Images("bare", digits.pixels)
    with pytest.raises(data.DataError, match="without labels"):
        ImageJudge(bare, classifier.load("digits"), 100, 0, 1, lambda n: digits.pixels[:n])


def test_each_metric_says_whether_it_needs_labels(digits):
    """Not its place in the list: whatever comes last is no other than the rest."""
    assert [m.key for m in METRICS if m.needs_labels] == ["label_accuracy"]
    for name in ("mnist", "digits"):
        assert metrics_of(name, labelled=True) == METRICS
        assert metrics_of(name) == tuple(m for m in METRICS if m.key != "label_accuracy")
    assert judge("digits", digits, N, labelled=True).metrics == METRICS


def test_each_metric_knows_its_direction():
    better = {m.key: m.higher_is_better for m in METRICS}
    up = ["score", "precision", "recall", "density", "coverage", "classes", "label_accuracy"]
    assert [key for key in better if better[key]] == up
    for metric in METRICS:
        up, nan = metric.higher_is_better, math.nan
        assert metric.better(2, than=1) is up and metric.better(1, than=2) is not up
        assert not metric.better(1, than=1) and metric.better(1, than=nan) and not metric.better(nan, than=1)
        assert not metric.better(nan, than=nan)


def test_on_each_backend_the_numbers_are_the_same(backend, digits, rows):
    """The classifier looks at images where the generator is; what it sees comes back to the host."""
    other = judge("digits", digits, N).report(load_test("digits", N))
    assert other == pytest.approx(rows["real test images"], rel=1e-3, abs=1e-3)


# -- a classifier of one's own ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shapes():
    """Pictures in colour of another shape: one of three bright squares, on noise."""
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=900)
    pixels = rng.integers(120, size=(900, 12, 20, 3), dtype=np.uint8)
    for k in range(3):
        pixels[labels == k, 3:9, 6 * k + 1 : 6 * k + 6, k] = 255
    return Images("squares", pixels, labels, ("left", "middle", "right"))


@pytest.fixture(scope="module")
def knowing(shapes, tmp_path_factory):
    training, test = classifier.split(shapes)
    found = classifier.train(training, epochs=15)
    share = classifier.accuracy(found, test)
    assert share > 0.95
    about = classifier.Record("squares", share, len(test), 15, 0, class_names=shapes.class_names)
    classifier.save(tmp_path_factory.mktemp("weights") / "squares.npz", found, about)
    return found


def test_images_of_any_shape_are_judged_by_a_classifier_of_them(shapes, knowing):
    judging = judge("folder", shapes, extractor=knowing, labelled=True)
    assert isinstance(judging, ImageJudge) and judging.n == 450  # as many others stand beside them
    assert "squares classifier" in judging.extractor
    rows = judging.reference_rows()
    real = rows["real images"]
    assert list(rows)[0] == "real images" and real["classes"] == 3 and real["class_kl"] < 0.02 and real["score"] > 2.7
    assert real["density"] == pytest.approx(1, abs=0.2) and real["coverage"] > 0.9
    repeated = rows["one image repeated"]
    assert repeated["classes"] == 1 and repeated["coverage"] < 0.1 and repeated["class_kl"] > 0.9
    assert all(row["fcd"] > 5 * real["fcd"] for name, row in rows.items() if name != "real images")
    labels = shapes.labels[:450]
    assert judging.report(shapes.pixels[:450], labels=labels)["label_accuracy"] > 0.95
    assert judging.report(shapes.pixels[:450], labels=(labels + 1) % 3)["label_accuracy"] < 0.05


def test_real_and_other_images_are_none_of_each_other(shapes):
    reference, others = sides(shapes, 450)
    assert len({*reference, *others}) == 900
    assert len(sides(shapes, 600).others) == 300


@pytest.mark.parametrize(
    "change, said",
    [
        ({"pixels": np.zeros((900, 28, 28, 1), np.uint8)}, ["(12, 20, 3)", "(28, 28, 1)", "tinygan.train_classifier"]),
        ({"labels": np.full(900, 3), "class_names": None}, ["knows 3 classes", "squares has 4"]),
        ({"labels": None, "class_names": None}, ["squares: without labels"]),
        ({"class_names": ("cat", "dog", "cow")}, ["left, middle, right", "cat, dog, cow"]),
    ],
)
def test_a_classifier_of_other_images_is_refused(shapes, knowing, change, said):
    with pytest.raises(data.DataError) as error:
        judge("folder", replace(shapes, **change), extractor=knowing)
    assert all(each in str(error.value) for each in said) and "\n" not in str(error.value)


def test_too_few_images_for_a_classifier_to_judge(shapes, knowing):
    few = Images("few", shapes.pixels[:150], shapes.labels[:150])
    with pytest.raises(data.DataError, match="few: too few images .* each row needs at least 100.* 75 for it"):
        judge("folder", few, extractor=knowing)


def test_points_are_not_looked_at(knowing):
    with pytest.raises(data.DataError, match="a classifier looks at images, and ring are points"):
        judge("ring", data.ring(), extractor=knowing)


def test_what_is_neither_images_nor_points_is_refused():
    with pytest.raises(data.DataError, match="nothing here can judge samples of sounds"):
        judge("sounds", object())
