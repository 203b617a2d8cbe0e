"""The benchmarks' own sums: what is compared, counted and written is right. No time is judged here."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from benchmarks import cpu, memory, ops, options, race, startup, table, tunings
from benchmarks.floor import Floor, multiplications, products_of, recorded
from benchmarks.turns import Worker, WorkerEnded, Workers, fastest, take_turns
from benchmarks.worker import SETTINGS, tinygan_step
from tinygan.autograd import Tensor
from tinygan.autograd.op import Op
from tinygan.autograd.ops import conv2d, conv_transpose2d, matmul


class Told:
    """A worker that answers what it was told to answer, and notes who was asked."""

    def __init__(self, answer, name="", asked=None):
        self.answer, self.name, self.asked = answer, name, asked

    def ask(self, order):
        if self.asked is not None:
            self.asked.append((self.name, order))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def close(self):
        pass


@pytest.mark.parametrize(
    ("main", "argv", "part"),
    [
        (cpu.main, ["--steps", "mlpp"], "did you mean mlp"),
        (cpu.main, ["--steps", "mlp,,ring"], "unknown"),
        (cpu.main, ["--peers", "keras"], "choose from eager, torch, torch.compile, jax, dezero"),
        (cpu.main, ["--threads", "0"], "1 or more"),
        (cpu.main, ["--threads", "1;2"], "'1;2' is not a whole number"),
        (cpu.main, ["--rounds", "few"], "'few' is not a whole number"),
        (cpu.main, ["--batch", "16,-4"], "'-4' is not a whole number"),
        (cpu.main, ["--width", "2,wide"], "'wide' is not a whole number"),
        (memory.main, ["--steps", "dcgan 25"], "did you mean dcgan 256?"),
        (cpu.main, ["--step", "mlp"], "did you mean --steps?"),
        (ops.main, ["--ops", "adam-2millions"], "did you mean adam-2million"),
        (startup.main, ["--rounds", "0"], "1 or more"),
        (tunings.main, ["--steps", "rings"], "did you mean ring"),
        (tunings.main, ["--threads", "none"], "'none' is not a whole number"),
        (startup.main, ["fast"], "unknown argument fast"),
    ],
)
def test_wrong_arguments_end_in_one_sentence(main, argv, part, capsys):
    with pytest.raises(SystemExit) as ended:
        main(argv)
    said = capsys.readouterr()
    assert ended.value.code == 2 and said.out == ""
    assert said.err.count("\n") == 1 and part in said.err


@pytest.mark.parametrize(("main", "argv"), [(cpu.main, []), (cpu.main, ["--peers", "dezero"]), (ops.main, [])])
def test_a_missing_peer_ends_in_one_sentence(main, argv, capsys, monkeypatch):
    monkeypatch.setattr(options, "find_spec", lambda name: None)
    with pytest.raises(SystemExit) as ended:
        main(argv)
    said = capsys.readouterr()
    assert ended.value.code == 2 and said.out == ""
    assert said.err.count("\n") == 1 and "pip install" in said.err


def test_each_tuning_can_be_undone():
    code = "from benchmarks import tunings; print(len([undo() for undo in tunings.UNDO.values()]))"  # or it raises
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert run.stdout.strip() == str(len(tunings.UNDO)), run.stderr


def test_products_of_the_mlp_step_are_those_counted_by_hand():
    n, g = 64, [(100, 256), (256, 512), (512, 1024), (1024, 784)]
    d = [(784, 512), (512, 256), (256, 1)]
    expected = [(n, i, o) for i, o in g + d] + [(2 * n, i, o) for i, o in d]  # D sees all, and then the fakes again
    expected += [(i, 2 * n, o) for i, o in d] + [(2 * n, o, i) for i, o in d[1:]]  # D's step: weights; not its inputs
    expected += [(n, o, i) for i, o in d]  # G's step passes through D, down to its inputs, without D's weights
    expected += [(i, n, o) for i, o in g] + [(n, o, i) for i, o in g[1:]]
    step = tinygan_step(SETTINGS["mlp"], 1)
    step(False)
    found = products_of(lambda: step(False))
    assert Counter(found) == Counter(expected)
    assert multiplications(found) == 504_627_200


def test_convolutions_count_without_their_padding():
    x, w = Tensor(np.ones((50, 7, 7, 3), np.float32)), Tensor(np.ones((5, 5, 3, 2), np.float32))
    pairs = (7 * 5 - 2 * (1 + 2)) ** 2  # along an axis 1 and 2 taps of the outer outputs lie outside, on both sides
    found = products_of(lambda: conv_transpose2d(conv2d(x, w, padding="same"), w, padding="same"))
    assert found == [(50 * pairs // 25, 25 * 3, 2), (50 * pairs // 25, 2, 25 * 3)]


def test_stacks_of_matrices_count_one_by_one_and_recording_ends():
    call = Op.__call__
    with recorded() as found:
        matmul(Tensor(np.ones((3, 2, 4, 5))), Tensor(np.ones((2, 5, 6))))
    matmul(Tensor(np.ones((2, 2))), Tensor(np.ones((2, 2))))
    assert found == [(4, 5, 6)] * 6 and Op.__call__ is call
    assert [out.shape for _, _, out in Floor(found).work] == [(4, 6)] * 6
    assert Floor(found).seconds() > 0


PAGE = "before\n<!-- table: a -->\nold a\n<!-- end -->\nbetween\n<!-- table: b -->\nold b\n<!-- end -->\nafter\n"


def test_a_table_replaces_only_what_lies_between_its_markers(tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    table.show(["new a", "row"], "python -m command", [], "a", page)
    assert capsys.readouterr().out.startswith("new a\nrow\n")
    text = page.read_text()
    assert text.startswith("before\n<!-- table: a -->\n```\nnew a\nrow\n")
    assert "old a" not in text and np.__version__ in text and "python -m command\n```\n<!-- end -->\nbetween\n" in text
    assert text[text.index("between") :] == PAGE[PAGE.index("between") :]
    assert table.replace_table(text, "a", "old a").replace("```\n", "") == PAGE


@pytest.mark.parametrize("page", ["nothing", "<!-- table: a -->\nno end", PAGE.replace("old a\n<!-- end -->", "old a")])
def test_a_page_without_both_markers_is_refused_before_anything_is_measured(page, tmp_path):
    path = tmp_path / "page.md"
    path.write_text(page)
    with pytest.raises(table.NoMarkers, match="<!-- table: a -->"):
        table.show((pytest.fail("measured") for _ in range(1)), "command", [], "a", path)
    assert path.read_text() == page


def test_the_page_of_the_documents_has_a_place_for_the_table():
    assert "new" in table.replace_table(table.PAGE.read_text(), "benchmarks.cpu", "new")


def test_losses_that_differ_are_found():
    losses = [[1.4, 0.7], [1.3, 0.8]]
    assert race.losses_agree(losses, [[1.4001, 0.7], [1.3, 0.8]])
    assert not race.losses_agree(losses, [[1.4, 0.7], [1.3, 0.81]])
    assert not race.losses_agree(losses, losses[:1]) and not race.losses_agree(losses, [[1.4, float("nan")]] * 2)
    workers = Workers({("tinygan", 1): Told(losses), ("torch", 1): Told([[1.4, 0.7], [1.3, 0.81]])})
    with pytest.raises(race.LossesDiffer, match="mlp: tinygan and torch"):
        race.check_losses("mlp", workers)


def test_a_peer_that_fails_leaves_with_its_reason_and_tinygan_may_not():
    failing = Told(WorkerEnded("it has no such layer"))
    workers = Workers({("tinygan", 1): Told([[1.0, 1.0]]), ("dezero", 1): failing})
    assert race.check_losses("dcgan", workers) == {"dezero": "it has no such layer"}
    assert list(workers) == [("tinygan", 1)]
    result = race.Race({("tinygan", 1): np.ones(2)}, {1: np.ones(2)}, {("tinygan", 1): 50.0}, 100)
    result.absent["dezero"] = "it has no such layer"
    (row,), (reason,) = race.rows("dcgan", result, ["dezero"]), race.absences("dcgan", result)
    assert row.split()[:4] == ["dcgan", "1", "DeZero", "-"] and reason.endswith("it has no such layer")
    with pytest.raises(WorkerEnded):
        race.check_losses("dcgan", Workers({("tinygan", 1): failing}))


def test_results_of_ops_that_differ_are_found():
    y = np.linspace(-1, 1, 12, dtype=np.float32)
    assert ops.results_agree([y], [y + 5e-4])
    assert not ops.results_agree([y], [y + 2e-3])
    assert not ops.results_agree([y], [y.reshape(3, 4)]) and not ops.results_agree([y], [y, y])
    assert not ops.results_agree([y], [np.where(y > 0.9, np.float32("nan"), y)])


def test_turns_go_round(monkeypatch):
    monkeypatch.setattr("benchmarks.turns.PAUSE", 0)
    asked: list = []
    workers = {("a", 1): Told(1.0, "a", asked), ("b", 1): Told(2.0, "b", asked)}
    found = take_turns(workers, {("a", 1): ["time", "floor"], ("b", 1): ["time"]}, 2)
    one, other = [("a", "time"), ("a", "floor")], [("b", "time")]
    assert asked == one + other + other + one
    assert found[("b", 1), "time"].tolist() == [2.0, 2.0]
    assert fastest({1: np.array([3.0, 1.0, 3.0]), 2: np.array([2.0, 2.0, 2.0])}) == 2


def test_the_best_row_takes_each_sides_own_best_threads():
    times = {("tinygan", 1): [1.0, 1.0], ("tinygan", 2): [2.0, 2.0], ("torch", 1): [4.0, 4.0], ("torch", 2): [2.0, 2.0]}
    result = race.Race(
        {key: np.array(t) for key, t in times.items()},
        {1: np.array([0.5, 0.5]), 2: np.array([0.5, 0.5])},
        dict.fromkeys(times, 100.0),
        flop=3_000_000_000,
    )
    one, two, best = (row.split() for row in race.rows("mlp", result, ["torch"]))
    assert (one[3], two[3], best[3]) == ("0.25", "1.00", "0.50")
    assert (
        best[1] == "best" and best[5:10] == ["1000.00", "2000.00", "100", "100", "3.0"] and best[10:12] == ["50", "%"]
    )
    assert best[-3:] == ["target", "0.85:", "reached"] and one[-3:] == ["target", "0.75:", "reached"]
    assert "target" not in two and all("target" not in row for row in race.rows("mlp 256", result, ["torch"]))
    (*_, small) = race.rows("mlp 16", result, ["torch"])
    assert small.endswith("target 0.80: reached")
    assert race.verdict("mlp", np.array([0.86]), {1: np.array([1.0])}, race.TARGETS["mlp"]).endswith("missed")


def test_every_batch_has_processes_of_its_own():
    assert cpu.parts(cpu.parse(["--threads", "1,2"])) == [(0, 0, [1, 2])]
    assert cpu.parts(cpu.parse(["--threads", "1,2", "--batch", "16,256"])) == [
        (16, 0, [1, 2]),
        (256, 0, [1]),
        (256, 0, [2]),
    ]
    assert cpu.parts(cpu.parse(["--threads", "1,2", "--width", "1,4"])) == [(0, 1, [1, 2]), (0, 4, [1]), (0, 4, [2])]


def test_a_worker_trains_measures_and_says_why_it_ends():
    worker = Worker("benchmarks.worker", ("tinygan", "ring", 1, 8), 1)
    try:
        assert np.shape(worker.ask("losses 2")) == (2, 2)
        assert worker.ask("time 0") > 0 and worker.ask("floor 0") > 0 and worker.ask("memory") > 10
        assert worker.ask("products") > 0
    finally:
        worker.close()
    worker = Worker("benchmarks.worker", ("tinygan", "no-such-step", 1, 0), 1)
    with pytest.raises(WorkerEnded, match="no-such-step"):
        worker.ask("memory")
    worker.close()
