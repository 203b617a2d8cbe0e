"""A server for this machine alone: every window has a page of its own, which ends with it."""

from __future__ import annotations

import errno
import logging
import signal
import socket
import sys
import webbrowser
from collections.abc import Callable
from importlib.resources import files
from typing import Any

from bokeh.document import Document
from bokeh.events import DocumentReady
from bokeh.server.server import Server

from tinygan.live.page import Page
from tinygan.training.config import ConfigError

HOST = "127.0.0.1"
CHECK, LEFT = 1000, 10_000  # milliseconds: how often closed windows are looked for, and how long one may be loading


def fill(doc: Document) -> Page:
    """Put a laboratory into a new document, which ends it."""

    def schedule(show: Callable[[], None]) -> None:
        try:
            doc.add_next_tick_callback(show)
        except AttributeError:  # Bokeh has taken the document apart, with the window, while the picture was made
            page.runner.end()

    page = Page(schedule)
    dress(doc, "tinygan live")
    doc.add_root(page.layout)
    doc.on_event(DocumentReady, lambda event: page.runner.drawn())
    doc.on_session_destroyed(lambda context: page.runner.end())
    page.runner.start()
    return page


def dress(doc: Document, title: str) -> None:
    """Its title, and the colours that the visitor's system asks for."""
    doc.title = title
    doc.template = (files("tinygan.live") / "page.html").read_text(encoding="utf-8")


def run(what: str, port: int, browser: bool, fill: Callable[[Document], Any] = fill) -> None:
    """Serve pages until Ctrl-C.

    Parameters
    ----------
    what : str
        What is there, to say it.
    port : int
        0 takes a free one.
    browser : bool
        Whether to open it there.
    fill : function
        Fills the new document of each window.

    Raises
    ------
    ConfigError
        In one sentence, if the port cannot be used.
    """
    try:
        server = serve(port, fill)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(f"port {port} is taken: give another one, such as --port {port % 65535 + 1}") from None
        why = error.strerror or error
        raise ConfigError(f"port {port} cannot be used ({why}): give another one, above 1023") from None
    address = f"http://{HOST}:{server.port}/"
    print(f"{what} is at {address} - Ctrl-C ends it", flush=True)
    if browser:
        server.io_loop.add_callback(webbrowser.open, address)
    logging.getLogger("bokeh.server.views.ws").setLevel(logging.ERROR)  # a picture on its way to a closed window
    sys.setswitchinterval(0.001)  # seconds: what is pressed need not wait for five times as long a stretch of training
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's `&` would have it ignored
    try:
        server.io_loop.start()
    except KeyboardInterrupt:
        print()


def serve(port: int, fill: Callable[[Document], Any] = fill) -> Server:
    """A server that listens on this machine's own address.

    Raises
    ------
    OSError
        If the port is taken, or may not be used.
    """
    with socket.socket() as probe:  # Bokeh, too, would say it, but in its log and with a traceback
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((HOST, port))
        port = probe.getsockname()[1]
    options: dict[str, Any] = dict(check_unused_sessions_milliseconds=CHECK, unused_session_lifetime_milliseconds=LEFT)
    origins = [f"{name}:{port}" for name in (HOST, "localhost")]
    server = Server({"/": fill}, address=HOST, port=port, allow_websocket_origin=origins, **options)
    server.start()
    return server
