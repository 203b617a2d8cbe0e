"""A run as one web page: a slider over its pictures, its curves with a cursor, and what was said of it.

The page holds everything itself: it opens from disk, without a server or a network.
"""

from __future__ import annotations

import base64
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from tinygan.files import PathLike, whole_file
from tinygan.plot.svg import Rows, numbers_at, panel_html, panels_of

MOST_FRAMES = 60
MOST_LETTERS = 2_500_000  # of all pictures, so that the page stays below 3 MB
MAX_SIDE = 700  # pixels; larger pictures shrink by a whole factor
REALS = (
    '<figure class="reals"><img class="{look}" src="{picture}" alt="real samples">'
    "<figcaption>real samples</figcaption></figure>"
)
BIG = 3  # panels in full height: what comes after them are metrics


@dataclass(frozen=True)
class Replay:
    """What the page tells.

    Attributes
    ----------
    title : str
    frames : sequence of (step, path)
        Pictures of the samples, in order.
    last : int
        The step at the right end of the curves.
    reals : path or None
        A picture of real samples.
    enlarged : int
        How much wider than theirs the pixels of the pictures are drawn, as `save_grid` does.
    rows, measured : sequence of dict
        As in stats.jsonl and metrics.jsonl.
    marks : mapping of str to float
        Lines at known losses.
    words : sequence of (step, sentence)
        Words of health.
    options : mapping
    command : str
    state : str
        A sentence: whether the run is on.
    reload : int
        Seconds after which the page looks for a newer one; 0 for never.
    silent : float
        The time, in seconds since 1970, from when on it is odd that there is no newer one.
    """

    title: str
    frames: Sequence[tuple[int, Path]]
    last: int
    reals: Path | None = None
    enlarged: int = 1
    rows: Rows = ()
    measured: Rows = ()
    marks: Mapping[str, float] = field(default_factory=dict)
    words: Sequence[tuple[int, str]] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    command: str = ""
    state: str = ""
    reload: int = 0
    silent: float = 0.0


class Pictures:
    """Pictures as a page holds them, each encoded once: a run writes its page again with every picture."""

    def __init__(self) -> None:
        self.known: dict[Path, tuple[int, str]] = {}  # when the file was written, and its address
        self.asked: dict[Path, tuple[int, str]] = {}

    def get(self, path: Path, enlarged: int) -> str:
        """The picture as a `data:` address; empty if it cannot be read."""
        if not path.is_file():  # nor a pipe, which might never end
            return ""
        try:
            written = path.stat().st_mtime_ns
            if self.known.get(path, (0, ""))[0] != written:
                self.known[path] = written, encoded(path, enlarged)
        except Exception:  # Pillow raises many kinds for damaged files
            return ""
        self.asked[path] = self.known[path]
        return self.known[path][1]

    def forget_others(self) -> None:
        """Forget what was not asked for since the last time: of a long run, most pictures."""
        self.known, self.asked = self.asked, {}


def encoded(path: Path, enlarged: int) -> str:
    """The picture as a `data:` address: WebP (JPEG of a Pillow that lacks it), without its enlargement."""
    from PIL import Image, features

    kind = "webp" if features.check("webp") else "jpeg"  # type: ignore[no-untyped-call]
    with Image.open(path) as image:
        picture = image.convert("RGB")
    shrink = enlarged * math.ceil(max(picture.size) / enlarged / MAX_SIDE)
    file = io.BytesIO()
    picture.reduce(shrink).save(file, format=kind, quality=70, method=2)
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"


def chosen(frames: Sequence[tuple[int, Path]], enlarged: int, pictures: Pictures) -> list[tuple[int, str]]:
    """(step, address) of at most `MOST_FRAMES` frames, of `MOST_LETTERS` in all; those that can be read.

    It is every frame, every second, every fourth ..., and the last: what is left out stays left out as a run goes on,
    and no picture is encoded twice.
    """
    stride, found = 1, []
    while True:
        some = [*frames[:-1:stride], *frames[-1:]]
        if len(some) <= MOST_FRAMES:
            found = [(step, pictures.get(path, enlarged)) for step, path in some]
            if sum(len(picture) for _, picture in found) <= MOST_LETTERS or len(some) <= 2:
                return [each for each in found if each[1]]
        stride *= 2


def save_replay(path: PathLike, replay: Replay, pictures: Pictures | None = None) -> None:
    """Write the page.

    Parameters
    ----------
    path : str or PathLike
        The HTML to write; replaced only when the whole new file is written.
    replay : Replay
    pictures : Pictures, optional
        Those of the last time.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    pictures = pictures or Pictures()
    page = replay_html(replay, pictures)
    with whole_file(path) as file:
        file.write(page.encode(errors="xmlcharrefreplace"))


def replay_html(replay: Replay, pictures: Pictures) -> str:
    """The text of the page."""
    panels = panels_of(replay.rows, replay.measured, replay.marks)
    shown = chosen(replay.frames, replay.enlarged, pictures) or [(replay.last, "")]
    values = numbers_at(panels, [step for step, _ in shown])
    frames = [
        {
            "step": step,
            "said": f"step {step:,}",
            "at": round(step / replay.last, 4),
            "picture": picture,
            "values": numbers,
        }
        for (step, picture), numbers in zip(shown, values, strict=True)
    ]
    run = {"frames": frames, "reload": replay.reload, "silent": round(replay.silent)}
    look = "grid" if replay.enlarged > 1 else ""
    reals = pictures.get(replay.reals, replay.enlarged) if replay.reals else ""
    pictures.forget_others()
    drawn = [panel_html(panel, replay.last) for panel in panels]
    words = "".join(f'<li data-step="{step}">step {step:,}: {escape(text)}</li>' for step, text in replay.words)
    options = "".join(
        f"<div><dt>{escape(key)}</dt><dd>{escape(str(v))}</dd></div>" for key, v in replay.options.items()
    )
    return Template((files(__package__) / "replay.html").read_text(encoding="utf-8")).substitute(
        title=escape(replay.title),
        state=escape(replay.state),
        look=look,
        reals=REALS.format(look=look, picture=reals) if reals else "",
        curves="\n".join(drawn[:BIG])
        + f'\n<div class="metrics low">{"".join(f"<div>{d}</div>" for d in drawn[BIG:])}</div>',
        words=f"<ul>{words}</ul>" if words else "<p>Nothing that looks ill.</p>",
        command=escape(replay.command),
        options=options,
        run=json.dumps(run).replace("<", "\\u003c"),
    )
