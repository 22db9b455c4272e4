"""A client of HTTP/1.1 for tests: any bytes go out, and what comes back is taken only where RFC 9112 allows it.

No cookies, no redirects, no retries. A test sees each field as it was sent, and a wrong byte is an error.
"""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

Fields = tuple[tuple[str, str], ...]

TIMEOUT = 15.0  # s for the next byte
_LONGEST_LINE = 65536
_MOST_FIELDS = 200

_STATUS_LINE = re.compile(r"(HTTP/1\.[01]) ([1-9][0-9]{2}) ([\t\x20-\x7e\xa0-\xff]*)")
_FIELD_LINE = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*?)[ \t]*")
_CHUNK_LINE = re.compile(r"([0-9A-Fa-f]{1,16})(?:;[\t\x20-\x7e]*)?")


class MalformedError(Exception):
    """What came is no response of HTTP/1.x, or one that two clients could take for different ones."""


class TruncatedError(MalformedError):
    """The connection ended inside a response: the client knows that it does not have the whole."""


@dataclass(frozen=True)
class Answer:
    """One response, its fields in the order and the case in which they came."""

    version: str
    status: int
    reason: str
    fields: Fields
    body: bytes = b""

    def values(self, name: str) -> list[str]:
        """The values of all fields of *name*."""
        return [value for known, value in self.fields if known.lower() == name.lower()]

    @property
    def keeps_open(self) -> bool:
        """Whether the server says that the connection can be used again (RFC 9112, Section 9.3)."""
        options = {option.strip().lower() for value in self.values("Connection") for option in value.split(",")}
        return "close" not in options and (self.version == "HTTP/1.1" or "keep-alive" in options)


class Connection:
    """One connection to a server; requests go out and answers come back in order."""

    def __init__(self, address: tuple[str, int], timeout: float = TIMEOUT) -> None:
        self.socket = socket.create_connection(address, timeout)
        self._host = "{}:{}".format(*address)
        self._buffer = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Leave in order."""
        self.socket.close()

    def reset(self) -> None:
        """Leave at once, as a client that crashed: the server gets a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Send *data* as it is."""
        self.socket.sendall(data)

    def request(
        self, method: str, target: str, *fields: tuple[str, str], body: bytes = b"", version: str = "HTTP/1.1"
    ) -> None:
        """Send a request; Host and Content-Length are added."""
        length = [("Content-Length", str(len(body)))] if body else []
        lines = [f"{name}: {value}\r\n" for name, value in (("Host", self._host), *length, *fields)]
        self.send(f"{method} {target} {version}\r\n{''.join(lines)}\r\n".encode("latin-1") + body)

    def exchange(self, method: str, target: str, *fields: tuple[str, str], body: bytes = b"") -> Answer:
        """Send a request and return its answer, whole."""
        self.request(method, target, *fields, body=body)
        return self.answer(method)

    def answer(self, method: str = "GET") -> Answer:
        """Return the next answer with its body, which was asked for by *method*; a 1xx is an answer of its own."""
        head = self.head()
        return replace(head, body=b"".join(self.pieces(head, method)))

    def head(self) -> Answer:
        """Return the next answer as far as the empty line: its body is still to be read, by :meth:`pieces`."""
        line = self._line()
        match = _STATUS_LINE.fullmatch(line)
        if match is None:
            raise MalformedError(f"no status line: {line!r}")
        return Answer(match[1], int(match[2]), match[3], self._field_lines())

    def pieces(self, head: Answer, method: str = "GET") -> Iterator[bytes]:
        """Yield the body that belongs to *head* as it comes; a chunk of the chunked coding is one piece.

        Raises :class:`TruncatedError` where the connection ends before the body does.
        """
        length = _content_length(head)
        is_chunked = _is_chunked(head)
        if is_chunked and length is not None:
            raise MalformedError("both Transfer-Encoding and Content-Length")  # RFC 9112, Section 6.3
        if head.status < 200 or head.status == 204:
            if is_chunked or length is not None:
                raise MalformedError(f"a {head.status} that announces a body")  # RFC 9110, Section 8.6; RFC 9112, 6.1
        elif method == "HEAD" or head.status == 304:
            pass
        elif is_chunked:
            yield from self._chunks()
        elif length is None:
            yield from iter(self._received, b"")
        else:
            yield from self._counted(length)

    def ends(self) -> bool:
        """Return True once the server has closed the connection; ``MalformedError`` where it sends anything before."""
        stray = self._received()
        if stray:
            raise MalformedError(f"bytes that belong to no answer: {stray!r}")
        return True

    def rest(self) -> bytes:
        """Return all that comes until the server closes the connection, whatever it is."""
        return b"".join(iter(self._received, b""))

    def _field_lines(self) -> Fields:
        fields: list[tuple[str, str]] = []
        while line := self._line():
            match = _FIELD_LINE.fullmatch(line)
            if match is None or len(fields) == _MOST_FIELDS:
                raise MalformedError(f"no field line, or one too many: {line!r}")
            fields.append((match[1], match[2]))
        return tuple(fields)

    def _chunks(self) -> Iterator[bytes]:
        while True:
            line = self._line()
            match = _CHUNK_LINE.fullmatch(line)
            if match is None:
                raise MalformedError(f"no size of a chunk: {line!r}")
            size = int(match[1], 16)
            if size == 0:
                self._field_lines()  # trailers, which no server here sends
                return
            yield b"".join(self._counted(size))
            if self._line() != "":
                raise MalformedError("a chunk that is longer than its size")

    def _counted(self, length: int) -> Iterator[bytes]:
        while length:
            piece = self._received(length)
            if not piece:
                raise TruncatedError(f"the connection ended {length} bytes before the body")
            length -= len(piece)
            yield piece

    def _line(self) -> str:
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > _LONGEST_LINE:
                raise MalformedError("a line without an end")
            if not self._fill():
                raise TruncatedError(f"the connection ended in the head or between chunks: {bytes(self._buffer)!r}")
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        if not line.endswith(b"\r\n"):
            raise MalformedError(f"a line that ends in a bare LF: {line!r}")
        return line[:-2].decode("latin-1")

    def _received(self, most: int = 65536) -> bytes:
        """Return the next bytes, *most* of them; none where the connection has ended."""
        if not self._buffer:
            self._fill()
        piece = bytes(self._buffer[:most])
        del self._buffer[:most]
        return piece

    def _fill(self) -> bool:
        try:
            received = self.socket.recv(65536)
        except ConnectionResetError:
            raise TruncatedError("the connection was reset") from None
        self._buffer += received
        return bool(received)


def _content_length(head: Answer) -> int | None:
    values = head.values("Content-Length")
    if not values:
        return None
    if len(values) > 1 or re.fullmatch("[0-9]{1,18}", values[0]) is None:
        raise MalformedError(f"no one length: {values!r}")
    return int(values[0])


def _is_chunked(head: Answer) -> bool:
    values = head.values("Transfer-Encoding")
    if values and (values != ["chunked"] or head.version == "HTTP/1.0"):
        raise MalformedError(f"no coding that {head.version} knows: {values!r}")
    return bool(values)
