"""replay.html of a run: made of its folder alone, written on the way, and never in its way."""

import json
import math
import re
import time
from pathlib import Path

import pytest
from PIL import Image
from training import own

import tinygan as tg
from tinygan.training import replay
from tinygan.training.loop import TrainingStopped
from tinygan.training.replay import equilibrium, replay_of, words_of
from tinygan.training.run_folder import RunFolder

TINY = dict(batch_size=4, samples=4, log_interval=1, sample_interval=2, checkpoint_interval=2)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch, quick_pictures):
    """An empty folder to stand in."""
    monkeypatch.chdir(tmp_path)


def page(run):
    """What the script of the page is given, and the sentence below its title."""
    text = (run.path / "replay.html").read_text(encoding="utf-8")
    data = json.loads(re.search(r'<script type="application/json" id="run">(.*)</script>', text)[1])
    return data, re.search(r'<p id="state">(.*)</p>', text)[1]


def test_the_page_reloads_while_the_run_is_on_and_no_longer():
    seen = []
    run = tg.Run("ring", steps=6, **TINY)
    run.train(on_step=lambda step, numbers: seen.append((step, *page(run))))
    assert [state for _, _, state in seen[::2]] == [
        f"This run is on: step {step} of 6. The page reloads by itself." for step in (0, 2, 4)
    ]
    now = time.time()
    for _, data, _ in seen:
        assert replay.FASTEST <= data["reload"] <= replay.SLOWEST and now < data["silent"] < now + 1000
    data, state = page(run)
    assert (data["reload"], state) == (0, "The last step is 6.")


def test_an_old_page_comes_alive_when_its_run_goes_on():
    run = tg.Run("ring", steps=2, **TINY)
    run.train()
    seen = []
    run.train(steps=4, on_step=lambda step, numbers: seen.append(page(run)[1]))
    assert seen[0] == "This run is on: step 2 of 4. The page reloads by itself."
    assert page(run)[1] == "The last step is 4."


@pytest.mark.parametrize("how", ["stopped", "not finite", "an error"])
def test_however_a_run_ends_its_page_stops_reloading(monkeypatch, how):
    run = tg.Run("ring", steps=6, **TINY)

    def on_step(step, numbers):
        if step == 3 and how == "stopped":
            run.stop()
        if step == 3 and how == "an error":
            raise RuntimeError("of the callback")
        if step == 2 and how == "not finite":
            run.setup.game.discriminator.parameters()[0].data[:] = math.nan

    if how == "stopped":
        run.train(on_step=on_step)
    else:
        with pytest.raises((TrainingStopped, RuntimeError)):
            run.train(on_step=on_step)
    data, state = page(run)
    assert (data["reload"], state) == (0, f"The last step is {3 if how == 'stopped' else 2}.")
    text = (run.path / "replay.html").read_text(encoding="utf-8")
    assert ('<li data-step="3">step 3: ' in text) == (how == "not finite")


def test_a_page_that_cannot_be_written_is_said_once_and_the_run_goes_on(monkeypatch, capsys):
    run = tg.Run("ring", steps=6, **TINY)
    run.begin()
    (run.path / "replay.html").mkdir()
    run.train()
    assert run.step == 6 and (run.path / "generator.npz").exists()
    said = [line for line in capsys.readouterr().err.splitlines() if "replay.html" in line]
    assert len(said) == 1 and "replay.html could not be written, and the run goes on without it: " in said[0]
    assert not list(run.path.glob(".*.tmp"))


def test_no_error_of_the_page_ends_a_run(monkeypatch, capsys):
    monkeypatch.setattr(replay, "save_replay", lambda *args: 1 / 0)
    run = tg.Run("ring", steps=2, **TINY)
    run.train()
    assert run.step == 2 and "goes on without it: division by zero" in capsys.readouterr().err


def test_a_run_is_the_same_with_and_without_its_page(monkeypatch):
    one = tg.Run("ring", steps=4, **TINY)
    one.train()
    monkeypatch.setattr(replay.ReplayPage, "_save", lambda *args, **options: None)
    other = tg.Run("ring", steps=4, **TINY)
    other.train()
    assert (one.samples(5) == other.samples(5)).all()
    assert not (other.path / "replay.html").exists()


def test_a_page_is_made_of_the_folder_alone():
    path = own.write("npz", Path("data"))
    run = tg.Run("mlp", path, steps=4, label_smoothing=0.1, **TINY)
    run.train()
    found = replay_of(RunFolder.existing(run.path))
    assert (found.title, found.last, found.enlarged, found.marks) == (run.path.name, 4, 2, {})
    assert [step for step, _ in found.frames] == [0, 2, 4] and len(found.rows) == 4 and len(found.measured) == 3
    assert found.options["label_smoothing"] == 0.1 and found.reals == run.path / "reals.png"
    (run.path / "config.json").unlink()
    assert replay_of(RunFolder.existing(run.path)).options == {}  # of an old run its checkpoint is enough


@pytest.mark.parametrize(
    "options, marks",
    [
        (dict(loss="ns"), {"2 ln 2": 1.386, "ln 2": 0.693}),
        (dict(loss="mm", conditioning="cgan"), {"2 ln 2": 1.386, "-ln 2": -0.693}),
        (dict(loss="ns", label_smoothing=0.1), {}),
        (dict(loss="ns", conditioning="acgan"), {}),
        (dict(loss="wgan"), {}),
        (dict(loss=["ns"]), {}),
        ({}, {}),
    ],
)
def test_losses_at_equilibrium(options, marks):
    """Those of `tinygan.gan.losses` at logits of 0, where both losses have no other term."""
    assert equilibrium(options) == pytest.approx(marks, abs=1e-3)
    if marks:
        zero = tg.Tensor([[0.0]])
        loss = {"ns": tg.losses.NonSaturating, "mm": tg.losses.Minimax}[options["loss"]]()
        values = [float(loss.discriminator(zero, zero).data), float(loss.generator(zero).data)]
        assert values == pytest.approx(list(equilibrium(options).values()), rel=1e-6)


def test_words_of_health_are_those_of_the_log(tmp_path):
    lines = [
        "10:00:00 python -m tinygan.train",
        "10:00:01 10,000 pictures, 28 x 28",
        "10:00:02 step 100: it collapses",
        "10:00:03 step 100: it collapses",
        "10:00:04 step 200: it is \xff well",
        "step 300: no time",
        "10:00:05 step x: no step",
        f"10:00:06 step 1{5000 * '0'}: nor this",
    ]
    (tmp_path / "log.txt").write_bytes("\n".join(lines).encode("latin-1"))
    assert words_of(RunFolder(tmp_path)) == [(100, "it collapses"), (200, "it is \ufffd well")]
    (tmp_path / "log.txt").unlink()
    assert words_of(RunFolder(tmp_path)) == []


# -- in a notebook ------------------------------------------------------------------------------------


def test_a_run_shows_itself_before_it_begins():
    run = tg.Run("ring", steps=6, lr=0.5, **TINY)
    text = run._repr_html_()
    assert "<b>mlp" not in text and "ring" in text and "<code>lr = 0.5</code>" in text and "step 0 of 6" in text
    assert (
        "<code>batch_size = 4</code>" in text and "beta2" not in text and "latent" not in text
    )  # as the preset has them
    assert "<img" not in text and not run.folder


def test_a_run_shows_its_state_and_escapes_it():
    run = tg.Run("ring", steps=2, outdir="<b>", **TINY)
    run.train()
    run.folder.log("step 2: <script>")
    for name in ("curves.png", "fakes_000002.png"):
        Image.new("L", (8, 8)).save(run.path / name)
    text = run._repr_html_()
    assert text.count('<img src="data:image/webp;base64,') == 2 and "step 2 of 2" in text
    assert "<script" not in text and "step 2: &lt;script&gt;" in text and "<b>/" not in text
    (run.path / "curves.png").write_bytes(b"")  # damaged, or half written
    assert run._repr_html_().count("<img") == 1


def test_networks_and_data_of_your_own_are_shown_by_name():
    def make_g(shape, latent, rng):
        return tg.nn.Sequential(tg.nn.Dense(latent, 64, rng=rng), tg.nn.Reshape(shape))

    def make_d(shape, rng):
        return tg.nn.Sequential(tg.nn.Flatten(), tg.nn.Dense(64, 1, rng=rng))

    text = tg.Run(tg.Networks(make_g, make_d, output_range=(-1, 1)), own.images()[0], steps=3, **TINY)._repr_html_()
    assert "&lt;" in text and "<code>steps = 3</code>" in text and "beta1" not in text
