"""The 2-D pictures: fixed sizes, colours where they belong, and odd input survived."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tinygan.plot import game, points, save_game, save_points, style
from tinygan.training import pictures
from tinygan.training.build import build
from tinygan.training.presets import configure

EXTENT = (-3.0, 3.0, -3.0, 3.0)
NOTHING = np.zeros((0, 2))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def size_of(path):
    with Image.open(path) as image:
        return image.size


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def rgb(colour):
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])


def count_of(picture, colour, tolerance=25):
    return (abs(picture - rgb(colour)).max(axis=2) <= tolerance).sum()


def axes_of(extent=EXTENT):
    figure = style.new_figure(4, 4)
    axes = figure.add_axes((0, 0, 1, 1))
    points.set_plane(axes, extent)
    return axes


def test_points_png_has_one_size_whatever_the_data(tmp_path, rng):
    save_points(tmp_path / "a.png", rng.normal(size=(50, 2)))
    save_points(
        tmp_path / "b.png",
        NOTHING,
        reference=rng.normal(size=(9, 2)) + 100,
        means=np.eye(2),
        extent=(-1, 5, 0, 2),
        title="cost: $5 and $6",
    )
    assert size_of(tmp_path / "a.png") == size_of(tmp_path / "b.png") == (600, 600)


def test_fakes_are_orange_and_data_blue(tmp_path, rng):
    cloud = rng.normal(size=(400, 2))
    save_points(tmp_path / "fakes.png", cloud, extent=EXTENT)
    save_points(tmp_path / "data.png", NOTHING, reference=cloud, extent=EXTENT)
    red, _, blue = pixels(tmp_path / "fakes.png").sum(axis=(0, 1))
    assert red > blue
    red, _, blue = pixels(tmp_path / "data.png").sum(axis=(0, 1))
    assert blue > red


def test_points_outside_are_clipped_and_counted():
    axes = axes_of()
    cloud = np.array([[0, 0], [9, 1], [np.inf, -9], [np.nan, 0], [3, 3]])
    note = points.draw_points(axes, cloud, EXTENT, style.ORANGE, "fakes")
    assert note == "5 fakes: 2 outside, hollow on the border, 1 NaN"
    inside, outside = (c.get_offsets().tolist() for c in axes.collections)
    assert inside == [[0, 0], [3, 3]]
    assert outside == [[3, 1], [3, -3]]
    assert points.draw_points(axes, cloud[:1], EXTENT, style.ORANGE, "fakes") == "1 fakes"


def test_default_extent_is_a_square_that_outliers_do_not_stretch(rng):
    cloud = rng.uniform(-1, 1, (1000, 2))
    cloud[0], cloud[1] = 1e9, np.nan
    xmin, xmax, ymin, ymax = points.extent_of(cloud)
    assert xmax - xmin == pytest.approx(ymax - ymin)
    assert 2 < xmax - xmin < 4
    assert points.extent_of(NOTHING) == (-1, 1, -1, 1)
    xmin, xmax, _, _ = points.extent_of(np.ones((5, 2)))
    assert xmin < 1 < xmax


@pytest.mark.parametrize("extent", [(0, 0, 0, 1), (0, 1, 2, 1), (0, np.nan, 0, 1)])
def test_an_empty_extent_is_refused(tmp_path, extent):
    with pytest.raises(ValueError, match="extent"):
        save_points(tmp_path / "a.png", NOTHING, extent=extent)


def test_a_wrong_shape_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"points must have shape \(n, 2\), not \(3, 4\)"):
        save_points(tmp_path / "a.png", np.zeros((3, 4)))


def test_heat_row_zero_is_at_the_bottom_and_blue_is_real(tmp_path):
    heat = np.zeros((40, 40))
    heat[20:] = 1.0
    save_game(tmp_path / "a.png", NOTHING, heat, EXTENT)
    picture = pixels(tmp_path / "a.png")
    assert picture.shape == (540, 600, 3)
    fake, _, real = game.FAKE_TO_REAL
    np.testing.assert_allclose(picture[120, 250], rgb(real), atol=2)
    np.testing.assert_allclose(picture[420, 250], rgb(fake), atol=2)


def test_game_draws_every_ingredient(tmp_path, rng):
    heat = np.full((8, 8), 0.5)
    save_game(tmp_path / "none.png", NOTHING, heat, EXTENT)
    fakes, reals = rng.normal(size=(2, 300, 2))
    save_game(tmp_path / "all.png", fakes, heat, EXTENT, arrows=-fakes, reals=reals, title="t")
    none, everything = pixels(tmp_path / "none.png"), pixels(tmp_path / "all.png")
    for colour in (style.BLUE, style.ORANGE, style.INK):
        assert count_of(everything, colour) > count_of(none, colour) + 300


@pytest.mark.parametrize(
    "heat",
    [np.full((5, 5), np.nan), np.full((5, 5), 7.0), np.zeros((1, 1)), 1e6 + np.eye(6)],
    ids=["nan", "constant", "one cell", "critic"],
)
@pytest.mark.parametrize("limits", [(0.0, 1.0), None])
def test_odd_heat_maps_are_drawn(tmp_path, heat, limits):
    save_game(tmp_path / "a.png", NOTHING, heat, (-4, 4, -1, 1), limits=limits, label="critic")
    assert size_of(tmp_path / "a.png") == (600, 540)


def test_robust_limits_are_symmetric_about_the_median():
    heat = np.append(np.linspace(90, 110, 10_001), [1e9, np.nan])
    low, high = game.robust_limits(heat)
    assert (low + high) / 2 == pytest.approx(100, abs=0.1)
    assert 9 < (high - low) / 2 < 11


def test_arrow_lengths_are_bounded_and_keep_their_direction():
    arrows = np.array([[1e-300, 0], [0, 2.0], [-3e8, 4e8]])
    drawn = game.bounded(arrows, median=2.0, longest=0.5)
    assert np.isfinite(drawn).all()
    np.testing.assert_allclose(drawn[1], [0, 0.25])
    np.testing.assert_allclose(drawn[2], [-0.3, 0.4], rtol=1e-6)


def test_many_arrows_are_thinned_and_sick_ones_left_out(rng):
    axes = axes_of()
    fakes = rng.uniform(-2, 2, (1000, 2))
    arrows = np.ones((1000, 2))
    arrows[:900:2] = np.nan
    note = game.draw_arrows(axes, fakes, arrows, EXTENT)
    assert note == "arrows: push on 100 fakes, median norm 1.4"
    assert game.draw_arrows(axes, fakes, 0 * fakes, EXTENT) == "no push to draw"
    assert game.draw_arrows(axes, fakes + 50, fakes, EXTENT) == "no push to draw"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"heat": np.zeros(4)}, "heat map"),
        ({"arrows": np.zeros((2, 2))}, "one arrow a fake"),
        ({"limits": (1.0, 1.0)}, "limits"),
        ({"reals": np.zeros((2, 3))}, "reals"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, change, message):
    options = {"fakes": np.zeros((3, 2)), "heat": np.zeros((4, 4)), "extent": EXTENT} | change
    with pytest.raises(ValueError, match=message):
        save_game(tmp_path / "a.png", **options)
    assert not list(tmp_path.iterdir())


def run_python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)


def test_importing_the_package_imports_no_drawing_library():
    code = "import sys, tinygan.plot; print([m for m in ('matplotlib', 'PIL') if m in sys.modules])"
    assert run_python(code).stdout.strip() == "[]"


def test_drawing_never_imports_pyplot(tmp_path):
    code = f"""
import sys, numpy as np
from tinygan.plot import *
save_game({str(tmp_path / "a.png")!r}, np.zeros((3, 2)), np.eye(4), (-1, 1, -1, 1))
save_points({str(tmp_path / "b.png")!r}, np.zeros((3, 2)))
save_curves({str(tmp_path / "c.png")!r}, [{{"step": 1, "loss_d": 1.0}}])
print("matplotlib.figure" in sys.modules, "matplotlib.pyplot" in sys.modules)
"""
    assert run_python(code).stdout.split() == ["True", "False"]


def test_a_picture_of_real_samples_speaks_of_no_fakes(tmp_path, rng, monkeypatch):
    """Alone, and as a run draws its reals.png."""
    drawn = []
    own = points.draw_points
    monkeypatch.setattr(points, "draw_points", lambda *args, **options: drawn.append(args[3:]) or own(*args, **options))
    save_points(tmp_path / "a.png", NOTHING, reference=rng.normal(size=(9, 2)))
    pictures.save_reals(build(configure(dict(preset="ring", batch_size=4))), tmp_path / "reals.png")
    assert drawn == 2 * [(style.BLUE, "real samples")]
    assert count_of(pixels(tmp_path / "reals.png"), style.ORANGE) == 0
