"""A step that is played back on CuPy, on the stand-in: the numbers, the launches, the waiting, and the texts."""

from __future__ import annotations

import re
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from standin import COMPILER, FakeCupy, launches, log, nvrtc

import tinygan as tg
from tinygan.autograd import arithmetic, elementwise, linear
from tinygan.backend import CupyBackend, to_numpy, using_backend
from tinygan.compiled import generated, passes, program
from tinygan.compiled.recorder import Line, Value
from tinygan.training import presets

needs_compiler = pytest.mark.skipif(not COMPILER, reason="the stand-in compiles the kernels with g++")
PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "backends.md"

SWITCHES = {
    "penalties": dict(preset="mlp", penalty="gp+dragan+r1+r2", penalty_weight=1.0, instance_noise=0.1, ema=0.9),
    "packed": dict(preset="small", pack=2, label_smoothing=0.1, fresh_fakes=True, dropout=0.3),
    "clipped": dict(preset="ring", loss="wgan", weight_clip=0.01, n_critic=2),
    "relativistic": dict(preset="ring", loss="ragan", simultaneous=True),
    "unrolled": dict(preset="ring", unroll=2, unroll_lr=0.01),
    "minibatch std": dict(preset="mlp", minibatch_std=True),
    "spectral norm": dict(preset="small", spectral_norm=True),
    "augmented": dict(preset="mlp", augment="color+shift+cutout"),
}
CASES = {**{name: dict(preset=name) for name in presets.PRESETS}, **SWITCHES}


def games(options, steps):
    """(the state, the stats, the bytes sent in the last step), of a game that is called, and of one that is played."""
    config = presets.configure({**options, "batch_size": 4, "samples": 1})
    with using_backend(CupyBackend(FakeCupy())) as backend:
        plain, raw, fast = launches.setups(config, backend, 3)
        with mock.patch.object(program, "improved", lambda lines, wanted, backend: lines):
            yield from play(raw, tg.compiled(raw.game.step), steps, backend.xp)
        yield from play(plain, plain.game.step, steps, backend.xp)
        yield from play(fast, tg.compiled(fast.game.step), steps, backend.xp)


def play(setup, step, steps, xp):
    """Train; no step waits for the device, but for the second, in which constants are compared."""
    for number in range(1, steps + 1):
        setup.set_learning_rates(number)
        waits, sent = xp.syncs, xp.sent
        stats = step(setup.next_reals, measure=True)
        sent = xp.sent - sent
        assert xp.syncs == waits or step != setup.game.step and number == 2
    if step != setup.game.step:
        assert not step.why_not and len(step.programs) == 1
    yield setup.state(steps)[0] | {name: to_numpy(value) for name, value in stats.items()}, sent


@needs_compiler
@pytest.mark.parametrize(
    "case", [pytest.param(name, marks=pytest.mark.slow if name in ("deep", "resnet") else ()) for name in CASES]
)
def test_a_step_that_is_played_back_is_the_step_that_is_called(case):
    """To the last bit, with and without the passes: an op in a generated kernel rounds as in a kernel of its own."""
    (raw, sent_raw), (called, sent), (fast, sent_fast) = games(CASES[case], 4)
    assert sent == sent_raw == sent_fast, "what is drawn is sent once"
    assert called.keys() == raw.keys() == fast.keys()
    for name, value in called.items():
        assert np.array_equal(value, raw[name]), name
        assert np.array_equal(value, fast[name]), name


@needs_compiler
def test_the_table_in_the_docs_is_counted():
    """If a step takes other launches now: ``PYTHONPATH=tests python tests/standin/launches.py``."""
    table = list(launches.rows())
    assert "\n".join(table) in PAGE.read_text(encoding="utf-8")
    for row in table[2:]:
        called, played = (int(cell) for cell in row.split("|")[2:4])
        assert played < 0.9 * called, row


def test_where_there_are_no_kernels_the_lines_stay(monkeypatch):
    backend = CupyBackend(FakeCupy())
    monkeypatch.delattr("standin.FakeCupy.__getattr__")  # as on a machine without a compiler
    lines = [Line("Add", "op", None, [], [], op=arithmetic.Add())]
    assert passes.improved(lines, set(), backend) is lines


# -- the order of lines --------------------------------------------------------------------------------


class Drawn:
    """Lines as a recorder might write them, of arrays of two shapes."""

    def __init__(self, text):
        self.values = {}
        self.lines = []
        for each in text.split(";"):
            name, _, inputs = each.strip().partition(" ")
            kind = "effect" if name == "!" else "op"
            op = None if name == "!" else linear.MatMul() if name.islower() else elementwise.Tanh()
            given = [self.value(i) for i in inputs.split()]
            self.lines.append(Line(name, kind, None, given, [] if name == "!" else [self.value(name)], op=op))

    def value(self, name):
        shape = (3,) if name.endswith("'") else (2, 3)
        kind = "result" if name[0].isalpha() else "held"
        return self.values.setdefault(name, Value.of(kind, np.ones(shape, np.float32)))


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("A 0;b 0;C A", "A C b"),  # C was behind b for no reason
        ("A 0;b 0;C b", "A b C"),  # C waits for b
        ("A 0;b 0;C b;d 0;E A;F C", "A b C E F d"),
        ("A 0;B' 0';C A;D' B'", "A C B' D'"),  # each behind its form
        ("A 0;! 0;C 0", "A ! C"),  # what is read may be changed in between
        ("b 0;A b;c 0;D c;E A", "b A c D E"),
    ],
)
def test_lines_move_up_behind_their_form(text, order):
    drawn = Drawn(text)
    assert " ".join(line.name for line in passes.gathered(drawn.lines, generated.fits)) == order


def test_a_kernel_has_so_many_ops_that_its_arguments_fit():
    """CUDA takes 4 KB of arguments; an array of four axes takes 80 bytes of them, its indexer 40."""
    drawn = Drawn(";".join(f"A{i} {i}" for i in range(40)))
    sizes = []

    def make(lines, inputs, outputs):
        assert (len(inputs) + len(outputs)) * 80 + 40 <= 4096
        sizes.append(len(lines))

    passes.chains(drawn.lines, set(drawn.values.values()), make, generated.fits, generated.MOST)
    assert sum(sizes) == 40 and max(sizes) == generated.MOST


@needs_compiler
def test_an_affine_is_taken_apart_for_its_sum_to_join_what_comes_next(fake_cupy, rng):
    x, w, b = (fake_cupy.asarray(rng.standard_normal(s).astype(np.float32)) for s in ((5, 3), (3, 2), (2,)))
    play = tg.compiled(lambda x, w, b: tg.ops.leaky_relu(tg.ops.affine(x, w, b)))
    for _ in range(3):
        before = fake_cupy.launches
        found = play(x, w, b)
    assert fake_cupy.launches - before == 2 and "add_leakyrelu_1" in play.programs[0].source
    expected = x @ w + b
    assert np.array_equal(to_numpy(found), to_numpy(fake_cupy.where(expected > 0, expected, expected * 0.2)))


# -- the texts -------------------------------------------------------------------------------------------


@needs_compiler
def test_what_the_presets_generate_compiles_for_nvidia_gpus():
    """Float32 kernels must not compute in float64, which most GPUs do 32 to 64 times more slowly."""
    try:
        cupy, library = nvrtc.load()
    except Exception as error:  # the packages raise classes of their own where a part is missing
        pytest.skip(f"{error}: {nvrtc.NEEDS}")
    texts = set()
    for preset in presets.PRESETS:
        launches.count(preset)
        texts |= {each for each in log.kernels if "\ny0 = " in each[2]}
    for *text, arrays in texts:
        assert re.fullmatch("tinygan_[a-z_]+", text[3]) and all(arrays)
        ptx = nvrtc.ptx(cupy, library, nvrtc.cuda_source(cupy, text, arrays, "float32", 1), 90, generated.OPTIONS)
        assert f".entry {text[3]}(" in ptx and not re.search(r"\.f64\b", ptx), text
        if not re.search("exp|log|tanh|sqrt| / |pow", text[2]):  # these are made of fused operations themselves
            assert not re.search(r"\bfma\b", ptx), text
    assert len(texts) >= 20
