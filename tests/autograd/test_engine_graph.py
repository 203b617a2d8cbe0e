"""The graph: changes after use are noticed, it is freed at once, and it may be deep."""

from __future__ import annotations

import gc
import threading
import weakref

import numpy as np
import pytest

from tinygan.autograd import Op, Tensor, grad, is_recording, no_grad, ops
from tinygan.autograd.elementwise import Exp
from tinygan.backend import to_numpy, using_backend

CHAIN = 20_000


def variable(data, name=None):
    return Tensor(np.asarray(data, np.float64), requires_grad=True, name=name)


# -- version counters --------------------------------------------------------------------------------


def in_place(t):
    t.data -= 1.0


def anew(t):
    t.data = t.data - 1.0


@pytest.mark.parametrize("change", [in_place, anew])
def test_a_weight_changed_after_use_is_named(change, rng):
    x, w = Tensor(rng.normal(size=(2, 3))), variable(rng.normal(size=(3, 5)), "D.W")
    y = (x @ w).sum()
    change(w)
    with pytest.raises(RuntimeError, match="D.W was changed after MatMul used it; run the forward pass again"):
        grad(y, [w])


def test_running_forward_again_mends_it():
    w = variable([1.0, 2.0], "w")
    in_place(w)
    np.testing.assert_array_equal(grad((w * w).sum(), [w])[0].data, [0.0, 2.0])


WAYS_AROUND = {
    "detach": lambda w: w.detach(),
    "detach twice": lambda w: w.detach().detach(),
    "transpose": lambda w: w.T,
    "reshape": lambda w: w.reshape(-1),
    "slice": lambda w: w[:1],
    "a view of a view": lambda w: w.T[1:][:, None],
    "a detached view": lambda w: w.detach().T,
}


@pytest.mark.parametrize("way", WAYS_AROUND)
def test_a_change_through_shared_memory_is_noticed(way):
    w = variable(np.ones((2, 3)), "D.W")
    y = (w * w).sum()
    view = WAYS_AROUND[way](w)
    before = w.data.copy()
    view.data *= 3.0
    assert (w.data != before).any()  # it is shared memory, so the gradient would be wrong
    with pytest.raises(RuntimeError, match="D.W was changed after Mul used it"):
        grad(y, [w])


def test_a_view_of_a_changed_tensor_is_changed():
    w = variable(np.ones((2, 3)), "D.W")
    view = w.T
    y = (view * view).sum()
    w.data *= 3.0
    with pytest.raises(RuntimeError, match="was changed after Transpose|was changed after Mul"):
        grad(y, [w])


def test_an_op_that_returns_its_input_shares_its_version():
    class Same(Op):
        def forward(self, xp, x):
            return x

        def backward(self, gy, y, x):
            return gy

    w = variable([1.0, 2.0], "w")
    y = (w * w).sum()
    Same()(w).data *= 3.0
    with pytest.raises(RuntimeError, match="w was changed after Mul"):
        grad(y, [w])


def test_a_changed_result_is_noticed():
    """Exp's gradient is written with its result."""
    x = variable([1.0, 2.0])
    y = ops.exp(x)
    total = y.sum()
    y.data *= 2.0
    with pytest.raises(RuntimeError, match="was changed after"):
        grad(total, [x])


def test_a_copy_may_change():
    w = variable(np.ones((2, 3)))
    y = (w * w).sum()
    copied = Tensor(w.data.copy())
    copied.data *= 3.0
    np.testing.assert_array_equal(grad(y, [w])[0].data, np.full((2, 3), 2.0))


def test_a_change_off_the_path_does_no_harm():
    """D's weights move between D's step and G's; G's own graph does not contain them."""
    g, d = variable(2.0, "G.w"), variable(3.0, "D.w")
    fake = g * g
    loss_d = fake.detach() * d
    d.data -= grad(loss_d, [d])[0].data
    assert grad(fake * d, [g])[0].item() == 2 * 2.0 * (3.0 - 4.0)


def test_new_data_must_have_the_old_shape_and_be_an_array():
    w = variable(np.ones((2, 3)), "D.W")
    with pytest.raises(ValueError, match=r"D.W has shape \(2, 3\); its data cannot become \(3, 2\)"):
        w.data = np.ones((3, 2))
    with pytest.raises(TypeError, match="list is not an array of a backend in use"):
        w.data = [[1.0, 2.0, 3.0]] * 2


def test_the_data_of_a_0d_tensor_can_be_computed_anew():
    """NumPy's `a - b` of 0-d arrays is a scalar; as data it is a 0-d array again."""
    w = variable(2.0)
    w.data = w.data - 0.5
    assert type(w.data) is np.ndarray and w.item() == 1.5


# -- memory ------------------------------------------------------------------------------------------


@pytest.fixture
def no_collector():
    """Reference counting alone: what only the garbage collector could free, stays."""
    small_net(Tensor(np.ones((2, 3))), variable(np.ones((3, 5))))  # what is looked for once, such as a BLAS, is found
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def small_net(x, w):
    gamma, beta = variable(np.ones(5)), variable(np.zeros(5))
    h = ops.leaky_relu(ops.batch_norm(x @ w, gamma, beta)[0])
    images = ops.reshape(ops.concatenate([h, h]), (2, 2, 5, 1))
    kernel = variable(np.ones((2, 2, 1, 3)))
    h = ops.max_pool2d(ops.conv2d(images, kernel, padding=1), 2)
    return ops.softplus(h[np.array([0, 1, 1])]).mean()


def test_a_graph_is_freed_with_its_result(no_collector, rng):
    x, w = Tensor(rng.normal(size=(2, 3))), variable(rng.normal(size=(3, 5)))
    y = small_net(x, w)
    op, results = y.op, []
    while op:
        results += [weakref.ref(t.data) for t in op.inputs if t.op]
        op = next((t.op for t in op.inputs if t.op), None)
    del op
    assert len(results) > 5 and all(r() is not None for r in results)
    del y
    assert not any(r() is not None for r in results)
    assert gc.collect() == 0


@pytest.mark.parametrize("create_graph", [False, True])
def test_gradients_leave_no_cycle(create_graph, no_collector, rng):
    x, w = Tensor(rng.normal(size=(2, 3))), variable(rng.normal(size=(3, 5)))
    y = small_net(x, w)
    (gw,) = grad(y, [w], create_graph=create_graph)
    if create_graph:
        (ggw,) = grad((gw * gw).sum(), [w])
        del ggw
    kept = weakref.ref(gw.data)
    del y, gw
    assert kept() is None
    assert gc.collect() == 0


def test_backward_leaves_no_cycle(no_collector):
    w = variable([1.0, 2.0])
    (w * w).sum().backward()
    kept = weakref.ref(w.grad.data)
    del w
    assert kept() is None and gc.collect() == 0


def test_recording_is_a_matter_of_each_thread():
    """A page that draws samples must not switch off the gradients of what trains beside it."""
    seen = []
    with no_grad():
        thread = threading.Thread(target=lambda: seen.append((is_recording(), tensor_of_two().op is not None)))
        thread.start()
        thread.join()
        assert not is_recording()
    assert seen == [(True, True)]


def tensor_of_two():
    return Tensor([1.0], requires_grad=True) * 2


def test_an_error_in_backward_leaves_recording_as_it_was():
    w = variable([1.0, 2.0])
    y = (w * w).sum()
    in_place(w)
    with pytest.raises(RuntimeError):
        grad(y, [w])
    assert is_recording()


# -- depth -------------------------------------------------------------------------------------------


def test_a_chain_of_20000_ops():
    x = y = variable(1.0)
    for _ in range(CHAIN):
        y = y * 1.0001
    (gx,) = grad(y, [x], create_graph=True)
    np.testing.assert_allclose(gx.item(), 1.0001**CHAIN, rtol=1e-9)
    y.backward()
    np.testing.assert_allclose(x.grad.item(), gx.item())
    del gx, y  # Python takes the chain down without running out of stack
    assert x.op is None


def test_a_chain_of_20000_ops_twice_differentiated():
    x = y = variable(1.0)
    for _ in range(CHAIN // 2):
        y = -ops.tanh(y) if y is x else -y
    (gx,) = grad(y, [x], create_graph=True)
    (ggx,) = grad(gx, [x])
    t = np.tanh(1.0)
    np.testing.assert_allclose(abs(ggx.item()), 2 * t * (1 - t * t))


# -- recording ---------------------------------------------------------------------------------------


def test_no_grad_records_nothing_and_ends():
    x = variable([1.0, 2.0])
    with no_grad():
        assert not is_recording()
        y = x * x
    assert is_recording()
    assert y.op is None and not y.requires_grad
    np.testing.assert_array_equal(y.data, [1.0, 4.0])


def test_no_grad_ends_after_an_error():
    with pytest.raises(ZeroDivisionError), no_grad():
        1 / 0  # noqa: B018
    assert is_recording()


def test_constants_are_not_recorded():
    y = Tensor([1.0]) * Tensor([2.0])
    assert y.op is None and not y.requires_grad


def test_detach_shares_memory_and_keeps_the_name():
    x = variable([1.0, 2.0], "x")
    d = x.detach()
    assert d.data is x.data and d.name == "x" and d.op is None and not d.requires_grad
    with pytest.raises(ValueError, match="y does not depend on x"):
        grad((x.detach() * 2).sum(), [x])


def test_detach_stops_one_way_only():
    x = variable(3.0)
    assert grad(x * (x * x).detach(), [x])[0].item() == 9.0


# -- ops ---------------------------------------------------------------------------------------------


def test_an_op_serves_one_call():
    x, op = variable([1.0]), Exp()
    op(x)
    with pytest.raises(RuntimeError, match="this Exp object was called before: make a new one for each call"):
        op(x)


def test_arrays_of_two_backends_do_not_mix(fake_cupy):
    on_device = variable([1.0, 2.0], "D.W")
    with using_backend("numpy"):
        on_host = Tensor([1.0, 2.0], name="batch")
    with pytest.raises(TypeError, match="Mul got arrays of two backends .*D.W: cupy, batch: numpy"):
        on_device * on_host
    with pytest.raises(TypeError, match="Mul got arrays of two backends"):
        on_host * on_device


def test_an_op_computes_where_its_inputs_are(fake_cupy):
    x = variable([1.0, 2.0])
    with using_backend("numpy"):
        y = 2 * x + np.array([1.0, 1.0])
        assert type(y.data) is fake_cupy.ndarray
        np.testing.assert_array_equal(to_numpy(y), [3.0, 5.0])
