"""The run that opens the site: ``python docs/ring_replay.py`` trains it, in a minute or two, and writes its page.

It is to be run when `tinygan/plot/replay.html`, or what fills it, has changed; a test says so.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

COMMAND = "-m tinygan.train --preset ring --sample-interval 250"
ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "_static" / "ring.html"
TEMPLATE = ROOT / "tinygan" / "plot" / "replay.html"


def is_current(page: str, template: str) -> bool:
    """Whether a page is this template with something in the place of each of its names."""
    literal = [re.escape(text) for text in re.split(r"\$\{\w+\}", template.replace("$$", "$"))]
    return re.fullmatch("(.*?)".join(literal), page, re.DOTALL) is not None


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
        subprocess.run([sys.executable, *COMMAND.split()], cwd=folder, env=environment, check=True)
        (page,) = Path(folder).glob("runs/*/replay.html")
        PAGE.write_bytes(page.read_bytes())
    print(f"{PAGE.relative_to(ROOT)}: {PAGE.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
