"""Numbers that say how good the samples of a generator are."""

from tinygan.metrics.class_scores import ClassifierScore, ClassReport, class_coverage, classifier_score, label_accuracy
from tinygan.metrics.copying import DataCopying, data_copying
from tinygan.metrics.divergence import jensen_shannon
from tinygan.metrics.em import fit_mixture
from tinygan.metrics.energy import energy_distance
from tinygan.metrics.frechet import frechet_distance, frechet_of_features, mean_and_covariance
from tinygan.metrics.kernel import KernelDistance, kernel_distance
from tinygan.metrics.manifold import DensityCoverage, PrecisionRecall, density_coverage, precision_recall
from tinygan.metrics.melodies import end_on_keynote, key_shares, length_shares, pitch_ranges
from tinygan.metrics.mixture import FittedMixture, oracle
from tinygan.metrics.modes import ModeReport, count_modes
from tinygan.metrics.neighbours import nearest_neighbours
from tinygan.metrics.strings import StringScores, string_scores

__all__ = [
    "ClassReport",
    "ClassifierScore",
    "DataCopying",
    "DensityCoverage",
    "FittedMixture",
    "KernelDistance",
    "ModeReport",
    "PrecisionRecall",
    "StringScores",
    "class_coverage",
    "classifier_score",
    "count_modes",
    "data_copying",
    "density_coverage",
    "end_on_keynote",
    "energy_distance",
    "fit_mixture",
    "frechet_distance",
    "frechet_of_features",
    "jensen_shannon",
    "kernel_distance",
    "key_shares",
    "label_accuracy",
    "length_shares",
    "mean_and_covariance",
    "nearest_neighbours",
    "oracle",
    "pitch_ranges",
    "precision_recall",
    "string_scores",
]
