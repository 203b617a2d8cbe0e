"""``python -m tinygan.live``: a GAN to play with, in the browser, on this machine alone."""

from __future__ import annotations

from tinygan.commandline import Parser, guarded, in_bounds
from tinygan.live.needs import need

PROGRAM = "tinygan.live"
PORT = 5007


def parser() -> Parser:
    """The command line."""
    p = Parser(prog=PROGRAM, description="A small GAN to play with, live in the browser; Ctrl-C ends it.")
    p.add_argument("--port", type=int, default=PORT, help=f"where the page is served; 0 takes a free one ({PORT})")
    p.add_argument("--no-browser", action="store_true", help="do not open the page, only say where it is")
    return p


def main() -> None:
    """Serve the page until Ctrl-C."""
    options = parser().parse_args()
    in_bounds("--port", options.port, 0, 65535)
    need("bokeh")
    from tinygan.live.server import run

    run("the laboratory", options.port, not options.no_browser)


if __name__ == "__main__":
    guarded(PROGRAM, main)
