"""Fetch one file from the first mirror that has it, whole and unchanged."""

import hashlib
import http.client
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from tinygan.data.cache import write_atomically
from tinygan.data.errors import DataError
from tinygan.data.idx import uncompress

TIMEOUT = 30  # seconds without a byte before a mirror is given up


def download(urls: Sequence[str], target: Path, sha256: str, of_uncompressed: bool) -> None:
    """Fetch `target` from the first of `urls` that delivers the right bytes.

    Parameters
    ----------
    urls : sequence of str
        The same file on different mirrors, tried in this order.
    target : pathlib.Path
        Where to put it. It appears there only when it is whole and its checksum is right.
    sha256 : str
        The checksum, in hexadecimal.
    of_uncompressed : bool
        Whether the checksum is that of the uncompressed bytes.

    Raises
    ------
    DataError
        If no mirror delivers the file, or it cannot be written.
    """
    tried = []
    for url in urls:
        print(f"downloading {url}", file=sys.stderr)
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT) as response:
                content = response.read()
            checked = uncompress(content, "it") if of_uncompressed else content
        except (OSError, http.client.HTTPException, DataError) as error:
            tried.append(f"{url}: {error}")
            continue
        if hashlib.sha256(checked).hexdigest() == sha256:
            return _keep(target, content)
        tried.append(f"{url}: wrong SHA-256 checksum")
    raise DataError(
        f"{target.name} could not be downloaded (tried {'; '.join(tried)}): put it into a folder "
        "and name that folder with --data-dir or the environment variable TINYGAN_DATA"
    )


def _keep(target: Path, content: bytes) -> None:
    try:
        write_atomically(target, content)
    except OSError as error:
        raise DataError(
            f"{target} cannot be written ({error.strerror}): name a folder that can be "
            "with the environment variable TINYGAN_CACHE"
        ) from error
