"""The curves: right at any length, with missing and sick values."""

import math

import numpy as np
import pytest
from PIL import Image

from tinygan.plot import curves, save_curves, style


def size_of(path):
    with Image.open(path) as image:
        return image.size


def made_up_rows(n):
    rng = np.random.default_rng(0)
    keys = ("loss_d", "loss_g", "d_real", "d_fake_before", "d_fake_after", "grad_norm_d", "grad_norm_g")
    table = rng.random((n, len(keys))).tolist()
    return [{"step": i + 1} | dict(zip(keys, row, strict=True)) for i, row in enumerate(table)]


def blank_axes():
    return style.new_figure(4, 3).subplots()


@pytest.mark.parametrize("n", [0, 1, 2, 300])
def test_any_number_of_rows(tmp_path, n):
    save_curves(tmp_path / "a.png", made_up_rows(n), title="run", reference_lines=True)
    assert size_of(tmp_path / "a.png") == (900, 840)


def test_a_long_run_is_thinned(tmp_path):
    rows = made_up_rows(100_000)
    axes = blank_axes()
    curves.draw_panel(axes, "loss", curves.LOSSES, curves.column(rows, "step"), rows)
    assert len(axes.lines) == 4
    assert all(1000 <= len(line.get_xdata()) <= curves.MOST_POINTS for line in axes.lines)


def test_sick_and_missing_values_leave_gaps(tmp_path):
    rows = [
        {"step": 1, "loss_d": math.nan, "loss_g": None, "grad_norm_d": 0.0},
        {"step": 2, "loss_d": math.inf, "unknown": "text"},
        {"loss_d": 1.0, "grad_norm_d": -1.0},
        {},
    ]
    save_curves(tmp_path / "a.png", rows)
    assert size_of(tmp_path / "a.png") == (900, 840)
    axes = blank_axes()
    curves.draw_panel(axes, "loss", curves.LOSSES, np.arange(4.0), rows)
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [np.nan, np.nan, 1.0, np.nan])
    assert [t.get_text() for t in axes.texts] == ["left out: 2 (not finite)"]


def test_the_log_panel_leaves_out_what_has_no_logarithm():
    rows = [{"grad_norm_d": v} for v in (0.0, -1.0, 2.0, 20.0)]
    axes = blank_axes()
    curves.draw_panel(axes, "gradient norm", curves.NORMS, np.arange(4.0), rows, log=True)
    assert axes.get_yscale() == "log"
    assert [t.get_text() for t in axes.texts] == ["left out: 2 (not finite or not above 0)"]


def test_a_panel_without_values_says_so():
    axes = blank_axes()
    curves.draw_panel(axes, "loss", curves.LOSSES, np.zeros(0), [])
    assert [t.get_text() for t in axes.texts] == ["no values yet"]


def test_running_mean_looks_back_and_skips_nan():
    values = np.array([1.0, 3.0, np.nan, 5.0, 9.0])
    mean = curves.running_mean(values, 2)
    np.testing.assert_allclose(mean, [1, 2, np.nan, 5, 7])
    np.testing.assert_array_equal(curves.running_mean(values, 1), values)


def saved_figure(monkeypatch, rows, **options):
    figures = []
    monkeypatch.setattr(style, "save_figure", lambda figure, path: figures.append(figure))
    save_curves("unused.png", rows, **options)
    return figures[0]


def test_reference_lines_only_on_request(monkeypatch):
    def names(**options):
        figure = saved_figure(monkeypatch, made_up_rows(5), **options)
        return {text.get_text() for panel in figure.axes for text in panel.texts}

    assert names() == {"1/2"}
    assert names(reference_lines=True) == {"1/2", "ln 2", "2 ln 2"}


def test_a_critic_has_no_line_at_one_half(monkeypatch):
    rows = [{"step": i, "d_real": 40.0 + i} for i in range(5)]
    figure = saved_figure(monkeypatch, rows)
    assert figure.axes[1].get_ylim()[1] > 40
    assert not figure.axes[1].texts


@pytest.mark.parametrize("count, height", [(0, 840), (1, 1070), (2, 1070), (5, 1530)])
def test_each_metric_gets_a_panel(tmp_path, count, height, monkeypatch):
    drawn = []
    draw = curves.draw_panel
    monkeypatch.setattr(
        curves,
        "draw_panel",
        lambda axes, name, *rest, **more: drawn.append((axes, name)) or draw(axes, name, *rest, **more),
    )
    measured = [{"step": 0, "a0": 1.0}, {"step": 900, "a0": 3.0, "a1": math.nan}, {"step": 1000, "a0": 2.0, "a1": None}]
    panels = {f"a{i}": f"metric {i}" for i in range(count)}
    save_curves(tmp_path / "c.png", [], measured=measured, panels=panels)
    with Image.open(tmp_path / "c.png") as image:
        assert image.size == (900, height)
    assert [name for _, name in drawn[3:]] == list(panels.values())
    for axes, _ in drawn:
        assert axes.get_xlim() == (0, 1000)
    if count:
        assert drawn[3][0].lines[0].get_ydata().tolist() == [1, 3, 2]
        assert drawn[3][0].get_legend() is None
