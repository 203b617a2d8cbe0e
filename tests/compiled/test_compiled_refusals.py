"""What cannot be played back is said in one sentence, and nothing is wrong in silence."""

from __future__ import annotations

import itertools
import random
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

import tinygan as tg
from tinygan import ops

BATCHES = [np.random.default_rng(i).standard_normal((4, 3)).astype(np.float32) for i in range(12)]
SCALE = 0.5
CASES = {}


def case(expected):
    """A function(w, opt) -> step; `expected` is a part of the sentence, "" where the step is played back."""

    def add(make):
        CASES[make.__name__] = make, expected
        return make

    return add


def finish(loss, w, opt):
    opt.step(tg.grad(loss, [w]))
    return loss


@case("reads `.data`")
def numpy_on_data(w, opt):
    def step(x):
        y = x @ w
        return finish((y * tg.Tensor(np.sign(y.data))).mean(), w, opt)

    return step


@case("a number or a bool of Python")
def if_on_a_value(w, opt):
    def step(x):
        y = (x @ w).mean()
        return finish(y * y if y > 0 else y * 2, w, opt)

    return step


@case("a number or a bool of Python")
def item(w, opt):
    def step(x):
        y = (x @ w).mean()
        return finish(y * y if y.item() > 0 else y * 2, w, opt)

    return step


@case("a number or a bool of Python")
def a_float(w, opt):
    def step(x):
        loss = (x @ w).mean() ** 2
        return finish(loss * (1 + float(loss)), w, opt)

    return step


@case("reads `.data`")
def to_numpy(w, opt):
    return lambda x: tg.to_numpy(finish((x @ w).mean() ** 2, w, opt))


@case("that no op made")
def numbers_drawn_without_draw(w, opt):
    rng = np.random.default_rng(1)
    return lambda x: finish(((x + rng.standard_normal((4, 3)).astype(np.float32)) @ w).mean() ** 2, w, opt)


@case("draws random numbers")
def pythons_random(w, opt):
    return lambda x: finish(((x * random.random()) @ w).mean() ** 2, w, opt)


@case("draws random numbers")
def numpys_own_random_as_an_index(w, opt):
    return lambda x: finish((x[np.random.randint(0, 4, 2)] @ w).mean() ** 2, w, opt)  # noqa: NPY002


@case("draws random numbers")
def a_rare_choice(w, opt):
    def step(x):
        loss = (x @ w).mean() ** 2
        return finish(loss * 2 if random.random() < 0.05 else loss, w, opt)

    return step


@case("changes n,")
def a_counter_as_an_attribute(w, opt):
    class Trainer:
        def __init__(self):
            self.n = 0

        def step(self, x):
            self.n += 1
            return finish((x @ w).mean() ** 2 / self.n, w, opt)

    return Trainer().step


@case("changes n,")
def a_counter_in_the_closure(w, opt):
    n = 0

    def step(x):
        nonlocal n
        n += 1
        return finish((x @ w).mean() ** 2 / n, w, opt)

    return step


@case("changes from call to call")
def a_counter_that_hides(w, opt):
    count = itertools.count(1)
    return lambda x: finish((x @ w).mean() ** 2 / next(count), w, opt)


@case("in each call: ")
def branches_that_take_turns(w, opt):
    turns = itertools.cycle([True, False])
    return lambda x: finish((x @ w).mean() ** 2 if next(turns) else ops.tanh(x @ w).mean(), w, opt)


@case("changes what is in log")
def a_list_that_grows(w, opt):
    log = []

    def step(x):
        log.append(1)
        return finish((x @ w).mean() ** 2, w, opt)

    return step


@case("changes k,")
def a_number_in_a_dict(w, opt):
    state = {"k": 1.0}

    def step(x):
        state["k"] *= 0.5
        return finish((x @ w).mean() ** 2 * state["k"], w, opt)

    return step


@case("that no op made")
def an_array_of_the_closure(w, opt):
    noise = np.ones((4, 3), np.float32)

    def step(x):
        noise[...] = noise * 1.1
        return finish(((x + noise) @ w).mean() ** 2, w, opt)

    return step


@case("reads `.data`")
def sgd_by_hand_on_data(w, opt):
    def step(x):
        loss = (x @ w).mean() ** 2
        (g,) = tg.grad(loss, [w])
        w.data = w.data - 0.1 * g.data
        return loss

    return step


@case("changes a number of an optimiser")
def a_learning_rate_that_falls_inside(w, opt):
    def step(x):
        opt.lr *= 0.9
        return finish((x @ w).mean() ** 2, w, opt)

    return step


@case("is given another Tensor from call to call")
def the_last_loss_is_looked_at(w, opt):
    last = SimpleNamespace(loss=tg.Tensor(0.0))

    def step(x):
        loss = (x @ w).mean() ** 2 + last.loss * 0.1
        last.loss = loss.detach()
        return finish(loss, w, opt)

    return step


@case("it returns a")
def a_result_that_no_op_made(w, opt):
    return lambda x: (finish((x @ w).mean() ** 2, w, opt), np.float32(1))[0:2]


@case("")
def settings_of_the_closure_and_the_module(w, opt):
    factor = 2.0
    return lambda x: finish((x @ w).mean() ** 2 * SCALE * factor, w, opt)


@case("")
def sgd_by_hand(w, opt):
    def step(x):
        loss = (x @ w).mean() ** 2
        (g,) = tg.grad(loss, [w])
        with tg.no_grad():
            w.assign(w - 0.1 * g)
        return loss

    return step


@case("")
def as_in_pytorch(w, opt):
    def step(x):
        w.grad = None
        loss = (x @ w).mean() ** 2
        loss.backward()
        opt.step([w.grad])
        return loss

    return step


@case("")
def a_mask(w, opt):
    def step(x):
        y = x @ w
        return finish(ops.where(y > 0, y, y * 0.1).mean() ** 2, w, opt)

    return step


@case("")
def noise_that_is_drawn(w, opt):
    rng = np.random.default_rng(1)

    def step(x):
        noise = tg.draw(lambda: rng.standard_normal((4, 3)).astype(np.float32))
        return finish(((x + noise) @ w).mean() ** 2, w, opt)

    return step


@case("")
def a_log_that_an_effect_keeps(w, opt):
    log = []

    def step(x):
        loss = finish((x @ w).mean() ** 2, w, opt)
        tg.effect(lambda number: log.append(float(number)), loss)
        return {"loss": loss, "all": tg.effect(lambda number: [*log, float(number)], loss)}

    return step


@case("")
def many_results(w, opt):
    def step(x):
        loss = finish((x @ w).mean() ** 2, w, opt)
        return {"loss": loss, "n": len(x), "more": [x @ w, None, (w, "name")]}

    return step


@case("")
def a_tensor_that_is_kept(w, opt):
    kept = SimpleNamespace(fake=tg.Tensor(np.zeros((4, 2), np.float32)))

    def step(x):
        kept.fake = x @ w
        loss = finish(kept.fake.mean() ** 2, w, opt)
        return loss, tg.effect(lambda: kept.fake._data.copy())

    return step


def numbers(result):
    if isinstance(result, tg.Tensor):
        return [result._data.copy()]
    if isinstance(result, dict):
        return [each for value in result.values() for each in numbers(value)]
    if isinstance(result, (list, tuple)):
        return [each for value in result for each in numbers(value)]
    return [result]


def played(make, fast):
    random.seed(3)
    np.random.seed(4)  # noqa: NPY002
    w = tg.Tensor(np.random.default_rng(0).standard_normal((3, 2)).astype(np.float32), requires_grad=True, name="w")
    opt = tg.optim.Adam([w], lr=0.1)
    step = make(w, opt)
    step = tg.compiled(step) if fast else step
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = [each for x in BATCHES for each in (*numbers(step(tg.Tensor(x))), w._data.copy())]
    return found, step, [str(warning.message) for warning in said]


@pytest.mark.parametrize("name", CASES)
def test_the_numbers_are_the_same_and_the_reason_is_said_once(name):
    make, expected = CASES[name]
    wanted, _, _ = played(make, fast=False)
    found, step, said = played(make, fast=True)
    assert len(wanted) == len(found)
    for a, b in zip(wanted, found, strict=True):
        assert np.array_equal(a, b)
    assert expected in step.why_not and bool(step.why_not) == bool(expected) == (not step.programs)
    assert len(said) == bool(expected)


def test_the_sentence_names_the_line():
    _, step, (said,) = played(CASES["item"][0], fast=True)
    assert "test_compiled_refusals.py, line" in said and "y.item() > 0" in said and said.count("\n") == 0


def test_what_never_stays_the_same_is_given_up():
    weight = SimpleNamespace(now=1.0)
    step = tg.compiled(lambda x: x * weight.now)
    with pytest.warns(UserWarning, match="now changes again and again: give what changes as an array"):
        for i in range(40):
            weight.now = i / 7
            assert step(BATCHES[0]).data[0, 0] == BATCHES[0][0, 0] * np.float32(i / 7)


def test_an_error_in_the_step_is_the_steps_own_and_leaves_no_trace():
    def step(x):
        if len(x) == 3:
            raise ValueError("three")
        return x * 2

    fast = tg.compiled(step)
    for n in (2, 2, 3, 2, 2):
        x = np.ones((n, 1), np.float32)
        if n == 3:
            with pytest.raises(ValueError, match="three"):
                fast(x)
        else:
            assert fast(x).data.sum() == 2 * n
    assert (tg.Tensor([1.0]) * 2).item() == 2 and len(fast.programs) == 1
