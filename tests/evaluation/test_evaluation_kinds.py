"""Strings, melodies and pairs: what is known of a sample is what the judge says, and bad rows look bad."""

import numpy as np
import pytest

from tinygan import data
from tinygan.data.sequences import encoded
from tinygan.evaluation import MelodyJudge, PairJudge, StringJudge, judge, metrics_of
from tinygan.evaluation.melodies import independent
from tinygan.evaluation.pairs import roughness
from tinygan.evaluation.strings import by_pairs, by_place
from tinygan.rolls import one_hot, sounding


@pytest.fixture(scope="module")
def dates():
    return judge("dates", data.load("dates", n=400), n=200)


def test_shares_of_strings_are_counted(dates):
    samples = data.dates().encode(["1961 Apr 9", "1961 Apr 9", "1999 Feb 30", "2000 Feb 29"])
    old = dates.words.decode(dates.dataset.pixels[:1])
    report = dates.report(np.concatenate([samples, data.dates().encode(old)]))
    assert report == pytest.approx({"validity": 4 / 5, "uniqueness": 3 / 4, "novelty": 2 / 3})
    assert dates.report(samples, ["novelty"]) == {"novelty": 1.0}


def test_the_rule_is_perfect_and_simple_writers_are_not(dates):
    rows = dates.reference_rows()
    assert list(rows) == ["the rule itself", "by pairs", "by place"]
    assert rows["the rule itself"]["validity"] == 1
    assert all(rows[name]["validity"] < 0.2 for name in ("by pairs", "by place"))


def test_a_simple_writer_writes_what_it_has_seen():
    strings = encoded(data.molecules(), ["CCCCC", "NNNNN"] * 50)
    rng = np.random.default_rng(0)
    alike = set(strings.words.decode(by_pairs(strings.pixels, 50, rng)))
    assert alike <= {"C" * n for n in range(13)} | {"N" * n for n in range(13)}  # never a C after an N
    mixed = strings.words.decode(by_place(strings.pixels, 50, rng))
    assert {len(text) for text in mixed} == {5} and len(set(mixed)) > 10


def test_strings_of_a_file_have_no_rule(tmp_path):
    (tmp_path / "words.txt").write_text("\n".join(f"word {i}" for i in range(30)), encoding="utf-8")
    found = judge(str(tmp_path / "words.txt"), data.load(tmp_path / "words.txt"), n=20)
    assert isinstance(found, StringJudge)
    assert [m.key for m in found.metrics] == [m.key for m in metrics_of(str(tmp_path / "words.txt"))]
    assert set(found.report(found.dataset.pixels)) == {"uniqueness", "novelty"}
    assert found.report(found.dataset.pixels) == {"uniqueness": 1.0, "novelty": 0.0}


@pytest.fixture(scope="module")
def melodies():
    return judge("melodies", data.load("melodies", n=300), n=200)


def test_melodies_of_the_data_keep_to_the_rules(melodies):
    assert isinstance(melodies, MelodyJudge)
    rows = melodies.reference_rows()
    real, alone = rows["training data"], rows["independent"]
    assert (real["in_key"], real["one_key"], real["ends"], real["novelty"]) == (1, 1, 1, 0)
    assert alone["one_key"] < 0.3 and alone["ends"] < 0.6 and alone["novelty"] == 1
    assert alone["rhythm"] < 0.1  # for the lengths are drawn from the data


def test_a_planted_wrong_note_is_counted(melodies):
    columns = sounding(melodies.dataset.pixels[:10])
    columns[0, 0:2] = (columns[0, 2] + 6) % 24  # a tritone away, and of another length
    report = melodies.report(one_hot(columns, 25))
    assert report["novelty"] == pytest.approx(0.1) and report["distinct"] == 1
    scale = one_hot(np.array([[0] * 16 + [1] * 16, [0] * 32, [0] * 32]), 25)  # C and D flat are in two keys
    found = melodies.report(scale)
    assert found["distinct"] == pytest.approx(2 / 3) and found["one_key"] == 1


def test_what_is_not_finite_counts_as_silence(melodies):
    samples = np.full((20, 32, 25), np.nan, np.float32)
    assert np.isfinite(list(melodies.report(samples).values())).all()


def test_independent_notes_are_those_of_the_data():
    columns = np.array([[3] * 8 + [7] * 8])
    rolls = independent(columns, 25, 50, np.random.default_rng(0))
    assert set(np.unique(sounding(rolls))) == {3, 7} and rolls.shape == (50, 16, 25)


def test_pairs_are_compared_with_their_targets():
    pairs = data.load("sketches", n=40)
    found = judge("sketches", pairs, 20, -1.0, 1.0)
    assert isinstance(found, PairJudge) and found.labelled
    scaled = (pairs.pixels[:20] / 127.5 - 1).astype(np.float32)
    targets = scaled[..., 3:]
    assert found.report(scaled, labels=targets) == {"l1": 0, "sharpness": 1}
    darker = scaled.copy()
    darker[..., 3:] = np.clip(targets - 0.5, -1, 1)
    expected = np.abs(darker[..., 3:] - targets).mean() / 2
    assert found.report(darker, ["l1"], labels=targets)["l1"] == pytest.approx(expected, rel=1e-4)
    rows = found.reference_rows()
    assert list(rows) == ["the source itself", "the mean target"]
    assert rows["the mean target"]["sharpness"] < 0.8 < rows["the source itself"]["sharpness"]


def test_roughness_is_zero_of_one_colour_and_one_of_a_chessboard():
    board = np.indices((8, 8)).sum(axis=0) % 2
    assert roughness(np.full((2, 8, 8, 3), 0.3)) == 0
    assert roughness(board[None, :, :, None].astype(float)) == 2  # one downwards, one to the right


@pytest.mark.parametrize("name", ["dates", "melodies", "sketches"])
def test_no_classifier_looks_at_them(name):
    from tinygan import classifier

    with pytest.raises(data.DataError, match="a classifier looks at images"):
        judge(name, data.load(name, n=40), extractor=classifier.load("digits"))
    with pytest.raises(data.DataError, match="can be judged at a time"):
        judge(name, data.load(name, n=40), n=1)
