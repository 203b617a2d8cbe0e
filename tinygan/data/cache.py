"""The folder in which rendered and downloaded data are kept from one run to the next."""

import os
import sys
from pathlib import Path

from tinygan.files import whole_file


def cache_dir() -> Path:
    """The cache folder: ``$TINYGAN_CACHE`` if set, else ``tinygan`` in the user's own cache.

    Returns
    -------
    pathlib.Path
        The folder, which need not exist yet.
    """
    chosen = os.environ.get("TINYGAN_CACHE")
    return Path(chosen).expanduser() if chosen else Path(_user_cache()).expanduser() / "tinygan"


def _user_cache() -> str:
    """Where this platform keeps what a program may lose and make again."""
    if os.environ.get("XDG_CACHE_HOME"):
        return os.environ["XDG_CACHE_HOME"]
    if sys.platform == "win32":
        return os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    if sys.platform == "darwin":
        return "~/Library/Caches"
    return "~/.cache"


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all (see `whole_file`); folders on the way are made.

    Raises
    ------
    OSError
        If the file cannot be written; an earlier file at `path` is then left as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        file.write(content)
