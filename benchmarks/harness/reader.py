"""A client of chunked answers (RFC 9112, Section 7.1) that looks at nothing but their end. Linux only.

The kernel drops the rest (tcp(7), MSG_TRUNC), so that the client is not what is measured.
"""

from __future__ import annotations

import socket
from time import perf_counter

from .load import ROOM, ask

_END = b"0\r\n\r\n"


class Reader:
    """One connection to the server at *port* of this machine, on which one stream after the other is read.

    A server that is silent for *timeout* seconds is a ``TimeoutError``, one that closes the connection too early a
    ``ConnectionError``.
    """

    def __init__(self, port: int, timeout: float = 20.0) -> None:
        self._connection = socket.create_connection(("127.0.0.1", port), timeout)
        self._buffer = memoryview(bytearray(ROOM))

    def seconds(self, path: str, length: int) -> float:
        """Return the seconds from the request for *path* to the end of its stream of *length* bytes.

        The stream may be longer, by an opening say, and must not hold what ends the answer, ``0 CR LF CR LF``.
        """
        began = perf_counter()
        ask(self._connection, path)
        # As many bytes as the stream has cannot be the whole answer, which has a head and an end too.
        left = length
        while left > 0:
            left -= self._take(min(left, ROOM), socket.MSG_TRUNC)
        tail = b""
        while tail != _END:
            count = self._take(ROOM, 0)
            tail = (tail + bytes(self._buffer[max(0, count - len(_END)) : count]))[-len(_END) :]
        return perf_counter() - began

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _take(self, most: int, flags: int) -> int:
        count = self._connection.recv_into(self._buffer, most, flags)
        if not count:
            raise ConnectionError("the server closed the connection in the middle of a stream")
        return count
