"""A server for this machine alone: every window is a laboratory of its own, and ends with it."""

from __future__ import annotations

import socket
from collections.abc import Callable
from importlib.resources import files
from typing import Any

from bokeh.document import Document
from bokeh.events import DocumentReady
from bokeh.server.server import Server

from tinygan.live.page import Page

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
    doc.title = "tinygan live"
    doc.template = (files("tinygan.live") / "page.html").read_text(encoding="utf-8")
    doc.add_root(page.layout)
    doc.on_event(DocumentReady, lambda event: page.runner.drawn())
    doc.on_session_destroyed(lambda context: page.runner.end())
    page.runner.start()
    return page


def serve(port: int) -> Server:
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
