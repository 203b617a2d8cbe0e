"""A run as a notebook shows it."""

from __future__ import annotations

import dataclasses
from html import escape
from typing import TYPE_CHECKING, Any

from tinygan.data import kind
from tinygan.plot.replay import Pictures
from tinygan.training import presets
from tinygan.training.config import Config, ConfigError
from tinygan.training.papers import title
from tinygan.training.replay import ENLARGED, words_of

if TYPE_CHECKING:
    from pathlib import Path

    from tinygan.training.run import Run

# A notebook has its own colours, light or dark: only what is needed is set.
PAGE = """<div style="max-width:860px">
<p><b>{title}</b>, step {step:,} of {steps:,}<br><small>{where}</small></p>
<p>{options}</p>
{pictures}
{words}
</div>"""
PICTURE = '<img src="{0}" alt="{1}" title="{1}" style="max-width:{2}%;{3}vertical-align:top">'


def run_html(run: Run) -> str:
    """Title, step, options that differ from the preset's, newest samples, curves and words of health, in one piece."""
    folder = run.folder
    grid = kind(run.setup.dataset) != "points"
    options = "".join(f"<code>{escape(key)} = {escape(str(value))}</code>, " for key, value in changed(run).items())
    pictures = words = ""
    if folder:
        newest = [(path, "newest samples", grid) for path in folder.pictures()[-1:]]
        for path, name, enlarged in (*newest, (folder.path / "curves.png", "curves", False)):
            pictures += picture(path, name, enlarged)
        said = "".join(f"<li>step {step:,}: {escape(text)}</li>" for step, text in words_of(folder))
        words = f"<ul>{said}</ul>" if said else "<p>Nothing looks ill.</p>"
    return PAGE.format(
        title=escape(folder.path.name if folder else title(run.setup)),
        step=run.step,
        steps=run.config.steps,
        where=escape(str(folder.path)) if folder else "not begun: <code>train</code> makes its folder",
        options=options.removesuffix(", "),
        pictures=pictures,
        words=words,
    )


def picture(path: Path, name: str, enlarged: bool) -> str:
    """An image that is a part of the page; nothing if there is none, or a damaged one."""
    address = Pictures().get(path, ENLARGED if enlarged else 1)
    if not address:
        return ""
    return PICTURE.format(address, name, 48, "image-rendering:pixelated;width:48%;" if enlarged else "")


def changed(run: Run) -> dict[str, Any]:
    """The preset and the data, and all options that differ from theirs."""
    options = dataclasses.asdict(run.config)
    told = {
        key: options[key] for key in ("preset", "networks", "data", "size", "steps", "seed") if options[key] is not None
    }
    given: dict[str, Any] = {key: told[key] for key in ("preset", "networks", "data", "size") if key in told}
    try:
        plain = dataclasses.asdict(presets.configure(given, kind=kind(run.setup.dataset)))
    except ConfigError:  # such as a preset on data that no longer fit it
        plain = dataclasses.asdict(Config())
    return {**told, **{key: value for key, value in options.items() if value != plain[key]}}
