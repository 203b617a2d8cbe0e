"""A melody as a file that sounds: a .wav of plain waves, made here, or a .mid for every program that plays notes."""

from __future__ import annotations

import io
import math
import wave
from typing import Any

import numpy as np

from tinygan.files import PathLike, whole_file
from tinygan.formats.errors import needed
from tinygan.given import finite_number, is_whole
from tinygan.rolls import LOWEST, Note, notes
from tinygan.words import short

RATE = 22_050  # samples of a .wav in a second
TEMPO = 110.0  # quarter notes in a minute; a step of a roll is a sixteenth, a quarter of that
TICKS = 480  # of a .mid, in a quarter note
OVERTONES = (1.0, 0.5, 0.25, 0.12)  # how strong the note's frequency is, twice, three and four times as high ones
DECAY = 0.5  # seconds in which a note falls to 1/e, as that of a plucked string
EDGE = 0.008  # seconds in which it begins, and in which it ends: without them it would click
LOUDNESS = 0.8  # of the largest number of 16 bits


def waveform(roll: Any, *, tempo: float = TEMPO, lowest: int = LOWEST) -> np.ndarray:
    """How a melody sounds: each note is a sine of its frequency and three overtones, and decays.

    A note of the MIDI number m has the frequency ``440 * 2 ** ((m - 69) / 12)`` Hz (equal temperament).

    Parameters
    ----------
    roll : array-like, shape (T, P)
        As in `tinygan.rolls`: ones, or a generator's probabilities; the last column is the rest.
    tempo : float
        Quarter notes in a minute; each step is a sixteenth.
    lowest : int
        The MIDI number of the first column.

    Returns
    -------
    ndarray of float32, shape (samples,)
        In [-1, 1], 22,050 of them a second.

    Raises
    ------
    ValueError
        If the roll is none, the tempo is not above 0, or a note lies outside of MIDI's 0 to 127.

    Examples
    --------
    >>> roll = np.eye(25)[[9] * 4]  # an A of 440 Hz, for a quarter note
    >>> waveform(roll, tempo=60).shape
    (22050,)
    """
    heard, seconds = _notes(roll, lowest), 15 / _tempo(tempo)  # of a step
    sound = np.zeros(round(len(roll) * seconds * RATE), dtype=np.float64)
    for note in heard:
        first, last = (round(t * seconds * RATE) for t in (note.start, note.start + note.length))
        sound[first:last] = _tone(440 * 2 ** ((note.pitch - 69) / 12), last - first)
    return (LOUDNESS * sound / sum(OVERTONES)).astype(np.float32)


def save_wav(path: PathLike, roll: Any, *, tempo: float = TEMPO, lowest: int = LOWEST) -> None:
    """Write `waveform` of the same arguments to a .wav file: one channel, 16 bits, 22,050 samples a second.

    Raises
    ------
    ValueError
        As `waveform`.
    OSError
        If the file cannot be written.
    """
    samples = np.round(waveform(roll, tempo=tempo, lowest=lowest) * 32767).astype("<i2")
    content = io.BytesIO()  # `wave` goes back to the head at the end, which not every file lets it
    with wave.open(content, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(samples.tobytes())
    with whole_file(path) as file:
        file.write(content.getvalue())


def save_midi(path: PathLike, roll: Any, *, tempo: float = TEMPO, lowest: int = LOWEST) -> None:
    """Write the notes of a melody to a .mid file, with the package mido: one track, a sixteenth for each step.

    Parameters
    ----------
    path : str or PathLike
        Replaced only when the whole new file is there.
    roll, tempo, lowest
        As in `waveform`.

    Raises
    ------
    FormatError
        If the package mido is missing.
    ValueError
        As `waveform`.
    OSError
        If the file cannot be written.
    """
    heard, minute = _notes(roll, lowest), _tempo(tempo)
    mido = needed("mido", extra="music")
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(minute))])
    now = 0
    for note in heard:
        for kind, step in (("note_on", note.start), ("note_off", note.start + note.length)):
            track.append(mido.Message(kind, note=note.pitch, velocity=80, time=(step - now) * TICKS // 4))
            now = step
    track.append(mido.MetaMessage("end_of_track", time=(len(roll) - now) * TICKS // 4))
    content = io.BytesIO()
    mido.MidiFile(ticks_per_beat=TICKS, tracks=[track]).save(file=content)
    with whole_file(path) as file:
        file.write(content.getvalue())


def _tone(frequency: float, samples: int) -> np.ndarray:
    """A note of that many samples; overtones above half of the rate, which it cannot hold, are left out."""
    t = np.arange(samples) / RATE
    heard = [(k, a) for k, a in enumerate(OVERTONES, 1) if k * frequency < RATE / 2]
    tone = sum((a * np.sin(2 * math.pi * k * frequency * t) for k, a in heard), np.zeros(samples))
    edges = np.minimum(1, np.minimum(t, t[::-1]) / EDGE)
    return tone * np.exp(-t / DECAY) * edges


def _notes(roll: Any, lowest: int) -> list[Note]:
    if not is_whole(lowest, 0, 127):
        raise ValueError(f"the lowest note must be a whole number of MIDI, 0 to 127, not {short(lowest)}")
    heard = notes(roll, int(lowest))
    highest = max((note.pitch for note in heard), default=0)
    if highest > 127:
        raise ValueError(f"a note of the roll would be the {highest} of MIDI, which ends at 127: lower the lowest note")
    return heard


def _tempo(tempo: float) -> float:
    return finite_number("the tempo", tempo, "be from 10 to 1000 quarter notes a minute", lambda t: 10 <= t <= 1000)
