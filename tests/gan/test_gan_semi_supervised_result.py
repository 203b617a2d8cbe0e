"""A result, not a formula: tutorial 20, shortened, still misreads fewer digits with the GAN than without."""

from pathlib import Path

import matplotlib
import pytest

TUTORIAL = Path(__file__).parents[2] / "tutorials" / "20_few_labels.py"


@pytest.mark.slow
def test_pictures_without_labels_make_the_error_smaller():
    matplotlib.use("Agg")
    text = TUTORIAL.read_text(encoding="utf-8")
    shortened = text.replace("(1, 2, 3, 4, 5), 1000\n", "(4, 5), 500\n")
    assert shortened != text
    run = {"__name__": "tutorial"}
    exec(compile(shortened, TUTORIAL.name, "exec"), run)
    assert (run["errors_alone"] < 8).all(), run["errors_alone"]
    assert (run["errors_gan"] < 0.6 * run["errors_alone"]).all(), (run["errors_alone"], run["errors_gan"])
