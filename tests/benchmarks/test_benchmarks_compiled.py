"""tinygan's own sides: the step played back, wider networks, the arrays of a step, peers that are not there."""

from __future__ import annotations

import gc
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import cpu, memory, options, race, table
from benchmarks.floor import products_of
from benchmarks.wider import widened
from benchmarks.worker import SETTINGS, _refuse, compiled_step, networks, tinygan_step
from tinygan import nn
from tinygan.autograd import Tensor
from tinygan.compiled import compiled

SMALL = replace(SETTINGS["ring"], batch=8)


def test_the_step_that_is_timed_is_played_back_and_the_same_to_the_last_bit():
    played, eager = compiled_step(SMALL, 1), tinygan_step(SMALL, 1)
    for _ in range(4):
        assert played(True) == eager(True)
    assert played.play.programs and products_of(lambda: played(True)) == []
    eager(True)
    assert products_of(played.plain) == products_of(eager.plain) != []
    assert played(True) == eager(True)


def test_a_step_that_cannot_be_played_back_is_not_timed():
    with pytest.raises(SystemExit, match="is not played back"):
        compiled(lambda x: x * x.sum().item(), _refuse)(np.ones(3, np.float32))


@pytest.mark.parametrize("step", SETTINGS)
def test_wider_networks_take_and_give_the_same(step):
    setting = SETTINGS[step]
    (g, d), (wide_g, wide_d) = networks(setting), networks(replace(setting, width=2))
    z = Tensor(np.random.default_rng(0).standard_normal((2, setting.latent), dtype=np.float32))
    assert wide_g(z).shape == (2, *setting.shape) and wide_d(wide_g(z)).shape == (2, 1)
    for narrow, wide in ((g, wide_g), (d, wide_d)):
        assert [type(layer) for layer in narrow.layers] == [type(layer) for layer in wide.layers]
        times = {q.size / p.size for p, q in zip(narrow.parameters(), wide.parameters(), strict=True)}
        inner = sum(hasattr(layer, "W") for layer in narrow.layers) > 2  # a weight between two hidden layers
        assert times <= {1, 2, 4} and max(times) == (4 if inner else 2)


def test_how_an_unknown_layer_becomes_wider_is_not_guessed():
    network = nn.Sequential(nn.Dense(3, 4), nn.LayerNorm(4), nn.Dense(4, 2))
    with pytest.raises(ValueError, match="LayerNorm.* becomes wider is not written"):
        widened(network, 2, np.random.default_rng(0))


def test_arrays_are_counted_at_their_peak_above_what_is_there():
    tracemalloc.start()
    try:
        there = np.ones(500_000)
        found = memory.above(lambda: [np.ones(1_000_000).sum(), np.ones(250_000)])
        assert 8_000_000 <= found < 8_100_000 and there.size
    finally:
        tracemalloc.stop()


def test_a_step_played_back_needs_fewer_arrays_than_the_eager_one():
    tracemalloc.start()
    try:
        eager, played = (memory.measure("ring", 64, play_back) for play_back in (False, True))
    finally:
        tracemalloc.stop()
        gc.collect()
    assert 0 < played["peak"] < eager["peak"] < played["recorded"]
    assert memory.row("ring", eager, played).split()[3] == f"{played['peak'] / eager['peak']:.2f}"


def test_the_table_of_memory_asks_processes_of_its_own():
    title, header, row, notes = memory.lines(["ring"], 1)
    assert row.split()[0] == "ring" and float(row.split()[3]) < 1


def test_peers_that_are_not_there_are_left_out_in_a_sentence(monkeypatch):
    monkeypatch.setattr(options, "find_spec", lambda name: None if name in ("jax", "dezero") else name)
    times = {(side, 1): np.ones(2) for side in ("tinygan", "eager", "torch", "torch.compile")}
    made = race.Race(times, {1: np.ones(2)}, dict.fromkeys(times, 1.0), 1)
    monkeypatch.setattr(cpu, "race", lambda step, peers, *_: made)
    args = cpu.parse(["--steps", "ring", "--threads", "1"])
    assert args.peers == ["eager", "torch", "torch.compile"] and options.packages(args.peers) == ["torch"]
    told = [line for line in cpu.lines(args) if "left out" in line]
    assert len(told) == 2 and told[0].startswith("JAX is left out: ") and told[0].endswith("pip install jax")
    assert sum(line.startswith("ring ") for line in cpu.lines(args)) == 3


def test_growth_is_shown_beside_fewer_peers_and_steps():
    args = cpu.parse(["--batch", "16"])
    assert (args.peers, args.steps) == (["eager", "torch"], ["mlp", "dcgan"]) and not args.skipped
    assert [race.name_of("mlp", *size) for size in ((0, 0), (16, 0), (0, 1), (16, 2))] == [
        *("mlp", "mlp 16", "mlp x1", "mlp x2 16")
    ]


@pytest.mark.parametrize("name", ["benchmarks.cpu --batch", "benchmarks.cpu --width", "benchmarks.memory"])
def test_the_page_has_a_place_for_each_table(name):
    assert "new" in table.replace_table(table.PAGE.read_text(encoding="utf-8"), name, "new")


def test_growth_in_both_directions_has_no_place_in_the_page(capsys, monkeypatch):
    monkeypatch.setattr(options, "find_spec", lambda name: name)
    with pytest.raises(SystemExit) as ended:
        cpu.main(["--batch", "16", "--width", "2", "--write"])
    said = capsys.readouterr()
    assert ended.value.code == 2 and said.out == "" and "no place for the table" in said.err
