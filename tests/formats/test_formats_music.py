"""Melodies as files: the .wav has the notes' frequencies at their times, the .mid the notes; both are whole files."""

from __future__ import annotations

import sys
import wave

import numpy as np
import pytest

from tinygan import data
from tinygan.formats import FormatError, save_midi, save_wav, waveform
from tinygan.rolls import Note, notes, one_hot

REST, RATE = 24, 22_050
MELODIES = data.melodies(4, seed=2)


def read_wav(path):
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32767


def loudest(sound):
    """The frequency in Hz at which the spectrum is largest, and how wide a line of it is."""
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return spectrum.argmax() * RATE / len(sound), RATE / len(sound)


@pytest.mark.parametrize("roll", MELODIES.rolls, ids=range(len(MELODIES)))
def test_the_spectrum_of_each_note_has_its_frequency(roll, tmp_path):
    save_wav(tmp_path / "a.wav", roll, tempo=90)
    sound, step = read_wav(tmp_path / "a.wav"), 60 / 90 / 4
    assert len(sound) == round(32 * step * RATE)
    for note in notes(roll):
        piece = sound[round(note.start * step * RATE) : round((note.start + note.length) * step * RATE)]
        found, line = loudest(piece)
        assert found == pytest.approx(440 * 2 ** ((note.pitch - 69) / 12), abs=line)


def test_the_overtones_are_whole_multiples_and_fall():
    sound = waveform(one_hot([9] * 32, 25), tempo=60)  # eight seconds of the A of 440 Hz
    spectrum = np.abs(np.fft.rfft(sound))
    heights = [spectrum[8 * 440 * k - 2 : 8 * 440 * k + 3].max() for k in (1, 2, 3, 4, 5)]
    assert all(a > 1.5 * b for a, b in zip(heights, heights[1:], strict=False)) and heights[0] > 100 * heights[4]


def test_a_note_decays_to_silence_and_a_rest_is_silent():
    sound = waveform(one_hot([0] * 16 + [REST] * 16, 25), tempo=60)
    loud = np.array([np.abs(step).max() for step in np.array_split(sound, 32)])
    assert (np.diff(loud[:16]) < 0).all() and loud[2] / loud[0] == pytest.approx(np.exp(-0.5 / 0.5), rel=0.1)
    assert not sound[len(sound) // 2 :].any()


def test_it_neither_clicks_nor_clips():
    sound = waveform(MELODIES.rolls[0])
    assert sound.dtype == np.float32 and 0.3 < np.abs(sound).max() <= 0.8
    assert np.abs(np.diff(sound)).max() < 0.35  # 2 pi * 1000 Hz / 22,050 Hz, for the steepest of its waves
    step = 60 / 110 / 4 * RATE
    for note in notes(MELODIES.rolls[0]):
        assert np.abs(sound[round(note.start * step)]) < 1e-6


def test_a_frequency_that_the_file_cannot_hold_is_left_out():
    """The highest note of MIDI has 12,544 Hz: at 22,050 samples a second it would sound as another."""
    assert not waveform(one_hot([1] * 4, 3), lowest=126).any()


def test_a_wav_of_probabilities_is_that_of_their_largest(tmp_path):
    save_wav(tmp_path / "a.wav", MELODIES.rolls[1])
    save_wav(tmp_path / "b.wav", 0.5 * MELODIES.rolls[1] + 0.02)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


# -- MIDI ----------------------------------------------------------------------------------------------------


@pytest.fixture
def mido():
    return pytest.importorskip("mido", reason="the package mido is not installed")


def read_midi(mido, path):
    """The notes of a file in steps of a sixteenth, its tempo in quarters a minute, and its length in seconds."""
    file, found, open_notes, now, tempo = mido.MidiFile(path), [], {}, 0, None
    (track,) = file.tracks
    for message in track:
        now += message.time
        step = now * 4 / file.ticks_per_beat
        if message.type == "set_tempo":
            tempo = mido.tempo2bpm(message.tempo)
        elif message.type == "note_on":
            open_notes[message.note] = step
        elif message.type == "note_off":
            start = open_notes.pop(message.note)
            found.append(Note(message.note, start, step - start))
    assert not open_notes
    return found, tempo, file.length


@pytest.mark.parametrize("roll", MELODIES.rolls, ids=range(len(MELODIES)))
def test_the_notes_come_back_from_the_midi_file(mido, roll, tmp_path):
    save_midi(tmp_path / "a.mid", roll, tempo=90)
    found, tempo, seconds = read_midi(mido, tmp_path / "a.mid")
    assert found == notes(roll)
    assert tempo == pytest.approx(90, rel=1e-5) and seconds == pytest.approx(8 * 60 / 90, rel=1e-5)


def test_rests_stay_where_they_are(mido, tmp_path):
    columns = [REST] * 3 + [0] + [REST] * 2 + [0] * 5 + [REST] * 4
    save_midi(tmp_path / "a.mid", one_hot(columns, 25), lowest=21)
    found, _, seconds = read_midi(mido, tmp_path / "a.mid")
    assert found == [Note(21, 3, 1), Note(21, 6, 5)] and seconds == pytest.approx(15 * 15 / 110, rel=1e-5)


def test_silence_has_a_length(mido, tmp_path):
    save_midi(tmp_path / "a.mid", one_hot([REST] * 32, 25), tempo=60)
    assert read_midi(mido, tmp_path / "a.mid") == ([], 60, pytest.approx(8))


def test_without_the_package_one_sentence_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "mido", None)
    with pytest.raises(FormatError, match=r"^this needs the package mido.*: pip install 'tinygan\[music\]'$"):
        save_midi(tmp_path / "a.mid", MELODIES.rolls[0])
    assert not list(tmp_path.iterdir())
    save_wav(tmp_path / "a.wav", MELODIES.rolls[0])  # which needs none


# -- what cannot be ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given, said",
    [
        ({"tempo": 0}, "the tempo must be from 10 to 1000 quarter notes a minute, but it is 0"),
        ({"tempo": np.nan}, "the tempo must be from 10 to 1000"),
        ({"tempo": "allegro"}, "the tempo must be from 10 to 1000"),
        ({"lowest": -1}, "the lowest note must be a whole number of MIDI, 0 to 127, not -1"),
        ({"lowest": 60.0}, "the lowest note must be a whole number of MIDI"),
        ({"lowest": 120}, r"a note of the roll would be the \d+ of MIDI, which ends at 127"),
        ({"roll": MELODIES.rolls}, "one piano roll has the axes"),
        ({"roll": np.zeros((0, 25))}, "piano rolls are numbers of shape"),
        ({"roll": np.full((32, 25), np.nan)}, "not all numbers of the piano rolls are finite"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_is_refused_and_leaves_no_file(given, said, tmp_path):
    options = {"roll": MELODIES.rolls[0], **given}
    roll = options.pop("roll")
    for save in (save_wav, save_midi):
        with pytest.raises(ValueError, match=f"^{said}"):
            save(tmp_path / "a", roll, **options)
    assert not list(tmp_path.iterdir())
