"""Fetch one file from the first mirror that has it, whole and unchanged; bytes and waiting have an end."""

import hashlib
import http.client
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tinygan.data.cache import write_atomically
from tinygan.data.errors import DataError
from tinygan.data.idx import uncompress
from tinygan.words import printable

PATIENCE = 20.0  # seconds in which a mirror must send something
SLOWEST = 1000  # bytes a second, over each such time; what is slower is given up
LONGEST = 1800.0  # seconds for one file, of all mirrors together
REDIRECTS = 5  # that are followed
PART = 1 << 16  # bytes taken at once


def download(urls: Sequence[str], target: Path, sha256: str, size: int) -> None:
    """Fetch `target` from the first of `urls` that delivers the right bytes.

    Parameters
    ----------
    urls : sequence of str
        The same file on different mirrors, https or http, tried in this order.
    target : pathlib.Path
        Where to put it. It appears there only when it is whole and its checksum is right.
    sha256 : str
        The checksum of the uncompressed bytes, in hexadecimal.
    size : int
        How many they are. A mirror that sends more, compressed or not, is given up.

    Raises
    ------
    DataError
        If no mirror delivers the file in time, or it cannot be written.
    """
    tried, until = [], time.monotonic() + LONGEST
    most = size + size // 1000 + 1000  # gzip makes no more even of noise
    for url in urls:
        print(f"downloading {url}", file=sys.stderr)
        try:
            content = _fetched(url, most, until)
            plain = uncompress(content, "it", size)
        except (OSError, http.client.HTTPException, ValueError) as error:
            why = printable(error).removeprefix("<urlopen error ").removesuffix(">")
            tried.append(f"{url}: {why or type(error).__name__}")
            continue
        if hashlib.sha256(plain).hexdigest() == sha256:
            return _keep(target, content)
        tried.append(f"{url}: wrong SHA-256 checksum")
    raise DataError(
        f"{target.name} could not be downloaded (tried {'; '.join(tried)}): put it into a folder "
        "and name that folder with --data-dir or the environment variable TINYGAN_DATA"
    )


def _fetched(url: str, most: int, until: float) -> bytes:
    """The bytes at `url`, while they come fast enough.

    A thread of its own fetches them, as no timeout of urllib bounds all that can be slow: the name of the machine,
    the heads of the answer, a body that comes a byte at a time. It is left behind if it is too slow.
    """
    fetch = _Fetch(url, most)
    fetch.start()
    before = 0
    while True:
        fetch.join(max(0.0, min(PATIENCE, until - time.monotonic())))
        if not fetch.is_alive():
            break
        if time.monotonic() >= until:
            fetch.given_up = True
            raise TimeoutError(f"not done after {LONGEST:g} seconds")
        if len(fetch.got) - before < SLOWEST * PATIENCE:
            fetch.given_up = True
            raise TimeoutError(f"slower than {SLOWEST:,} bytes a second")
        before = len(fetch.got)
    if fetch.error is not None:
        raise fetch.error
    return bytes(fetch.got)


class _Fetch(threading.Thread):
    """Gets at most `most` bytes from `url` into `got`."""

    def __init__(self, url: str, most: int):
        super().__init__(daemon=True)  # Python does not wait for it to end
        self.url, self.most = url, most
        self.got = bytearray()
        self.error: Exception | None = None
        self.given_up = False  # by the one who waits

    def run(self) -> None:
        try:
            with _answer(self.url) as answer:
                while not self.given_up and (part := answer.read1(PART)):
                    self.got += part
                    if len(self.got) > self.most:
                        raise DataError(f"it sends more than {self.most:,} bytes")
        except Exception as error:  # for the one who waits
            self.error = error


def _answer(url: str) -> Any:
    """The answer to `url` or to where it leads: never from https to what anybody on the way could change."""
    ask = urllib.request.build_opener(_NoRedirect).open
    safe = ("https",) if url.startswith("https:") else ("https", "http")
    for _ in range(REDIRECTS):
        if urllib.parse.urlsplit(url).scheme not in safe:
            raise DataError(f"it leads to {printable(url)}, which is not {safe[0]}")
        try:
            return ask(url, timeout=PATIENCE)
        except urllib.error.HTTPError as error:
            leads_to = error.headers.get("Location") if 300 <= error.code < 400 else None
            if not leads_to:
                raise
            error.close()
            url = urllib.parse.urljoin(url, leads_to)
    raise DataError(f"it leads on and on, more than {REDIRECTS} times")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Leave redirects to `_answer`: urllib would follow them from https to http, and read all that comes with them."""

    def redirect_request(self, *args: Any) -> None:
        return None


def _keep(target: Path, content: bytes) -> None:
    try:
        write_atomically(target, content)
    except OSError as error:
        raise DataError(
            f"{target} cannot be written ({error.strerror}): name a folder that can be "
            "with the environment variable TINYGAN_CACHE"
        ) from error
