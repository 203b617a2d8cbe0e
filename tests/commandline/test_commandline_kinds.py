"""Strings, melodies and pairs from the command line: trained, resumed, drawn, measured, exported, refused."""

import json
import wave

import numpy as np
import pytest
from cli import call, one_sentence, train
from PIL import Image
from training.runs import TINY, newest, rows

import tinygan as tg
from tinygan.formats.music import TEMPO
from tinygan.training import trained

PRESETS = ("text", "gumbel", "music", "pix2pix")
each = pytest.mark.parametrize("name", PRESETS)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A finished run of each preset."""
    folder = tmp_path_factory.mktemp("runs")
    return {name: train("--preset", name, *TINY, "--steps", 4, "--outdir", folder) for name in PRESETS}


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A folder of pictures that hold two."""
    folder, rng = tmp_path_factory.mktemp("two"), np.random.default_rng(0)
    for i in range(6):
        Image.fromarray(rng.integers(0, 255, (32, 64, 3)).astype(np.uint8)).save(folder / f"{i}.png")
    return folder


@each
def test_a_run_leaves_pictures_numbers_and_the_line_that_draws_more(name, runs):
    run = runs[name]
    kinds = {"text": "strings", "gumbel": "strings", "music": "melodies", "pix2pix": "pairs"}
    keys = {"strings": "validity", "melodies": "in_key", "pairs": "l1"}
    assert keys[kinds[name]] in rows(run, "metrics.jsonl")[-1]
    ending = {"strings": "txt", "melodies": "wav", "pairs": "png"}[kinds[name]]
    assert f"--out samples.{ending}" in (run / "README.txt").read_text()
    assert "python -m tinygan.evaluate" in (run / "README.txt").read_text()
    sizes = {"strings": (11 * 8, 16), "melodies": (32, 24), "pairs": (64, 32)}
    with Image.open(run / "reals.png") as picture:
        width, height = sizes[kinds[name]]
        assert picture.width >= 2 * width and picture.height >= 2 * height


@each
def test_a_run_that_was_stopped_goes_on_to_the_same_bits(name, runs, tmp_path):
    run = train("--preset", name, *TINY, "--steps", 2, "--outdir", tmp_path)
    assert call("train", "--resume", run, "--steps", 4).status == 0
    (one, _), (other, _) = newest(run), newest(runs[name])
    assert one.keys() == other.keys() and all((one[key] == other[key]).all() for key in one)


@each
def test_played_back_steps_are_the_same_to_the_last_bit(name, runs, tmp_path):
    run = train("--preset", name, *TINY, "--steps", 4, "--no-compile", "--outdir", tmp_path)
    (one, _), (other, _) = newest(run), newest(runs[name])
    assert all((one[key] == other[key]).all() for key in one)


@each
def test_samples_are_drawn_by_the_seed(name, runs, tmp_path):
    for out, seed in (("a", 0), ("b", 0), ("c", 1)):
        assert call("sample", runs[name], "--n", 5, "--seed", seed, "--out", tmp_path / f"{out}.npz").status == 0
    a, b, c = (np.load(tmp_path / f"{out}.npz")["samples"] for out in "abc")
    assert (a == b).all() and (a != c).any() and len(a) == 5
    result = call("sample", runs[name], "--n", 5, "--out", tmp_path / "a.png")
    assert result.status == 0 and Image.open(tmp_path / "a.png").width > 64


def test_strings_are_written_a_line_each(runs, tmp_path):
    assert call("sample", runs["text"], "--n", 7, "--out", tmp_path / "a.txt").status == 0
    assert call("sample", runs["text"], "--n", 7, "--out", tmp_path / "a.npz").status == 0
    samples = np.load(tmp_path / "a.npz")["samples"]
    text = (tmp_path / "a.txt").read_text(encoding="utf-8")
    assert text == "".join(f"{line}\n" for line in tg.data.dates().decode(samples))
    np.testing.assert_allclose(samples.sum(axis=2), 1, rtol=1e-5)


def test_melodies_are_written_one_after_the_other(runs, tmp_path):
    for n, steps in ((1, 48), (3, 144)):
        assert call("sample", runs["music"], "--n", n, "--out", tmp_path / "a.wav").status == 0
        with wave.open(str(tmp_path / "a.wav")) as sound:
            assert sound.getnframes() == pytest.approx(steps * 22_050 * 15 / TEMPO, rel=0.01)
    pytest.importorskip("mido")
    assert call("sample", runs["music"], "--n", 2, "--out", tmp_path / "a.mid").status == 0


@each
def test_the_generator_is_measured(name, runs, tmp_path):
    result = call("evaluate", runs[name], "--n", 40, "--json", tmp_path / "a.json")
    assert result.status == 0, result.err
    found = json.loads((tmp_path / "a.json").read_text())
    assert len(found["rows"]) >= 3 and found["n"] == 40
    assert list(found["rows"]["generator"])[0] in result.out or "generator" in result.out


@each
def test_metrics_are_taken_on_the_way_and_the_best_is_kept(name, tmp_path):
    best = {"text": "validity", "gumbel": "novelty", "music": "rhythm", "pix2pix": "l1"}[name]
    options = ("--metrics", "all", "--eval-samples", 30, "--keep-best", best)
    run = train("--preset", name, *TINY, "--steps", 2, *options, "--outdir", tmp_path)
    assert best in rows(run, "metrics.jsonl")[-1]
    assert (run / "best.npz").exists()


@each
def test_the_generator_is_exported_and_computes_the_same(name, runs, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    out = tmp_path / "g.onnx"
    result = call("export", runs[name], "--to", "onnx", "--out", out)
    assert result.status == 0, result.err
    source = trained.load(runs[name])
    given = source.noise(3, seed=5)
    session = onnxruntime.InferenceSession(out, providers=["CPUExecutionProvider"])
    fed = np.ascontiguousarray(source.behind.fed(given))
    (found,) = session.run(None, {session.get_inputs()[0].name: fed})
    np.testing.assert_allclose(found, source.draw(given)[..., -found.shape[-1] :], rtol=1e-3, atol=1e-5)


def test_classes_of_melodies_can_be_asked_for(tmp_path):
    run = train("--preset", "music", "--conditioning", "acgan", *TINY, "--steps", 2, "--outdir", tmp_path)
    assert call("sample", run, "--label", "E major", "--n", 2, "--out", tmp_path / "a.wav").status == 0
    wrong = call("sample", run, "--label", "F major", "--n", 2, "--out", tmp_path / "a.wav")
    assert wrong.status == 2 and "no class 'F major'" in one_sentence(wrong.err)


@pytest.mark.parametrize("way", ["png", "gif"])
@pytest.mark.parametrize("name", ["text", "music"])
def test_paths_lead_from_sequence_to_sequence(name, way, runs, tmp_path):
    out = tmp_path / f"a.{way}"
    assert call("interpolate", runs[name], "--pairs", 2, "--steps", 3, "--out", out).status == 0 and out.exists()


def test_own_words_are_learnt_and_written(tmp_path):
    words = tmp_path / "words.txt"
    words.write_text("red\ngreen\nblue\nblack\nwhite\ngrey\n", encoding="utf-8")
    run = train("--preset", "text", "--data", words, *TINY, "--steps", 2, "--outdir", tmp_path)
    assert run.name == "00000-text-words-wgan"
    assert call("sample", run, "--n", 3, "--out", tmp_path / "a.txt").status == 0
    assert set((tmp_path / "a.txt").read_text()) <= set("redgnbluackwhity\n_")
    words.write_text("red\ngreen\nblue\nblack\nwhite\npink\n", encoding="utf-8")
    again = call("train", "--resume", run, "--steps", 4)
    assert again.status == 2 and "other" in one_sentence(again.err)


def test_own_pairs_are_learnt_and_own_sources_translated(two, tmp_path):
    options = ("--data", two, "--size", 32, "--source", "right", *TINY, "--steps", 2)
    run = train("--preset", "pix2pix", *options, "--outdir", tmp_path)
    for sources, n in ((two, 6), (two / "3.png", 1)):
        result = call("sample", run, "--sources", sources, "--out", tmp_path / "a.npz")
        assert result.status == 0, result.err
        assert np.load(tmp_path / "a.npz")["samples"].shape == (n, 32, 32, 6)
    with Image.open(two / "3.png") as picture:  # what was given stands on the left
        given = np.asarray(picture.convert("RGB").crop((16, 0, 48, 32))) / 127.5 - 1
    np.testing.assert_allclose(np.load(tmp_path / "a.npz")["samples"][0, ..., :3], given, atol=0.01)
    assert call("evaluate", run, "--n", 6).status == 0


def test_pairs_in_a_test_folder_are_kept_for_pictures(two, tmp_path):
    for part in ("train", "test"):
        (tmp_path / part).mkdir()
    for i, path in enumerate(sorted(two.iterdir())):
        (tmp_path / ("train" if i < 4 else "test") / path.name).write_bytes(path.read_bytes())
    run = tg.Run("pix2pix", str(tmp_path), size=32, batch_size=2, samples=2, steps=1)
    assert len(run.setup.dataset) == 4 and len(run.setup.behind.pairs) == 2


REFUSED = {
    "text on images": ("train", "--preset", "text", "--data", "digits", "which are images"),
    "images on text": ("train", "--preset", "mlp", "--data", "dates", "strings or melodies: use one of text"),
    "music on dates": ("train", "--preset", "music", "--data", "dates", "divide by 4"),
    "pairs of none": ("train", "--preset", "pix2pix", "--data", "digits", "does not fit --data digits"),
    "size": ("train", "--preset", "text", "--size", "32", "--size is for images"),
    "augment": ("train", "--preset", "music", "--augment", "color", "--augment is for images"),
    "labels": ("train", "--preset", "text", "--conditioning", "cgan", "needs labels"),
    "source": ("train", "--preset", "pix2pix", "--source", "left", "pictures of your own that hold two"),
    "source of points": ("train", "--preset", "ring", "--source", "left", "pictures of your own"),
    "l1": ("train", "--l1", "3", "--l1 is for pairs"),
    "l1 below 0": ("train", "--preset", "pix2pix", "--l1", "-1", "at least 0"),
    "latent": ("train", "--preset", "pix2pix", "--latent", "8", "--latent is for noise"),
    "pack": ("train", "--preset", "pix2pix", "--pack", "2", "--pack is for"),
    "code": ("train", "--preset", "pix2pix", "--conditioning", "infogan", "--conditioning is for"),
    "missing": ("train", "--preset", "text", "--data", "no.txt", "no.txt"),
    "metrics": ("train", "--preset", "text", "--metrics", "fcd", "no metric of --data dates"),
    "txt of music": ("sample", "music", "--out", "a.txt", ".txt is for strings"),
    "wav of text": ("sample", "text", "--out", "a.wav", "are for melodies"),
    "mid of pairs": ("sample", "pix2pix", "--out", "a.mid", "are for melodies"),
    "truncation": ("sample", "pix2pix", "--out", "a.png", "--truncation", "1", "fed none"),
    "class": ("sample", "pix2pix", "--out", "a.png", "--label", "happy", "without labels"),
    "codes": ("sample", "text", "--out", "a.png", "--codes", "without it"),
    "sources of text": ("sample", "text", "--out", "a.png", "--sources", "x", "turns pictures into pictures"),
    "no sources": ("sample", "pix2pix", "--out", "a.png", "--sources", "x.png", "No such file"),
    "no folder": ("sample", "pix2pix", "--out", "a.png", "--sources", "x/y", "does not exist"),
    "paths": ("interpolate", "pix2pix", "--out", "a.png", "interpolation is for noise"),
    "explorer": ("explore", "pix2pix", "--no-browser", "the explorer is for noise"),
    "neighbours": ("evaluate", "text", "--neighbours", "a.png", "--neighbours is for images"),
    "classifier": ("evaluate", "music", "--classifier", "digits", "a classifier looks at images"),
    "n": ("evaluate", "text", "--n", "3", "from 20 to"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused_in_a_sentence(case, runs, tmp_path, monkeypatch):
    if case == "explorer":
        pytest.importorskip("bokeh")
    monkeypatch.chdir(tmp_path)
    tool, *argv, said = REFUSED[case]
    if tool != "train":
        argv[0] = runs[argv[0]]
    result = call(tool, *argv)
    assert result.status == 2 and said in one_sentence(result.err)
    assert not list(tmp_path.iterdir())


def test_the_same_from_python(two):
    run = tg.Run("text", tg.data.dates(), batch_size=4, samples=4, steps=2)
    assert run.samples(3).shape == (3, 11, 34)
    seen = []
    run.train(on_pictures=lambda step, pictures: seen.append(pictures.shape))
    assert seen[0] == (4, 16, 88, 1)
    tunes = tg.Run("music", tg.data.melodies(20), batch_size=4, samples=4, steps=2)
    assert len(tunes.setup.dataset) == 20 and tunes.evaluate(20).rows["generator"]["in_key"] > 0
    both = np.zeros((6, 16, 32, 3), np.uint8)
    pairs = tg.Run("pix2pix", both, size=16, batch_size=2, samples=2, steps=1)
    assert pairs.setup.dataset.sample_shape == (16, 16, 6) and pairs.samples(2).shape == (2, 16, 16, 6)
    with pytest.raises(ValueError, match="strings or melodies"):
        tg.Run("mlp", tg.data.dates())


def test_own_networks_learn_pairs(two, tmp_path):
    (tmp_path / "mine.py").write_text(
        "import tinygan as tg\nfrom tinygan import nn\n"
        "def g(shape, latent, rng):\n"
        "    return nn.Sequential(nn.Conv2D(latent, shape[2] - latent, 3, 1, 'same', rng=rng), nn.Tanh())\n"
        "def d(shape, rng):\n"
        "    return nn.Sequential(nn.Conv2D(shape[2], 1, 4, 2, 'same', rng=rng))\n"
        "mine = tg.Networks(g, d)\n",
        encoding="utf-8",
    )
    named = ("--networks", f"{tmp_path / 'mine.py'}:mine")
    run = train(*named, "--data", "sketches", *TINY, "--steps", 2, "--outdir", tmp_path)
    assert call("sample", run, "--n", 2, "--out", tmp_path / "a.png").status == 0
