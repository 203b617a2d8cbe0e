"""A Bokeh page of this machine alone: served, opened in the browser, and ended by Ctrl-C."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable

from bokeh.application import Application
from bokeh.application.handlers import FunctionHandler
from bokeh.document import Document
from bokeh.server.server import Server

from tinygan.training.config import ConfigError

HOST = "127.0.0.1"  # nobody else reaches it


def serve(add_to: Callable[[Document], None], port: int, browser: bool) -> None:
    """Serve a page until Ctrl-C; each window that opens it has its own.

    Parameters
    ----------
    add_to : function
        Fills a new document.
    port : int
        0 takes a free one.
    browser : bool
        Whether to open it there.

    Raises
    ------
    ConfigError
        In one sentence, if the port cannot be had.
    """
    server = started(add_to, port)
    address = f"http://{HOST}:{server.port}/"
    print(f"look at {address} (Ctrl-C ends it)", flush=True)
    if browser:
        server.io_loop.add_callback(server.show, "/")
    try:
        server.io_loop.start()
    except KeyboardInterrupt:
        print("ended", file=sys.stderr)
    finally:
        server.stop()


def started(add_to: Callable[[Document], None], port: int) -> Server:
    """The server, listening; its `io_loop` is to be started."""
    origins = [f"{name}:{port}" if port else f"{name}:*" for name in (HOST, "localhost")]
    try:
        server = Server(
            {"/": Application(FunctionHandler(add_to))}, address=HOST, port=port, allow_websocket_origin=origins
        )
    except (OSError, OverflowError) as error:
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        why = "is taken by another program" if taken else f"cannot be had ({error})"
        raise ConfigError(f"port {port} {why}: try --port {0 if port == 0 else port + 1}") from None
    server.start()
    return server
