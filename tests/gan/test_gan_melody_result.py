"""Tutorial 19, shortened: a GAN of melodies keeps to one key within a melody, far more than independent notes do."""

from __future__ import annotations

import numpy as np
import pytest

import tinygan as tg
from tinygan.gan.sampling import draw
from tinygan.rolls import one_hot, runs, sounding


def in_one_key(rolls, keys):
    return tg.metrics.key_shares(rolls, keys).max(axis=1)


@pytest.mark.slow
def test_melodies_keep_to_a_key_have_the_rhythm_and_end():
    rng, data, latent = np.random.default_rng(0), tg.data.melodies(5000), 64
    G, D = tg.models.melody(data.sample_shape, latent, rng)
    opt_g, opt_d = (tg.optim.Adam(net.parameters(), 4e-3, betas=(0, 0.99)) for net in (G, D))
    average = tg.MovingAverage(G, decay=0.99)
    game = tg.Game(
        *(G, D, opt_g, opt_d, tg.losses.get("ns"), latent, rng), penalties=[(tg.penalties.r1, 0.3)], average=average
    )
    step = tg.compiled(game.step)

    def next_reals():
        return data.rolls[rng.integers(len(data), size=64)].astype(np.float32)

    for _ in range(1000):
        step(next_reals)
    z = np.random.default_rng(1).standard_normal((1000, latent), dtype=np.float32)
    made = one_hot(sounding(draw(average.network, z)), 25)

    column, _, length, _ = runs(sounding(data.rolls))
    drawn = [np.repeat(rng.choice(column, 32), rng.choice(length, 32))[:32] for _ in range(1000)]
    independent = in_one_key(one_hot(np.stack(drawn), 25), data.keys)

    shares = in_one_key(made, data.keys)
    assert independent.mean() < 0.8 and shares.mean() > 0.88
    assert (independent == 1).mean() < 0.06 and (shares == 1).mean() > 0.35
    off = np.abs(tg.metrics.length_shares(made) - tg.metrics.length_shares(data.rolls)).sum() / 2
    assert off < 0.2
    assert tg.metrics.end_on_keynote(made, data.keys).mean() > 0.5
    counts = np.bincount(tg.metrics.key_shares(made, data.keys).argmax(axis=1), minlength=3)
    assert counts.min() > 100, f"melodies by key: {counts}"
    rows = [rolls.reshape(len(rolls), -1).astype(np.float32) for rolls in (made, data.rolls)]
    assert (tg.metrics.nearest_neighbours(*rows)[1] > 0).mean() > 0.98, "no copies"
    assert len(np.unique(sounding(made), axis=0)) > 980
