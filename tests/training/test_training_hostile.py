"""A run folder that anybody may have changed: each file is read, or refused in one sentence; none can end a run."""

import copy
import errno
import os
import shutil
import signal
import sys
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tinygan as tg
from tests.training.conftest import stub
from tests.training.runs import assert_same_run
from tinygan import archive, plot
from tinygan.training import checkpoint, pictures, trained
from tinygan.training.checkpoint import CheckpointError
from tinygan.training.config import ConfigError
from tinygan.training.record import Record
from tinygan.training.replay import ReplayPage
from tinygan.training.run_folder import RunError, RunFolder
from tinygan.training.scores import Scores

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="there are no such files on Windows")
REFUSALS = (CheckpointError, ConfigError, RunError, tg.data.DataError)
OPTIONS = dict(batch_size=4, samples=4, log_interval=1, sample_interval=2, checkpoint_interval=2)


def undrawn(patch):
    """Pictures take no time."""
    patch.setattr(plot, "save_curves", stub)
    patch.setattr(plot, "save_gif", stub)
    patch.setattr(pictures, "save_reals", lambda setup, path: stub(path))
    patch.setattr(pictures, "save_fakes", lambda setup, path, fakes, step: stub(path))


def trained_run(outdir, steps=4, **more):
    run = tg.Run("ring", outdir=outdir, steps=steps, **OPTIONS, **more)
    run.train()
    return run.path


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A run that has ended, with a best.npz of step 2 or 4."""
    with pytest.MonkeyPatch.context() as patch:
        undrawn(patch)
        where = tmp_path_factory.mktemp("original")
        return trained_run(where, metrics="modes", keep_best="modes", eval_samples=100, ema=0.5)


@pytest.fixture
def run(original, tmp_path, monkeypatch):
    undrawn(monkeypatch)
    return Path(shutil.copytree(original, tmp_path / "run"))


@contextmanager
def without_hanging(seconds=20):
    """What waits for ever fails."""

    def late(*_):
        raise AssertionError("it waits")

    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, late)
        signal.alarm(seconds)
    try:
        yield
    finally:
        if hasattr(signal, "SIGALRM"):
            signal.alarm(0)


def go_on(run):
    resumed = tg.Run.resume(run, steps=6)
    resumed.begin()
    if resumed.setup.judge:
        Scores(resumed.setup, resumed.folder)


def sample(run):
    source = trained.load(run)
    source.draw(source.noise(2, 0))


def refusal(action, path):
    """The sentence in which `action` is refused; None if it is not. Any other error goes through."""
    with without_hanging(), warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            action(path)
        except REFUSALS as error:
            assert "\n" not in str(error) and len(str(error)) < 700
            return str(error)
    return None


# -- pipes and devices in the place of files -----------------------------------------------------------


def in_place(path, what):
    path.unlink(missing_ok=True)
    {
        "pipe": lambda: os.mkfifo(path),
        "zeros": lambda: path.symlink_to("/dev/zero"),
        "full": lambda: path.symlink_to("/dev/full"),
        "folder": path.mkdir,
    }[what]()


@posix_only
@pytest.mark.parametrize(
    "name, what",
    [
        *[("checkpoint-000004.npz", what) for what in ("pipe", "zeros", "folder")],
        *[("best.npz", "pipe"), ("metrics.jsonl", "zeros")],
        *[("stats.jsonl", what) for what in ("pipe", "full", "folder")],
        *[("log.txt", what) for what in ("pipe", "zeros", "folder")],
    ],
)
def test_what_is_no_file_is_neither_waited_for_nor_written(run, name, what):
    in_place(run / name, what)
    with without_hanging():
        try:
            go_on(run)
        except (*REFUSALS, OSError) as error:  # an OSError is a sentence of the command line, if it names its file
            assert name in str(getattr(error, "filename", "") or error)
        else:
            raise AssertionError("it was taken")
    assert (run / name).is_dir() if what == "folder" else not (run / name).is_file()  # nothing took its place


@posix_only
@pytest.mark.parametrize("what", ["pipe", "zeros", "folder"])
def test_no_generator_is_read_from_what_is_no_file(run, what):
    in_place(run / "generator.npz", what)
    assert "generator.npz cannot be read" in refusal(sample, run)


# -- config.json -----------------------------------------------------------------------------------------

CONFIGS = {
    "empty": (b"", "it is no JSON"),
    "a list": (b"[]", "it cannot be []"),
    "without options": (b"{}", "it lacks options"),
    "options of a list": (b'{"options": []}', "its options cannot be []"),
    "options of none": (b'{"options": null}', "options"),
    "deep": (b"[" * 100_000, "nested too deeply"),
    "cut": (b'{"options": {"preset": "ring"', "it is no JSON"),
    "twice": (b'{"options": {}, "options": {}}', "it says 'options' twice"),
    "a huge number": (b'{"options": {"lr": 1%s}}' % (b"0" * 400), "a number of 401 digits"),
    "an infinite number": (b'{"options": {"lr": 1e400}}', "no finite number"),
    "text for a number": (b'{"options": {"lr": "1"}}', "--lr must be a number, not '1'"),
    "true for a number": (b'{"options": {"steps": true}}', "--steps must be a whole number, not True"),
    "an unknown option": (b'{"options": {"colour": 1}}', "with other options"),
    "a checksum of nothing": (b'{"options": {}, "networks_sha256": "x"}', "no option --networks"),
    "a checksum of 7": (b'{"options": {}, "networks_sha256": 7}', "its networks_sha256 cannot be 7"),
    "Latin-1": (b'{"options": "\xe9"}', "no text in UTF-8"),
}


@pytest.mark.parametrize("case", CONFIGS)
def test_options_that_were_edited_are_refused_with_the_reason(tmp_path, case):
    content, said = CONFIGS[case]
    (tmp_path / "config.json").write_bytes(content)
    sentence = refusal(go_on, tmp_path)
    assert sentence and said in sentence and str(tmp_path) in sentence
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]


# -- rows of numbers -------------------------------------------------------------------------------------

ROW = '{"step": 1, "loss_d": 0.5}'
ROWS = {
    "a byte order mark and CRLF": (f"\ufeff{ROW}\r\n{ROW}\r\n", 2, []),
    "half a last line": (f'{ROW}\n{{"step": 2, "lo', 1, []),
    "a last line without an end": (f"{ROW}\n{ROW}", 2, []),
    "empty": ("", 0, []),
    "empty lines": (f"\n\n{ROW}\n \n", 1, []),
    "half a line amidst": (f'{ROW}\n{{"ste\n{ROW}\n', 2, [2]),
    "a step of text": ('{"step": "1"}\n' + ROW, 1, [1]),
    "a true step": ('{"step": true}\n' + ROW, 1, [1]),
    "a step below 0": ('{"step": -1}\n' + ROW, 1, [1]),
    "a huge step": (f'{{"step": 1{"0" * 400}}}\n{ROW}', 1, [1]),
    "text for a number": (f'{{"step": 1, "loss_d": "x"}}\n{ROW}', 1, [1]),
    "a list for a number": (f'{{"step": 1, "loss_d": [1]}}\n{ROW}', 1, [1]),
    "a huge number": (f'{{"step": 1, "loss_d": 1{"0" * 400}}}\n{ROW}', 1, [1]),
    "numbers that are none": (f'{{"step": 1, "loss_d": NaN}}\n{{"step": 1, "loss_d": 1e999}}\n{ROW}', 1, [1, 2]),
    "null": ('{"step": 1, "loss_d": null}\n', 1, []),
    "deep": ("[" * 100_000 + "\n" + ROW, 1, [1]),
    "a deep value": (f'{{"step": 1, "loss_d": {"[" * 99}{"]" * 99}}}\n{ROW}', 1, [1]),
    "no objects": (f"7\nnull\n[]\n{ROW}\n", 1, [1, 2, 3]),
    "a step twice": (f'{{"step": 1, "step": 2}}\n{ROW}', 1, [1]),
    "a long line": ("x" * 5_000_000 + "\n" + ROW, 1, [1]),
}


@pytest.mark.parametrize("case", ROWS)
def test_lines_that_are_no_rows_are_left_out_and_named(tmp_path, case):
    content, n, strays = ROWS[case]
    (tmp_path / "stats.jsonl").write_bytes(content.encode())
    folder = RunFolder(tmp_path)
    rows = folder.rows("stats.jsonl")
    assert len(rows) == n and all(type(row["step"]) is int for row in rows)
    said = folder.forget_after(9)
    named = f"line{'s' * (len(strays) > 1)} {', '.join(map(str, strays))} of {tmp_path / 'stats.jsonl'}"
    assert said == ([f"left out {named}: not the numbers of a step"] if strays else [])
    assert len((tmp_path / "stats.jsonl").read_text().splitlines()) == n
    assert folder.forget_after(9) == []


# -- what checkpoints say of themselves ------------------------------------------------------------------


def put(meta, place, value):
    """`meta` with another value at a place such as ("config", "lr"); `...` removes it."""
    changed = copy.deepcopy(meta)
    spot = changed
    for key in place[:-1]:
        spot = spot[key]
    if value is ...:
        del spot[place[-1]]
    else:
        spot[place[-1]] = value
    return changed


def signed(path, arrays, meta):
    """Write an archive whose checksum fits, whatever stands in it."""
    archive.save(path, {checkpoint.PREFIX + name: array for name, array in arrays.items()}, checkpoint.ABOUT, meta)


BEST = [
    (("best",), None),
    (("best",), "metric"),
    (("best",), []),
    (("best",), {"metric": "modes"}),
    (("best", "step"), "x"),
    (("best", "step"), True),
    (("best", "step"), ...),
    (("best", "value"), "x"),
    (("best", "value"), None),
    (("best", "value"), float("nan")),
    (("best", "n"), 1.5),
    (("best", "metric"), ["modes"]),
]


@pytest.mark.parametrize("place, value", BEST, ids=str)
def test_a_best_that_says_nonsense_is_refused(run, place, value):
    arrays, meta = checkpoint.load(run / "best.npz")
    signed(run / "best.npz", arrays, put(meta, place, value))
    sentence = refusal(lambda path: RunFolder(path).states(), run)
    assert sentence and "best.npz" in sentence and "move it away to go on without it" in sentence


CHANGES = [
    (("config",), [1]),
    (("config", "lr"), 10**400),
    (("config", "lr"), float("inf")),
    (("config", "networks"), "x"),
    (("step",), True),
    (("step",), "4"),
    (("shape",), [10**9]),
    (("shape",), [2.0]),
    (("range",), [0, "1"]),
    (("classes",), True),
    (("class_names",), [1]),
    (("networks_sha256",), "x"),
    (("data",), None),
    (("noise_rng", "state", "state"), -1),
    (("drop_rng", "state"), "x"),
    (("kind",), ["checkpoint"]),
]


@pytest.mark.parametrize("place, value", CHANGES, ids=lambda part: str(part)[:30])
def test_a_checkpoint_that_says_nonsense_is_refused(run, place, value):
    newest = run / "checkpoint-000004.npz"
    arrays, meta = checkpoint.load(newest)
    signed(newest, arrays, put(meta, place, value))
    sentence = refusal(go_on, run)
    assert newest.name in sentence or "--networks" in sentence
    refusal(lambda path: sample(newest), run)


ARRAYS = {
    "text": np.array(["1.0"]),
    "dates": np.zeros(2, "M8[s]"),
    "complex": np.zeros(2, complex),
    "another shape": np.zeros((2, 2, 2)),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays_that_are_no_weights_are_refused(run, kind):
    path = run / "generator.npz"
    arrays, meta = checkpoint.load(path)
    name = next(iter(arrays))
    shape = arrays[name].shape if kind in ("dates", "complex") else ARRAYS[kind].shape
    signed(path, {**arrays, name: np.resize(ARRAYS[kind], shape)}, meta)
    assert "generator.npz" in refusal(sample, run)


def test_an_optimiser_at_step_infinity_is_refused(run):
    path = run / "checkpoint-000004.npz"
    arrays, meta = checkpoint.load(path)
    signed(path, {**arrays, "opt_g/t": np.array(np.inf)}, meta)
    assert "checkpoint of another model" in refusal(go_on, run)


HOSTILE = ("x", "", None, True, -1, 0, 1.5, 10**400, float("nan"), [], {}, ["x"], [[0]], "\0", "\ud800", "<a>", ...)


def places(value, at=()):
    """All places in a nest of objects and lists."""
    if at:
        yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places(each, (*at, key))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["checkpoint-000004.npz", "best.npz", "generator.npz"])
def test_no_value_anywhere_causes_another_error(run, original, name):
    arrays, meta = checkpoint.load(run / name)
    for place in list(places(meta)):
        for value in HOSTILE:
            shutil.rmtree(run)
            shutil.copytree(original, run)
            signed(run / name, arrays, put(meta, place, value))
            refusal(lambda path: sample(path / name), run)
            if name != "generator.npz":
                refusal(go_on, run)


# -- pictures --------------------------------------------------------------------------------------------


def picture(path, size=(8, 8), colour=200, mode="L"):
    Image.new(mode, size, colour).save(path)


STRAYS = {
    "empty": lambda path: path.touch(),
    "a text": lambda path: path.write_text("no picture"),
    "cut short": lambda path: (picture(path, (400, 400)), path.write_bytes(path.read_bytes()[:80])),
    "another size": lambda path: picture(path, (9, 9)),
    "another kind": lambda path: Image.new("RGB", (8, 8)).save(path, format="JPEG"),
    "a folder": lambda path: path.mkdir(),
    "a pipe": lambda path: os.mkfifo(path),
    "zeros": lambda path: path.symlink_to("/dev/zero"),
    "nothing behind a link": lambda path: path.symlink_to("gone"),
    "another name": lambda path: picture(path.with_name("fakes_x.png")),
    "beyond the run": lambda path: picture(path.with_name("fakes_000009.png")),
}


def animated(folder):
    """How many frames training.gif has, None if there is none, and what was said."""
    record, said = object.__new__(Record), []
    record.replay = ReplayPage(RunFolder(folder), 6)
    record.run, record.say = RunFolder(folder), lambda sentence, step: said.append(sentence)
    with without_hanging(), warnings.catch_warnings():
        warnings.simplefilter("error")
        record.animate(6)
    if not (folder / "training.gif").exists():
        return None, said
    with Image.open(folder / "training.gif") as animation:
        return animation.n_frames, said


@pytest.mark.parametrize(
    "case", [pytest.param(n, marks=posix_only if n in ("a pipe", "zeros") else ()) for n in STRAYS]
)
@pytest.mark.parametrize("step", [0, 4, 6])
def test_a_stray_picture_is_left_out_and_named(tmp_path, case, step):
    for each, grey in ((0, 0), (2, 90), (4, 150), (6, 250)):
        picture(RunFolder(tmp_path).picture(each), colour=grey)
    path = RunFolder(tmp_path).picture(step)
    if case in ("another name", "beyond the run"):
        n = 4
    else:
        n = 3 if (case, step) != ("another size", 6) else 1  # the last one decides
        path.unlink()
    STRAYS[case](path)
    frames, said = animated(tmp_path)
    assert frames == n and len(said) == 4 - n + (n == 4)
    name = {"another name": "fakes_x.png", "beyond the run": "fakes_000009.png"}.get(case, path.name)
    if n > 1:
        assert said[0].startswith(f"warning: {name} was left out of training.gif: ") and "\n" not in said[0]


def test_without_any_picture_the_animation_is_missing_and_named(tmp_path):
    frames, said = animated(tmp_path)
    assert frames is None and len(said) == 1 and "training.gif was not drawn" in said[0]


def full(*args, **kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def failing(kind):
    def draw(*args, **kwargs):
        raise kind

    return draw


def test_a_full_disk_at_the_last_pictures_costs_only_them(tmp_path, monkeypatch):
    """The last checkpoint is there, and with room again the same pictures are."""
    undrawn(monkeypatch)
    healthy = trained_run(tmp_path / "healthy")
    for where in ("save_curves", "save_gif"):
        outdir = tmp_path / where
        with monkeypatch.context() as patch:
            patch.setattr(plot, where, full)
            if where == "save_curves":
                patch.setattr(plot, where, lambda path, rows, **options: full() if len(rows) == 4 else stub(path))
            with pytest.raises(OSError, match="No space"):
                trained_run(outdir)
        (run,) = outdir.iterdir()
        assert {"checkpoint-000004.npz", "generator.npz"} <= {path.name for path in run.iterdir()}
        tg.Run.resume(run).train()
        assert_same_run(run, healthy)
        assert {path.name for path in run.iterdir()} == {path.name for path in healthy.iterdir()}
        with pytest.raises(RunError, match="already at step 4 of 4"):
            tg.Run.resume(run).train()


@pytest.mark.parametrize(
    "error", [RuntimeError("no font"), ValueError("a number"), FileNotFoundError(2, "No such file", "a.ttf")], ids=str
)
def test_a_drawing_that_fails_does_not_end_the_run(tmp_path, monkeypatch, error):
    undrawn(monkeypatch)
    for what in ("save_curves", "save_gif"):
        monkeypatch.setattr(plot, what, failing(error))
    for what in ("save_reals", "save_fakes"):
        monkeypatch.setattr(pictures, what, failing(error))
    run = trained_run(tmp_path)
    log = (run / "log.txt").read_text()
    for name in ("reals.png", "fakes_init.png", "curves.png", "fakes_000004.png", "training.gif"):
        assert f"warning: {name} was not drawn: " in log
    assert {"checkpoint-000004.npz", "generator.npz"} <= {path.name for path in run.iterdir()}


def test_files_of_the_user_stay_whatever_they_are_called(tmp_path, monkeypatch):
    undrawn(monkeypatch)
    run = trained_run(tmp_path)
    own = [run / name for name in ("fakes_x.png", "fakes_000003 copy.png", "checkpoint-copy.npz", "checkpoint-1.npz")]
    for path in own:
        path.write_bytes(b"mine")
    (run / "checkpoint-000001.npz").mkdir()
    resumed = tg.Run.resume(run, steps=8)
    resumed.train()
    assert all(path.read_bytes() == b"mine" for path in own) and (run / "checkpoint-000001.npz").is_dir()
    assert RunFolder(run).checkpoints()[-1].name == "checkpoint-000008.npz"
