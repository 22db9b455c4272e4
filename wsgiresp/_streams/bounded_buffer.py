"""Bounded buffer between the producer and the reader of a stream: backpressure, and coalescing of small chunks.

Theory of operation
-------------------
The producer puts chunks and the reader takes them, in one thread or in two. No lock is needed: most attributes have one
writer, and the order of the accesses makes the others safe.

=================  ==============================  ====================================================================
written by         attributes                      rule
=================  ==============================  ====================================================================
the producer       ``_put``, ``has_ended``,        ``has_ended`` is written last. The reader reads it before ``chunks``:
                   ``on_writable``                 a last chunk may be put between the two reads. ``on_writable`` is set
                                                   late only by a producer in the reader's thread
the reader         ``_taken``, ``is_closed``       the producer only reads them
both               ``error``                       the producer sets it before ``has_ended``; the reader that takes the
                                                   error resets it to None
both               ``chunks``                      the producer only appends, the reader only removes from the front
both               ``_is_full``                    the producer sets it, then checks ``chunks`` again; the side that
                                                   finds the buffer empty resets it
both               ``reader_waits``                the reader sets it, then checks ``chunks`` again, and resets it after
                                                   the wait; the first put resets it, so that a burst of puts wakes the
                                                   reader once
=================  ==============================  ====================================================================

*Backpressure*: from the high watermark on the producer pauses until the buffer is empty. The buffer is bounded by
bytes, so that a producer of large chunks does not fill the memory while a slow client takes them.

*Coalescing*: a server spends 7 to 10 us on each chunk, whatever its size. Small chunks that are ready together are
handed over as one. A single chunk is never held back for more.
"""

from __future__ import annotations

from typing import Protocol

from wsgiresp._types import Callback

HIGH_WATERMARK = 65536
"""High watermark, in bytes: the producer pauses until the buffer is empty, unless it holds fewer than four chunks."""

MAX_BUFFERED = 262144
"""Bytes at which the producer pauses whatever the number of chunks; the chunk that exceeds it is still accepted."""

_MIN_CHUNKS = 4  # with one, a producer of 64 KiB chunks costs 1.25 times a plain generator, with four 1.0
_COALESCE_LIMIT = 98304  # bytes: above it chunks are handed over one by one, since a copy costs more than a send


class ReadableBuffer(Protocol):
    """The reader's side of a buffer; a producer that brings its own buffer has one like it."""

    error: BaseException | None
    reader_waits: bool

    @property
    def chunks(self) -> object:
        """The ready chunks; true if there is one."""
        ...

    @property
    def has_ended(self) -> bool:
        """Whether the source is closed, and no chunk will follow."""
        ...

    @property
    def is_closed(self) -> bool:
        """Whether the reader has called :meth:`close`."""
        ...

    def take(self) -> bytes:
        """Return the next chunk; there must be one."""
        ...

    def close(self) -> bytes:
        """Take no more chunks, and return the ready ones, joined."""
        ...

    def discard(self) -> None:
        """Take no more chunks, and drop the ready ones, without allocating memory."""
        ...


class BoundedBuffer:
    """The chunks that a producer has made and the reader has not taken yet.

    *on_readable* wakes the reader and is called in the thread of the producer; *on_writable* wakes the producer and is
    called in the thread of the reader. With *one_at_a_time* the producer pauses after each chunk: for threads in which
    no other greenlet runs while it makes the next.
    """

    __slots__ = (
        "_high_watermark",
        "_is_full",
        "_min_chunks",
        "_on_readable",
        "_put",
        "_taken",
        "chunks",
        "error",
        "has_ended",
        "is_closed",
        "on_writable",
        "reader_waits",
    )

    def __init__(self, on_readable: Callback, on_writable: Callback | None, one_at_a_time: bool = False) -> None:
        self._on_readable = on_readable
        self.on_writable = on_writable
        """None until the first pause of a producer in the reader's thread."""
        self.chunks: list[bytes] = []  # not a deque: an empty one takes 0.7 KiB, and most streams wait most of the time
        """The ready chunks; read-only for others."""
        self._high_watermark, self._min_chunks = (1, 1) if one_at_a_time else (HIGH_WATERMARK, _MIN_CHUNKS)
        self._put = 0  # bytes
        self._taken = 0  # bytes
        self._is_full = False
        self.reader_waits = False
        """Whether the reader waits for a chunk."""
        self.is_closed = False
        """Whether the reader has closed the buffer."""
        self.has_ended = False
        """Whether the source is closed, and no chunk will follow."""
        self.error: BaseException | None = None
        """The error that ended the source, until the reader takes it."""

    def put(self, chunk: bytes) -> bool:
        """Put *chunk*, which must not be empty; return whether the producer must pause, see :attr:`is_full`."""
        self.chunks.append(chunk)
        self._put = put = self._put + len(chunk)
        if self.reader_waits:
            self.reader_waits = False
            self._on_readable()
        waiting = put - self._taken
        if waiting < self._high_watermark:
            return False
        return (waiting >= MAX_BUFFERED or len(self.chunks) >= self._min_chunks) and self._mark_full()

    def _mark_full(self) -> bool:
        """Mark the buffer as full; return whether the producer must pause, False if the reader has emptied it."""
        self._is_full = True
        if self.chunks and not self.is_closed:
            return True
        self._is_full = False  # a reader in another thread was faster
        return False

    @property
    def is_full(self) -> bool:
        """Whether the producer must pause; *on_writable* is called when it may go on."""
        return self._is_full

    def take(self) -> bytes:
        """Return the next chunk, or all ready chunks joined if they are small; there must be one."""
        chunks = self.chunks
        if len(chunks) > 1 and self._put - self._taken <= _COALESCE_LIMIT:
            count = len(chunks)  # not clear(): another thread may be putting
            chunk = b"".join(chunks[:count])
            del chunks[:count]
        else:
            chunk = chunks.pop(0)
        self._taken += len(chunk)
        if self._is_full and not chunks:
            self._resume_producer()
        return chunk

    def end(self, error: BaseException | None = None) -> None:
        """End the buffer: the source is closed, after it has ended or has failed with *error*."""
        self.error = error
        self.has_ended = True
        self._on_readable()

    def close(self) -> bytes:
        """Take no more chunks, and return the ready ones, joined."""
        self.is_closed = True
        rest = b"".join(self.chunks)
        self.discard()
        return rest

    def discard(self) -> None:
        """Take no more chunks, and drop the ready ones, without allocating memory."""
        self.is_closed = True
        self.chunks.clear()
        if self._is_full:
            self._resume_producer()

    def _resume_producer(self) -> None:
        self._is_full = False
        if self.on_writable is not None:
            self.on_writable()
