"""Requests for streams, read up to the first chunk of the source; the app is ``apps/streams.py``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .http_client import Connection

SHOW_SOCKET = ("gunicorn:sync", "gunicorn:gthread", "gunicorn:gevent", "waitress", "werkzeug")
"""The servers that have the socket of the client in the environ."""

BEGUN = re.compile(rb"first|abcde")


def begun(connection: Connection, target: str) -> Iterator[bytes]:
    """Ask for the stream *target*; return the pieces that come behind the first of its source."""
    connection.request("GET", target)
    pieces = connection.pieces(connection.head())
    received = b""
    while not BEGUN.search(received):
        received += next(pieces)
    return pieces
