"""Draw from a trained generator: ``python -m tinygan.sample RUN --out grid.png`` (or .npz, .txt, .wav, .mid)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinygan import plot
from tinygan.commandline import Parser, add_source, check_source, guarded, in_bounds, opened
from tinygan.data import DataError, Images, load
from tinygan.data.arrays import with_channels
from tinygan.data.form import Form
from tinygan.data.pictures import SUFFIXES, read_picture
from tinygan.data.strings import decoded
from tinygan.files import whole_file
from tinygan.formats.errors import needed
from tinygan.formats.music import save_midi, save_wav
from tinygan.outputs import check_not_read, data_of, in_place_of, output_file
from tinygan.training.config import ConfigError
from tinygan.training.sources import Sources
from tinygan.training.trained import Trained
from tinygan.words import counted

PROGRAM = "python -m tinygan.sample"
ENDINGS = {
    ".png": "a picture",
    ".npz": "the raw samples",
    ".txt": "strings, a line each",
    ".wav": "melodies as sound, one after the other",
    ".mid": "the same as notes",
}


def parser() -> Parser:
    p = Parser(prog=PROGRAM, description="Draw samples from the generator of a run.")
    p.add_argument("--n", type=int, default=100, help="how many samples (100); of --sources all are taken")
    codes = "draw what infogan's codes do: rows of one noise, over which the ten ways and each number change"
    p.add_argument("--codes", action="store_true", help=codes)
    p.add_argument("--out", required=True, metavar="FILE", help=f"{', '.join(ENDINGS)}: {'; '.join(ENDINGS.values())}")
    own = "pictures of your own to be turned into others, of a run of pairs: a folder, .zip or .npz, or one picture"
    p.add_argument("--sources", metavar="PATH", help=own)
    add_source(p)
    return p


def main(argv: Sequence[str] | None = None) -> None:
    args = parser().parse_args(argv)
    out = output_file(args.out, ENDINGS)
    in_bounds("--n", args.n, 1, 1_000_000)
    check_source(args)
    source = opened(args)
    check_ending(out, source)
    check_not_read(out, source.path, data_of(source.config), args.sources)
    replaced = in_place_of(out)
    if args.sources is not None:
        print(f"{translate(args.sources, source, out)}{replaced}")
        return
    if args.codes:
        print(f"{draw_codes(args, source, out)}{replaced}")
        return
    headings = source.about.headings if out.suffix == ".png" and args.label is None else None
    if headings and args.n < len(headings):  # no room for a column of each class
        headings = None
    if headings:
        noise = source.columns(args.n, args.seed, args.truncation)
    else:
        noise = source.noise(args.n, args.seed, args.truncation, args.label)
    samples, labels = source.check_samples(source.draw(noise)), source.labels(noise)
    save(out, source, samples, labels, headings)
    print(f"{args.n} samples{source.said_of(args.label)} of {source.path} in {out}{replaced}")


def translate(path: str, source: Trained, out: Path) -> str:
    """--sources: what the generator makes of the user's own pictures, beside them.

    Raises
    ------
    ConfigError
        If the generator is fed with noise.
    DataError
        If the pictures cannot be read.
    """
    behind = source.behind
    if not isinstance(behind, Sources):
        raise ConfigError(f"--sources is for a generator that turns pictures into pictures, not for {source.path}")
    images = pictures_at(path, behind.input_shape)
    samples = source.check_samples(source.draw(behind.of(images)))
    save(out, source, samples, None, None)
    return f"{counted(len(images), 'picture')} of {path}, turned into others by {source.path}, in {out}"


def pictures_at(path: str, shape: tuple[int, ...]) -> np.ndarray:
    """Pictures (n, H, W, C) of `shape`, bytes: those of a folder, or one alone."""
    *size, channels = shape
    if Path(path).suffix.lower() not in SUFFIXES:
        found = load(path, size=tuple(size), channels=channels)
        if not isinstance(found, Images):
            raise DataError(f"{path} holds no pictures")
        return found.pixels
    try:
        with open(Path(path).expanduser(), "rb") as file:
            picture = read_picture(file, (size[0], size[1]), Form())
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    except DataError as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    return with_channels(picture.pixels[None], channels)


def check_ending(out: Path, source: Trained) -> None:
    """Raise ConfigError if such samples cannot be written to such a file."""
    strings, melodies = source.about.alphabet is not None, len(source.shape) == 2 and source.about.alphabet is None
    for fits, endings, what in ((strings, (".txt",), "strings"), (melodies, (".wav", ".mid"), "melodies")):
        if out.suffix in endings and not fits:
            of = f"{' and '.join(endings)} {'is' if len(endings) == 1 else 'are'} for {what}"
            raise ConfigError(f"--out {out}: {of}, and {source.path} makes none")
    if out.suffix == ".mid":
        needed("mido", extra="music")


def save(
    out: Path, source: Trained, samples: np.ndarray, labels: np.ndarray | None, headings: Sequence[str] | None
) -> None:
    """Write samples, and the classes they were asked for, as the file's ending says."""
    if out.suffix == ".npz":
        asked = "labels" if source.about.source is None else "targets"
        arrays: dict[str, Any] = {"samples": samples} if labels is None else {"samples": samples, asked: labels}
        with whole_file(out) as file:
            np.savez(file, **arrays)
    elif out.suffix == ".txt":
        assert source.about.alphabet is not None  # `check_ending` has seen to it
        with whole_file(out) as file:
            file.write("".join(f"{text}\n" for text in decoded(samples, source.about.alphabet)).encode())
    elif out.suffix in (".wav", ".mid"):
        (save_wav if out.suffix == ".wav" else save_midi)(out, one_after_the_other(samples))
    elif source.in_plane:
        plot.save_points(out, samples, title=f"{len(samples)} samples at step {source.step}")
    else:
        pictures = source.about.pictures(samples)
        plot.save_grid(out, pictures, len(headings) if headings else None, headings=headings)


def one_after_the_other(melodies: np.ndarray) -> np.ndarray:
    """Melodies (n, T, P) as one roll (steps, P), with half a melody of silence behind each."""
    n, steps, pitches = melodies.shape
    silence = np.zeros((n, steps // 2, pitches), melodies.dtype)
    silence[:, :, -1] = 1
    return np.concatenate([melodies, silence], axis=1).reshape(-1, pitches)


def draw_codes(args: Any, source: Trained, out: Path) -> str:
    """--codes: a grid for each part of infogan's code, in which only this part changes along a row.

    The numbers go from -2 to 2, beyond the [-1, 1] of the training, as in the paper's figure 2.

    Raises
    ------
    ConfigError
        If the generator is another, or --label, --out or the samples are not for this picture.
    """
    condition = source.condition
    if condition is None or condition.numbers == 0:
        raise ConfigError(f"--codes shows what infogan learned, and {source.path} was trained without it")
    if args.label is not None or out.suffix != ".png" or source.in_plane:
        raise ConfigError("--codes draws images of all codes: it goes with a .png, and without --label or points")
    behind = source.noise_for("--codes")
    k, rows = condition.classes, -(-args.n // condition.classes)
    fixed = source.noise(rows, args.seed, args.truncation)
    behind.split(fixed)[1][:, :k] = np.eye(k)[np.arange(rows) % k]  # the other panels' rows: each way in turn
    panels = {}
    for part in range(1 + condition.numbers):
        noise = fixed.repeat(k, axis=0)
        codes = behind.split(noise)[1]  # a view: what is set here is set in `noise`
        if part == 0:
            codes[:, :k] = np.tile(np.eye(k), (rows, 1))
        else:
            codes[:, k + part - 1] = np.tile(np.linspace(-2, 2, k), rows)
        name = f"the {k}-way code" if part == 0 else f"number {part}, from -2 to 2"
        panels[name] = source.about.pictures(source.check_samples(source.draw(noise)))
    plot.save_panels(out, panels, k)
    return f"{rows} row{'s' * (rows > 1)} for each code of {source.path} in {out}"


if __name__ == "__main__":
    guarded(PROGRAM, main)
