"""A small HTTP client that keeps a server busy: some keep-alive connections, one request in flight on each.

It counts bytes instead of reading them: the length of the first answer must be that of all others.
"""

from __future__ import annotations

import selectors
import socket
from time import perf_counter

REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: benchmark\r\nAccept: */*\r\n\r\n"


class Load:
    """Connections to the server at *port* of this machine. Making it costs the server one answer on each.

    No answer may take longer than *timeout* seconds: ``TimeoutError``. A connection that the server closes is a
    ``ConnectionError``.
    """

    def __init__(self, port: int, connections: int, timeout: float = 10.0) -> None:
        self._timeout = timeout
        self._sockets: dict[int, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._buffer = bytearray(65536)
        lengths = set()
        for _ in range(connections):
            connection = socket.create_connection(("127.0.0.1", port), timeout)
            self._sockets[connection.fileno()] = connection
            self._selector.register(connection, selectors.EVENT_READ)
            lengths.add(len(_first_answer(connection)))
        [self._length] = lengths

    def seconds(self, requests: int) -> float:
        """Return the seconds from the first of *requests* requests to the last answer."""
        missing: dict[int, int] = {}  # bytes of the answer that a connection waits for
        asked = 0
        began = perf_counter()
        for number in list(self._sockets)[:requests]:
            missing[number] = self._ask(number)
            asked += 1
        while missing:
            ready = self._selector.select(self._timeout)
            if not ready:
                raise TimeoutError(f"{len(missing)} answers did not come in {self._timeout} s")
            for key, _ in ready:
                missing[key.fd] -= self._take(key.fd)
                if missing[key.fd] > 0:
                    continue
                if missing.pop(key.fd) < 0:
                    raise ValueError(f"an answer is longer than the first, which was {self._length} bytes")
                if asked < requests:
                    missing[key.fd] = self._ask(key.fd)
                    asked += 1
        return perf_counter() - began

    def close(self) -> None:
        """Close all connections; another call does nothing."""
        self._selector.close()
        for connection in self._sockets.values():
            connection.close()

    def _ask(self, number: int) -> int:
        self._sockets[number].sendall(REQUEST)
        return self._length

    def _take(self, number: int) -> int:
        count = self._sockets[number].recv_into(self._buffer)
        if not count:
            raise ConnectionError("the server closed a connection in the middle of an answer")
        return count


def _first_answer(connection: socket.socket) -> bytes:
    connection.sendall(REQUEST)
    received = b""
    while not _complete(received):
        block = connection.recv(65536)
        if not block:
            raise ConnectionError("the server closed a connection in the middle of an answer")
        received += block
    return received


def _complete(received: bytes) -> bool:
    head, end, body = received.partition(b"\r\n\r\n")
    if not end:
        return False
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return len(body) >= int(value)
    return body.endswith(b"0\r\n\r\n")
