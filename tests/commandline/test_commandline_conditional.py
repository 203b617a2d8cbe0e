"""A run with a code behind z, from the command line: what is refused, what its pictures and samples show."""

import json

import numpy as np
import pytest
from cli import call, one_sentence, train
from PIL import Image
from training.runs import TINY, rows

from tinygan import data
from tinygan.gan import sampling
from tinygan.gan.noise import Noise
from tinygan.training import checkpoint, pictures, presets, trained
from tinygan.training.build import build


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A finished run of each conditioning, and one without."""
    folder = tmp_path_factory.mktemp("runs")
    names = ("cgan", "acgan", "infogan", "mlp")
    return {name: train("--preset", name, *TINY, "--steps", 2, "--outdir", folder) for name in names}


each = pytest.mark.parametrize("name", ["cgan", "acgan", "infogan"])


def npz(run, out, *argv):
    result = call("sample", run, *argv, "--out", out)
    assert result.status == 0 and result.err == "", result.err
    with np.load(out, allow_pickle=False) as file:
        return result.out, dict(file)


# -- samples -------------------------------------------------------------------------------------------------


@each
def test_samples_of_a_class_come_with_their_labels(name, runs, tmp_path):
    said, file = npz(runs[name], tmp_path / "a.npz", "--n", 6, "--label", 3)
    assert set(file) == {"samples", "labels"} and file["labels"].tolist() == [3] * 6
    assert file["samples"].shape == (6, 28, 28, 1)
    assert said.startswith(f"6 samples of {'code' if name == 'infogan' else 'class'} 3 of ")
    _, other = npz(runs[name], tmp_path / "b.npz", "--n", 6, "--label", 4)
    assert (file["samples"] != other["samples"]).any()  # the same noise, another class


@each
def test_without_a_label_all_are_drawn_and_the_first_stay_the_first(name, runs, tmp_path):
    _, many = npz(runs[name], tmp_path / "a.npz", "--n", 200)
    _, few = npz(runs[name], tmp_path / "b.npz", "--n", 20)
    assert set(many["labels"].tolist()) == set(range(10))
    assert (few["labels"] == many["labels"][:20]).all()
    np.testing.assert_allclose(few["samples"], many["samples"][:20], rtol=1e-4, atol=1e-5)
    _, of_class = npz(runs[name], tmp_path / "c.npz", "--n", 20, "--label", many["labels"][0])
    np.testing.assert_allclose(of_class["samples"][0], many["samples"][0], rtol=1e-4, atol=1e-5)


def test_one_class_is_not_measured_as_if_it_were_all(runs, tmp_path):
    options = ("--n", 100, "--no-references", "--json", tmp_path / "a.json")
    said = call("evaluate", runs["cgan"], *options, "--label", 3, "--seed", 5).out
    assert "the samples are of class 3 alone, the real ones of all" in said
    found = json.loads((tmp_path / "a.json").read_text())
    assert (found["label"], found["seed"], found["truncation"]) == (3, 5, None)
    assert "alone" not in call("evaluate", runs["cgan"], *options).out


def test_an_unconditional_generator_has_no_labels(runs, tmp_path):
    assert set(npz(runs["mlp"], tmp_path / "a.npz", "--n", 2)[1]) == {"samples"}


@each
def test_the_generator_is_found_again_also_in_a_checkpoint(name, runs, tmp_path):
    source = trained.load(runs[name])
    condition = source.condition
    assert condition.classes == 10 and source.network[0].in_features == source.config.latent + condition.length
    (tmp_path / "run").mkdir()
    for part in ("config.json", "checkpoint-000002.npz"):
        (tmp_path / "run" / part).write_bytes((runs[name] / part).read_bytes())
    again = trained.load(tmp_path / "run").network
    assert all((value == again.state_dict()[key]).all() for key, value in source.network.state_dict().items())


def test_files_from_before_there_were_conditions_keep_working(runs, tmp_path):
    arrays, meta = checkpoint.load(runs["mlp"] / "generator.npz")
    del meta["classes"], meta["config"]["conditioning"]
    checkpoint.save(tmp_path / "old.npz", arrays, meta)
    _, here = npz(runs["mlp"], tmp_path / "a.npz", "--n", 3)
    _, there = npz(tmp_path / "old.npz", tmp_path / "b.npz", "--n", 3)
    assert (here["samples"] == there["samples"]).all()


def test_one_row_of_codes_is_a_row(runs, tmp_path):
    said = call("sample", runs["infogan"], "--codes", "--n", 1, "--out", tmp_path / "codes.png").out
    assert said.startswith("1 row for each code of ")


def test_codes_are_drawn_in_three_panels(runs, tmp_path):
    result = call("sample", runs["infogan"], "--codes", "--n", 20, "--out", tmp_path / "codes.png")
    assert result.status == 0 and result.out.startswith("2 rows for each code of "), result.err
    with Image.open(tmp_path / "codes.png") as image:
        assert image.format == "PNG" and image.width > 5 * image.height  # three grids of ten columns, two rows


@each
def test_a_path_keeps_its_class(name, runs, tmp_path, monkeypatch):
    noise = []
    draw = sampling.draw
    monkeypatch.setattr(sampling, "draw", lambda g, z, *more: noise.append(z) or draw(g, z))
    for argv in ((), ("--label", 7)):
        done = call("interpolate", runs[name], "--pairs", 4, "--steps", 5, *argv, "--out", tmp_path / "p.png")
        assert done.status == 0, done.err
        codes = noise.pop().reshape(4, 5, -1)[:, :, trained.load(runs[name]).config.latent :]
        assert (codes == codes[:, :1]).all()  # and the z of a path moves
        ways = codes[:, 0, :10].argmax(axis=1)
        assert (ways == 7).all() if argv else len(set(ways)) > 1


# -- pictures ------------------------------------------------------------------------------------------------


def test_the_columns_of_a_picture_are_the_classes(rng):
    for name in ("cgan", "infogan"):
        condition = load_condition(name)
        z = Noise(4, condition).columns(rng, 25)
        assert z.shape == (25, 4 + condition.length) and z.dtype == np.float32
        assert (z[:, 4:14].argmax(axis=1) == np.arange(25) % 10).all()
        rest = np.delete(z, np.s_[4:14], axis=1)
        assert (rest[:10] == rest[0]).all() and (rest[10:20] == rest[10]).all() and (rest[0] != rest[10]).any()


def load_condition(name):
    from tinygan.gan import conditioning

    return conditioning.get(name, 10)


def test_real_samples_stand_in_the_columns_of_their_classes():
    order, labels = np.array([3, 0, 1, 2, 4, 5]), np.array([0, 1, 1, 0, 1, 0])
    assert pictures.by_class(order, labels, 6, labels.max() + 1).tolist() == [3, 1, 0, 2, 5, 4]
    few = np.array([0, 1, 1, 1, 1, 1])
    assert pictures.by_class(order, few, 5, 2).tolist() == [0, 3, 0, 1, 0]  # class 0 comes again
    assert pictures.by_class(order, np.array([0, 2, 2, 2, 2, 2]), 5, 3).tolist() == [0, -1, 3, 0, -1]  # 1 has none


@each
def test_a_picture_has_a_column_for_each_class(name, tmp_path):
    run = train("--preset", name, "--batch-size", 4, "--samples", 20, "--steps", 1, "--outdir", tmp_path)
    with Image.open(run / "fakes_000001.png") as fakes, Image.open(run / "reals.png") as reals:
        assert fakes.size == reals.size == (2 * (10 * 30 - 2), 2 * (2 * 30 - 2))
    what = "way of the code" if name == "infogan" else "class"
    assert f"a column for each {what}; the images of a row" in (run / "README.txt").read_text()
    extra = {"cgan": set(), "acgan": {"class_accuracy_real", "class_accuracy_fake"}}
    assert extra.get(name, {"code_accuracy", "code_error"}) <= set(rows(run)[-1])


def test_of_fewer_images_than_classes_the_picture_is_a_square(tmp_path):
    run = train("--preset", "cgan", "--batch-size", 4, "--samples", 4, "--steps", 1, "--outdir", tmp_path)
    with Image.open(run / "fakes_000001.png") as fakes, Image.open(run / "reals.png") as reals:
        assert fakes.size == reals.size == (2 * (2 * 30 - 2), 2 * (2 * 30 - 2))


# -- other networks and data ---------------------------------------------------------------------------------


@each
@pytest.mark.parametrize("preset", ["small", "dcgan", "resnet"])
def test_each_image_preset_takes_conditions(name, preset, monkeypatch):
    images = data.digits(n=40)
    monkeypatch.setattr(data, "load", lambda name, data_dir=None, **looks: images)
    for options in ({}, {"penalty": "gp+r1", "dropout": 0.2}):
        setup = build(presets.configure(dict(preset=preset, conditioning=name, batch_size=4, samples=4, **options)))
        stats = setup.game.step(setup.next_reals, measure=True)
        assert all(np.isfinite(float(value)) for value in stats.values())


def test_infogan_needs_no_labels_and_runs_on_points(tmp_path):
    run = train("--preset", "ring", "--conditioning", "infogan", *TINY, "--steps", 2, "--outdir", tmp_path)
    assert rows(run, "metrics.jsonl")[-1]["n"] == 2500 and "code_accuracy" in rows(run)[-1]
    _, file = npz(run, tmp_path / "a.npz", "--n", 5, "--label", 9)
    assert file["samples"].shape == (5, 2)


def test_the_classes_are_those_of_the_folders(tmp_path):
    rng = np.random.default_rng(0)
    for k in range(3):
        (tmp_path / "in" / f"class{k}").mkdir(parents=True)
        for i in range(2):
            pixels = rng.integers(0, 256, (28, 28), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "in" / f"class{k}" / f"{i}.png")
    folder = ("--data", "folder", "--data-dir", tmp_path / "in")
    run = train("--preset", "cgan", *folder, *TINY, "--steps", 1, "--outdir", tmp_path / "runs")
    assert trained.load(run).condition.classes == 3
    result = call("sample", run, "--label", 3, "--out", tmp_path / "a.png")
    assert result.status == 2 and "--label must be from 0 to 2, not 3" in one_sentence(result.err)


def test_images_without_labels_are_refused_before_anything_is_written(tmp_path):
    (tmp_path / "in").mkdir()
    Image.fromarray(np.zeros((28, 28), dtype=np.uint8)).save(tmp_path / "in" / "0.png")
    folder = ("--data", "folder", "--data-dir", tmp_path / "in", "--outdir", tmp_path / "runs")
    result = call("train", "--preset", "acgan", "--batch-size", 1, *folder)
    assert result.status == 2 and "--conditioning acgan needs labels, and --data folder" in one_sentence(result.err)
    assert not (tmp_path / "runs").exists()


REFUSED = {
    "sample: no class": ("sample", "cgan", ("--label", 10, "--out", "a.png"), "--label must be from 0 to 9, not 10"),
    "sample: negative": ("sample", "infogan", ("--label", -1, "--out", "a.png"), "--label must be from 0 to 9, not -1"),
    "sample: no conditions": ("sample", "mlp", ("--label", 1, "--out", "a.png"), "trained without labels"),
    "walk: no class": ("interpolate", "acgan", ("--label", 10, "--out", "a.png"), "--label must be from 0 to 9"),
    "walk: no conditions": ("interpolate", "mlp", ("--label", 1, "--out", "a.png"), "trained without labels"),
    "codes of cgan": ("sample", "cgan", ("--codes", "--out", "a.png"), "--codes shows what infogan learned"),
    "codes of nothing": ("sample", "mlp", ("--codes", "--out", "a.png"), "--codes shows what infogan learned"),
    "codes in numbers": ("sample", "infogan", ("--codes", "--out", "a.npz"), "goes with a .png"),
    "codes of a label": ("sample", "infogan", ("--codes", "--label", 1, "--out", "a.png"), "without --label"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused(case, runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tool, name, argv, words = REFUSED[case]
    result = call(tool, runs[name], *argv)
    assert result.status == 2 and words in one_sentence(result.err) and not list(tmp_path.iterdir())


def test_a_run_keeps_its_conditioning(runs):
    result = call("train", "--resume", runs["cgan"], "--steps", 3, "--conditioning", "acgan")
    assert result.status == 2 and "--conditioning of" in one_sentence(result.err)
    assert json.loads((runs["cgan"] / "config.json").read_text())["options"]["conditioning"] == "cgan"
