"""Wide pictures of several panels, cut where they are blank: a phone shows the panels one below the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from docutils import nodes
from PIL import Image
from sphinx.transforms import SphinxTransform

WIDE = 2.4  # width / height above which a picture is cut
PANEL = 0.75  # least width / height of a panel
GAP = 3  # pixels that must be blank from top to bottom


class CutStrips(SphinxTransform):
    """Put several images in the place of a wide one."""

    default_priority = 400  # before Sphinx collects a page's images

    def apply(self, **kwargs: object) -> None:
        for node in list(self.document.findall(nodes.image)):
            path = Path(self.env.srcdir) / node["uri"].lstrip("/")
            if not Path(node["uri"]).is_absolute() and not path.exists():
                path = Path(self.env.doc2path(self.env.docname)).parent / node["uri"]
            if path.suffix == ".png" and path.exists() and not node["classes"]:  # cards and charts have one
                self.cut(node, path)

    def cut(self, node: nodes.image, path: Path) -> None:
        places = panels(Image.open(path).convert("RGB"))
        if len(places) < 2:
            return
        picture = Image.open(path)
        strip = nodes.container(classes=["strip"])
        for number, (left, right) in enumerate(places):
            file = Path(self.env.srcdir) / "_generated" / "panels" / f"{path.stem}-{number}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            picture.crop((left, 0, right, picture.height)).save(file, optimize=True)
            about = alt(node.get("alt", ""), number, self.env.docname)
            uri = f"/_generated/panels/{file.name}"
            width = f"{100 * (right - left) / picture.width:.2f}%"
            # Without the class Sphinx puts a link around it, and the width would be a part of the link's.
            strip += nodes.image(uri=uri, alt=about, width=width, classes=["no-scaled-link"])
        node.replace_self(strip)


def alt(text: str, number: int, page: str) -> str:
    """What stands for a panel where it cannot be seen: for the first the picture's own text."""
    later = "同一张图的第 {} 部分" if page.startswith("zh/") else "The same picture, part {}"
    return later.format(number + 1) if number else text


def panels(picture: Image.Image) -> list[tuple[int, int]]:
    """The ends of the panels of a wide picture, one behind the other; one pair of ends if it cannot be cut."""
    width, height = picture.size
    if width < WIDE * height:
        return [(0, width)]
    pixels = np.asarray(picture).astype(np.int16)
    blank = np.abs(pixels - pixels[:1, :1]).max(axis=(0, 2)) <= 2
    cuts, start = [0], 0
    for place in gaps(blank):
        if place - start >= PANEL * height and width - place >= PANEL * height:
            cuts.append(place)
            start = place
    return list(zip(cuts, [*cuts[1:], width], strict=True))


def gaps(blank: np.ndarray) -> list[int]:
    """The middles of the runs of at least GAP blank columns that lie between columns that are not."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], blank.astype(np.int8), [0]])))
    runs = zip(edges[::2], edges[1::2], strict=True)
    return [int(a + b) // 2 for a, b in runs if b - a >= GAP and a > 0 and b < len(blank)]
