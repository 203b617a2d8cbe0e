"""``python -m tinygan.live``: a GAN to play with, in the browser, on this machine alone."""

from __future__ import annotations

import errno
import logging
import sys
import webbrowser

from tinygan.commandline import Parser, fail, guarded
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
    if not 0 <= options.port <= 65535:
        fail(PROGRAM, f"--port must be from 0 to 65535, not {options.port}")
    need("bokeh")
    from tinygan.live.server import HOST, serve

    try:
        server = serve(options.port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            fail(PROGRAM, f"port {options.port} is taken: give another one, such as --port {options.port % 65535 + 1}")
        fail(PROGRAM, f"port {options.port} cannot be used ({error.strerror or error}): give another one, above 1023")
    address = f"http://{HOST}:{server.port}/"
    print(f"the laboratory is at {address} - Ctrl-C ends it", flush=True)
    if not options.no_browser:
        server.io_loop.add_callback(webbrowser.open, address)
    logging.getLogger("bokeh.server.views.ws").setLevel(logging.ERROR)  # a picture on its way to a closed window
    sys.setswitchinterval(0.001)  # seconds: what is pressed need not wait for five times as long a stretch of training
    try:
        server.io_loop.start()
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    guarded(PROGRAM, main)
