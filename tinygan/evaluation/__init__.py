"""How good are the samples of a generator? The metrics at work: the real side, the rows beside it, the table.

`measure` gives a generator's numbers beside known rows. It asks `judge`, who finds what can judge its samples: points
by their mixture, strings by their rule, digits by a classifier, other images by a classifier of one's own, or else by
their pixels.
"""

from tinygan.evaluation.features import Features, compare, read_features
from tinygan.evaluation.images import ImageJudge
from tinygan.evaluation.judge import Judge, judge, metrics_of, most
from tinygan.evaluation.measure import Measured, finite, measure
from tinygan.evaluation.melodies import MelodyJudge
from tinygan.evaluation.metric import Metric
from tinygan.evaluation.pairs import PairJudge
from tinygan.evaluation.pixels import PixelJudge
from tinygan.evaluation.points import PointJudge
from tinygan.evaluation.stacked import StackedJudge, three_digits
from tinygan.evaluation.strings import StringJudge
from tinygan.evaluation.table import report, table

__all__ = [
    "Features",
    "ImageJudge",
    "Judge",
    "Measured",
    "MelodyJudge",
    "Metric",
    "PairJudge",
    "PixelJudge",
    "PointJudge",
    "StackedJudge",
    "StringJudge",
    "compare",
    "finite",
    "judge",
    "measure",
    "metrics_of",
    "most",
    "read_features",
    "report",
    "table",
    "three_digits",
]
