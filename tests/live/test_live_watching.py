"""tg.live.watch: one output that is replaced, not a hundred; seldom enough; and nothing outside of a notebook."""

import io
import re
import sys
import types

import numpy as np
import pytest
from PIL import Image

import tinygan as tg
from tinygan.live import watching

TINY = dict(batch_size=4, samples=4, log_interval=1, sample_interval=2, checkpoint_interval=10)


class Cell:
    """IPython, as far as the figure knows it; `shown` has a list for each output, of the pictures it has had."""

    def __init__(self):
        self.shown, self.ends, self.kernel, self.events = [], [], True, self

    def register(self, event, function):
        assert event == "post_run_cell"
        self.ends.append(function)

    def unregister(self, event, function):
        self.ends.remove(function)

    def display(self, image, display_id):
        self.shown.append([image.data])
        return types.SimpleNamespace(update=lambda image, place=self.shown[-1]: place.append(image.data))

    def end(self):
        for function in list(self.ends):
            function(None)


@pytest.fixture
def cell(monkeypatch, tmp_path, quick_pictures):
    """A notebook to stand in, in an empty folder; nothing is drawn."""
    cell = Cell()
    shown = types.SimpleNamespace(display=cell.display, Image=lambda data, format: types.SimpleNamespace(data=data))
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: cell))
    monkeypatch.setitem(sys.modules, "IPython.display", shown)
    monkeypatch.setattr(watching, "glance", lambda rows, samples, reals, title: (len(rows), np.shape(samples), title))
    monkeypatch.chdir(tmp_path)
    return cell


def test_a_run_has_one_output_that_is_replaced(cell):
    run = tg.Run("ring", steps=6, **TINY)
    assert tg.live.watch(run) is None
    run.train()
    cell.end()
    assert len(cell.shown) == 1 and not cell.ends
    assert cell.shown[0][0] == (0, (40, 2), "ring-ring-ns, step 0")
    assert cell.shown[0][-1] == (6, (40, 2), "ring-ring-ns, step 6")


def test_the_next_cell_has_an_output_of_its_own_and_all_rows(cell):
    run = tg.Run("ring", steps=2, **TINY)
    run.train()
    tg.live.watch(run)
    tg.live.watch(run)  # twice is once
    for steps in (4, 6):
        run.train(steps=steps)
        cell.end()
    assert len(cell.shown) == 2 and [output[-1][0] for output in cell.shown] == [4, 6]


def test_it_draws_once_a_second_and_never_more_than_a_tenth_of_the_time(cell, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(watching.time, "monotonic", lambda: now[0])

    def slow(*args):
        now[0] += 0.5
        return now[0]

    monkeypatch.setattr(watching, "glance", slow)
    show = watching.Figure("t", None, cell)
    for step in range(2000):
        now[0] += 0.01
        show(step, {"loss_d": np.float32(1)})
    drawn = len(cell.shown[0])
    assert drawn == pytest.approx(20 / 5, abs=1)  # half a second, then five without
    cell.end()
    assert len(cell.shown[0]) == drawn + 1 and len(show.rows) == 2000


def test_a_loop_of_your_own(cell):
    rng = np.random.default_rng(0)
    g, d = tg.nn.Dense(2, 2, rng=rng), tg.nn.Dense(2, 1, rng=rng)
    optimizers = (tg.optim.SGD(g.parameters(), 0.1), tg.optim.SGD(d.parameters(), 0.1))
    game = tg.Game(g, d, *optimizers, tg.losses.NonSaturating(), 2, rng)
    show = tg.live.watch(game, reals=np.zeros((5, 2)))
    for step in range(1, 4):
        show(step, game.step(lambda: rng.standard_normal((4, 2)), measure=True), game.fakes(7))
    show(4)
    cell.end()
    assert cell.shown[0][-1] == (3, (7, 2), "samples, step 4")
    assert set(show.rows[0]) >= {"step", "loss_d", "loss_g", "d_real", "grad_norm_g"}


def test_long_loops_keep_few_rows(cell):
    show = watching.Figure("t", None, None)
    for step in range(20_000):
        show(step, {"loss_d": 1.0})
    assert len(show.rows) <= watching.MOST_ROWS and show.rows[-1]["step"] == 19_999


@pytest.mark.parametrize("ipython", [None, types.SimpleNamespace(get_ipython=lambda: None), "terminal"])
def test_outside_of_a_notebook_it_says_so_in_a_line(monkeypatch, capsys, tmp_path, ipython, quick_pictures):
    monkeypatch.chdir(tmp_path)
    shell = object()  # a terminal's has no kernel
    found = types.SimpleNamespace(get_ipython=lambda: shell) if ipython == "terminal" else ipython
    monkeypatch.setitem(sys.modules, "IPython", found)
    run = tg.Run("ring", steps=2, **TINY)
    assert tg.live.watch(run) is None
    assert capsys.readouterr().out == watching.ELSEWHERE + "\n"
    run.train()
    tg.live.watch(run.setup.game)(1, {"loss_d": 1.0}, np.zeros((3, 2)))


@pytest.mark.parametrize("what", [None, "ring", tg.Run, 3])
def test_what_cannot_be_watched(what):
    with pytest.raises(TypeError, match=r"^watch takes a tg.Run or a tg.Game, not \w+$"):
        tg.live.watch(what)


def test_live_is_there_when_it_is_asked_for():
    assert tg.live.watch is watching.watch and "live" in dir(tg)
    with pytest.raises(AttributeError, match="module 'tinygan.live' has no attribute 'wach'"):
        tg.live.wach  # noqa: B018


# -- the picture --------------------------------------------------------------------------------------


FEW = [{"step": 1, "loss_d": 1.0, "grad_norm_d": 0.0}, {"step": 2, "loss_d": None}]


@pytest.mark.parametrize(
    "rows, samples",
    [
        ([], None),
        (FEW, np.zeros((3, 2))),
        (FEW, np.zeros((0, 2))),
        (FEW, np.ones((5, 8, 6, 1))),
        ([], np.ones((5, 8, 6, 3))),
    ],
)
def test_a_glance_takes_all_that_may_come(rows, samples):
    with Image.open(io.BytesIO(tg.plot.glance.glance(rows, samples, np.ones((4, 2)), "$a"))) as image:
        assert image.size == (1000, 460)


def test_samples_that_are_no_pictures_are_refused():
    with pytest.raises(ValueError, match=re.escape("(3, 4, 4, 2)")):
        tg.plot.glance.glance([], np.zeros((3, 4, 4, 2)))


@pytest.mark.slow
def test_an_executed_notebook_has_one_picture(tmp_path):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    lines = [
        "import tinygan as tg",
        f"run = tg.Run('ring', steps=60, log_interval=5, sample_interval=20, outdir={str(tmp_path)!r})\nrun",
        "tg.live.watch(run)\nrun.train()",
        "run",
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in lines])
    nbclient.NotebookClient(book, timeout=600, kernel_name="python3").execute()
    before, during, after = (cell.outputs for cell in book.cells[1:])
    assert [output.output_type for output in during if "data" in output] == ["display_data"]
    picture = next(output for output in during if "data" in output)
    assert "image/png" in picture.data
    assert "not begun" in before[0].data["text/html"] and after[0].data["text/html"].count("<img") == 2
