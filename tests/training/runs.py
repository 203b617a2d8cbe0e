"""What the tests of a run share: tiny runs, and what is left of them to compare."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tinygan.training import checkpoint
from tinygan.training.run_folder import RunFolder

TINY = ("--batch-size", 4, "--samples", 4)


def newest(run: Path):
    """(arrays, meta) of the newest checkpoint: weights, moments, averages, and all random states."""
    return checkpoint.load(RunFolder(run).checkpoints()[-1])


def rows(run: Path, name: str = "stats.jsonl") -> list[dict]:
    """The rows of a .jsonl file without the one number that the clock decides."""
    lines = [json.loads(line) for line in (run / name).read_text().splitlines()]
    return [{key: value for key, value in row.items() if key != "steps_per_second"} for row in lines]


def pictures(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in run.glob("fakes_*.png")}


def assert_same_arrays(a, b):
    """The same names, dtypes, shapes and bits."""
    assert set(a) == set(b)
    for name in a:
        assert (a[name].dtype, a[name].shape) == (b[name].dtype, b[name].shape), name
        assert np.ascontiguousarray(a[name]).tobytes() == np.ascontiguousarray(b[name]).tobytes(), name


def assert_same_run(a: Path, b: Path):
    """Both ended in the same state on the same way, to the last bit."""
    (arrays_a, meta_a), (arrays_b, meta_b) = newest(a), newest(b)
    assert meta_a == meta_b
    assert_same_arrays(arrays_a, arrays_b)
    assert_same_arrays(checkpoint.load(a / "generator.npz")[0], checkpoint.load(b / "generator.npz")[0])
    for name in ("stats.jsonl", "metrics.jsonl"):
        assert rows(a, name) == rows(b, name)
    assert pictures(a) == pictures(b)


def same_weights(a: Path, b: Path) -> bool:
    """Whether both networks are equal to the last bit."""
    (one, _), (other, _) = newest(a), newest(b)
    return all(one[name].tobytes() == other[name].tobytes() for name in one if name.startswith(("G/", "D/")))
