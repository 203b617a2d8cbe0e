"""Numbers in the tutorials' text that their run does not print: what they are, computed, or where they come from."""

from math import exp, sqrt

# The share of a Gaussian in the plane within three standard deviations of its centre.
WITHIN_THREE_SIGMA = 100 * (1 - exp(-(3**2) / 2))

SAID: dict[str, dict[str, float | str]] = {
    "00": {"98.9": WITHIN_THREE_SIGMA},
    "02": {"64": "a batch's usual size", "50,176": 64 * 28 * 28},
    "03": {"65": "the best straight line, x = -0.9: right on 64.7 % of 400,000 points"},
    "05": {"16": (1 - 0.5) / sqrt(1 - 0.999)},  # how much of m and of the root of v a first step sees
    "10": {"1,000": "the preset's steps"},
    "11": {"3,000": "an exercise", "0.0001": "a guess to choose from"},
    "12": {"255": "the largest byte"},
    "14": {"625": 5**4},  # a seed of five for each of four losses
    "16": {"10,000": "the size of the set of digits"},
    "17": {"18": 4 + 2 * 3 + 4 * 2},  # pixels of a patch
    "20": dict.fromkeys(("22.1", "9.6"), "benchmarks.few_labels, in docs/results.md"),
}

# The same for what it says in words, see `test_notebooks`: how many, of how many.
SAID_IN_WORDS: dict[str, dict[str, tuple[int, ...] | str]] = {
    "03b": dict.fromkeys(("two modes", "Two modes"), (len({"training", "evaluation"}),)),
    "14": {
        "three different winners": (len({"lsgan", "mm", "hinge"}),),
        "two tables of three": "hinge has the highest mean at 0.0003 and at 0.001",
    },
    "19": {"three of them": (len({"C major", "E major", "A flat major"}),)},
}
