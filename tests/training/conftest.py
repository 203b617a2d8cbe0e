"""Fixtures for tests of whole runs."""

from dataclasses import replace
from math import prod

import pytest

from tinygan import nn, plot
from tinygan.files import whole_file
from tinygan.gan import models
from tinygan.gan.networks import Networks
from tinygan.training import pictures
from tinygan.training.presets import PRESETS


def stub(path, *args, **options):
    """A picture that takes no time to draw."""
    with whole_file(path) as file:
        file.write(b"picture")


@pytest.fixture
def quick_pictures(monkeypatch):
    """Runs leave all their files, but nothing is drawn: drawing takes most of the time of a tiny run."""
    monkeypatch.setattr(plot, "save_curves", stub)
    monkeypatch.setattr(plot, "save_gif", stub)
    monkeypatch.setattr(pictures, "save_reals", lambda setup, path: stub(path))
    monkeypatch.setattr(pictures, "save_fakes", lambda setup, path, fakes, step: stub(path))


def narrow_generator(shape, latent, rng):
    layers = nn.Dense(latent, 16, rng=rng), nn.LeakyReLU(0.2), nn.BatchNorm(16, momentum=0.8)
    return nn.Sequential(*layers, nn.Dense(16, prod(shape), rng=rng), nn.Tanh(), nn.Reshape(shape))


def narrow_discriminator(shape, rng, dropout=0.0, outputs=1):
    layers = nn.Flatten(), nn.Dense(prod(shape), 16, rng=rng), nn.LeakyReLU(0.2), nn.Dropout(dropout, rng=rng)
    return nn.Sequential(*layers, nn.Dense(16, outputs, rng=rng))


NARROW = Networks(narrow_generator, narrow_discriminator, name="mlp")


@pytest.fixture
def narrow(monkeypatch):
    """The preset mlp with a hundredth of its weights, where data are tested: most of the time went into its files."""
    for name, preset in PRESETS.items():
        if preset.networks is models.mlp:
            monkeypatch.setitem(PRESETS, name, replace(preset, networks=NARROW))
