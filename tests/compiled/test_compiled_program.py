"""What a program is made of: its lines, its memory, its passes; and what it must not be fooled by."""

from __future__ import annotations

import tracemalloc
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

import tinygan as tg
from tinygan import nn, ops
from tinygan.autograd.op import Elementwise, Op
from tinygan.backend import NumpyBackend

LONG = 3 * NumpyBackend.cached + 5  # more than one piece, and a rest


def ready(function, *args):
    """The function as it is played back on arguments like these."""
    fast = tg.compiled(function)
    for _ in range(2):
        fast(*args)
    assert fast.programs, fast.why_not
    return fast


def bits(x):
    return x._data.tobytes(), x.shape, x.dtype


def numbers(n, seed=0, dtype=np.float32):
    x = np.random.default_rng(seed).standard_normal(n).astype(dtype)
    special = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan]
    x[: len(special)] = special
    return x


def test_the_program_is_read_as_python():
    w = tg.Tensor(np.ones((2, 3), np.float32), requires_grad=True, name="w")
    fast = ready(lambda x: ops.relu(x @ w).sum(), np.ones((4, 2), np.float32))
    text = str(fast.programs[0])
    *lines, memory = text.split("\n")
    assert memory == "At most 52 bytes of results are alive at once, of 100 bytes in all."
    assert [line.split("#")[0].split(None, 1)[1].strip() for line in lines] == [
        "def step(x0):",
        "w0 = w0_._data",
        "v0 = matmul_0(x0, w0)",
        "v1 = relu_1(v0, out=v0)",
        "del v0",
        "v2 = array(sum_2(v1))",
        "del v1",
        "return Tensor(v2)",
    ]
    assert "# w" in text and "# (4, 3)" in text and " ms" not in text
    fast.timed(np.ones((4, 2), np.float32))
    assert str(fast.programs[0]).count(" ms ") == 6


def test_what_nobody_uses_is_not_computed():
    def step(x):
        ops.exp(x * 3)  # for nothing
        return x + 1

    assert [line.name for line in ready(step, np.ones(3, np.float32)).programs[0].lines] == ["Add"]


def test_constants_are_computed_once():
    def step(x):
        scale = ops.sqrt(tg.Tensor(2.0)) * 3
        return x * scale

    assert [line.name for line in ready(step, np.ones(3, np.float32)).programs[0].lines] == ["Mul"]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 7, 8, LONG], ids=str)
def test_chains_and_results_over_dead_inputs_are_the_same_bits(n, dtype):
    def step(x, y):
        a = ops.tanh(x) * y + 0.5
        b = ops.sqrt(ops.abs(a)) - ops.maximum(x, y) / 3
        c = ops.clip(ops.exp(-b), 0.1, 2.0)
        return ops.relu(c - 0.3), ops.leaky_relu(a), ops.where(x > 0, b, c), -(b * b)

    x, y = numbers(n, dtype=dtype) if n > 7 else np.ones(n, dtype), numbers(n + 7, 1, dtype)[:n]
    with np.errstate(all="ignore"):
        wanted = [bits(each) for each in step(tg.Tensor(x), tg.Tensor(y))]
        fast = ready(step, x, y)
        assert [bits(each) for each in fast(x, y)] == wanted
        assert [bits(each) for each in fast(x, y)] == wanted  # and no array of the arguments was written over
    lines = fast.programs[0].lines
    assert any(line.over for line in lines) == (n != LONG) and any(" " in line.name for line in lines) == (n == LONG)


@pytest.mark.parametrize("activation", [ops.relu, ops.leaky_relu, lambda x: ops.leaky_relu(x, 3.0)])
def test_what_came_before_an_activation_is_free_once_it_is_made(activation):
    w = tg.Tensor(numbers(12, 4).reshape(3, 4), requires_grad=True)
    v = tg.Tensor(numbers(12, 5)[::-1].reshape(4, 3).copy(), requires_grad=True)

    def step(x):
        loss = (activation(activation(x @ w) @ v) ** 2).sum()
        return loss, *tg.grad(loss, [w, v])

    x = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)
    with np.errstate(all="ignore"):
        wanted = [bits(each) for each in step(tg.Tensor(x))]
        fast = ready(step, x)
        assert [bits(each) for each in fast(x)] == wanted
    over = [line.name for line in fast.programs[0].lines if line.over]
    assert over.count("Gate") == over.count("ReLU") + over.count("LeakyReLU") == 2


def test_what_came_before_an_activation_stays_where_it_is_needed():
    def step(x):
        before = x * 2
        y = ops.relu(before)
        return y + before, tg.grad(y.sum(), [before])[0]

    x = np.array([-1.0, 0.0, -0.0, 2.0, np.nan, np.inf, -np.inf], np.float32)
    leaf = tg.Tensor(x, requires_grad=True)
    fast = ready(step, leaf)
    assert [bits(each) for each in fast(leaf)] == [bits(each) for each in step(leaf)]


def test_gradients_through_chains():
    w = tg.Tensor(numbers(LONG, 2)[7:], requires_grad=True)

    def step(x):
        loss = (ops.tanh(x * w) * ops.softplus(w)).mean()
        (g,) = tg.grad(loss, [w], create_graph=True)
        return loss, g, tg.grad((g * g).sum(), [w])[0]

    x = numbers(LONG, 3)[7:]
    wanted = [bits(each) for each in step(tg.Tensor(x))]
    fast = ready(step, x)
    assert [bits(each) for each in fast(x)] == wanted


@pytest.mark.parametrize(
    "step",
    [
        lambda x: (lambda a: (a + 1, a.reshape((6,)) * 2))(x * 2),  # a view is used later than what it is a view of
        lambda x: (lambda a: (a.T, a + 1))(x * 2),
        lambda x: (lambda a: (ops.exp(a[0]), a * 2, a[1]))(x * 2),
        lambda x: (lambda a: (a + a.detach(), a - 1))(x * 2),
        lambda x: (x * x, -x),
        lambda x: (lambda a: (ops.broadcast_to(a[:1], (2, 3)) + a, a))(x * 2),
        lambda x: (lambda a: (a, a))(x * 2),
        lambda x: (lambda a: [a + ops.broadcast_to(a[:1], (2, 3)), None])(x * 2),
    ],
)
def test_a_result_is_written_over_no_memory_that_is_still_needed(step):
    x = np.arange(6, dtype=np.float32).reshape(2, 3)

    def flat(results):
        return [bits(each) for each in results if each is not None]

    fast = ready(step, x)
    assert flat(fast(x)) == flat(fast(x)) == flat(step(tg.Tensor(x)))


def test_a_users_op_that_keeps_its_array_is_not_written_over():
    class Kept(Op):
        memory = np.zeros(3, np.float32)

        def forward(self, xp, x):
            return self.memory

        def backward(self, gy, y, x):
            return gy

    fast = ready(lambda x: Kept()(x) + 1, np.ones(3, np.float32))
    for _ in range(3):
        assert fast(np.ones(3, np.float32)).data.tolist() == [1, 1, 1]


def test_a_users_elementwise_op_joins_a_chain():
    class Cube(Elementwise):
        def forward(self, xp, x):
            return x * x * x

        def backward(self, gy, y, x):
            return gy * 3 * x * x

    x = numbers(LONG)
    with np.errstate(all="ignore"):
        wanted = bits(Cube()(tg.Tensor(x)) + 1)
        fast = ready(lambda x: Cube()(x) + 1, x)
        assert bits(fast(x)) == wanted and [line.name for line in fast.programs[0].lines] == ["Cube Add"]


def test_one_array_given_twice_is_two_arguments():
    a, b = np.ones(3, np.float32), np.full(3, 5, np.float32)
    fast = ready(lambda x, y: x - 2 * y, a, a)
    assert fast(a, b).data.tolist() == [-9] * 3 and fast(b, a).data.tolist() == [3] * 3


def test_one_array_drawn_twice_is_two_draws():
    box = np.zeros(1, np.float32)

    def draw():
        box[...] += 1
        return box.copy() if box[0] > 4 else box

    fast = tg.compiled(lambda x: x * tg.draw(draw) + 10 * tg.draw(draw))
    assert [fast(tg.Tensor(np.ones(1, np.float32))).item() for _ in range(4)][2:] == [65, 87]


def test_shapes_modes_and_settings_have_programs_of_their_own():
    net = nn.Sequential(nn.Dense(2, 3), nn.BatchNorm(3), nn.Dropout(0.5, np.random.default_rng(0)))
    fast = tg.compiled(lambda x: net(x))
    for n in (4, 4, 5, 5, 4, 5):
        assert fast(np.ones((n, 2), np.float32)).shape == (n, 3)
    assert len(fast.programs) == 2
    net.eval()
    for n in (4, 4, 1, 1):
        assert fast(np.ones((n, 2), np.float32)).shape == (n, 3)
    assert len(fast.programs) == 4 and not any("draw" in str(p) or "(z0" in str(p) for p in fast.programs[2:])
    with tg.no_grad():
        fast(np.ones((4, 2), np.float32))
    fast(np.float64(np.ones((4, 2))))
    assert not fast.why_not


def test_a_batch_of_another_shape_inside_is_seen_before_anything_is_computed():
    def game(seed):
        g, d = tg.models.points((2,), latent=2, rng=np.random.default_rng(seed))
        batches = [np.ones((n, 2), np.float32) * k for k, n in enumerate((8, 8, 8, 8, 8, 3, 8, 8, 8, 3, 8, 8, 3, 3), 1)]
        play = tg.Game(
            g, d, tg.optim.Adam(g.parameters()), tg.optim.Adam(d.parameters()), tg.losses.get("ns"), 2,
            np.random.default_rng(1), n_critic=2,
        )  # fmt: skip
        return play, partial(next, iter(batches))

    (plain, reals), (fast, same_reals) = game(0), game(0)
    step = tg.compiled(fast.step)
    for _ in range(7):
        plain.step(reals)
        step(same_reals)
    for a, b in zip(plain.generator.parameters(), fast.generator.parameters(), strict=True):
        assert np.array_equal(a.data, b.data)
    assert plain.rng.bit_generator.state == fast.rng.bit_generator.state


def test_results_have_no_history():
    w = tg.Tensor([1.0, 2.0], requires_grad=True)
    fast = tg.compiled(lambda x: (x * w).sum())
    for _ in range(3):
        y = fast(np.ones(2, np.float32))
        assert not y.requires_grad and y.op is None


def test_inside_another_recording_it_is_called():
    inner = tg.compiled(lambda x: x * 2)
    outer = ready(lambda x: inner(x) + 1, np.ones(2, np.float32))
    assert outer(np.ones(2, np.float32)).data.tolist() == [3, 3] and not inner.programs


def test_fewer_arrays_are_alive_at_once():
    net = nn.Sequential(*[nn.Dense(64, 64, rng=np.random.default_rng(i)) if i % 2 else nn.Tanh() for i in range(20)])
    weights = net.parameters()
    sgd = tg.optim.SGD(weights, lr=1e-3)

    def step(x):
        loss = (net(x) ** 2).mean()
        sgd.step(tg.grad(loss, weights))
        return loss

    x = np.ones((4096, 64), np.float32)
    fast = ready(step, x)
    peaks = []
    for function in (lambda: step(tg.Tensor(x)), lambda: fast(x)):
        function()
        tracemalloc.start()
        function()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    most, everything = fast.programs[0].memory
    assert peaks[1] < 0.8 * peaks[0] and most < 0.6 * everything
    assert most == pytest.approx(peaks[1], rel=0.3)


def test_state_in_an_object_that_an_effect_moves():
    state = SimpleNamespace(n=0)

    def count(_):
        state.n += 1
        return np.float32(state.n)

    fast = tg.compiled(lambda x: (x * 2, tg.effect(count, x)))
    assert [float(fast(np.ones(2, np.float32))[1]) for _ in range(5)] == [1, 2, 3, 4, 5] and fast.programs


def test_objects_among_the_arguments_are_watched():
    settings, other = SimpleNamespace(weight=2.0), SimpleNamespace(weight=2.0)
    fast = tg.compiled(lambda x, s, scales, mode="a": x * s.weight * scales[0] * (2 if mode == "a" else 1))
    x, scales = np.ones(1, np.float32), [1.0]
    for _ in range(3):
        assert fast(x, settings, scales).item() == 4
    settings.weight = 5.0
    assert [fast(x, settings, scales).item() for _ in range(3)] == [10] * 3
    scales[0] = 2.0
    assert [fast(x, settings, scales, mode="b").item() for _ in range(3)] == [10] * 3
    assert fast(x, other, scales).item() == 8 and not fast.why_not


@pytest.mark.parametrize("wrong", [3, None, "step", np.ones(2), tg.Tensor(1.0)])
def test_what_is_no_function_is_refused(wrong):
    with pytest.raises(TypeError, match="compiled takes a function, such as a training step, not "):
        tg.compiled(wrong)


def test_a_module_is_a_function():
    net = nn.Sequential(nn.Dense(2, 3), nn.Tanh())
    fast = ready(net, np.ones((4, 2), np.float32))
    assert bits(fast(np.ones((4, 2), np.float32))) == bits(net(tg.Tensor(np.ones((4, 2), np.float32))))
    net.layers.append(nn.Dense(3, 1))
    assert fast(np.ones((4, 2), np.float32)).shape == (4, 1)


def test_tensors_in_a_list_are_those_tensors():
    fast = tg.compiled(lambda pair: pair[0] - pair[1], say=lambda sentence: None)
    for k in range(20):
        assert fast((tg.Tensor([k + 1.0]), tg.Tensor([1.0]))).item() == k
    pair = (tg.Tensor([3.0]), tg.Tensor([1.0]))
    fast = ready(lambda pair: pair[0] - pair[1], pair)
    assert fast(pair).item() == 2 and fast((tg.Tensor([9.0]), tg.Tensor([1.0]))).item() == 8
