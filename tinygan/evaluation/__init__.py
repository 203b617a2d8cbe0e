"""How good are the samples of a generator? The metrics at work: the real side, the rows beside it, the table.

`judge` finds who can judge a generator's samples; its ``report`` gives their numbers.
"""

from tinygan.evaluation.features import Features, compare, read_features
from tinygan.evaluation.images import ImageJudge
from tinygan.evaluation.judge import NO_JUDGE, Judge, judge, metrics_of
from tinygan.evaluation.metric import Metric
from tinygan.evaluation.points import PointJudge
from tinygan.evaluation.stacked import StackedJudge, three_digits
from tinygan.evaluation.table import table

__all__ = [
    "NO_JUDGE",
    "Features",
    "ImageJudge",
    "Judge",
    "Metric",
    "PointJudge",
    "StackedJudge",
    "compare",
    "judge",
    "metrics_of",
    "read_features",
    "table",
    "three_digits",
]
