"""The command lines with data and networks of one's own: what they print, what README.txt promises, class names."""

import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from cli import call, one_sentence, train
from PIL import Image
from training import own
from training.own import OFTEN, TINY

from tinygan.plot import save_grid
from tinygan.training import presets, trained

AWKWARD = 'it\'s "my" $place & more'


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a difficult name, in which we stand, with my networks and my pictures."""
    (tmp_path / AWKWARD).mkdir()
    monkeypatch.chdir(tmp_path / AWKWARD)
    own.write_networks(Path("my nets.py"))
    own.write("folder", Path("my data"))
    return Path()


MINE = ("--networks", "my nets.py:mine", "--data", "my data/my pictures", *TINY, *OFTEN)


def refused(tool, *argv, names):
    result = call(tool, *argv)
    sentence = one_sentence(result.err)
    assert result.status == 2 and not result.out
    assert all(name in sentence for name in names), sentence


# -- README.txt ----------------------------------------------------------------------------------------------


def commands(text: str) -> dict[str, list[str]]:
    """The words of each command in a README.txt, by its tool and what is told of it."""
    found = {}
    for line in text.splitlines():
        if match := re.search(r"^(.*?): +python -m tinygan\.(\w+) (.*)$", line):
            words = match[3].removesuffix(" with more steps")
            found[f"{match[2]} {'--resume' if '--resume' in words else ''}".strip()] = shlex.split(words)
    return found


@pytest.mark.parametrize("outdir", ["runs", 'so\'s "this"', "/absolute/"])
def test_every_line_of_readme_works_as_it_stands(here, tmp_path, outdir):
    outdir = tmp_path / "an 'absolute' one" if outdir.startswith("/") else outdir
    run = train(*MINE, "--steps", 4, "--conditioning", "cgan", "--outdir", outdir)
    lines = commands((run / "README.txt").read_text())
    assert set(lines) == {"train", "train --resume", "sample"}
    again = train(*lines["train"])
    assert again.parent == run.parent and (again / "generator.npz").read_bytes() == (run / "generator.npz").read_bytes()
    assert call("sample", *lines["sample"]).status == 0 and Path("samples.png").exists()
    assert call("train", *lines["train --resume"], "--steps", 6).status == 0
    text = (run / "README.txt").read_text()
    assert "networks.py      your own networks, as they were when the run began" in text
    assert "a column for each class" in text and (run / "fakes_000004.png").exists()


def test_readme_of_best_and_of_measured_data(here):
    options = ("--metrics", "fcd", "--keep-best", "fcd", "--eval-samples", 100, "--data", "digits")
    run = train(*MINE, "--steps", 2, *options)
    text = (run / "README.txt").read_text()
    for tool, rest in re.findall(r"python -m tinygan\.(sample|evaluate) (.*)", text):
        more = ("--n", 100, "--no-references") if tool == "evaluate" else ()
        result = call(tool, *shlex.split(rest), *more)
        assert result.status == 0 and "the networks are mine of" in result.out, result.err
    assert len(re.findall(r"python -m tinygan\.(?:sample|evaluate)", text)) == 3


def test_readme_of_networks_from_python_says_what_to_add(here):
    import tinygan as tg

    names: dict = {"__name__": "mine"}
    exec(own.MY_PY, names)
    run = tg.Run(names["mine"], "my data/my pictures", batch_size=4, samples=6, latent=8, steps=2)
    run.train()
    words = commands((run.path / "README.txt").read_text())["sample"]
    assert words[-2:] == ["--networks", "FILE.py:NAME"]
    assert call("sample", *words[:-1], "my nets.py:mine").status == 0


# -- what is printed -----------------------------------------------------------------------------------------


def test_resume_prints_what_was_read_as_a_new_run_does(here):
    (here / "my data/my pictures/cat/broken.png").write_bytes(b"none")
    first = call("train", *MINE, "--steps", 2).out.splitlines()
    second = call("train", "--resume", first[0].split(": ")[0], "--steps", 4).out.splitlines()
    assert first[0].endswith(": mine on " + str(Path.cwd() / "my data/my pictures") + ", steps 1 to 2")
    assert second[0] == first[0].replace("steps 1 to 2", "steps 3 to 4")
    assert first[1] == second[1] == "12 pictures, 8 x 8, grey, 3 classes (cat 4, dog 4, hen 4), 1 damaged file skipped"
    assert "broken.png" in first[2] and first[2] == second[2]
    assert first[3] == "the networks are mine of my nets.py"
    assert second[3] == f"the networks are mine of {first[0].split(': ')[0]}/networks.py"
    assert len(first) == len(second) == 5


def test_strict_and_size_and_crop_reach_the_reader(here):
    (here / "my data/my pictures/cat/broken.png").write_bytes(b"none")
    refused("train", *MINE, "--strict", names=["broken.png"])
    result = call(
        "train", *MINE, "--size", "12x16", "--channels", 3, "--crop", "fit", "--background", "red", "--dry-run"
    )
    assert "12 high x 16 wide, colour" in result.out and "(N, 576)" in result.out
    assert not Path("runs").exists()


def test_old_options_cannot_change(here):
    run = train(*MINE, "--steps", 2)
    for option in ("--size=16", "--channels=3", "--crop=fit", "--background=red", "--mirror", "--augment=shift"):
        name = option.split("=")[0]
        refused("train", "--resume", run, "--steps", 4, option, names=[f"{name} of {run} is", "cannot change"])
    assert call("train", "--resume", run, "--steps", 4, "--strict").status == 0


def test_the_list_of_presets_names_presets_alone():
    names = re.findall(r"^(\S+) ", call("train", "--list-presets").out, re.MULTILINE)
    assert names == list(presets.PRESETS)
    refused("train", "--preset", "own", names=["--networks FILE.py:NAME"])


def test_own_networks_on_points(here):
    np.save("points.npy", np.random.default_rng(0).standard_normal((60, 2)))
    run = train("--networks", "my nets.py:mine", "--data", "points.npy", "--steps", 4, "--sample-interval", 2)
    assert run.name == "00000-mine-points-ns"
    for tool, out, *more in (("sample", "a.png"), ("sample", "a.npz"), ("interpolate", "b.gif", "--steps", 3)):
        assert call(tool, run, "--out", out, *more).status == 0
    assert np.load("a.npz")["samples"].shape == (100, 2)


def test_a_run_may_be_moved_and_renamed(here, tmp_path, monkeypatch):
    run = Path(train(*MINE, "--steps", 2))
    moved = shutil.move(run, tmp_path / "renamed")
    monkeypatch.chdir(tmp_path)
    assert call("train", "--resume", "renamed", "--steps", 4).status == 0
    assert call("sample", moved, "--out", "a.png").status == 0


# -- the names of classes ------------------------------------------------------------------------------------


def picture(path) -> np.ndarray:
    with Image.open(path) as image:
        return np.array(image)


def test_names_stand_over_the_columns(here):
    run = train(*MINE, "--steps", 4, "--conditioning", "cgan")
    plain = (2 * (8 + 2) - 2) * 2  # two rows of three
    heights = {path.name: len(picture(path)) for path in [run / "reals.png", *run.glob("fakes_*.png")]}
    assert len(heights) == 4 and len(set(heights.values())) == 1 and min(heights.values()) > plain
    with Image.open(run / "training.gif") as animation:
        assert animation.n_frames == 3 and animation.size[1] == min(heights.values())
    assert call("sample", run, "--n", 7, "--out", "all.png").status == 0
    source = trained.load(run)
    noise = source.columns(7, seed=0)
    assert source.labels(noise).tolist() == [0, 1, 2, 0, 1, 2, 0]
    z = source.behind.split(noise)[0]
    assert (z[0] == z[2]).all() and (z[0] != z[3]).all()  # a row shares its noise
    images = (source.draw(noise) + 1) / 2
    save_grid("expected.png", images, 3, headings=own.CLASSES)
    assert (picture("all.png") == picture("expected.png")).all()
    # One class, or fewer samples than classes, need no names.
    assert call("sample", run, "--n", 9, "--label", "dog", "--out", "one.png").status == 0
    assert call("sample", run, "--n", 2, "--out", "two.png").status == 0
    assert len(picture("one.png")) == (3 * 10 - 2) * 2 and len(picture("two.png")) == 8 * 2


@pytest.mark.parametrize("data", ["digits", "npz"])
def test_numbers_are_no_names(here, data):
    """Grids of classes that are called 0, 1, ... are what they always were, byte for byte."""
    what = data if data == "digits" else own.write(data, Path("data"))
    run = train("--data", what, "--preset", "cgan", *TINY, "--samples", 20, "--steps", 1, "--size", 8)
    classes = 10 if data == "digits" else 3
    rows = -(-20 // classes)
    assert picture(run / "reals.png").shape == ((rows * 10 - 2) * 2, (classes * 10 - 2) * 2)
    assert call("sample", run, "--n", 20, "--out", "a.png").status == 0
    source = trained.load(run)
    save_grid("b.png", np.clip(source.draw(source.noise(20, seed=0)) / 2 + 0.5, 0, 1))
    assert Path("a.png").read_bytes() == Path("b.png").read_bytes()


def test_a_label_is_a_name_before_it_is_a_number(here):
    for i, name in enumerate(("1", "0", "7")):
        place = Path("numbers", name)
        place.mkdir(parents=True)
        for j in range(4):
            Image.fromarray(np.full((8, 8), 60 * i + j, np.uint8)).save(place / f"{j}.png")
    run = train("--data", "numbers", "--preset", "cgan", *TINY, "--steps", 1)
    for label, number in (("7", 2), ("1", 1), ("2", 2)):  # classes are in the order of their names: 0, 1, 7
        result = call("sample", run, "--n", 2, "--label", label, "--out", "a.npz")
        assert result.status == 0 and np.load("a.npz")["labels"].tolist() == [number] * 2
    refused("sample", run, "--label", "3", "--out", "a.npz", names=["--label must be from 0 to 2, not 3"])
