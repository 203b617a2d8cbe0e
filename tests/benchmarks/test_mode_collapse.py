"""PacGAN's Table 1: the networks are the paper's, jobs go on bit for bit, and the table's sums are right."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmarks import mode_collapse, pacgan_jobs, table
from benchmarks.cell import Cell
from benchmarks.mode_collapse import BUDGETS
from benchmarks.pacgan import Job, Rules, Trial, discriminator, generator, oracle, settings
from benchmarks.pacgan_jobs import Jobs
from tinygan.autograd import Tensor
from tinygan.commandline import guarded
from tinygan.metrics import count_modes
from tinygan.nn import BatchNorm
from tinygan.training import checkpoint
from tinygan.training.checkpoint import CheckpointError
from tinygan.training.loop import TrainingInterrupted

TINY = Rules(steps=12, batch=10, g_layers=2, g_width=8, d_layers=2, d_width=6, pieces=3, points=50, samples=40)
JOB = Job("ring", 2, 3)


class StopAfter:
    """Asks a run to stop, as Ctrl-C does, once it was asked so often."""

    def __init__(self, steps):
        self.left = steps

    def __bool__(self):
        self.left -= 1
        return self.left < 0


def total(network):
    return sum(p.size for p in network.parameters())


def test_the_networks_are_those_of_the_paper(rng):
    g = generator(Rules(), rng)
    # Weights without biases, gamma and beta of four BatchNorms, and the last layer with its bias.
    assert total(g) == 2 * 400 + 3 * 400 * 400 + 4 * 2 * 400 + 400 * 2 + 2 == 484_802
    assert g(Tensor(np.ones((5, 2), np.float32))).shape == (5, 2)
    for pack in (1, 4):
        d = discriminator(Rules(), pack, rng)
        assert total(d) == (2 * pack * 1000 + 1000) + 2 * (200 * 1000 + 1000) + 200 + 1
        assert d(Tensor(np.ones((5, 2 * pack), np.float32))).shape == (5, 1)


def test_the_weights_begin_small_and_the_biases_at_zero(rng):
    rules = Rules()
    nets = {"G": generator(rules, rng), "D": discriminator(rules, 2, rng)}
    tensors = [(f"{side}.{name}", t) for side, net in nets.items() for name, t in net.named_parameters()]
    weights = {name: t.data for name, t in tensors if name.endswith("W")}
    assert len(weights) == 5 + 4
    for name, w in weights.items():
        # The estimate of a standard deviation from n numbers has the relative error 1 / sqrt(2 n).
        assert abs(w.std() / 0.02 - 1) < 5 / np.sqrt(2 * w.size), name
        assert abs(w.mean()) < 5 * 0.02 / np.sqrt(w.size), name
    others = {name: t.data for name, t in tensors if name not in weights}
    assert all((values == name.endswith("gamma")).all() for name, values in others.items())


def test_the_rules_are_those_of_the_paper():
    trial = Trial(Job("grid", 3, 0), BUDGETS["400k"])
    game, opts = trial.game, (trial.game.opt_g, trial.game.opt_d)
    assert [(opt.lr, opt.betas) for opt in opts] == [(1e-4, (0.8, 0.999))] * 2
    assert game.simultaneous and game.pack == 3 and game.loss.name == "NonSaturating" and not game.penalties
    assert BUDGETS["400k"].steps == 400_000 and BUDGETS["40k"] == dataclasses.replace(BUDGETS["400k"], steps=40_000)
    assert BUDGETS["small"].g_width < 400 and BUDGETS["small"].batch == 100


def test_the_training_set_is_fixed_and_each_epoch_goes_once_through_it():
    whole = [Trial(Job("ring", pack, 0), dataclasses.replace(TINY, points=Rules().points)).points for pack in (1, 4)]
    assert whole[0].shape == (100_000, 2) and (whole[0] == whole[1]).all()
    assert Trial(Job("grid", 3, 1), TINY).next_reals().shape == (30, 2)
    trial, epochs = Trial(Job("ring", 1, 0), TINY), []
    for first in (0, 5):
        batches = []
        for trial.steps in range(first, first + 5):
            batches.append(trial.next_reals())
        epochs.append(np.concatenate(batches))
    assert (epochs[0] != epochs[1]).any()
    for seen in epochs:
        assert sorted(map(tuple, seen)) == sorted(map(tuple, trial.points))


def test_the_metric_takes_batchnorm_in_inference_mode():
    trial = Trial(JOB, TINY)
    for _ in range(3):
        trial.step()
    norms = [m for _, m in trial.game.generator.modules() if isinstance(m, BatchNorm)]
    before = [m.running_mean.data.copy() for m in norms]
    report = trial.report()
    assert report.n == TINY.samples and report.total_modes == 8
    assert all((m.running_mean.data == old).all() and m.training for m, old in zip(norms, before, strict=True))
    assert (trial.report().counts == report.counts).all()


def test_an_interrupted_job_ends_bit_for_bit_as_one_that_was_not(tmp_path):
    whole, cut = (Jobs(tmp_path / name, "small", TINY) for name in ("whole", "cut"))
    for jobs in (whole, cut):
        jobs.folder.mkdir()
    report = whole.run(JOB, StopAfter(99))
    for steps in (5, 1, 0):  # an epoch has two batches, so these stop in its middle as well
        with pytest.raises(TrainingInterrupted, match="stopped after step [56] of 12; the same command"):
            cut.run(JOB, StopAfter(steps))
    again = cut.run(JOB, StopAfter(99))
    (arrays, meta), (expected, expected_meta) = checkpoint.load(cut.path(JOB)), checkpoint.load(whole.path(JOB))
    assert meta == expected_meta and meta["steps"] == 12
    assert arrays.keys() == expected.keys() and len(arrays) == 2 * (1 + 4) + 2
    assert all((arrays[name] == expected[name]).all() for name in arrays)
    assert (again.counts == report.counts).all()


def test_a_killed_job_goes_on_from_its_last_checkpoint(tmp_path, monkeypatch):
    straight = Trial(JOB, TINY)
    for _ in range(TINY.steps):
        straight.step()
    jobs, steps = Jobs(tmp_path, "small", TINY, save_every=0.0), Trial.step

    def killed(self):
        if self.steps == 7:
            raise SystemExit
        steps(self)

    monkeypatch.setattr(Trial, "step", killed)
    with pytest.raises(SystemExit):
        jobs.run(JOB, StopAfter(99))
    monkeypatch.undo()
    trial = Trial(JOB, TINY)
    trial.load_state(*jobs.load(JOB))
    assert trial.steps == 7
    while trial.steps < TINY.steps:
        trial.step()
    for mine, theirs in zip(trial.state()[0].values(), straight.state()[0].values(), strict=True):
        assert (mine == theirs).all()


def test_a_trial_runs_on_the_other_backend(fake_cupy):
    trial = Trial(JOB, TINY)
    trial.step()
    assert settings(JOB, TINY)["backend"] == "cupy" and trial.report().n == TINY.samples


def test_a_finished_job_is_not_run_again(tmp_path, monkeypatch):
    jobs = Jobs(tmp_path / "new" / "folder", "small", TINY)
    asked = [Job("ring", pack, 0) for pack in (1, 2)]
    reports = jobs.run_all(asked)
    monkeypatch.setattr(Trial, "step", lambda self: pytest.fail("trained again"))
    for job, report in jobs.run_all(asked).items():
        assert dataclasses.asdict(report).keys() == dataclasses.asdict(reports[job]).keys()
        assert str(report) == str(reports[job]) and (report.counts == reports[job].counts).all()


def test_a_checkpoint_of_other_settings_is_refused_before_anything_is_trained(tmp_path, monkeypatch):
    trial = Trial(JOB, TINY)
    Jobs(tmp_path, "small", TINY).save(trial)
    monkeypatch.setattr(Trial, "step", lambda self: pytest.fail("trained"))
    other = Jobs(tmp_path, "small", dataclasses.replace(TINY, steps=13, lr=0.5))
    with pytest.raises(
        CheckpointError, match=r"seed3.npz is of other settings \(steps 12, not 13; lr 0.0001, not 0.5\)"
    ):
        other.run_all([Job("ring", 1, 0), JOB])
    checkpoint.save(other.path(JOB), {}, {"settings": settings(JOB, other.rules)})
    with pytest.raises(CheckpointError, match="does not fit"):
        other.run(JOB, StopAfter(0))
    other.path(JOB).write_bytes(b"half")
    with pytest.raises(CheckpointError, match="damaged"):
        other.run_all([JOB])
    checkpoint.save(other.path(JOB), {}, {"kind": "another"})
    with pytest.raises(CheckpointError, match="no checkpoint of this benchmark"):
        other.run_all([JOB])


def test_standard_errors_are_those_computed_by_hand():
    cell = Cell.of([6, 7, 8, 7])
    assert cell.mean == 7 and cell.error == pytest.approx(np.sqrt(2 / 3) / 2)
    assert cell.show(1) == "7.0 +- 0.4" and Cell.of([7.04]).show(1) == "7.0"
    # Errors of 0.3 and 0.4 combine to 0.5: up to a difference of 1 the cells agree.
    assert Cell(5.0, 0.3).agrees(Cell(6.0, 0.4)) is True and Cell(5.0, 0.3).agrees(Cell(6.01, 0.4)) is False
    assert Cell.of([5]).agrees(Cell(5.0, 0.1)) is None
    assert Cell.of([0.1, np.inf]).show(2) == "inf" and Cell.of([]).show(2) == "-"


def test_a_row_shows_both_sides_and_their_agreement():
    means = np.array([[0.0, 0.0], [1.0, 0.0]])
    reports = [count_modes(np.repeat(means, times, axis=0), means, 0.1) for times in ([2, 2], [4, 0])]
    here = mode_collapse.cells(reports)
    assert [c.mean for c in here] == pytest.approx([1.5, 100, np.log(2) / 2])
    assert [c.error for c in here] == pytest.approx([0.5, 0, np.log(2) / 2])
    paper = (Cell(2.4, 0.1), Cell(90, 1), Cell(1.5, 0.1))
    line = mode_collapse.row("2", here, paper)
    assert line.split("  ")[0] == "2" and "1.5 +- 0.5    2.4 +- 0.1    within " in line
    assert "100.0 +- 0.0  90.0 +- 1.0   off " in line and line.endswith("0.35 +- 0.35  1.50 +- 0.10  off")
    assert "within" not in mode_collapse.row("5", here, None) and "+- 0.50" not in line


def test_the_oracle_reaches_all_modes():
    report = oracle(Job("grid", 1, 0), Rules())
    assert report.modes == 25 and report.n == 2500
    # 1 - exp(-9/2), give or take five standard deviations of the share of 2,500 samples.
    assert abs(report.high_quality - 0.98889) < 5 * np.sqrt(0.98889 * 0.01111 / 2500)
    assert report.reverse_kl < 0.02


def test_the_table_from_the_command_line(tmp_path, capsys, monkeypatch):
    argv, tiny = ["ring", "--pack", "1,5", "--seeds", "2", "--out", str(tmp_path / "out")], {"small": TINY}
    mode_collapse.main(argv, tiny)
    said = capsys.readouterr().out
    assert "NOT the paper's" in said and "12 steps" in said
    rows = {line.split()[0]: line for line in said.splitlines() if line[:1] in tuple("15o")}
    assert "6.3 +- 0.5" in rows["1"] and rows["5"].count(" - ") == 2 and "oracle" in rows
    page = tmp_path / "results.md"
    page.write_text("<!-- table: benchmarks.mode_collapse ring small -->\n<!-- end -->\n")
    monkeypatch.setattr(table, "RESULTS", page)
    mode_collapse.main([*argv, "--write"], tiny)
    assert rows["1"] in page.read_text() and table.END in page.read_text()
    page.write_text("no place")
    monkeypatch.setattr(pacgan_jobs.Jobs, "run_all", lambda self, jobs: pytest.fail("trained"))
    with pytest.raises(SystemExit) as ended:
        mode_collapse.main([*argv, "--write"], tiny)
    assert ended.value.code == 2 and "<!-- table: benchmarks.mode_collapse ring small -->" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "part"),
    [
        ([], "ring|grid"),
        (["rings"], "rings"),
        (["ring", "grid"], "unknown argument grid"),
        (["ring", "--budget", "4k"], "4k"),
        (["ring", "--pack", "1,0"], "'0' is not a whole number"),
        (["ring", "--pack", "2000"], "100000 points"),
        (["ring", "--seeds", "few"], "'few' is not a whole number"),
        (["ring", "--backend", "torch"], "torch"),
        (["ring", "--seed", "3"], "did you mean --seeds?"),
        (["ring", "--out", __file__], "cannot read or write"),
    ],
)
def test_wrong_arguments_end_in_one_sentence(argv, part, capsys):
    with pytest.raises(SystemExit) as ended:
        guarded(mode_collapse.PROGRAM, lambda: mode_collapse.main(argv))
    said = capsys.readouterr()
    assert ended.value.code == 2 and said.out == ""
    assert said.err.count("\n") == 1 and part in said.err
