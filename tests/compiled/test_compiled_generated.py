"""Kernels whose text the ops' formulas write, compiled for the CPU, against the formulas themselves on NumPy."""

from __future__ import annotations

import copy
import itertools
import math
import re

import numpy as np
import pytest
from standin import COMPILER, FakeCupy, kernels, nvrtc

import tinygan as tg
from tinygan.autograd import Tensor, arithmetic, elementwise, gated, kinks
from tinygan.autograd.op import Elementwise
from tinygan.backend import CupyBackend, current_backend, to_numpy, using_backend
from tinygan.compiled import generated
from tinygan.compiled.generated import Symbol, Writer
from tinygan.compiled.recorder import Line, Value

needs_compiler = pytest.mark.skipif(not COMPILER, reason="the stand-in compiles the kernels with g++")
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda t: t.__name__)
quiet = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of NumPy, about what a nan or an overflow is made of

SPECIAL = (math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -3.0, 7.25, 1e4, -1e4)
EXACT = [  # one operation after the other gives the same bits everywhere
    *(arithmetic.Add(), arithmetic.Sub(), arithmetic.Mul(), arithmetic.Div(), arithmetic.Neg()),
    *(arithmetic.PowConstant(p) for p in (-1, 0, 0.5, 1, 2, 2.0)),
    *(arithmetic.Flat(along=0), arithmetic.Flat(along=1), elementwise.Sqrt()),
    *(kinks.Masked(), kinks.Gate(0.0, 1.0), kinks.Gate(0.2, 1.0), kinks.Gate(2.0, -1.5), kinks.ReLU()),
    *(kinks.LeakyReLU(0.2), kinks.LeakyReLU(-0.5), kinks.Sign(), kinks.Abs(), kinks.Larger(), kinks.Maximum()),
    *(kinks.Minimum(), kinks.Where(), kinks.Inside(-1.0, 2.0), kinks.Clip(-1.0, 2.0), kinks.Clip(2.0, -1.0)),
]
ROUNDED = [
    *(elementwise.Exp(), elementwise.Log(), elementwise.Tanh(), elementwise.Sigmoid(), elementwise.Softplus()),
    *(arithmetic.PowConstant(p) for p in (3, -2, 1.7, -0.5)),
    *(arithmetic.Pow(), gated.NormalCDF()),
]


def arity(op):
    return op.forward.__code__.co_argcount - 2


def name_of(op):
    return f"{op.name}{tuple(vars(op).values())}"


def line_of(op, *inputs):
    """A Line as the recorder would write it; the inputs are Values that know their array."""
    y = np.asarray(op.forward(np, *[value.source for value in inputs]))
    return Line(op.name, "op", op.forward, list(inputs), [Value.of("result", y, y)], op=op)


def values(*arrays):
    return [Value.of("argument", np.asarray(array), np.asarray(array)) for array in arrays]


def run(lines, inputs, outputs, monkeypatch):
    """What the kernel of these lines gives, in whichever order its threads come; it is one launch."""
    with using_backend(CupyBackend(FakeCupy())) as backend:
        kernel = generated.kernel(backend.xp, lines, inputs, outputs)
        arrays, found = [backend.array_type(value.source) for value in inputs], []
        for backwards in (False, True):
            monkeypatch.setattr(kernels, "backwards", backwards)
            before = backend.xp.launches
            results = kernel(*arrays)
            assert backend.xp.launches - before == (outputs[0].size > 0)
            found.append([r._host for r in (results if isinstance(results, tuple) else (results,))])
        for one, other in zip(*found, strict=True):
            np.testing.assert_array_equal(one, other)
        return found[0]


def alone(op, arrays, monkeypatch):
    line = line_of(op, *values(*arrays))
    assert generated.fits(line)
    (found,) = run([line], line.inputs, line.outputs, monkeypatch)
    assert found.dtype == line.outputs[0].dtype and found.shape == line.outputs[0].shape
    return found, line.outputs[0].source


def combinations(op, dtype):
    """Every special number beside every other."""
    arrays = [np.array(column, dtype) for column in zip(*itertools.product(SPECIAL, repeat=arity(op)), strict=True)]
    return [arrays[0] > 0, *arrays[1:]] if isinstance(op, kinks.Where) else arrays


def test_every_op_is_here():
    classes, known = [Elementwise], {type(op) for op in (*EXACT, *ROUNDED)}
    for cls in classes:
        classes.extend(cls.__subclasses__())
    assert known == {cls for cls in classes[1:] if cls.__module__.startswith("tinygan.")} and len(known) >= 25


@quiet
@needs_compiler
@DTYPES
@pytest.mark.parametrize("op", EXACT, ids=name_of)
def test_exact_ops_at_all_special_numbers(op, dtype, monkeypatch):
    found, expected = alone(op, combinations(op, dtype), monkeypatch)
    np.testing.assert_array_equal(found, expected)
    if not isinstance(op, (kinks.Maximum, kinks.Minimum, kinks.ReLU)):  # of two zeros NumPy may take either
        signs = [np.signbit(y) & ~np.isnan(y) if y.dtype.kind == "f" else y for y in (found, expected)]
        np.testing.assert_array_equal(*signs)


@quiet
@needs_compiler
@DTYPES
@pytest.mark.parametrize("op", ROUNDED, ids=name_of)
def test_other_ops_at_all_special_numbers(op, dtype, monkeypatch):
    found, expected = alone(op, combinations(op, dtype), monkeypatch)
    np.testing.assert_allclose(found, expected, rtol=1e-6 if dtype == np.float32 else 1e-14)


@needs_compiler
@DTYPES
@pytest.mark.parametrize("op", [*EXACT, *ROUNDED], ids=name_of)
@pytest.mark.parametrize("shape", [(), (0,), (3, 7), (2, 3, 5)], ids=str)
def test_ops_on_arrays_of_any_strides(op, shape, dtype, monkeypatch, rng):
    wide = np.abs(rng.standard_normal((arity(op), *(2 * n for n in reversed(shape))))).astype(dtype) + dtype(0.1)
    arrays = [each[(slice(None, None, -2),) * len(shape)].transpose() for each in wide]
    arrays[0] = arrays[0] > 0.5 if isinstance(op, kinks.Where) else arrays[0]
    found, expected = alone(op, arrays, monkeypatch)
    np.testing.assert_allclose(found, expected, rtol=2e-6 if dtype == np.float32 else 1e-14)


LINKS = [
    *(arithmetic.Add(), arithmetic.Sub(), arithmetic.Mul(), arithmetic.Neg(), kinks.Masked(), kinks.Clip(-2.0, 2.0)),
    *(elementwise.Tanh(), elementwise.Sigmoid(), elementwise.Softplus(), kinks.Abs(), kinks.ReLU(), gated.NormalCDF()),
    *(kinks.LeakyReLU(0.2), kinks.Gate(0.2, 1.0), kinks.Maximum(), kinks.Minimum(), kinks.Where()),
]


@quiet
@needs_compiler
@DTYPES
@pytest.mark.parametrize("seed", range(12))
def test_chains_drawn_at_random(seed, dtype, monkeypatch):
    """A kink takes only what was given, on which side of it the rounding of another op cannot fall."""
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 6, rng.integers(0, 4)))
    given = values(
        *(rng.choice(SPECIAL[3:-2] if seed % 2 else SPECIAL, s).astype(dtype) for s in (shape, shape, (), shape[-1:])),
        rng.random(shape) < 0.5,
    )
    *floats, mask = given
    lines = []
    while len(lines) < 2 + seed:
        op = copy.copy(rng.choice(LINKS))  # type: ignore[arg-type]
        pool = floats if op.__module__ == kinks.__name__ else [*floats, *(line.outputs[0] for line in lines)]
        inputs = [pool[i] for i in rng.integers(0, len(pool), arity(op))]
        if isinstance(op, kinks.Where):
            inputs[0] = mask
        line = line_of(op, *inputs)
        if line.outputs[0].shape == shape:
            assert generated.fits(line)
            lines.append(line)
    outputs = [line.outputs[0] for line in lines if line is lines[-1] or rng.random() < 0.3]
    used = [value for value in given if any(value in line.inputs for line in lines)]
    for found, value in zip(run(lines, used, outputs, monkeypatch), outputs, strict=True):
        assert found.dtype == value.dtype and found.shape == value.shape
        np.testing.assert_allclose(found, value.source, rtol=1e-4 if dtype == np.float32 else 1e-11, atol=1e-5)


# -- what can be written ---------------------------------------------------------------------------------

x, m = (lambda writer: Symbol(writer, "x", "T")), (lambda writer: Symbol(writer, "m", "bool"))


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (lambda xp, x, m: x + 1, "const T v0 = x + T(1.0);"),
        (lambda xp, x, m: 0.1 - x, "const T v0 = T(0.1) - x;"),
        (lambda xp, x, m: np.float32(0.5) * x, "const T v0 = T(0.5) * x;"),
        (lambda xp, x, m: x * math.inf, "const T v0 = x * (T(1) / T(0));"),
        (lambda xp, x, m: x * -1e300, "const T v0 = x * (T(-1) / T(0));"),
        (lambda xp, x, m: x * xp.nan, "const T v0 = x * (T(0) / T(0));"),
        (lambda xp, x, m: 2**x, "const T v0 = pow(T(2.0), x);"),
        (lambda xp, x, m: abs(x), "const T v0 = fabs(x);"),
        (lambda xp, x, m: m * x, "const T v0 = m * x;"),
        (lambda xp, x, m: xp.where(m, x, 0), "const T v0 = m ? x : T(0.0);"),
        (lambda xp, x, m: xp.where(x, 2, x), "const T v0 = x != 0 ? T(2.0) : x;"),
        (lambda xp, x, m: ~m | (x != 0), "const bool v0 = !m;const bool v1 = x != T(0.0);const bool v2 = v0 | v1;"),
        (lambda xp, x, m: xp.where(m, m, m), "const bool v0 = m ? m : m;"),
        (lambda xp, x, m: m.astype(x.dtype) + 1, "const T v0 = T(m) + T(1.0);"),
        (lambda xp, x, m: x.astype(bool), "const bool v0 = x != 0;"),
        (lambda xp, x, m: 1 / x if x.dtype.itemsize == 4 else x, "const T v0 = T(1.0) / x;"),
    ],
)
def test_the_text_of_a_formula(formula, text):
    writer = Writer(np.float32)
    formula(writer, x(writer), m(writer))
    assert "".join(writer.lines) == text


@pytest.mark.parametrize(
    "formula",
    [
        lambda xp, x, m: x if x > 0 else -x,
        lambda xp, x, m: x.sum(),
        lambda xp, x, m: xp.cumsum(x),
        lambda xp, x, m: np.exp(x),
        lambda xp, x, m: math.exp(x),
        lambda xp, x, m: x * np.float64(2),
        lambda xp, x, m: x * np.ones(3, np.float32),
        lambda xp, x, m: x * 1j,
        lambda xp, x, m: x * 10**400,
        lambda xp, x, m: x * True,
        lambda xp, x, m: xp.where(x & x, x, 0),
        lambda xp, x, m: m & True,
        lambda xp, x, m: m + m,
        lambda xp, x, m: -m,
        lambda xp, x, m: xp.where(m, 1, 2),
        lambda xp, x, m: xp.where(True, x, 2),
        lambda xp, x, m: xp.exp(x, out=x),
        lambda xp, x, m: xp.exp(x, x),
        lambda xp, x, m: xp.clip(x, 0, None),
        lambda xp, x, m: x.astype(np.float16),
        lambda xp, x, m: x[0],
        lambda xp, x, m: len(x),
        lambda xp, x, m: {x: 1},
        lambda xp, x, m: 1.0,
        lambda xp, x, m: x > 0,  # the array was of floats
        lambda xp, x, m: x // 2,
    ],
)
def test_what_cannot_be_written_stays_a_line(formula):
    class Own(Elementwise):
        def forward(self, xp, x, m):
            return formula(xp, x, m)

    inputs = values(np.ones((2, 3), np.float32), np.ones((2, 3), bool))
    line = Line("Own", "op", None, inputs, values(np.ones((2, 3), np.float32)), op=Own())
    assert not generated.fits(line)


@pytest.mark.parametrize(
    ("shapes", "dtypes", "expected"),
    [
        (((2, 3), (2, 3), (2, 3)), "fff", True),
        (((2, 3), (3,), (2, 3)), "ddd", True),
        (((2, 3), (), (2, 3)), "fff", True),
        (((2, 3), (2, 3), (2, 3)), "fdd", False),
        (((2, 3), (2, 3), (2, 3)), "eee", False),
        (((2, 3), (2, 3), (2, 3)), "lll", False),
        (((2, 3), (2, 3), (3,)), "fff", False),
    ],
)
def test_what_fits(shapes, dtypes, expected):
    *inputs, y = values(*(np.ones(shape, dtype) for shape, dtype in zip(shapes, dtypes, strict=True)))
    assert generated.fits(Line("Add", "op", None, inputs, [y], op=arithmetic.Add())) == expected
    assert not generated.fits(Line("Add", "several", None, inputs, [y], op=arithmetic.Add()))


class Branch(Elementwise):
    """It cannot be written: Python decides by a number."""

    def forward(self, xp, x):
        return x * 2 if x.size > 1 else x

    def backward(self, gy, y, x):
        return gy * 2


class Wave(Elementwise):
    """It can be; and what it notes of an array is its own."""

    seen = None

    def forward(self, xp, x):
        self.seen = x
        return xp.sin(x) * x

    def backward(self, gy, y, x):
        return gy


class Everything(Elementwise):
    """All that can be written, in one formula."""

    def forward(self, xp, x, m):
        total = xp.clip(xp.where(m | ~(x < 0), x, -x) * xp.inf, -xp.inf, 3.0) + xp.where(m ^ (x != 1), xp.nan, x)
        for name in generated.FUNCTIONS.keys() - {"maximum", "minimum", "clip"}:
            total += getattr(xp, name)(x)
        total += xp.maximum(x, xp.minimum(1, x)) + 2.5**x + x**2.5 + m.astype(x.dtype) - (x.astype(bool) & m) / x
        return total


@quiet
@needs_compiler
def test_everything_at_once(monkeypatch):
    x = np.array([-1.5, -0.0, 0.5, 1.0, 3.0], np.float64)
    found, expected = alone(Everything(), [x, x > 0.7], monkeypatch)
    np.testing.assert_allclose(found, expected, rtol=1e-13)


@needs_compiler
@pytest.mark.parametrize(("kind", "launches"), [(Branch, 3), (Wave, 1), (elementwise.Tanh, 1)])
def test_ops_of_your_own(kind, launches, fake_cupy, rng):
    def step(x):
        return tg.ops.tanh(kind()(x + 1) * x)

    play, x = tg.compiled(step), fake_cupy.asarray(rng.standard_normal((3, 5)).astype(np.float32))
    for _ in range(4):
        before = fake_cupy.launches
        found = play(x)
    assert fake_cupy.launches - before == launches and not play.why_not
    np.testing.assert_allclose(to_numpy(found), to_numpy(step(Tensor(x))), rtol=1e-6)
    assert not any(isinstance(getattr(line.op, "seen", None), Symbol) for line in play.programs[0].recorded)


def test_a_view_of_its_input_is_not_copied_into_a_kernel():
    (x, y), add = values(np.ones(3, np.float32), np.ones(3, np.float32)), arithmetic.Add()
    assert generated.fits(Line("Add", "op", None, [x, x], [y], op=add))
    y.owner = x
    assert not generated.fits(Line("Add", "op", None, [x, x], [y], op=add))


@pytest.mark.parametrize("op", [*EXACT, *ROUNDED, Everything()], ids=name_of)
def test_the_text_of_each_op_compiles_for_nvidia_gpus(op):
    try:
        cupy, library = nvrtc.load()
    except Exception as error:  # the packages raise classes of their own where a part is missing
        pytest.skip(f"{error}: {nvrtc.NEEDS}")
    for dtype, capability in (("float32", 90), ("float64", 80)):
        ones = [np.ones((2, 3), dtype) for _ in range(arity(op))]
        if isinstance(op, (kinks.Where, Everything)):
            ones[0 if isinstance(op, kinks.Where) else 1] = ones[0] > 0
        line = line_of(op, *values(*ones))
        text = (*generated.written([line], line.inputs, line.outputs), "tinygan_one")
        source = nvrtc.cuda_source(cupy, text, (True,) * (arity(op) + 1), dtype, 2)
        found = nvrtc.ptx(cupy, library, source, capability)
        if dtype == "float32" and "sin(" not in text[2]:  # CUDA's own takes doubles for large angles
            assert not re.search(r"\.f64\b", found)


# -- on a GPU --------------------------------------------------------------------------------------------


def together():
    """All ops, in groups that take the same inputs: each is one kernel, as compiling takes longer than running."""
    ops = sorted([*EXACT, *ROUNDED], key=lambda op: (arity(op), isinstance(op, kinks.Where)))
    for _, group in itertools.groupby(ops, key=lambda op: (arity(op), isinstance(op, kinks.Where))):
        group = list(group)
        yield from (group[i : i + generated.MOST] for i in range(0, len(group), generated.MOST))


def check_together(dtype, backend):
    for group in together():
        inputs = values(*combinations(group[0], dtype))
        lines = [line_of(op, *inputs) for op in group]
        outputs = [line.outputs[0] for line in lines]
        kernel = generated.kernel(backend.xp, lines, inputs, outputs)
        results = kernel(*(backend.asarray(value.source) for value in inputs))
        for op, y, value in zip(group, results if len(group) > 1 else [results], outputs, strict=True):
            tolerance = 0 if op in EXACT else 1e-5 if dtype == np.float32 else 1e-13
            np.testing.assert_allclose(backend.to_numpy(y), value.source, rtol=tolerance, err_msg=name_of(op))


@quiet
@needs_compiler
@DTYPES
def test_all_ops_in_few_kernels(dtype, fake_cupy):
    check_together(dtype, current_backend())
    assert fake_cupy.launches == len(list(together())) < 8


@quiet
@pytest.mark.gpu
@DTYPES
def test_all_ops_on_a_gpu(dtype, gpu):
    check_together(dtype, gpu)
