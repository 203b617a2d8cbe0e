import numpy as np
import pytest

import tinygan as tg
from tinygan import data
from tinygan.gan import losses
from tinygan.words import counted, did_you_mean, listed, nearest, printable, short, whole


def test_numbers_and_lists():
    assert [counted(n, "picture") for n in (0, 1, 12_000)] == ["0 pictures", "1 picture", "12,000 pictures"]
    assert counted(2, "class", "classes") == "2 classes"
    assert listed(["a", "b"], 2) == "a, b" and listed(["a", "b", "c"], 2) == "a, b and 1 more"


def test_guesses():
    known = ("ring", "mnist")
    assert nearest("mnits", known) == "mnist" and nearest("xyz", known) is None
    assert did_you_mean(None, known) == ": choose one of ring, mnist"
    assert did_you_mean("rnig", iter(known)) == ": did you mean ring? choose one of ring, mnist"


def test_names_can_always_be_printed():
    assert printable("caf\u00e9 \u540d") == "caf\u00e9 \u540d"
    assert printable("a\nb\x1b[31m") == "a\\nb\\x1b[31m"
    broken = b"\xff.png".decode("utf-8", "surrogateescape")
    assert printable(broken) == "\\udcff.png"
    assert printable(broken).encode("utf-8")
    assert printable("x" * 500, 20) == "x" * 10 + "..." + "x" * 10


def test_whole_numbers():
    assert all(whole(value, 1) for value in (1, np.int64(7), np.uint8(1), 10**400))
    assert not any(whole(value, 1) for value in (0, True, 1.0, "1", None, np.float64(2), np.bool_(True), [1]))


class Silent:
    def __repr__(self):
        raise RuntimeError


def test_values_are_shown_in_one_short_line():
    for value in ("a b", 0.5, -3, None, True, (1, 2), {"a": [1]}, "x" * 70):
        assert short(value) == repr(value)
    assert short(list(range(1000))) == "[0, 1, 2, 3, 4, 5, ...]"
    assert short("a\nb") == r"'a\nb'" and "\n" not in short(np.eye(3))
    assert "Silent" in short(Silent())


HUGE = {
    "dict": {i: "x" * 1000 for i in range(1000)},
    "nested": [[["x" * 1000] * 9] * 9] * 9,
    "text": "x\n" * 100_000,
    "number": 10**5000,
    "array": np.zeros((50, 50)),
    "bytes": bytes(10_000),
    "set": set(range(10_000)),
    "object": Silent(),
}
DOORS = {
    "data": data.load,
    "data's name": lambda value: data.load("digits", size=value),
    "an option of a name": lambda value: data.load("digits", n=value),
    "channels": lambda value: data.load("digits", channels=value),
    "crop": lambda value: data.load("digits", crop=value),
    "background": lambda value: data.load("digits", background=value),
    "split": lambda value: data.load("digits", split=value),
    "faces": lambda value: data.faces(2, size=value),
    "digits": lambda value: data.digits(value),
    "mnist": lambda value: data.mnist(split=value),
    "ring": lambda value: data.ring(value),
    "preset": lambda value: tg.Run("ring", preset=value),
    "lr": lambda value: tg.Run("ring", lr=value),
    "penalty": lambda value: tg.Run("ring", penalty=value),
    "loss": lambda value: tg.Run("ring", loss=value),
    "data of a run": lambda value: tg.Run("ring", data=value),
    "networks": tg.Run,
    "steps": lambda value: tg.Run("ring", steps=value),
    "backend": tg.use_backend,
    "losses.get": losses.get,
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("kind", HUGE)
def test_a_large_thing_given_by_mistake_does_not_flood_the_sentence(door, kind, tmp_path, monkeypatch):
    monkeypatch.setenv("TINYGAN_CACHE", str(tmp_path))
    with pytest.raises((ValueError, OverflowError)) as it:
        DOORS[door](HUGE[kind])
    message = str(it.value)
    assert len(message) < 900 and "\n" not in message, message[:2000]
