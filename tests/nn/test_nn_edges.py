"""Every layer of the edge table, in every respect that nobody thinks of, with tuned kernels and without."""

from __future__ import annotations

import numpy as np
import pytest
from edge_table import ELSEWHERE, LAYERS, NO_LAYERS, PLACES, WHOLE, drawn

from tinygan import Tensor, grad, nn, to_numpy
from tinygan.backend import using_backend

every_layer = pytest.mark.parametrize("edge", LAYERS, ids=[f"{e.name}-{i}" for i, e in enumerate(LAYERS)])
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@pytest.fixture(params=PLACES)
def place(request):
    with using_backend(PLACES[request.param]()) as backend:
        yield backend


def mixes(layer):
    return any(inner.mixes_samples for _, inner in layer.modules())


def gradient(layer, x, gy=None):
    """Of x (an array), for an upstream gradient, drawn when None."""
    x = Tensor(x, requires_grad=True)
    y = layer(x)
    gy = np.random.default_rng(1).normal(size=y.shape) if gy is None else gy
    return to_numpy(grad(y, [x], Tensor(gy.astype(y.dtype)))[0])


def test_every_layer_has_a_row():
    assert {edge.name for edge in LAYERS} | ELSEWHERE | NO_LAYERS == set(nn.__all__)


@every_layer
@pytest.mark.parametrize("dtype", [*WHOLE, "float16"])
def test_whole_numbers_booleans_and_float16(edge, dtype, rng, place):
    """What the layer makes of the same numbers in its own precision."""
    x = drawn(rng, (4, *edge.sample), WHOLE.get(dtype, np.float16), 0, 9)
    y, expected = edge.layer()(Tensor(x)), edge.layer()(Tensor(x.astype(np.float32)))
    float16 = np.float32 if edge.layer().parameters() else np.float16
    assert y.dtype == (float16 if dtype == "float16" else x.dtype if edge.whole == "same" else np.float32)
    close = dict(rtol=2e-2, atol=2e-2) if dtype == "float16" else dict(rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(to_numpy(y).astype(float), to_numpy(expected), **close)


@every_layer
def test_a_single_number_without_an_axis(edge, place):
    """A number of no axis for one of no axis; else a refusal that names the layer, or the one inside."""
    layer = edge.layer().eval()
    try:
        y = layer(Tensor(0.5))
    except ValueError as error:
        said = str(error).replace("_", "").lower()
        assert any(type(inner).__name__.lower() in said for _, inner in layer.modules())
    else:
        assert y.shape == ()


@every_layer
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
def test_no_sample_at_all(edge, training, rng, place):
    """It stays empty, nothing flows, and nothing is remembered."""
    layer = edge.layer().train(training)
    before = {name: to_numpy(buffer) for name, buffer in layer.buffers()}
    x = Tensor(np.zeros((0, *edge.sample), np.float32), requires_grad=True)
    y = layer(x)
    full = edge.layer().eval()(Tensor(np.ones((2, *edge.sample), np.float32)))
    assert y.shape == (0, *full.shape[1:]) and y.dtype == np.float32
    gx, *others = grad(y.sum(), [x, *layer.parameters()], allow_unused=True)
    assert gx.shape == x.shape and not any(to_numpy(g).any() for g in others if g is not None)
    if edge.name != "SpectralNorm":  # whose vector follows its weight, not the samples
        assert all(np.array_equal(before[name], to_numpy(buffer)) for name, buffer in layer.buffers())


@every_layer
def test_one_sample(edge, rng, place):
    """The first row of what a batch gives, where samples are judged alone; a refusal by name where none can be."""
    x = rng.normal(size=(3, *edge.sample)).astype(np.float32)
    if not edge.one:
        with pytest.raises(ValueError, match=f"{edge.name}.* (single|one) sample"):
            edge.layer()(Tensor(x[:1]))
    elif not mixes(edge.layer()):
        whole, alone = edge.layer()(Tensor(x)), edge.layer()(Tensor(x[:1]))
        np.testing.assert_allclose(to_numpy(alone)[0], to_numpy(whole)[0], rtol=1e-4, atol=1e-5)
    layer = edge.layer().eval()
    np.testing.assert_allclose(to_numpy(layer(Tensor(x[:1])))[0], to_numpy(layer(Tensor(x)))[0], rtol=1e-4, atol=1e-5)


@every_layer
@pytest.mark.parametrize("bad", [np.inf, np.nan], ids=str)
def test_a_gradient_that_is_no_number_stays_with_its_sample(edge, bad, rng, place):
    x = rng.normal(size=(3, *edge.sample)).astype(np.float32)
    layer = edge.layer()
    layer = layer.eval() if mixes(layer) else layer
    gy = rng.normal(size=layer(Tensor(x)).shape)
    spoilt, clean = gy.copy(), gy.copy()
    spoilt[0], clean[0] = bad, 0
    found, expected = (gradient(edge.layer().train(layer.training), x, g) for g in (spoilt, clean))
    np.testing.assert_allclose(found[1:], expected[1:], rtol=1e-4, atol=1e-5)


def backwards(a):
    turned = (slice(None, None, -1),) * a.ndim
    return a[turned].copy()[turned]


def repeated(a):
    return np.broadcast_to(a[:, (0,) * a.shape[1]][:, :1], a.shape)


@every_layer
@pytest.mark.parametrize("layout", [backwards, repeated], ids=lambda f: f.__name__)
def test_strides_of_0_and_below(edge, layout, rng, place):
    x = layout(rng.normal(size=(4, *edge.sample)).astype(np.float32))
    plain = x.copy()
    np.testing.assert_allclose(
        to_numpy(edge.layer()(Tensor(x))), to_numpy(edge.layer()(Tensor(plain))), rtol=1e-4, atol=1e-5
    )
    gy = np.asfortranarray(np.random.default_rng(1).normal(size=edge.layer()(Tensor(plain)).shape))
    np.testing.assert_allclose(gradient(edge.layer(), x, gy), gradient(edge.layer(), plain, gy), rtol=1e-3, atol=1e-4)


@every_layer
def test_an_array_of_numpy_is_as_good_as_a_tensor(edge, rng, place):
    for x in (rng.normal(size=(4, *edge.sample)).astype(np.float32), drawn(rng, (4, *edge.sample), np.uint8, 0, 9)):
        y, expected = edge.layer()(x), edge.layer()(Tensor(x))
        assert isinstance(y, Tensor)
        np.testing.assert_allclose(to_numpy(y), to_numpy(expected), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("labels", [np.array([True, False]), np.array([0.0, 1.0], np.float16), -1, 3, [0, 3]], ids=str)
def test_an_embedding_refuses_what_is_no_label(labels, place):
    with pytest.raises(ValueError, match=r"Embedding\(3, 4\) needs whole numbers from 0 to 2 as labels"):
        nn.Embedding(3, 4)(labels)
