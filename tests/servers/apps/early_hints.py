"""An answer that waits until the client has its early hints: see ``test_early_hints.py``."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from wsgiresp import early_hints
from wsgiresp.responses import PlainTextResponse


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer ``/port`` with what ``early_hints`` returned; where it is True, after a word at that port."""
    is_sent = early_hints(environ, ["</app.css>; rel=preload; as=style", "</app.js>; rel=modulepreload"])
    if is_sent:
        with socket.create_connection(("127.0.0.1", int(environ["PATH_INFO"][1:])), 10) as connection:
            connection.recv(1)
    return PlainTextResponse(str(is_sent))(environ, start_response)
