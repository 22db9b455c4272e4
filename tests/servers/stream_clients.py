"""Requests for streams, read up to the first chunk of the source; the app is ``apps/streams.py``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .http_client import Connection

SHOW_SOCKET = ("gunicorn:sync", "gunicorn:gthread", "gunicorn:gevent", "waitress", "werkzeug")
"""The servers that have the socket of the client in the environ."""

FIRST_CHUNK = re.compile(rb"first|abcde")


def open_stream(connection: Connection, target: str) -> Iterator[bytes]:
    """Request the stream *target*, read up to the first chunk of its source, and return the pieces after it."""
    connection.request("GET", target)
    pieces = connection.pieces(connection.head())
    received = b""
    while not FIRST_CHUNK.search(received):
        received += next(pieces)
    return pieces
