"""Mirrors on this machine: folders, and answers that no good mirror gives."""

from __future__ import annotations

import contextlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer


class Quiet(SimpleHTTPRequestHandler):
    """The files of a folder."""

    def log_message(self, *args):
        pass


def answering(write):
    """A handler that lets `write(file, ended)` write the whole answer, and counts the questions."""

    class Handler(Quiet):
        asked = 0

        def do_GET(self):
            type(self).asked += 1
            self.close_connection = True
            with contextlib.suppress(OSError):  # the other end has heard enough
                write(self.wfile, self.server.ended)

    return Handler


@contextlib.contextmanager
def serving(handler):
    """The address of a server on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads, server.ended = True, threading.Event()
    thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.01))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
