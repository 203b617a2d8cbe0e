"""`python -m tinygan.live`: what it says, on this machine alone, and what it refuses."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tinygan.live import __main__ as program
from tinygan.live import needs
from tinygan.training.config import ConfigError

ROOT = Path(__file__).parents[2]


def run(capsys, monkeypatch, *arguments: str) -> str:
    """What it says as it refuses, with exit status 2."""
    monkeypatch.setattr(sys, "argv", ["tinygan.live", *arguments])
    with pytest.raises(SystemExit) as ended:
        program.guarded(program.PROGRAM, program.main)
    said = capsys.readouterr()
    assert ended.value.code == 2 and said.out == "" and said.err.count("\n") == 1
    return said.err


def test_a_taken_port_is_said_in_a_sentence(capsys, monkeypatch):
    pytest.importorskip("bokeh")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = run(capsys, monkeypatch, "--port", str(port), "--no-browser")
    assert f"port {port} is taken: give another one, such as --port {port % 65535 + 1}" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--port", "70000"), "--port must be from 0 to 65535, not 70000"),
        (("--port", "-1"), "--port must be from 0 to 65535, not -1"),
        (("--port", "web"), "invalid int value: 'web'"),
        (("--no-browsr",), "unknown option --no-browsr: did you mean --no-browser?"),
        (("ring",), "unknown argument ring"),
    ],
)
def test_what_it_refuses(capsys, monkeypatch, arguments, words):
    assert words in run(capsys, monkeypatch, *arguments)


def test_a_missing_package_is_said_in_a_sentence(capsys, monkeypatch):
    monkeypatch.setattr(needs.importlib.util, "find_spec", lambda name: None)
    assert "pip install 'tinygan[live]'" in run(capsys, monkeypatch, "--no-browser")
    import tinygan as tg

    with pytest.raises(ConfigError, match=r"needs the package bokeh: pip install 'tinygan\[live\]'"):
        tg.live.lab()


def test_it_serves_itself_to_this_machine_alone_until_it_is_interrupted():
    pytest.importorskip("bokeh")
    command = [sys.executable, "-m", "tinygan.live", "--no-browser", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            said = process.stdout.readline()
            address = said.split()[4]
            assert said.startswith("the laboratory is at http://127.0.0.1:")
            with urllib.request.urlopen(address) as answer:
                page = answer.read().decode()
            assert "tinygan live" in page and 'name="viewport"' in page
            sources = re.findall(r"""(?:src|href)=["']([^"']*)""", page)
            assert sources and not any("//" in source for source in sources)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                _, errors = process.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
    assert process.returncode == 0 and "Traceback" not in errors
