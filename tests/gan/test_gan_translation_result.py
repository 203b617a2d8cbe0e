"""A result, not a formula: tutorial 17, shortened, still translates as it says."""

from pathlib import Path

import matplotlib
import numpy as np
import pytest

TUTORIAL = Path(__file__).parents[2] / "tutorials" / "17_pictures_into_pictures.py"


@pytest.fixture(scope="module")
def run():
    """All names of the tutorial after a run with fewer steps."""
    matplotlib.use("Agg")
    text = TUTORIAL.read_text(encoding="utf-8")
    assert text.count("STEPS = 400\n") == 1
    names = {"__name__": "tutorial"}
    exec(compile(text.replace("STEPS = 400\n", "STEPS = 160\n"), TUTORIAL.name, "exec"), names)
    return names


@pytest.mark.slow
def test_pix2pix_is_near_to_the_truth_and_sharper_than_the_distance_alone(run):
    errors = {name: np.abs(guess - run["targets"]).mean() for name, guess in run["guesses"].items()}
    sharp = {name: run["sharpness"](guess) / run["sharpness"](run["targets"]) for name, guess in run["guesses"].items()}
    assert errors["Pix2Pix"] < 0.6 * errors["the sketch"], errors
    assert errors["distance"] < 1.02 * errors["Pix2Pix"], errors
    assert sharp["distance"] < 0.95 and sharp["Pix2Pix"] > sharp["distance"] + 0.05, sharp


@pytest.mark.slow
def test_cyclegan_makes_digits_that_are_read_and_comes_back(run):
    assert run["read"](run["test_posters"]) < 0.65 and run["read"](run["made_digits"]) > 0.95
    for made, truth, back, start in (
        ("made_posters", "true_posters", "to_digit", "test_digits"),
        ("made_digits", "true_digits", "to_poster", "test_posters"),
    ):
        copied, error = (np.abs(run[name] - run[truth]).mean() for name in (start, made))
        cycle = np.abs(run["draw"](run[back], run[made]) - run[start]).mean()
        assert error < 0.35 * copied and cycle < 0.15, (made, copied, error, cycle)
