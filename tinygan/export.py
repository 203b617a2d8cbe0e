"""A trained generator taken elsewhere: ``python -m tinygan.export RUN --to onnx`` (or safetensors, or npz)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tinygan import __version__, formats
from tinygan.commandline import Parser, guarded, opened
from tinygan.formats.errors import needed
from tinygan.outputs import check_not_read, data_of, in_place_of, output_file
from tinygan.training.config import ConfigError
from tinygan.training.trained import Trained
from tinygan.words import did_you_mean, short

PROGRAM = "python -m tinygan.export"
FORMATS = {  # what stands in the file, and what writes it
    "onnx": ("the network, which ONNX runtimes compute", "onnx"),
    "safetensors": ("the weights by name", "safetensors"),
    "npz": ("the weights by name, as NumPy arrays", "numpy"),
}


def parser() -> Parser:
    p = Parser(prog=PROGRAM, description="Write the generator of a run for other programs.")
    p.add_argument("run", metavar="RUN", help="a run folder, or a generator*.npz, checkpoint-*.npz or best.npz in it")
    own = "FILE.py:NAME of your own networks, if the run has no copy of them"
    p.add_argument("--networks", metavar="FILE.py:NAME", help=own)
    what = "; ".join(f"{name}: {holds}" for name, (holds, _) in FORMATS.items())
    p.add_argument("--to", required=True, choices=tuple(FORMATS), help=what)
    p.set_defaults(backend="numpy")
    p.add_argument("--out", metavar="FILE", help="where to (beside the file that RUN is read from)")
    return p


def main(argv: Sequence[str] | None = None) -> None:
    args = parser().parse_args(argv)
    needed(FORMATS[args.to][1])
    endings = {f".{args.to}": FORMATS[args.to][0]}
    out = output_file(args.out, endings) if args.out is not None else None
    source = opened(args)
    out = out or output_file(str(beside(source.path, args.to)), endings)
    check_not_read(out, source.path, data_of(source.config))
    replaced = in_place_of(out)
    export(source, out, args.to)
    print(f"the generator of {source.path} (step {source.step}) in {out}{replaced}: {describe(source)}")


def export(source: Trained, out: Path, to: str) -> None:
    """Write a trained generator in another format.

    Parameters
    ----------
    source : Trained
        As `tinygan.training.trained.load` gives it.
    out : Path
        An old file is replaced when the new one is whole.
    to : str
        "onnx", "safetensors" or "npz".

    Raises
    ------
    ConfigError
        If there is no such format.
    CheckpointError
        If the generator is broken: its weights or samples hold numbers that are not finite.
    FormatError
        If a package is missing, or the format cannot hold the network.
    OSError
        If the file cannot be written.
    """
    if to not in FORMATS:
        raise ConfigError(f"unknown format {short(to)}{did_you_mean(to, FORMATS)}")
    source.check_weights()
    source.check_samples(source.draw(source.noise(16, seed=0)))
    if to == "onnx":
        formats.save_onnx(
            out,
            source.network,
            source.behind.input_shape,
            names=("z" if source.about.source is None else "source", what(source)),
            draw=lambda n: source.behind.fed(source.noise(n, seed=n)),
            about=f"A generator trained by tinygan: {describe(source)}.",
            metadata=metadata(source),
        )
    else:
        save = formats.save_safetensors if to == "safetensors" else formats.save_npz
        save(out, source.network, metadata(source))


def describe(source: Trained) -> str:
    """What goes in and what comes out, in one line: where the code stands, and the range of the images."""
    latent, condition = source.config.latent, source.condition
    if source.about.source is not None:
        *size, channels = source.behind.input_shape
        sides = ", ".join(map(str, size))
        ends, made = f"both height by width by channels, in [{_ends(source)}]", source.shape[-1] - channels
        return f"input source pictures (N, {sides}, {channels}); output images (N, {sides}, {made}), {ends}"
    fed = f"input z (N, {source.behind.length}): {latent} numbers drawn from N(0, 1)"
    if condition:
        kind = "class" if condition.needs_labels else "code"
        fed += f", then the {kind}, one-hot ({condition.classes})"
        fed += f", then {condition.numbers} numbers in [-1, 1]" if condition.numbers else ""
    lengths, out = ", ".join(map(str, source.shape)), what(source)
    meaning = {
        "points": "",
        "images": f", height by width by channels, in [{_ends(source)}]",
        "strings": ", at each place how probable each symbol is",
        "melodies": ", at each step how probable each pitch is and, last, the rest",
    }
    return f"{fed}; output {out} (N, {lengths}){meaning[out]}"


def what(source: Trained) -> str:
    """What the generator makes: points, images, strings or melodies."""
    if len(source.shape) == 2:
        return "strings" if source.about.alphabet else "melodies"
    return "points" if source.in_plane else "images"


def metadata(source: Trained) -> dict[str, Any]:
    """What a program elsewhere may want to know of the generator; all of it JSON can hold."""
    meta: dict[str, Any] = {
        "tinygan": __version__,
        "preset": source.config.preset,
        "data": source.config.data,
        "step": source.step,
        "latent": source.config.latent if source.about.source is None else 0,
        "shape": list(source.shape),
        "input_output": describe(source),
    }
    if what(source) == "images":
        meta["range"] = list(source.range)
    if source.about.alphabet:
        meta["alphabet"] = source.about.alphabet
    if source.condition:
        meta["conditioning"] = source.config.conditioning
        meta["classes"] = list(source.about.class_names or map(str, range(source.condition.classes)))
        meta["numbers"] = source.condition.numbers
    return meta


def beside(path: Path, to: str) -> Path:
    """Where a generator goes if nobody says: generator.npz -> generator.onnx; plain-generator.npz is the .npz."""
    return path.with_name(f"plain-{path.name}") if to == "npz" else path.with_suffix(f".{to}")


def _ends(source: Trained) -> str:
    return ", ".join(f"{end:g}" for end in source.range)


if __name__ == "__main__":
    guarded(PROGRAM, main)
