"""The main job, shortened: the MLP GAN's digits are ink on a black ground, and cover all ten classes."""

from __future__ import annotations

import numpy as np
import pytest

from tinygan import data
from tinygan.gan.health import diversity
from tinygan.gan.sampling import draw
from tinygan.training import presets
from tinygan.training.build import build


@pytest.mark.slow
def test_the_mlp_gan_covers_ten_classes():
    config = presets.configure({"steps": 2600})  # the preset of `python -m tinygan.train`, cut to three quarters
    setup = build(config)
    for _ in range(config.steps):
        setup.game.step(setup.next_reals)
    z = np.random.default_rng(5).standard_normal((1000, config.latent), dtype=np.float32)
    fakes = draw(setup.sampler, z)
    reals = data.to_range(setup.dataset.pixels[:1000], -1, 1)

    # The nearest class mean names 92 % of real digits rightly: enough to see a class that is missing.
    labels = setup.dataset.labels
    flat = data.to_range(setup.dataset.pixels, -1, 1).reshape(len(labels), -1)
    means = np.stack([flat[labels == k].mean(axis=0) for k in range(10)])
    distances = ((fakes.reshape(1000, 1, -1) - means) ** 2).sum(axis=2)
    counts = np.bincount(distances.argmin(axis=1), minlength=10)
    assert counts.min() >= 20, f"samples by class: {counts}"
    assert 0.5 < diversity(fakes) / diversity(reals) < 1.2
    assert fakes.mean() == pytest.approx(reals.mean(), abs=0.1)  # as much ink as real digits
