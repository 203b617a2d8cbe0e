import json

import numpy as np
import pytest

from tinygan.data import DataError, Mixture, MixtureBatches, Points, batches, load

CORNERS = np.array([[0.0, 0.0], [0.0, 2.0], [1.0, 0.0], [1.0, 2.0]])


class Spiral:
    def sample(self, n, rng):
        t = 3 * rng.random(n)
        return np.stack([t * np.cos(t), t * np.sin(t)], axis=1)


def returning(result):
    """An object whose sample returns result(n)."""
    made = type("Mine", (), {"sample": lambda self, n, rng: result(n)})
    return made()


def test_rows_are_drawn_with_replacement():
    points = load(CORNERS)
    drawn = points.sample(4000, np.random.default_rng(0))
    assert drawn.shape == (4000, 2) and drawn.dtype == np.float32
    found, counts = np.unique(drawn, axis=0, return_counts=True)
    assert np.array_equal(found, CORNERS) and counts.min() > 800
    assert np.array_equal(drawn, points.sample(4000, np.random.default_rng(0)))
    assert points.describe() == "array: 4 points in the plane, drawn with replacement, x from 0 to 1, y from 0 to 2"
    assert points.extent() == pytest.approx((-0.1, 1.1, -0.2, 2.2))
    assert points.labels is None and points.notes == ()


def test_an_object_that_draws():
    points = load(Spiral())
    drawn = points.sample(7, np.random.default_rng(1))
    assert np.array_equal(drawn, Spiral().sample(7, np.random.default_rng(1)).astype(np.float32))
    assert points.name == "Spiral" and points.notes == ()
    assert points.describe().startswith("Spiral: points in the plane from its sample(n, rng), x from -2.9")
    left, right, bottom, top = points.extent()
    many = points.sample(10_000, np.random.default_rng(2))
    inside = (many[:, 0] > left) & (many[:, 0] < right) & (many[:, 1] > bottom) & (many[:, 1] < top)
    assert inside.all()


def test_points_in_one_place_are_shown_with_room():
    assert Points("dot", [[3.0, 4.0]]).extent() == pytest.approx((2.9, 3.1, 3.9, 4.1))
    assert Points("line", [[0.0, 4.0], [10.0, 4.0]]).extent() == pytest.approx((-1.0, 11.0, 3.0, 5.0))


def test_points_and_mixtures_pass_the_door():
    points = Points("mine", CORNERS)
    assert load(points) is points
    mixture = Mixture("mine", CORNERS, 0.1)
    assert load(mixture) is mixture


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (returning(lambda n: np.zeros((n, 3))), r"float64 of shape \(2, 3\) for n = 2: give numbers of shape \(2, 2\)"),
        (returning(lambda n: np.zeros((n + 1, 2))), r"shape \(3, 2\) for n = 2"),
        (returning(lambda n: np.full((n, 2), np.nan)), "not all numbers .* are finite"),
        (returning(lambda n: np.full((n, 2), 1e300)), "too large for float32"),
        (returning(lambda n: None), "object of shape"),
        (returning(lambda n: [[1, 2], [3]]), "gave no array"),
        (returning(lambda n: np.full((n, 2), "a")), "give numbers"),
        (type("Mine", (), {"sample": lambda self, n: np.zeros((n, 2))})(), r"must take \(n, rng\)"),
        (np.full((3, 2), np.inf), "not all numbers .* are finite"),
        (np.zeros((0, 2)), "no point"),
    ],
)
def test_what_is_no_source_of_points(source, told):
    with pytest.raises(DataError, match=told) as caught:
        load(source)
    assert "\n" not in str(caught.value)


def test_what_cannot_be_repeated_is_said():
    rng = np.random.default_rng(0)
    points = load(returning(lambda n: rng.random((n, 2))))
    assert "cannot be repeated exactly" in points.notes[0]
    again = load(returning(lambda n: rng.random((n, 2))))
    assert again.fingerprint == points.fingerprint  # of the name alone


def test_fingerprints():
    assert load(CORNERS).fingerprint == load(CORNERS.copy()).fingerprint
    assert load(CORNERS).fingerprint != load(CORNERS + 1).fingerprint
    assert load(Spiral()).fingerprint == load(Spiral()).fingerprint


def test_batches_of_points_resume_and_know_their_source():
    source = batches(load(Spiral()), 5, np.random.default_rng(0), mirror=True)
    assert isinstance(source, MixtureBatches)
    source.next()
    saved = json.loads(json.dumps(source.state()))
    expected, labels = source.next()
    assert expected.shape == (5, 2) and labels is None
    resumed = batches(load(Spiral()), 5, np.random.default_rng(9))
    resumed.load_state(saved)
    assert np.array_equal(resumed.next()[0], expected)
    other = batches(load(CORNERS), 5, np.random.default_rng(9))
    with pytest.raises(DataError, match="other points than those of 'array'.*--data-changed"):
        other.load_state(saved)
    other.load_state(saved, changed=True)
    other.load_state({"rng": saved["rng"]})  # as it was saved before there were fingerprints


@pytest.mark.parametrize("what", ["ring", "grid", CORNERS, Spiral()], ids=["ring", "grid", "array", "object"])
@pytest.mark.parametrize("look", [{"size": 64}, {"channels": 3}])
def test_points_have_no_size(what, look):
    with pytest.raises(DataError, match="points in the plane have no --size"):
        load(what, **look)
