"""`python -m tinygan.train` plays its steps back, and writes the same files as without."""

from __future__ import annotations

from cli import train
from training.runs import assert_same_arrays, newest, pictures, rows

SHORT = ("--preset", "ring", "--batch-size", 8, "--log-interval", 1, "--sample-interval", 6, "--checkpoint-interval", 6)

NETWORKS = """
import numpy as np
import tinygan as tg
from tinygan import nn


class Peeking(nn.Module):
    def forward(self, x):
        return x if x.mean().item() > 1e9 else x * 1


def generator(shape, latent, rng):
    return nn.Sequential(nn.Dense(latent, 8, rng=rng), nn.ReLU(), Peeking(), nn.Dense(8, 2, rng=rng))


def discriminator(shape, rng):
    return nn.Sequential(nn.Dense(2, 8, rng=rng), nn.ReLU(), nn.Dense(8, 1, rng=rng))


networks = tg.Networks(generator, discriminator)
"""


def assert_same(a, b):
    (arrays, meta), (others, other) = newest(a), newest(b)
    assert_same_arrays(arrays, others)
    assert meta["noise_rng"] == other["noise_rng"] and meta["data"] == other["data"]
    assert rows(a) == rows(b) and pictures(a) == pictures(b)


def test_a_run_that_is_played_back_is_the_same_run(tmp_path):
    fast = train(*SHORT, "--steps", 12, "--outdir", tmp_path)
    plain = train(*SHORT, "--steps", 12, "--outdir", tmp_path, "--no-compile")
    assert_same(fast, plain)


def test_it_may_be_resumed_without(tmp_path):
    whole = train(*SHORT, "--steps", 12, "--outdir", tmp_path)
    half = train(*SHORT, "--steps", 6, "--outdir", tmp_path)
    assert_same(whole, train("--resume", half, "--steps", 12, "--no-compile"))


def test_networks_that_cannot_be_played_back_are_trained_as_they_are_and_the_log_says_why(tmp_path):
    (tmp_path / "mine.py").write_text(NETWORKS, encoding="utf-8")
    run = train(*SHORT, "--networks", f"{tmp_path / 'mine.py'}:networks", "--steps", 6, "--outdir", tmp_path)
    log = (run / "log.txt").read_text(encoding="utf-8")
    assert "is not played back but called as it is" in log and "mine.py, line 9: return x if x.mean().item()" in log
    assert len(rows(run)) == 6
