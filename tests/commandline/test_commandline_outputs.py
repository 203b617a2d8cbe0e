"""The files that commands write: what is said of them, what they may not replace, and what stays unwritten."""

import os
import shutil

import numpy as np
import pytest
from cli import call, one_sentence, posix_only, train
from PIL import Image

from tinygan.files import whole_file
from tinygan.training import checkpoint, trained

TINY = ("--batch-size", 4, "--samples", 4, "--steps", 2)

# The command line up to the file's name, and the name's ending
WRITERS = {
    "sample": (["sample", "run", "--n", 4, "--out"], ".png"),
    "sample npz": (["sample", "run", "--n", 4, "--out"], ".npz"),
    "interpolate": (["interpolate", "run", "--pairs", 2, "--steps", 2, "--out"], ".png"),
    "interpolate gif": (["interpolate", "run", "--pairs", 2, "--steps", 2, "--out"], ".gif"),
    "export": (["export", "run", "--to", "npz", "--out"], ".npz"),
    "evaluate json": (["evaluate", "run", "--n", 50, "--no-references", "--json"], ".json"),
    "evaluate neighbours": (["evaluate", "run", "--n", 50, "--no-references", "--neighbours"], ".png"),
    "train_classifier": (["train_classifier", "--data", "photos", "--epochs", 1, "--out"], ".npz"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run on photos, which lie beside it."""
    folder = tmp_path_factory.mktemp("made")
    rng = np.random.default_rng(0)
    for name in "ab":
        (folder / "photos" / name).mkdir(parents=True)
        for k in range(90):
            Image.fromarray(rng.integers(0, 256, (12, 12), np.uint8)).save(folder / "photos" / name / f"{k}.png")
    train("--data", folder / "photos", *TINY, "--outdir", folder).rename(folder / "run")
    return folder


@pytest.fixture
def here(made, tmp_path, monkeypatch):
    """The run and the photos in the working folder."""
    shutil.copytree(made / "run", tmp_path / "run")
    (tmp_path / "photos").symlink_to(made / "photos")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(argv, name, *words):
    result = call(*argv, name)
    sentence = one_sentence(result.err)
    assert result.status == 2 and not [word for word in words if word not in sentence], sentence


@pytest.mark.parametrize("writer", WRITERS)
def test_it_says_when_it_replaces_a_file(writer, here):
    argv, ending = WRITERS[writer]
    first, second = call(*argv, f"a{ending}"), call(*argv, f"a{ending}")
    assert first.status == second.status == 0, first.err + second.err
    assert f"a{ending}" in first.out and "in place of the old file" not in first.out
    assert f"a{ending}, in place of the old file" in second.out
    assert not list(here.glob(".*.tmp"))


@pytest.mark.parametrize("writer", WRITERS)
def test_what_it_cannot_or_must_not_replace_is_refused_before_the_work(writer, here):
    argv, ending = WRITERS[writer]
    (here / f"folder{ending}").mkdir()
    (here / f"circle{ending}").symlink_to(f"circle{ending}")
    (here / f"device{ending}").symlink_to(os.devnull)
    refused(argv, f"folder{ending}", "is a folder")
    refused(argv, f"circle{ending}", "cannot be written")
    refused(argv, f"gone/a{ending}", "which is no folder")
    refused(argv, "a.xyz", f"must end in {'' if ' ' in writer else '.'}", "not a.xyz")
    refused(argv, f"{'a' * 300}{ending}", "cannot be written")
    if os.name == "posix":
        os.mkfifo(f"pipe{ending}")
        refused(argv, f"pipe{ending}", "is a device or a pipe")
        refused(argv, f"device{ending}", "is a device or a pipe")
    needed = {".npz": "generator.npz", ".json": "config.json", ".png": "fakes_000002.png", ".gif": "training.gif"}
    before = (here / "run" / needed[ending]).read_bytes()
    refused(argv, f"run/{needed[ending]}", "would replace a file that a run needs")
    (here / f"link{ending}").symlink_to(here / "run" / needed[ending])
    refused(argv, f"link{ending}", "would replace a file that a run needs")
    assert (here / "run" / needed[ending]).read_bytes() == before


def test_what_is_read_is_not_replaced(here, made):
    shutil.copy("run/generator.npz", "mine.npz")
    for argv in (["sample", "mine.npz", "--out"], ["export", "mine.npz", "--to", "npz", "--out"]):
        refused(argv, "mine.npz", "mine.npz would replace a file that is read from")
    photo = made / "photos" / "a" / "1.png"
    for writer in ("sample", "interpolate", "evaluate neighbours"):
        refused(WRITERS[writer][0], photo, "1.png would replace a file that is read from")
    (here / "data.npz").write_bytes(b"precious")
    refused(["train_classifier", "--data", "data.npz", "--out"], "data.npz", "would replace a file that is read from")
    np.savez(here / "f.json", features=np.random.default_rng(0).normal(size=(60, 4)))
    os.rename("f.json.npz", "f.json")
    refused(["evaluate", "--features", "f.json", "--reference", "f.json", "--json"], "f.json", "that is read from")
    call("check.__main__", "--begin", "mine")
    (exercise,) = (here / "mine").glob("ex01*.py")
    refused(["check.__main__", "ex01", "--folder", "mine", "--gradescope"], exercise, "that is read from")
    refused(["check.__main__", "ex01", "--folder", "mine", "--gradescope"], "mine", "is a folder")


@posix_only
def test_no_rename_takes_the_place_of_a_device_or_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="a device or a pipe"), whole_file(tmp_path / "pipe") as file:
        file.write(b"x")
    assert (tmp_path / "pipe").is_fifo() and len(list(tmp_path.iterdir())) == 1


def nan(arrays):
    arrays[min(arrays)].flat[0] = np.nan


def inf(arrays):
    arrays[min(arrays)].flat[0] = np.inf


def overflow(arrays):
    for array in arrays.values():
        array *= np.float32(1e30)


@pytest.mark.parametrize("damage", [nan, inf, overflow])
@pytest.mark.parametrize("writer", [name for name in WRITERS if name != "train_classifier"])
def test_of_a_broken_generator_nothing_is_written(writer, damage, here):
    argv, ending = WRITERS[writer]
    arrays, meta = checkpoint.load(here / "run" / "generator.npz")
    damage(arrays)
    checkpoint.save(here / "run" / "generator.npz", arrays, meta)
    before = sorted(here.iterdir())
    refused(argv, f"a{ending}", "nothing is written", "generator.npz is broken", "not finite")
    assert sorted(here.iterdir()) == before


def test_a_path_may_begin_at_home(here, monkeypatch):
    monkeypatch.setenv("HOME", str(here))
    monkeypatch.setenv("USERPROFILE", str(here))
    assert call("sample", "~/run/generator.npz", "--n", 4, "--out", "~/a.png").status == 0
    assert (here / "a.png").exists()
    assert trained.load("~/run").step == 2
