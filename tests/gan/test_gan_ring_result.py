"""A result, not a formula: the preset for the ring of eight Gaussians keeps all its modes."""

import numpy as np
import pytest

from tinygan.gan.sampling import draw
from tinygan.metrics import count_modes
from tinygan.training import presets
from tinygan.training.build import build


def play(**options):
    """Train the preset, and count the modes of 2,500 samples."""
    config = presets.configure({"preset": "ring", **options})
    setup = build(config)
    for step in range(1, config.steps + 1):
        setup.set_learning_rates(step)
        setup.game.step(setup.next_reals)
    z = np.random.default_rng(100).standard_normal((2500, config.latent), dtype=np.float32)
    return count_modes(draw(setup.sampler, z, batch=2500), setup.dataset.means, setup.dataset.sigma)


@pytest.mark.slow
def test_the_ring_preset_keeps_all_eight_modes():
    report = play(seed=0)
    assert report.modes == report.total_modes == 8, str(report)
    assert report.counts.min() > 100, str(report)  # each of them truly, not by one stray sample
    assert report.high_quality >= 0.9, str(report)
