"""Numbers become text: aligned, ASCII, and narrow enough for a terminal."""

import math

import pytest

from tinygan.evaluation import features as of_features
from tinygan.evaluation import images, points, stacked, table

FAMILIES = {"points": points, "images": images, "stacked": stacked, "features": of_features}


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
