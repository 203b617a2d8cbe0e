"""The README's picture, from pictures of two runs: ``python docs/readme_picture.py DIGITS.png RING.png``."""

import sys
from pathlib import Path

from PIL import Image

GAP, HEIGHT = 24, 540


def scaled(path: str) -> Image.Image:
    picture = Image.open(path).convert("RGB")
    return picture.resize((round(picture.width * HEIGHT / picture.height), HEIGHT), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    left, right = (scaled(path) for path in sys.argv[1:3])
    joined = Image.new("RGB", (left.width + GAP + right.width, HEIGHT), "white")
    joined.paste(left, (0, 0))
    joined.paste(right, (left.width + GAP, 0))
    joined.quantize(256, kmeans=2).save(Path(__file__).parent / "images" / "readme.png", optimize=True)
