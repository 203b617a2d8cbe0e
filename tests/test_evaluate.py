"""``python -m tinygan.evaluate``: a table beside known rows, JSON, pictures of neighbours, features of one's own."""

import json
import math
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from cli import call, one_sentence, train
from PIL import Image

from tinygan import data, evaluate, evaluation, metrics
from tinygan.training import checkpoint, trained
from tinygan.training.build import load_data
from tinygan.training.measured import measure

TINY = ("--batch-size", 4, "--samples", 4)
MANIFOLD = ["precision", "recall", "density", "coverage"]
IMAGE_KEYS = ["score", "fcd", "kid", "kid_error", *MANIFOLD, "classes", "class_kl"]
PIXEL_KEYS = ["copied", "energy", *MANIFOLD, "diversity"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Finished runs of images and of points."""
    folder = tmp_path_factory.mktemp("runs")
    return {preset: train("--preset", preset, *TINY, "--steps", 2, "--outdir", folder) for preset in ("mlp", "ring")}


@pytest.fixture
def here(runs, tmp_path, monkeypatch):
    """A folder to stand in, with a copy of the run of points as ``run``, and features of two sets of images."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(runs["ring"], tmp_path / "run")
    rng = np.random.default_rng(0)
    for name, shift in (("real", 0.0), ("fake", 0.5)):
        p = rng.dirichlet(np.ones(6), size=60)
        np.savez(f"{name}.npz", features=rng.normal(size=(60, 4)) + shift, probabilities=p)
    return tmp_path


def evaluated(*argv):
    result = call("evaluate", *argv)
    assert result.status == 0 and result.err == "", result.err
    assert result.out.isascii() and "nan" not in result.out.split("samples of", 1)[-1].split("\n\n")[0]
    return result.out


def rows_of(text):
    """The lines of the table."""
    lines = text.split("\n\n")[0].splitlines()
    (rule,) = (i for i, line in enumerate(lines) if set(line) == {"-"})
    assert max(map(len, lines[rule - 1 :])) <= 110
    return lines[rule + 1 :]


# -- runs ------------------------------------------------------------------------------------------------------


def test_points_stand_beside_the_oracle_and_a_fitted_mixture(here):
    text = evaluated("run", "--n", 500, "--json", "a.json")
    assert [line.split("  ")[0] for line in rows_of(text)] == ["generator", "oracle", "EM mixture"]
    for metric in ("modes", "high quality", "reverse KL", "energy distance", "Jensen-Shannon"):
        assert f"\n{metric} " in text.split("\n\n")[1] or text.split("\n\n")[1].startswith(metric)
    assert "8 Gaussians of equal weight" in text
    found = json.loads((here / "a.json").read_text())
    assert list(found) == ["run", "step", "data", "n", "extractor", "seed", "truncation", "label", "rows"]
    assert found["run"] == str(Path("run/generator.npz")) and (found["step"], found["data"], found["n"]) == (
        2,
        "ring",
        500,
    )
    assert found["extractor"] is None and list(found["rows"]) == ["generator", "oracle", "EM mixture"]
    for row in found["rows"].values():
        assert list(row) == ["modes", "high_quality", "reverse_kl", "energy", "jensen_shannon"]
    assert found["rows"]["oracle"]["modes"] == 8 > found["rows"]["generator"]["modes"]


def test_images_stand_beside_real_and_bad_ones(runs, here):
    text = evaluated(runs["mlp"], "--n", 200, "--json", "a.json", "--neighbours", "a.png")
    assert len(rows_of(text)) == 5
    assert "digits classifier" in text and "these are not the Inception Score and the FID" in text
    found = json.loads((here / "a.json").read_text())
    assert "digits classifier" in found["extractor"] and found["n"] == 200
    assert all(list(row) == IMAGE_KEYS for row in found["rows"].values())
    generator, real, *_ = found["rows"].values()
    assert real["fcd"] < 1 < generator["fcd"] and real["classes"] == 10
    with Image.open("a.png") as image:
        assert image.size == (2 * (8 * 30 - 2), 2 * (12 * 30 - 2))


def test_the_number_of_samples_is_that_of_the_papers(here):
    assert evaluated("run").startswith("2500 samples of run/generator.npz at step 2\n")


def test_the_seed_and_the_truncation_change_the_generators_row_alone(here):
    first = rows_of(evaluated("run", "--n", 300))
    for options in (("--seed", 1), ("--truncation", 0.5)):
        other = rows_of(evaluated("run", "--n", 300, *options))
        assert first[0] != other[0] and first[1:] == other[1:]
    assert rows_of(evaluated("run", "--n", 300, "--seed", 0)) == first


@pytest.mark.parametrize("preset", ["ring", "mlp"])
def test_the_generators_row_is_of_the_samples_that_sample_draws(runs, here, preset):
    options = ("--n", 120, "--seed", 3, "--truncation", 1.2)
    assert call("sample", runs[preset], *options, "--out", "a.npz").status == 0
    evaluated(runs[preset], *options, "--json", "a.json")
    source = trained.load(runs[preset])
    name = source.config.data
    judge = evaluation.judge(name, data.load(name), 120, *source.range)
    found = json.loads((here / "a.json").read_text())["rows"]["generator"]
    assert {k: v for k, v in judge.report(np.load("a.npz")["samples"]).items() if math.isfinite(v)} == {
        k: v for k, v in found.items() if v is not None
    }


def test_neighbours_are_the_nearest_training_images(here, monkeypatch):
    images = data.digits(300)
    shown = []
    monkeypatch.setattr(evaluate.plot, "save_grid", lambda path, grid, columns: shown.append((grid, columns)))
    samples = images.pixels[[7, 100]].astype(np.float32) / 255
    evaluate.save_neighbours(Path("a.png"), samples, images)
    ((grid, columns),) = shown
    assert columns == 8 and grid.shape == (16, 28, 28, 1)
    np.testing.assert_array_equal(grid[0], samples[0])
    np.testing.assert_array_equal(grid[1], samples[0])  # learnt by heart
    np.testing.assert_array_equal(grid[9], samples[1])
    distances = np.linalg.norm((grid[1:8] - samples[0]).reshape(7, -1), axis=1)
    assert (np.diff(distances) >= 0).all() and distances[1] > 0


def test_a_checkpoint_named_by_its_file_is_the_same_generator(here, runs):
    for run in (here / "run", runs["mlp"]):  # with a moving average, and its name
        whole = trained.load(run)
        copy = shutil.copy(run / "checkpoint-000002.npz", here / "best.npz")
        other = trained.load(copy)
        assert other.path == here / "best.npz" and other.step == whole.step == 2
        for name, value in whole.network.state_dict().items():
            np.testing.assert_array_equal(value, other.network.state_dict()[name])
    assert "best.npz at step 2" in evaluated("best.npz", "--n", 100)


def broken(run, value):
    """The run, with a generator that draws `value` alone."""
    arrays, meta = checkpoint.load(run / "generator.npz")
    last = [name for name in arrays if name.endswith("b")][-1]
    arrays[last] = np.full_like(arrays[last], value)
    checkpoint.save("broken.npz", arrays, meta)
    return "broken.npz"


@pytest.mark.parametrize("preset", ["ring", "mlp"])
def test_a_generator_that_yields_nan_is_told_in_words(runs, here, preset):
    """The command ends with it; in Python its numbers are missing, and those of the reference rows are there."""
    result = call("evaluate", broken(runs[preset], np.nan), "--n", 100, "--json", "a.json", *more(preset))
    assert result.status == 2 and result.out == "" and not (here / "a.json").exists()
    assert "broken.npz is broken: " in one_sentence(result.err)
    source = trained.load("broken.npz")
    rows = evaluation.finite(measure(source, load_data(source.config, source.shape), n=100).rows)
    missing = [key for key, value in rows["generator"].items() if value is None]
    assert missing == (IMAGE_KEYS if preset == "mlp" else ["reverse_kl", "energy"])


def more(preset):
    return ("--neighbours", "a.png") if preset == "mlp" else ()


def test_evaluating_leaves_the_run_as_it_is(here):
    before = {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in (here / "run").iterdir()}
    evaluated("run", "--n", 100)
    assert {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in (here / "run").iterdir()} == before


def test_mnist_is_judged_by_its_own_classifier(here):
    if "TINYGAN_DATA" not in os.environ or not (Path(os.environ["TINYGAN_DATA"]) / "mnist").is_dir():
        pytest.skip("no mnist in $TINYGAN_DATA")
    run = train("--preset", "mlp", "--data", "mnist", *TINY, "--steps", 1, "--outdir", here)
    text = evaluated(run, "--n", 500, "--json", "a.json")
    assert "mnist classifier" in text
    real = json.loads((here / "a.json").read_text())["rows"]["real test images"]
    assert real["classes"] == 10 and real["score"] > 8.5 and real["precision"] > 0.7


def test_stacked_digits_are_counted(here, monkeypatch):
    """Of a run that learnt from colour pictures, as if they had been the data set of this name."""
    digits, rng = data.digits(1000), np.random.default_rng(0)
    pixels = np.concatenate([digits.pixels[rng.permutation(1000)[:300]] for _ in range(3)], axis=-1)
    (here / "pictures").mkdir()
    for i, picture in enumerate(pixels[:8]):
        Image.fromarray(picture).save(here / "pictures" / f"{i}.png")
    run = train("--preset", "small", "--data", "folder", "--data-dir", "pictures", *TINY, "--steps", 1, "--outdir", ".")
    arrays, meta = checkpoint.load(run / "generator.npz")
    meta["config"]["data"] = "stacked"
    checkpoint.save("stacked.npz", arrays, meta)
    monkeypatch.setattr(data, "load", lambda name, data_dir, **looks: data.Images(name, pixels))
    text = evaluated("stacked.npz", "--json", "a.json", "--neighbours", "a.png")
    assert "300 samples of stacked.npz" in text and "mnist classifier" in text
    found = json.loads((here / "a.json").read_text())
    assert list(found["rows"]) == ["generator", "real images"]
    assert all(list(row) == ["modes", "class_kl"] for row in found["rows"].values())
    assert found["rows"]["generator"]["modes"] < 100 < found["rows"]["real images"]["modes"] <= 300


# -- pictures of one's own -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A folder of labelled colour pictures, runs that learnt from it, plain and conditional, and a classifier of it."""
    place = tmp_path_factory.mktemp("own")
    rng = np.random.default_rng(0)
    for i in range(260):
        pixels = rng.integers(120, size=(28, 28, 3), dtype=np.uint8)
        pixels[4 : 10 + i % 9, 4:20, i % 2] = 255
        folder = place / "pictures" / ("red", "green")[i % 2]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / f"{i}.png")
    given = ("--data", "folder", "--data-dir", place / "pictures", *TINY, "--steps", 1)
    for name, conditioning in (("plain", "none"), ("cgan", "cgan")):
        found = train("--preset", "small", *given, "--conditioning", conditioning, "--outdir", place / name)
        found.rename(place / f"{name}-run")
    done = call("train_classifier", "--data", place / "pictures", "--epochs", 20, "--out", place / "own.npz")
    assert done.status == 0, done.err
    return place


def test_any_pictures_are_judged_by_their_pixels(own, here):
    text = evaluated(own / "plain-run", "--json", "a.json", "--neighbours", "a.png")
    assert text.startswith("130 samples of ") and "composition and colour, no detail" in text
    found = json.loads((here / "a.json").read_text())
    assert found["extractor"] == "means of 8 x 8 parts of the pixels of each of 3 colours"
    assert list(found["rows"]) == [
        *("generator", "real images", "learnt by heart", "uniform noise", "one image repeated", "blurred real images")
    ]
    assert all(list(row) == PIXEL_KEYS for row in found["rows"].values())
    assert found["rows"]["learnt by heart"]["copied"] == 1 > 0.1 > found["rows"]["real images"]["copied"]
    with Image.open("a.png") as image:
        assert image.size == (2 * (8 * 30 - 2), 2 * (12 * 30 - 2)) and image.mode == "RGB"


def test_a_classifier_of_ones_own_sees_more(own, here):
    text = evaluated(own / "plain-run", "--classifier", own / "own.npz", "--json", "a.json")
    found = json.loads((here / "a.json").read_text())
    assert "extractor: pictures classifier" in text and found["extractor"] in text
    assert list(found["rows"]) == [
        *("generator", "real images", "uniform noise", "one image repeated", "blurred real images")
    ]
    assert all(list(row) == IMAGE_KEYS for row in found["rows"].values())
    generator, real, *_ = found["rows"].values()
    assert real["classes"] == 2 and real["fcd"] < generator["fcd"] and found["n"] == 130


def test_it_asks_a_conditional_generator_for_its_classes(own, here):
    evaluated(own / "cgan-run", "--classifier", own / "own.npz", "--json", "a.json", "--no-references")
    row = json.loads((here / "a.json").read_text())["rows"]["generator"]
    assert list(row) == [*IMAGE_KEYS, "label_accuracy"] and 0 <= row["label_accuracy"] <= 1
    evaluated(own / "cgan-run", "--json", "b.json", "--no-references")  # pixels know no classes
    assert list(json.loads((here / "b.json").read_text())["rows"]["generator"]) == PIXEL_KEYS


def test_a_classifier_of_the_package_can_be_named(runs, here):
    evaluated(runs["mlp"], "--classifier", "mnist", "--n", 100, "--no-references", "--json", "a.json")
    assert "mnist classifier" in json.loads((here / "a.json").read_text())["extractor"]


def test_a_classifier_that_does_not_fit_is_refused(own, here, runs):
    run = own / "plain-run"
    refused(run, "--classifier", "digits", names=["looks at images of shape (28, 28, 1)", "(28, 28, 3)"])
    refused(run, "--classifier", "gone.npz", names=["there is no file gone.npz"])
    refused(run, "--classifier", "resnet", names=["no classifier 'resnet'", "name a weight file"])
    refused(run, "--classifier", run / "generator.npz", names=["generator.npz holds no classifier"])
    refused("run", "--classifier", "digits", names=["a classifier looks at images, and ring are points"])
    refused(run, "--n", 131, names=["from 20 to 130 images", "not 131"])
    refused(run, "--data-dir", "gone", names=["gone does not exist"])
    features = ("--features", "fake.npz", "--reference", "real.npz")
    refused(*features, "--classifier", "digits", names=["--classifier does not go with --features"])


# -- features of one's own ------------------------------------------------------------------------------------


def test_features_of_inception_give_the_real_names(here):
    text = evaluated("--features", "fake.npz", "--reference", "real.npz", "--json", "a.json")
    assert "only if the arrays are Inception's" in text and "Inception Score" in text and "FID" in text
    found = json.loads((here / "a.json").read_text())
    fake, real = np.load("fake.npz"), np.load("real.npz")
    row = found["rows"]["features"]
    assert row["fid"] == pytest.approx(metrics.frechet_of_features(fake["features"], real["features"]))
    shuffled = np.random.default_rng(0).permutation(fake["probabilities"])
    assert row["inception_score"] == pytest.approx(metrics.classifier_score(shuffled, 10).mean)
    assert (row["precision"], row["recall"]) == metrics.precision_recall(real["features"], fake["features"])
    assert (row["density"], row["coverage"]) == metrics.density_coverage(real["features"], fake["features"])
    assert found["run"] is None and found["n"] == 60 and found["n_reference"] == len(real["features"])
    assert (found["features"], found["reference"]) == ("fake.npz", "real.npz")


def test_rows_sorted_by_class_do_not_ruin_the_inception_score(here):
    np.savez("sorted.npz", features=np.eye(200), probabilities=np.eye(10).repeat(20, axis=0))
    evaluated("--features", "sorted.npz", "--reference", "sorted.npz", "--json", "a.json")
    assert json.loads((here / "a.json").read_text())["rows"]["features"]["inception_score"] > 6


def test_a_frechet_distance_that_is_mostly_bias_is_called_so(here):
    rng = np.random.default_rng(0)
    np.savez("few.npz", features=rng.normal(size=(20, 64)))
    np.savez("many.npz", features=rng.normal(size=(70, 64)))
    text = evaluated("--features", "few.npz", "--reference", "many.npz")
    assert "no more rows (20) than features (64)" in text and "20 against 70 rows only" in text
    text = evaluated("--features", "many.npz", "--reference", "many.npz")
    assert "more rows" not in text and "rows only" not in text


def test_without_probabilities_there_is_no_inception_score(here):
    np.savez("bare.npz", features=np.load("fake.npz")["features"])
    text = evaluated("--features", "bare.npz", "--reference", "real.npz")
    assert "Inception Score  " not in text.split("\n\n")[0] and "exp(E" not in text


# -- bad input -------------------------------------------------------------------------------------------------

BAD = {
    "nothing": ("", "give a RUN", "--features"),
    "missing run": ("gone", "no run folder gone"),
    "missing weights": ("gone.npz", "no file gone.npz"),
    "no weights": ("real.npz", "real.npz", "no checkpoint of tinygan"),
    "two runs": ("run run", "argument run"),
    "no n": ("run --n 0", "from 100 to 20000 points", "not 0"),
    "negative n": ("run --n -5", "from 100 to 20000 points", "not -5"),
    "huge n": ("run --n 20001", "from 100 to 20000 points", "not 20001"),
    "n a word": ("run --n many", "--n", "'many'"),
    "few images": ("mlp --n 99", "from 100 to 10000 images", "not 99"),
    "many images": ("mlp --n 10001", "from 100 to 10000 images", "not 10001"),
    "negative seed": ("run --seed -1", "--seed must be at least 0", "not -1"),
    "no truncation": ("run --truncation 0", "--truncation must be a finite number above 0", "not 0"),
    "unknown backend": ("run --backend tpu", "--backend", "'tpu'"),
    "unknown option": ("run --neighbors a.png", "option --neighbors", "did you mean --neighbours?"),
    "json without its ending": ("run --json a.txt", "--json must end in .json (the numbers)", "a.txt"),
    "json in no folder": ("run --json gone/a.json", "--json gone/a.json", "no folder"),
    "json over the options": ("run --json run/config.json", "run/config.json would replace a file that a run needs"),
    "json a folder": ("run --json dir.json", "--json dir.json is a folder"),
    "neighbours without their ending": ("mlp --neighbours a.gif", "--neighbours must end in .png", "a.gif"),
    "neighbours of points": ("run --neighbours a.png", "--neighbours is for images", "points"),
    "features alone": ("--features fake.npz", "--features FAKE.npz and --reference REAL.npz belong together"),
    "reference alone": ("run --reference real.npz", "belong together"),
    "features of a run": ("run --features fake.npz --reference real.npz", "RUN does not go with --features"),
    "features and n": ("--features fake.npz --reference real.npz --n 10", "--n does not go with --features"),
    "features and class 0": ("--features fake.npz --reference real.npz --label 0", "--label does not go with"),
    "features and a seed": ("--features fake.npz --reference real.npz --seed 1", "--seed does not go with --features"),
    "features and a backend": ("--features fake.npz --reference real.npz --backend cupy", "--backend does not go"),
    "features and neighbours": (
        "--features fake.npz --reference real.npz --neighbours a.png",
        "--neighbours does not go with --features",
    ),
    "missing features": ("--features gone.npz --reference real.npz", "no file gone.npz"),
    "features a folder": ("--features run --reference real.npz", "run", "cannot be read"),
    "features a text": ("--features run/log.txt --reference real.npz", "log.txt", "cannot be read"),
    "damaged run": ("damaged.npz", "damaged.npz", "damaged"),
}


def refused(*argv, names):
    before = sorted(Path.cwd().rglob("*"))
    result = call("evaluate", *argv)
    sentence = one_sentence(result.err)
    assert result.status == 2, result
    assert all(name in sentence for name in names), sentence
    assert len(sentence) < 500 and sorted(Path.cwd().rglob("*")) == before


@pytest.mark.parametrize("case", BAD)
def test_evaluate_refuses(case, here, runs):
    line, *names = BAD[case]
    (here / "dir.json").mkdir()
    shutil.copytree(runs["mlp"], here / "mlp")
    raw = bytearray((here / "run/generator.npz").read_bytes())
    raw[3000] ^= 1
    (here / "damaged.npz").write_bytes(raw)
    refused(*line.split(), names=names)


def test_a_file_of_tinygan_that_holds_no_generator_is_refused(here):
    checkpoint.save("other.npz", {}, {"kind": "other"})
    refused("other.npz", names=["other.npz holds no generator", "best.npz"])


ARRAYS = {
    "another key": ({"feats": np.ones((60, 4))}, "no array 'features', only: feats"),
    "one axis": ({"features": np.ones(60)}, "(n, d)", "(60,)"),
    "too few rows": ({"features": np.ones((5, 4))}, "'features' of bad.npz: at least 20", "there are 5"),
    "no columns": ({"features": np.ones((60, 0))}, "(60, 0)"),
    "text": ({"features": np.full((60, 4), "a")}, "must be real numbers"),
    "NaN": ({"features": np.full((60, 4), math.nan)}, "'features' of bad.npz must be finite"),
    "another length": ({"features": np.ones((60, 5))}, "same length", "(60, 5)"),
    "probabilities of others": (
        {"features": np.ones((60, 4)), "probabilities": np.ones((59, 1))},
        "'probabilities'",
        "(60, K)",
    ),
    "probabilities that are none": (
        {"features": np.ones((60, 4)), "probabilities": np.ones((60, 3))},
        "probabilities must be finite, not negative, and have the sum 1",
    ),
    "text as probabilities": (
        {"features": np.ones((60, 4)), "probabilities": np.full((60, 3), "a")},
        "probabilities",
    ),
    "objects": ({"features": np.array([[None]])}, "cannot be read"),
}


@pytest.mark.parametrize("case", ARRAYS)
def test_features_refuse(case, here):
    arrays, *names = ARRAYS[case]
    np.savez("bad.npz", **arrays)
    refused("--features", "bad.npz", "--reference", "real.npz", names=names)


def test_one_array_alone_is_refused(here):
    np.save("one.npy", np.ones((60, 4)))
    refused("--features", "one.npy", "--reference", "real.npz", names=["one.npy", "no .npz file of plain arrays"])


def test_too_little_memory_does_not_make_a_file_damaged(here, monkeypatch):
    def fails(*args, **kwargs):
        raise MemoryError

    monkeypatch.setattr(np, "load", fails)
    refused("--features", "fake.npz", "--reference", "real.npz", names=["not enough memory"])
