"""The mailbox between a producer and the reader of a stream: bounded in bytes, and joining what is ready together.

A server pays 7 to 10 us for each chunk it is given, whatever its size. Small chunks that are ready together leave as
one; a chunk that is alone leaves alone, at once.
"""

from __future__ import annotations

from collections.abc import Callable

ROOM = 65536
"""Bytes after which a producer waits until the reader has taken them, unless they are fewer than four chunks."""

MOST = 262144
"""Bytes after which a producer waits in any case; the chunk that goes beyond is the last."""

_FEW = 4  # chunks: with one at a time a producer of 64 KiB chunks costs 1.25 times a plain generator, with four 1.0
_JOINED = 98304  # bytes: what is more goes out chunk by chunk, since to copy it costs more than to send it

Ring = Callable[[], object]


class Mailbox:
    """Chunks on their way. *arrival* wakes the reader, *departure* the producer, each in its own thread.

    Two threads need no lock: each number here has one who changes it. With *at_once* the producer waits after each
    chunk, for the threads in which nobody runs while it works on the next.
    """

    __slots__ = (
        "_arrival",
        "_few",
        "_is_full",
        "_put",
        "_room",
        "_taken",
        "chunks",
        "departure",
        "error",
        "has_ended",
        "is_awaited",
        "is_closed",
    )

    def __init__(self, arrival: Ring, departure: Ring | None, at_once: bool = False) -> None:
        self._arrival = arrival
        self.departure = departure
        """None until the producer waits for the first time, if that is in the thread of the reader."""
        self.chunks: list[bytes] = []  # not a deque: an empty one takes 0.7 KiB, and most streams wait most of the time
        """What is ready, to be looked at and not to be changed."""
        self._room, self._few = (1, 1) if at_once else (ROOM, _FEW)
        self._put = 0  # bytes, the producer's
        self._taken = 0  # bytes, the reader's
        self._is_full = False
        self.is_awaited = False
        """Whether the reader waits for a chunk."""
        self.is_closed = False
        """Whether the reader takes no more."""
        self.has_ended = False
        """Whether the producer puts no more, and has closed its source."""
        self.error: BaseException | None = None
        """What the producer ended by."""

    def put(self, chunk: bytes) -> bool:
        """Put a chunk that is not empty; return whether the producer must wait, see :attr:`is_full`."""
        self.chunks.append(chunk)
        self._put = put = self._put + len(chunk)
        if self.is_awaited:
            self.is_awaited = False
            self._arrival()
        waiting = put - self._taken
        if waiting < self._room:
            return False
        return (waiting >= MOST or len(self.chunks) >= self._few) and self.fill()

    def fill(self) -> bool:
        """Let the producer wait until all is taken; return whether there is anything to wait for."""
        self._is_full = True
        if self.chunks and not self.is_closed:
            return True
        self._is_full = False  # a reader in another thread was faster
        return False

    @property
    def is_full(self) -> bool:
        """Whether the producer has to wait; *departure* rings when that is over."""
        return self._is_full

    def take(self) -> bytes:
        """Return the next chunk, of which there must be one; small ones with all that are ready beside it."""
        chunks = self.chunks
        if len(chunks) > 1 and self._put - self._taken <= _JOINED:
            count = len(chunks)  # not clear(): another thread may be putting
            chunk = b"".join(chunks[:count])
            del chunks[:count]
        else:
            chunk = chunks.pop(0)
        self._taken += len(chunk)
        if self._is_full and not chunks:
            self._make_room()
        return chunk

    def end(self, error: BaseException | None = None) -> None:
        """Say that nothing more will be put, since the source has ended and is closed, or has failed with *error*."""
        self.error = error
        self.has_ended = True
        self._arrival()

    def close(self) -> bytes:
        """Say that nothing more will be taken, and return what is ready."""
        self.is_closed = True
        count = len(self.chunks)  # as in take()
        rest = b"".join(self.chunks[:count])
        del self.chunks[:count]
        if self._is_full:
            self._make_room()
        return rest

    def _make_room(self) -> None:
        self._is_full = False
        if self.departure is not None:
            self.departure()
