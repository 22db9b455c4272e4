"""A small HTTP client that keeps a server busy: some connections, one request in flight on each. Linux only.

It counts bytes instead of reading them: the length of the first answer to a path must be that of all others. The
kernel drops them (tcp(7), MSG_TRUNC), so that the client is not what is measured.
"""

from __future__ import annotations

import selectors
import socket
from collections import deque
from collections.abc import Sequence
from time import perf_counter
from typing import NamedTuple

ROOM = 65536  # bytes that the kernel drops at a time, at most; with 1 MiB the pace of a connection varies fourfold

_REQUEST = "GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: benchmark\r\nAccept: */*\r\n\r\n"


class Expected(NamedTuple):
    """What the answers to one path are like: their length, and whether the server closes the connection after each."""

    length: int
    closes: bool


class Load:
    """Connections to the server at *port* of this machine, one for each of *paths*.

    Making it costs the server one answer on each; so does ``seconds`` for each request. A server that closes its
    connections gets a new one for the next request, in the time of that.

    No answer may take longer than *timeout* seconds: ``TimeoutError``. A connection that the server closes too early is
    a ``ConnectionError``.
    """

    def __init__(self, port: int, paths: Sequence[str] = ("/",), timeout: float = 10.0) -> None:
        self.received = 0  # bytes, since it was made
        self._port = port
        self._timeout = timeout
        self._connections: set[socket.socket] = set()
        self._idle: deque[tuple[str, socket.socket | None]] = deque()
        self._selector = selectors.DefaultSelector()
        self._buffer = bytearray(ROOM)
        self._expected: dict[str, Expected] = {}
        for path in paths:
            connection = self._connect()
            expected = _first_answer(connection, path)
            if self._expected.setdefault(path, expected) != expected:
                raise ValueError(f"the answers to {path} differ: {expected}, {self._expected[path]}")
            self._release(connection, path)

    def seconds(self, requests: int) -> float:
        """Return the seconds from the first of *requests* requests to the last answer."""
        missing: dict[socket.socket, int] = {}  # bytes of the answer that a connection waits for
        paths: dict[socket.socket, str] = {}
        left = requests
        began = perf_counter()
        while left or missing:
            while left and self._idle:
                left -= 1
                connection, path = self._ask_next()
                paths[connection] = path
                missing[connection] = self._expected[path].length
            ready = self._selector.select(self._timeout)
            if not ready:
                raise TimeoutError(f"{len(missing)} answers did not come in {self._timeout} s")
            for connection in (key.fileobj for key, _ in ready):  # type: ignore[assignment]  # only sockets are registered
                missing[connection] -= self._take(connection)
                if missing[connection] <= 0:
                    if missing.pop(connection) < 0:
                        raise ValueError(f"an answer to {paths[connection]} is longer than the first")
                    self._release(connection, paths.pop(connection))
        return perf_counter() - began

    def close(self) -> None:
        """Close all connections; another call does nothing."""
        self._selector.close()
        for connection in self._connections:
            connection.close()

    def _connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self._port), self._timeout)
        self._connections.add(connection)
        self._selector.register(connection, selectors.EVENT_READ)
        return connection

    def _ask_next(self) -> tuple[socket.socket, str]:
        path, connection = self._idle.popleft()
        if connection is None:
            connection = self._connect()
        ask(connection, path)
        return connection, path

    def _release(self, connection: socket.socket, path: str) -> None:
        if not self._expected[path].closes:
            self._idle.append((path, connection))
            return
        # The next is made when it has a request to carry: a sync worker waits for nothing else meanwhile.
        self._selector.unregister(connection)
        self._connections.discard(connection)
        connection.close()
        self._idle.append((path, None))

    def _take(self, connection: socket.socket) -> int:
        count = connection.recv_into(self._buffer, 0, socket.MSG_TRUNC)
        if not count:
            raise ConnectionError("the server closed a connection in the middle of an answer")
        self.received += count
        return count


def ask(connection: socket.socket, path: str) -> None:
    """Send the request for *path*."""
    connection.sendall(_REQUEST.format(path).encode())


def _first_answer(connection: socket.socket, path: str) -> Expected:
    ask(connection, path)
    received = b""
    while b"\r\n\r\n" not in received:
        received += _more(connection)
    head = received.partition(b"\r\n\r\n")[0]
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in head.split(b"\r\n"))}
    closes = fields.get(b"connection", b"").lower() == b"close"
    if b"content-length" not in fields:
        while not received.endswith(b"0\r\n\r\n"):
            received += _more(connection)
        return Expected(len(received), closes)
    length = len(head) + 4 + int(fields[b"content-length"])
    came = len(received)
    while came < length:
        came += len(_more(connection))
    return Expected(length, closes)


def _more(connection: socket.socket) -> bytes:
    block = connection.recv(ROOM)
    if not block:
        raise ConnectionError("the server closed a connection in the middle of an answer")
    return block
