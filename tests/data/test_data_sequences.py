"""Strings and melodies as sets to learn from: by name, from a file, from Python."""

import dataclasses

import numpy as np
import pytest

from tinygan import data
from tinygan.data.sequences import encoded, read_strings
from tinygan.data.strings import decoded
from tinygan.rolls import sounding

NAMED = {"dates": (11, 34), "molecules": (12, 9), "melodies": (32, 25)}


@pytest.mark.parametrize("name, shape", NAMED.items())
def test_a_name_gives_one_hot_sequences_that_are_always_the_same(name, shape):
    one, again, other = (data.load(name, n=20, seed=seed) for seed in (0, 0, 1))
    assert data.kind(name) == data.kind(one) == "sequences"
    assert one.sample_shape == shape and len(one) == 20
    assert one.fingerprint == again.fingerprint != other.fingerprint
    assert (one.pixels.sum(axis=2, dtype=int) == 255).all()


def test_strings_are_what_the_rule_writes():
    dates = data.load("dates", n=50)
    strings = dates.words.decode(dates.pixels)
    assert strings == data.dates().strings(50, np.random.default_rng(0))
    assert all(map(data.dates().valid, strings))
    assert dates.alphabet == data.dates().alphabet


def test_melodies_keep_their_keys_as_classes():
    tunes, found = data.melodies(30), data.load("melodies", n=30)
    assert (sounding(found.pixels) == sounding(tunes.rolls)).all()
    assert found.labels.tolist() == tunes.labels.tolist() and found.class_names == tunes.names
    assert found.alphabet is None


def test_what_is_given_in_python_is_a_set_to_learn_from():
    assert data.load(data.dates()).sample_shape == (11, 34)
    assert len(data.load(data.melodies(7))) == 7
    assert data.kind(data.dates()) == data.kind(data.melodies(7)) == "sequences"
    assert data.short_name(data.molecules()) == "molecules"
    kept = encoded(data.dates(), ["1961 Apr 9"])
    assert data.load(kept) is kept


def test_a_text_file_has_a_string_on_each_line(tmp_path):
    path = tmp_path / "words.txt"
    path.write_bytes("\ufeffred\r\n\n  snow_white \nblue\nred\n".encode())
    found = data.load(path)
    assert data.kind(path) == "sequences" and found.name == "words"
    assert found.words.decode(found.pixels) == ["red", "snow_white", "blue", "red"]
    assert found.alphabet[0] not in "_abcdefghijklmnopqrstuvwxyz" and found.sample_shape == (10, 15)
    assert found.describe() == "4 strings of up to 10 symbols out of 15, such as red"
    assert found.words.valid is None
    (tmp_path / "one.txt").write_text("a\n", encoding="utf-8")
    assert data.load(tmp_path / "one.txt").alphabet == "_a"


REFUSED = {
    "empty": (b"\n \n", "has no strings"),
    "latin": ("Z\xfcrich\n".encode("latin-1"), "no text in UTF-8"),
    "long": (b"a" * 129, "129 symbols"),
    "many": ("".join(map(chr, range(0x4E00, 0x4E00 + 300))).encode(), "300 different symbols"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_text_file_that_cannot_be_learnt_is_refused(name, tmp_path):
    path, (content, said) = tmp_path / f"{name}.txt", REFUSED[name]
    path.write_bytes(content if name != "many" else b"\n".join(content[i : i + 3] for i in range(0, 900, 3)))
    with pytest.raises(data.DataError, match=said):
        data.load(path)


def test_options_of_images_are_refused(tmp_path):
    (tmp_path / "words.txt").write_text("a\nb\n", encoding="utf-8")
    for what in ("dates", tmp_path / "words.txt", data.melodies(5)):
        with pytest.raises(data.DataError, match="strings or melodies have no --size"):
            data.load(what, size=32)
    with pytest.raises(data.DataError, match="no test part"):
        data.load("dates", split="test")
    with pytest.raises(data.DataError, match="n must be"):
        data.load("dates", n=0)


def test_only_one_hot_rows_are_sequences():
    good = data.load("molecules", n=3)
    two = good.pixels.copy()
    two[0, 0] = 255
    half = good.pixels // 2
    for pixels, said in (
        (two, "one 255"),
        (half, "one 255"),
        (good.pixels[0], "N, L, V"),
        (good.pixels / 1.0, "N, L, V"),
    ):
        with pytest.raises(data.DataError, match=said):
            dataclasses.replace(good, pixels=pixels)
    with pytest.raises(data.DataError, match="its strings"):
        dataclasses.replace(good, words=data.dates())


def test_the_alphabet_is_part_of_the_fingerprint(tmp_path):
    for name, text in (("a", "ab\nba\n"), ("b", "cd\ndc\n")):
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
    one, other = (read_strings(tmp_path / f"{name}.txt", "x") for name in "ab")
    assert (one.pixels == other.pixels).all() and one.fingerprint != other.fingerprint


def test_the_padding_at_the_end_is_no_part_of_a_string():
    alphabet = "_ab"
    assert decoded(np.eye(3)[[[1, 2, 0, 0], [0, 1, 0, 2]]], alphabet) == ["ab", "_a_b"]


def test_batches_are_probabilities_with_their_classes():
    batches = data.batches(data.load("melodies", n=20), 6, np.random.default_rng(0), 0.0, 1.0)
    rolls, labels = batches.next()
    assert rolls.shape == (6, 32, 25) and set(np.unique(rolls)) == {0.0, 1.0} and labels.shape == (6,)
    with pytest.raises(data.DataError, match="20 sequences of 'melodies'"):
        data.batches(data.load("melodies", n=20), 21, np.random.default_rng(0))
