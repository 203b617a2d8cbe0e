"""What the benchmarks' command lines share: lists of names and of numbers, and peers that must be installed."""

from __future__ import annotations

import difflib
import os
from argparse import ArgumentTypeError
from collections.abc import Callable, Collection, Sequence
from importlib.util import find_spec

from tinygan.commandline import Parser, fail

PEERS = {
    "eager": "tinygan eager",
    "torch": "PyTorch",
    "torch.compile": "torch.compile",
    "jax": "JAX",
    "dezero": "DeZero",
}
PACKAGES = {"torch": "torch", "torch.compile": "torch", "jax": "jax", "dezero": "dezero"}  # that peers need


def parser(program: str, description: str, rounds: int) -> Parser:
    """A command line with the options that all benchmarks have."""
    p = Parser(prog=program, description=description)
    p.add_argument("--rounds", type=number, default=rounds, metavar="N", help="of each measurement (%(default)s)")
    p.add_argument("--write", action="store_true", help="also put the table into docs/performance.md")
    return p


def add_threads(p: Parser) -> None:
    """The numbers of threads that are compared."""
    some = [1, 2] if (os.cpu_count() or 1) > 1 else [1]
    shown = ",".join(map(str, some))
    p.add_argument("--threads", type=numbers, default=some, metavar="LIST", help=f"of all sides ({shown})")


def number(text: str) -> int:
    """A whole number, 1 or more."""
    if not text.strip().isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return int(text)


def numbers(text: str) -> list[int]:
    """Some of them, with commas between; each counts once."""
    return list(dict.fromkeys(number(part) for part in text.split(",")))


def names(known: Collection[str]) -> Callable[[str], list[str]]:
    """Some of the known names, with commas between."""

    def parse(text: str) -> list[str]:
        found = [name.strip() for name in text.split(",")]
        for name in found:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"did you mean {near[0]}? " if near else ""
                raise ArgumentTypeError(f"{name!r} is unknown: {hint}choose from {', '.join(known)}")
        return list(dict.fromkeys(found))

    return parse


def missing(peer: str) -> str:
    """What has to be installed for a peer, in one sentence; "" if all is there."""
    package = PACKAGES.get(peer)
    if package is None or find_spec(package) is not None:
        return ""
    return f"the comparison with {PEERS[peer]} needs it installed: pip install {package}"


def check_installed(program: str, peers: Sequence[str]) -> None:
    """End with one sentence and exit status 2 if a peer is missing."""
    for peer in peers:
        if sentence := missing(peer):
            fail(program, sentence)


def packages(peers: Sequence[str]) -> list[str]:
    """The packages of these peers, each once."""
    return list(dict.fromkeys(PACKAGES[peer] for peer in peers if peer in PACKAGES))
