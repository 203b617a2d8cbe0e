"""Downloads end: whatever a mirror does, in one sentence, and with nothing kept that is not the file."""

from __future__ import annotations

import gzip
import hashlib
import importlib
import socket
import subprocess
import sys
import time
import tracemalloc
from functools import partial
from pathlib import Path

import pytest
from data.mirrors import Quiet, answering, serving

from tinygan.data import DataError

download = importlib.import_module("tinygan.data.download")
mnist = importlib.import_module("tinygan.data.mnist")

PLAIN = b"\0\0\x08\x01\0\0\x40\0" + bytes(range(256)) * 64
SUM = hashlib.sha256(PLAIN).hexdigest()
GOOD = gzip.compress(PLAIN)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def impatient(monkeypatch):
    """A tenth of a second in place of many."""
    monkeypatch.setattr(download, "PATIENCE", 0.1)


def fetch(url, target, *more):
    return download.download([url, *more], target, SUM, len(PLAIN))


def refused(write, said, cache):
    """What `write` answers is told in one sentence, and nothing is kept."""
    with serving(answering(write)) as url, pytest.raises(DataError, match=f"could not be downloaded .*({said})") as it:
        fetch(f"{url}a.gz", cache / "a.gz")
    message = str(it.value)
    assert message.isprintable() and len(message) < 600 and "TINYGAN_DATA" in message
    assert not cache.exists()


def head(status="200 OK", **fields):
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def whole(content, **fields):
    return lambda file, ended: file.write(head(Content_Length=len(content), **fields) + content)


def without_end(part, pause=0.0, before=b""):
    def write(file, ended):
        file.write(before)
        while not ended.wait(pause) if pause else not ended.is_set():
            file.write(part)

    return write


BOMB = gzip.compress(bytes(50 << 20))  # 50 MB of zeros in 50 kB
LYING = gzip.compress(PLAIN[:4] + b"\xff\xff\xff\xff" + bytes(50 << 20))

SLOW = {
    "a byte now and then": without_end(b"a", 0.03, head(Content_Length=10**7)),
    "a chunk of a byte now and then": without_end(b"1\r\na\r\n", 0.03, head(Transfer_Encoding="chunked")),
    "a head, a byte now and then": without_end(b"a", 0.03, b"HTTP/1.1 200 O"),
    "silence": lambda file, ended: ended.wait(9),
    "silence in the middle": lambda file, ended: (file.write(head() + GOOD[:100]), ended.wait(9)),
}

HOSTILE = {
    "a body without end": (without_end(bytes(1 << 16), before=head()), "it sends more than 17,408 bytes"),
    "a body without end in chunks": (
        without_end(b"1000\r\n" + bytes(4096) + b"\r\n", before=head(Transfer_Encoding="chunked")),
        "it sends more than 17,408 bytes",
    ),
    "heads without end": (without_end(b"a: b\r\n", 0.0, b"HTTP/1.1 200 OK\r\n"), "got more than 100 headers"),
    "nothing": (lambda file, ended: None, "without response"),
    "no HTTP": (lambda file, ended: file.write(b"SSH-2.0-OpenSSH\r\n"), "SSH"),
    "less than it promises": (
        lambda file, ended: file.write(head(Content_Length=len(GOOD)) + GOOD[:-9]),
        "cut short",
    ),
    "an empty file": (whole(b""), "wrong SHA-256"),
    "a page": (whole(b"<html>please log in</html>"), "wrong SHA-256"),
    "another file": (whole(gzip.compress(PLAIN[:-1] + b"a")), "wrong SHA-256"),
    "damaged gzip": (whole(GOOD[:40] + b"\0\0\0\0" + GOOD[44:]), "damaged|wrong SHA-256"),
    "a gzip bomb": (whole(gzip.compress(gzip.compress(BOMB))), "wrong SHA-256"),
    "a gzip bomb in the size of the file": (whole(LYING[:16_000]), "cut short|wrong SHA-256"),
    "not found": (lambda file, ended: file.write(head("404 Not Found")), "404"),
    "an error page without end": (without_end(bytes(1 << 16), before=head("503 Slow Down")), "503"),
    "a file of this machine": (
        lambda file, ended: file.write(head("302 Found", Location="file:///etc/hostname")),
        "leads to file:///etc/hostname, which is not https",
    ),
    "ftp": (
        lambda file, ended: file.write(head("301 Moved", Location="ftp://127.0.0.1/a")),
        "leads to ftp://127.0.0.1/a, which is not https",
    ),
    "a circle": (lambda file, ended: file.write(head("307 Go", Location="/again")), "leads on and on"),
    "a redirect to nowhere": (lambda file, ended: file.write(head("302 Found")), "302"),
    "a redirect to no address": (
        lambda file, ended: file.write(head("302 Found", Location="http://[a b\x01/")),
        "tried http",
    ),
    "a long reason": (lambda file, ended: file.write(b"HTTP/1.1 500 " + b"\x1b[31ma" * 9000 + b"\r\n\r\n"), "500|Line"),
}


@pytest.mark.parametrize("case", SLOW)
def test_a_mirror_that_is_too_slow_is_given_up(tmp_path, impatient, case):
    refused(SLOW[case], "slower than 1,000 bytes a second|timed out", tmp_path / "cache")


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_mirror_ends_in_one_sentence(tmp_path, case):
    refused(*HOSTILE[case], tmp_path / "cache")


def test_a_bomb_is_not_blown_up(tmp_path):
    """50 MB come out of 50 kB: no more is made of them than the file has, whatever their header promises."""
    most = 100_000
    bombs = BOMB, gzip.compress(b"\0\0\x08\x03" + b"\xff" * 12 + bytes(50 << 20))
    assert all(len(bomb) < most for bomb in bombs)
    tracemalloc.start()
    for bomb in bombs:
        with serving(answering(whole(bomb))) as url, pytest.raises(DataError, match="wrong SHA-256"):
            download.download([f"{url}a.gz"], tmp_path / "a.gz", SUM, most)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 << 20


def test_nobody_there_is_one_sentence(tmp_path):
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    with pytest.raises(DataError, match="[Rr]efused"):
        fetch(f"http://127.0.0.1:{port}/a.gz", tmp_path / "a.gz")
    assert not list(tmp_path.iterdir())


def test_a_name_that_is_not_answered_is_given_up(tmp_path, impatient, monkeypatch):
    """No timeout of a socket bounds the look-up of a name."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: time.sleep(3))
    with pytest.raises(DataError, match="slower than"):
        fetch("http://mirror.example/a.gz", tmp_path / "a.gz")


def test_all_mirrors_together_have_one_limit(tmp_path, impatient, monkeypatch):
    monkeypatch.setattr(download, "LONGEST", 0.2)
    monkeypatch.setattr(download, "SLOWEST", 0)
    steady = without_end(b"a", 0.01, head())
    with serving(answering(steady)) as url, pytest.raises(DataError) as it:
        fetch(f"{url}a.gz", tmp_path / "a.gz", f"{url}b.gz")
    assert str(it.value).count("not done after 0.2 seconds") == 2


def test_what_is_fast_enough_may_take_long(tmp_path, impatient, monkeypatch):
    monkeypatch.setattr(download, "SLOWEST", 0)
    pauses = []

    def slowly(file, ended):
        file.write(head(Content_Length=len(GOOD)))
        for start in range(0, len(GOOD), 100):
            pauses.append(ended.wait(0.15))
            file.write(GOOD[start : start + 100])

    with serving(answering(slowly)) as url:
        monkeypatch.setattr(socket.socket, "settimeout", lambda self, seconds: None)
        fetch(f"{url}a", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == GOOD and len(pauses) > 2


def test_a_redirect_is_followed_and_the_next_mirror_is_asked(tmp_path):
    (tmp_path / "b.gz").write_bytes(GOOD)
    with serving(partial(Quiet, directory=str(tmp_path))) as good:
        leads = answering(lambda file, ended: file.write(head("302 Found", Location=f"{good}b.gz")))
        with serving(leads) as url, serving(answering(HOSTILE["a page"][0])) as bad:
            fetch(f"{bad}a.gz", tmp_path / "kept.gz", f"{url}a.gz")
    assert (tmp_path / "kept.gz").read_bytes() == GOOD and leads.asked == 1


@pytest.mark.parametrize("to", ["http://127.0.0.1/a", "file:///etc/hostname", "data:,a", "//127.0.0.1:99999999/"])
def test_https_leads_to_https_alone(tmp_path, monkeypatch, to):
    import io
    import urllib.error
    import urllib.request
    from email.message import Message

    def answer(self, url, timeout):
        fields = Message()
        fields["Location"] = to
        raise urllib.error.HTTPError(url, 302, "Found", fields, io.BytesIO())

    monkeypatch.setattr(urllib.request.OpenerDirector, "open", answer)
    said = "leads on and on" if to.startswith("//") else "which is not https"
    with pytest.raises(DataError, match=said):
        fetch("https://mirror.example/a.gz", tmp_path / "a.gz")


def test_mirrors_are_asked_over_https_first():
    for source in (mnist.MNIST, mnist.FASHION):
        schemes = [mirror.partition(":")[0] for mirror in source.mirrors]
        assert schemes == sorted(schemes, reverse=True) and schemes[0] == "https"
        assert set(source.sha256) == set(source.sizes) == {stem for pair in mnist.FILES.values() for stem in pair}


def test_two_processes_may_download_at_once(tmp_path):
    (tmp_path / "a.gz").write_bytes(GOOD)
    code = (
        "import sys; from pathlib import Path; from tinygan.data.download import download;"
        f"[download([sys.argv[1]], Path(sys.argv[2]), {SUM!r}, {len(PLAIN)}) for _ in range(20)]"
    )
    root = Path(__file__).resolve().parents[2]
    kept = tmp_path / "cache" / "a.gz"
    with serving(partial(Quiet, directory=str(tmp_path))) as url:
        command = [sys.executable, "-c", code, f"{url}a.gz", str(kept)]
        both = [subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE) for _ in range(2)]
        assert [process.communicate()[1].count(b"downloading") for process in both] == [20, 20]
        assert [process.returncode for process in both] == [0, 0]
    assert list(kept.parent.iterdir()) == [kept] and kept.read_bytes() == GOOD
