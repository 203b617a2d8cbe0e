"""Networks for strings: layer after layer, what they return, and the tutorial's claims in a shortened run."""

from __future__ import annotations

import numpy as np
import pytest

import tinygan as tg
from tinygan import Tensor, grad, models, nn, to_numpy

SHAPE = (7, 5)
each = pytest.mark.parametrize("networks", [models.text, models.gumbel_text], ids=lambda n: n.name)


def layers(network):
    return [repr(layer) for layer in network.layers]


def test_layer_after_layer():
    dense = ["Dense(16, 256)", "ReLU()", "Dense(256, 256)", "ReLU()", "Dense(256, 35)", "Reshape((7, 5))"]
    critic = ["Flatten()", "Dense(35, 256)", "LeakyReLU(0.2)", "Dense(256, 256)", "LeakyReLU(0.2)", "Dense(256, 1)"]
    for networks, last in ((models.text, "Softmax(axis=-1)"), (models.gumbel_text, "GumbelSoftmax(1, hard=True)")):
        G, D = networks(SHAPE, 16, np.random.default_rng(0))
        assert layers(G) == [*dense, last] and layers(D) == critic
    _, D = models.text(SHAPE, 16, np.random.default_rng(0), dropout=0.3, outputs=4)
    assert layers(D).count("Dropout(0.3)") == 2 and layers(D)[-1] == "Dense(256, 4)"


@each
def test_samples_are_probabilities_and_gradients_reach_every_weight(networks, rng):
    G, D = networks(SHAPE, 16, np.random.default_rng(0))
    fake = G(Tensor(rng.normal(size=(6, 16)).astype(np.float32)))
    assert fake.shape == (6, *SHAPE) and to_numpy(fake).min() >= 0
    np.testing.assert_allclose(to_numpy(fake).sum(axis=2), 1, rtol=1e-5)
    logits = D(fake)
    assert logits.shape == (6, 1)
    for g in grad(logits.sum(), [*G.parameters(), *D.parameters()]):
        assert np.isfinite(to_numpy(g)).all() and to_numpy(g).any()


def test_gumbel_text_draws_another_string_each_time_and_in_evaluation_the_same(rng):
    G, _ = models.gumbel_text(SHAPE, 16, np.random.default_rng(0))
    z = Tensor(rng.normal(size=(50, 16)).astype(np.float32))
    assert not np.array_equal(to_numpy(G(z)), to_numpy(G(z)))
    with G.evaluating():
        assert np.array_equal(to_numpy(G(z)), to_numpy(G(z)))


@each
@pytest.mark.parametrize("shape", [(28, 28, 1), (2,)], ids=str)
def test_other_samples_are_refused(networks, shape):
    with pytest.raises(ValueError, match=r"the networks for text need strings \(L, V\), not samples of shape"):
        networks(shape, 16, np.random.default_rng(0))


def test_the_softmax_of_a_generator_is_its_last_layer():
    """So that the temperature can be reached from outside."""
    G, _ = models.gumbel_text(SHAPE, 16, np.random.default_rng(0))
    assert isinstance(G.layers[-1], nn.GumbelSoftmax) and G.layers[-1].temperature == 1


def test_nothing_reaches_the_generator_through_an_argmax():
    """Why discrete data break a GAN: with a bare argmax the gradient of every weight is exactly 0."""
    rng = np.random.default_rng(0)
    G, D = models.text(SHAPE, 16, rng)

    def with_argmax(z):
        p = G(z)
        return (p >= p.max(axis=-1, keepdims=True)) * 1.0

    loss = D(with_argmax(Tensor(rng.standard_normal((6, 16), dtype=np.float32)))).sum()
    assert all(g is None or not to_numpy(g).any() for g in grad(loss, G.parameters(), allow_unused=True))


def trained(networks, words, steps, seed=0, latent=32, batch=64):
    """(what a short WGAN-GP writes, its training set), as in tutorial 18."""
    rng = np.random.default_rng(seed)
    training = words.strings(5000, rng)
    real, loss = words.encode(training), tg.losses.get("wgan")
    G, D = networks(words.sample_shape, latent, rng)
    opt_g, opt_d = tg.optim.Adam(G.parameters(), 5e-4, (0, 0.99)), tg.optim.Adam(D.parameters(), 1e-3, (0, 0.99))

    def fakes():
        return G(tg.autograd.draw(lambda: rng.standard_normal((batch, latent), dtype=np.float32)))

    def train_step():
        r, f = tg.autograd.draw(lambda: real[rng.integers(len(real), size=batch)]), fakes().detach()
        loss_d = loss.discriminator(D(r), D(f)) + 10 * tg.penalties.gp(D, r, f, rng)
        opt_d.step(grad(loss_d, D.parameters()))
        opt_g.step(grad(loss.generator(D(fakes())), G.parameters()))
        return loss_d

    play = tg.compiled(train_step)
    for step in range(steps):
        share = step / steps
        if networks is models.gumbel_text:
            G.layers[-1].temperature = 0.3**share
        opt_g.lr, opt_d.lr = (lr * min(1, 2 * (1 - share)) for lr in (5e-4, 1e-3))
        play()
    with G.evaluating(), tg.no_grad():
        return words.decode(to_numpy(G(Tensor(rng.standard_normal((1000, latent), dtype=np.float32))))), training


@pytest.mark.slow
@each
def test_a_short_training_writes_dates(networks):
    words = tg.data.dates()
    written, training = trained(networks, words, steps=1200)
    scores = tg.metrics.string_scores(written, words.valid, training)
    assert scores.validity > 0.5 and scores.uniqueness > 0.6 and scores.novelty > 0.8
    letters = np.array([list(text.ljust(11, "_")) for text in training])
    shuffled = np.random.default_rng(0).permuted(letters, axis=0)  # each place by itself: the unigram
    by_place = ["".join(row).rstrip("_") for row in shuffled]
    assert scores.validity > 5 * tg.metrics.string_scores(by_place, words.valid, training).validity
