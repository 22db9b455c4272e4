"""Length counting: a body of unknown length is held to its Content-Length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


class LengthCounter:
    """The *length* in bytes that a Content-Length announced, of which ``left`` are still to be sent.

    RFC 9112, Section 6.3: a client takes what is beyond it for the next response, and waits for what is missing.
    """

    __slots__ = ("left", "length")

    def __init__(self, length: int) -> None:
        self.length = self.left = length

    def count(self, chunk: bytes) -> bytes:
        """Return *chunk*, or raise ``ValueError`` where it goes beyond what was announced."""
        self.left -= len(chunk)
        if self.left < 0:
            raise ValueError(f"Content-Length must be that of the body: {self.length} bytes, got {-self.left} more")
        return chunk

    def require_complete(self) -> None:
        """Raise ``ValueError`` where something is missing at the end."""
        if self.left > 0:
            raise ValueError(f"Content-Length must be that of the body: {self.length} bytes, got {self.left} less")


def counted(length: int, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield *chunks*, which must be *length* bytes; ``ValueError`` before what is too much, and after what is less."""
    counter = LengthCounter(length)
    for chunk in chunks:
        yield counter.count(chunk)
    counter.require_complete()
