"""Any images are judged by their pixels: copies are found, other bad generators too, and blurs are not, as is said."""

import math
import tracemalloc

import numpy as np
import pytest

from tinygan import data, metrics
from tinygan.data import Images, to_range
from tinygan.evaluation import PixelJudge, judge, metrics_of, pixels
from tinygan.evaluation.pixels import METRICS, averaged

N = 300


def pictures(n, seed, shape=(20, 28, 3)):
    """Discs of any place, size and colour before a background of any colour."""
    rng = np.random.default_rng(seed)
    height, width, channels = shape
    y, x = np.mgrid[:height, :width]
    cy, cx, r = rng.uniform(4, height - 4, n), rng.uniform(4, width - 4, n), rng.uniform(2, 7, n)
    inside = (y - cy[:, None, None]) ** 2 + (x - cx[:, None, None]) ** 2 < r[:, None, None] ** 2
    colours = rng.uniform(0, 255, (2, n, 1, 1, channels))
    return np.where(inside[..., None], *colours).astype(np.uint8)


@pytest.fixture(scope="module")
def images():
    return Images("discs", pictures(1200, 0))


@pytest.fixture(scope="module")
def judging(images):
    return judge("folder", images, N)


@pytest.fixture(scope="module")
def rows(judging):
    return judging.reference_rows()


# -- the means ------------------------------------------------------------------------------------------------


def test_means_of_parts_that_fit():
    image = np.arange(2 * 16 * 24 * 3, dtype=np.float32).reshape(2, 16, 24, 3)
    expected = image.reshape(2, 8, 2, 8, 3, 3).mean(axis=(2, 4)).reshape(2, -1)
    np.testing.assert_allclose(averaged(image), expected, rtol=1e-5)


@pytest.mark.parametrize("height, width", [(28, 28), (9, 30), (13, 8), (100, 11)])
def test_means_of_parts_that_cut_pixels(height, width):
    """As if each pixel were cut into 8 x 8 equal ones, of which every part has a whole number."""
    image = np.random.default_rng(0).random((2, height, width, 3))
    fine = image.repeat(8, axis=1).repeat(8, axis=2)
    expected = fine.reshape(2, 8, height, 8, width, 3).mean(axis=(2, 4)).reshape(2, -1)
    np.testing.assert_allclose(averaged(image), expected, atol=1e-12)


def test_smaller_images_keep_their_pixels():
    image = np.random.default_rng(0).random((3, 5, 8, 2))
    np.testing.assert_allclose(averaged(image), image.reshape(3, -1), atol=1e-15)


# -- the numbers ----------------------------------------------------------------------------------------------


def test_a_generator_that_copies_training_images_is_caught(judging, images):
    report = judging.report(images.pixels[-N:])
    assert report["copied"] == 1.0
    noisy = images.pixels[-N:].astype(np.float32) / 255 + 0.02 * np.random.default_rng(0).normal(size=(N, 20, 28, 3))
    assert judging.report(noisy.astype(np.float32))["copied"] > 0.95


def test_new_real_images_are_as_those_left_out(judging, rows):
    """The row of real images stands for what nobody was trained on."""
    new = judging.report(pictures(N, seed=1))
    real = rows["real images"]
    assert new["copied"] < 0.12 and real["copied"] == pytest.approx(0.05, abs=0.01)
    assert abs(new["energy"]) < 0.03 and abs(real["energy"]) < 0.03
    for key in ("precision", "recall", "coverage", "diversity"):
        assert new[key] == pytest.approx(real[key], abs=0.06)
    assert real["density"] == pytest.approx(1, abs=0.15) and real["coverage"] == pytest.approx(1 - 2**-5, abs=0.03)


def test_a_generator_that_copies_now_and_then_is_caught(judging, images):
    samples = pictures(N, seed=2)
    samples[: N // 5] = images.pixels[: N // 5]
    assert 0.2 <= judging.report(samples)["copied"] < 0.35


def test_the_reference_rows_are_what_they_are_called(rows):
    assert list(rows) == [
        *("real images", "learnt by heart", "uniform noise", "one image repeated", "blurred real images")
    ]
    real, copies, noise, repeated, blurred = rows.values()
    assert copies["copied"] == 1 and {**copies, "copied": 0} == {**real, "copied": 0}
    assert noise["coverage"] < 0.1 and noise["energy"] > 0.5 > 20 * abs(real["energy"])
    assert repeated["diversity"] == 0 and repeated["coverage"] < 0.1 and repeated["energy"] > 0.1
    assert noise["diversity"] < 0.5 and real["diversity"] > 0.95
    assert blurred["diversity"] < 1


def test_detail_is_not_seen():
    """Which is said in a caption: of larger pictures, blurred ones are nearly as good as sharp ones."""
    large = Images("large", pictures(600, 0, (64, 64, 3)))
    blurred = judge("folder", large).reference_rows()["blurred real images"]
    assert blurred["precision"] > 0.75 and blurred["coverage"] > 0.8 and blurred["energy"] < 0.2


def test_diversity_is_a_ratio_of_mean_distances(judging, images):
    samples = (0.5 * pictures(N, seed=3) / 255).astype(np.float32)
    points = averaged(samples)
    distances = np.linalg.norm(points[:, None] - points, axis=2).sum() / (N * (N - 1))
    assert judging.report(samples, ["diversity"])["diversity"] == pytest.approx(distances / judging.spread)
    extremes = np.where(np.arange(N)[:, None, None, None] % 2, np.ones((1, 20, 28, 3)), 0.0)
    assert judging.report(extremes)["diversity"] == 1.0  # no more than the data's


def test_the_range_of_the_samples_does_not_matter(images, judging):
    samples = pictures(N, seed=4)
    other = judge("folder", images, N, -1.0, 1.0)
    assert other.report(to_range(samples, -1, 1)) == pytest.approx(judging.report(samples), abs=0.01)


def test_what_stands_for_the_samples_does_not_change_with_their_number(images):
    reports = [judge("folder", images, n).report(pictures(N, seed=5)) for n in (300, 600)]
    assert reports[0]["copied"] == pytest.approx(reports[1]["copied"], abs=0.06)  # of all training images each time


def test_equal_images_among_the_training_images_are_told(images):
    doubled = Images("doubled", np.concatenate([images.pixels, images.pixels[:300]]))
    judging = judge("folder", doubled, 500)
    assert "of the training images have an equal among them" in " ".join(judging.captions())
    assert judging.reference_rows()["real images"]["copied"] > 0.3
    assert judging.report(images.pixels[400:700])["copied"] == 1.0


def test_captions_say_what_the_numbers_cannot(judging):
    text = "\n".join(judging.captions())
    assert "means of 8 x 8 parts of the pixels of each of 3 colours" in text and "no detail" in text
    assert "--classifier FILE.npz, or --features" in text and "equal" not in text
    grey = judge("folder", Images("grey", np.zeros((50, 6, 30, 1), np.uint8)))
    assert grey.extractor == "means of 6 x 8 parts of the pixels"


@pytest.mark.parametrize("shape", [(64, 64, 3), (28, 28, 1), (3, 40, 1), (1, 1, 3)])
def test_any_shape_will_do(shape):
    rng = np.random.default_rng(0)
    judging = judge("folder", Images("any", rng.integers(256, size=(80, *shape), dtype=np.uint8)))
    assert judging.n == 40
    for row in judging.reference_rows().values():
        assert list(row) == [m.key for m in METRICS] and all(map(math.isfinite, row.values()))


def test_images_that_are_all_the_same():
    """A data set of one colour: distances are 0, and no number is nan."""
    judging = judge("folder", Images("black", np.zeros((60, 9, 9, 1), np.uint8)))
    assert all(math.isfinite(value) for row in judging.reference_rows().values() for value in row.values())


# -- which images, and how many --------------------------------------------------------------------------------


def test_images_that_no_classifier_knows_are_judged_by_pixels(images):
    for name in ("fashion", "folder", "somewhere/pictures"):
        assert isinstance(judge(name, images), PixelJudge) and metrics_of(name) == METRICS
        assert metrics_of(name, labelled=True) == METRICS
    assert not isinstance(judge("digits", data.digits(100)), PixelJudge)


def test_half_of_the_images_are_judged_by_default_and_no_more_than_five_thousand(images):
    assert judge("folder", images).n == 600
    assert judge("folder", Images("many", np.zeros((10_200, 2, 2, 1), np.uint8))).n == pixels.N == 5000


@pytest.mark.parametrize("n", [0, 19, 601, -1])
def test_a_number_out_of_range_is_refused(images, n):
    with pytest.raises(data.DataError, match=f"discs: from 20 to 600 images can be judged at a time, not {n}"):
        judge("folder", images, n)


def test_too_few_images_are_refused():
    with pytest.raises(data.DataError, match="few: too few images to judge by: each row needs at least 20.* 19 for it"):
        judge("folder", Images("few", np.zeros((39, 8, 8, 1), np.uint8)))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_number_that_is_not_finite_makes_all_of_them_nan(judging, bad):
    samples = pictures(30, 0).astype(np.float32) / 255
    samples[29, 3, 3, 0] = bad
    report = judging.report(samples)
    assert list(report) == [m.key for m in METRICS] and all(map(math.isnan, report.values()))


@pytest.mark.parametrize("bad", [np.zeros((5, 20, 28, 3), np.int64), np.zeros((0, 20, 28, 3), np.float32)])
def test_images_of_an_unknown_range_are_refused(judging, bad):
    with pytest.raises(data.DataError, match=r"must be bytes \(uint8\) or floats, and at least one: not \d of"):
        judging.report(bad)


def test_only_what_is_asked_for_is_worked_out(judging, monkeypatch):
    whole = judging.report(pictures(50, 6))
    for name in ("precision_recall", "density_coverage", "energy_distance"):
        monkeypatch.setattr(metrics, name, None)
    assert judging.report(pictures(50, 6), ["copied", "diversity"]) == {k: whole[k] for k in ("copied", "diversity")}


def test_large_pictures_are_looked_at_in_chunks():
    rng = np.random.default_rng(0)
    images = Images("large", rng.integers(256, size=(1500, 64, 64, 3), dtype=np.uint8))
    judging = judge("folder", images, 100)
    tracemalloc.start()
    try:
        assert judging.training.shape == (1500, 192)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200e6 < 4 * 4 * images.pixels.size
