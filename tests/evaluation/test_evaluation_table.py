"""Numbers become text: aligned, ASCII, and narrow enough for a terminal."""

import math

import pytest

from tinygan.evaluation import features as of_features
from tinygan.evaluation import images, metrics_of, pixels, points, report, stacked, table

FAMILIES = {"points": points, "images": images, "stacked": stacked, "pixels": pixels, "features": of_features}


def test_columns_are_aligned():
    text = table(["modes", "KL"], {"generator": ["8", "0.0123"], "all": ["1000", "-"]})
    assert text.splitlines() == [
        "           modes      KL",
        "------------------------",
        "generator      8  0.0123",
        "all         1000       -",
    ]
    with pytest.raises(ValueError, match="'a' has 1 cells for 2 columns"):
        table(["x", "y"], {"a": ["1"]})


def test_columns_that_do_not_fit_follow_below():
    text = table(["a" * 20, "b" * 20, "c" * 5], {"first": ["1", "2", "3"], "second": ["4", "5", "6"]}, width=50)
    assert text.splitlines() == [
        "        aaaaaaaaaaaaaaaaaaaa  bbbbbbbbbbbbbbbbbbbb",
        "--------------------------------------------------",
        "first                      1                     2",
        "second                     4                     5",
        "",
        "        ccccc",
        "-------------",
        "first       3",
        "second      6",
    ]
    one = table(["a" * 90], {"first": ["1"]}, width=50)  # a column alone is as wide as it is
    assert one.count("-") == 97 and one.count("\n") == 2


def test_a_report_has_the_metrics_of_the_first_row_and_what_they_mean():
    metrics = metrics_of("mnist")
    text = report(metrics, {"generator": {"fcd": 1.0, "classes": 9}, "real": {"score": 9.0, "fcd": 2.0}}, ["of digits"])
    lines = text.splitlines()
    assert lines[0].split() == ["FCD", "classes"] and lines[2].split() == ["generator", "1.000", "9"]
    assert lines[3].split() == ["real", "2.000", "-"]
    assert lines[5].endswith("(lower is better)") and lines[6].endswith("(higher is better)")
    assert lines[7:] == ["", "of digits"]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("value", [0.5, -12.3, math.nan, math.inf, 3])
def test_every_table_is_narrow_and_ascii(family, value):
    metrics = FAMILIES[family].METRICS
    report = dict.fromkeys([key for m in metrics for key in (m.key, m.error) if key], value)
    text = table([m.heading for m in metrics], {"blurred real images": [m.cell(report) for m in metrics]})
    assert text.isascii() and max(map(len, text.splitlines())) <= 110
    for metric in metrics:
        assert metric.definition.isascii() and len(metric.definition) <= 80 and "\n" not in metric.definition


def test_cells():
    high_quality, kid = points.METRICS[1], images.METRICS[2]
    assert high_quality.cell({"high_quality": 0.98765}) == "98.8%"
    assert kid.cell({"kid": 0.5, "kid_error": 0.01}) == "0.5000 +- 0.0100"
    assert high_quality.cell({}) == "-"
