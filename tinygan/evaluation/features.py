"""Features that the user brings along: of Inception, they give the real FID and Inception Score."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinygan import metrics
from tinygan.archive import FOREIGN
from tinygan.data import DataError
from tinygan.evaluation.metric import Metric
from tinygan.metrics.points import as_points
from tinygan.reading import Unreadable, plain_file

SPLITS = 10  # of the Inception Score, as in its paper
LEAST = 2 * SPLITS  # KID's ten subsets have at least two rows each

METRICS = (
    Metric("fid", "FID", "Frechet distance between Gaussians fitted to the features", ".5g", False),
    Metric("kid", "KID", "kernel distance of the features (x . y / d + 1)^3, unbiased", ".4g", False, "kid_error"),
    Metric("precision", "precision", "share of the samples inside the real images' manifold (k = 3)", ".3f", True),
    Metric("recall", "recall", "share of real images inside the samples' manifold (k = 3)", ".3f", True),
    Metric("density", "density", "real rows' balls (k = 5) around a row, over k; 1 is as the real ones", ".3f", True),
    Metric("coverage", "coverage", "share of the real rows with a row in their ball (k = 5)", ".3f", True),
    Metric(
        "inception_score",
        "Inception Score",
        f"exp(E KL(p(class|x) || p(class))), mean +- standard deviation over {SPLITS} splits",
        ".3f",
        True,
        "inception_score_std",
    ),
)
NOTE = "FID, KID and Inception Score only if the arrays are Inception's (pool3 features, softmax of its logits)"


@dataclass(frozen=True, eq=False)
class Features:
    """Features of images, and class probabilities of them or None: shapes (n, d) and (n, K)."""

    features: np.ndarray
    probabilities: np.ndarray | None


def read_features(path: str | Path) -> Features:
    """Read the arrays ``features`` and, if it is there, ``probabilities`` of a `.npz` file, and check them.

    Raises
    ------
    DataError
        In one sentence, if the file or an array is missing or not what it should be.
    """
    try:
        with plain_file(os.path.expanduser(path)) as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files if name in ("features", "probabilities")}
            others = ", ".join(archive.files[:9])
    except FileNotFoundError:
        raise DataError(f"there is no file {path}") from None
    except Unreadable as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    except (OSError, *FOREIGN) as error:
        why = getattr(error, "strerror", None) or "it is damaged, or no .npz file of plain arrays"
        raise DataError(f"{path} cannot be read: {why}") from None
    if "features" not in arrays:
        raise DataError(f"{path} has no array 'features', only: {others or 'nothing'}")
    features, probabilities = arrays["features"], arrays.get("probabilities")
    try:
        features = as_points(features, f"'features' of {path}", LEAST)
    except ValueError as error:
        raise DataError(str(error)) from None
    if probabilities is not None:
        fits = probabilities.ndim == 2 and len(probabilities) == len(features) and probabilities.dtype.kind in "fiu"
        if not fits:
            what = f"a row for each of features, not {probabilities.dtype} of shape {probabilities.shape}"
            raise DataError(f"'probabilities' of {path} must be numbers of shape ({len(features)}, K), {what}")
    return Features(features, probabilities)


def captions(fake: Features, real: Features) -> list[str]:
    """What the numbers are, and how far to trust them, in lines."""
    (n, d), m = fake.features.shape, len(real.features)
    lines = [NOTE]
    if min(n, m) <= d:
        lines.append(f"with no more rows ({min(n, m)}) than features ({d}) most of this FID is bias: give more rows")
    if n != m:
        lines.append(
            f"FID, precision, recall and coverage change with both n: compare with numbers of {n} against {m} rows only"
        )
    return lines


def compare(fake: Features, real: Features) -> dict[str, float]:
    """FID, KID, precision, recall, density, coverage, and the Inception Score where there are probabilities.

    Raises
    ------
    DataError
        If the features are of different lengths, or a number is not finite.
    """
    try:
        values = {"fid": metrics.frechet_of_features(fake.features, real.features)}
        kid = metrics.kernel_distance(fake.features, real.features, rng=np.random.default_rng(0))
        values["kid"], values["kid_error"] = kid
        values["precision"], values["recall"] = metrics.precision_recall(real.features, fake.features)
        values["density"], values["coverage"] = metrics.density_coverage(real.features, fake.features)
        if fake.probabilities is not None:
            # Files are often sorted by class, and a split of one class alone would score 1.
            shuffled = np.random.default_rng(0).permutation(fake.probabilities)
            score = metrics.classifier_score(shuffled, SPLITS)
            values["inception_score"], values["inception_score_std"] = score
    except ValueError as error:
        raise DataError(f"--features and --reference: {error}") from None
    return values
