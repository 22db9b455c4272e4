"""Bounded buffer between producer and reader of a stream: backpressure (how far ahead), joining of small chunks.

A server pays 7 to 10 us for each chunk that it is given, whatever the size. So small chunks that are ready together
leave as one; a chunk that is alone leaves alone, at once.
"""

from __future__ import annotations

from wsgiresp._types import Callback

HIGH_WATERMARK = 65536
"""Bytes in the buffer from which on a producer waits until it is empty, unless they are fewer than four chunks."""

MAX_BUFFERED = 262144
"""Bytes in the buffer from which on a producer waits in any case; the chunk that goes beyond is the last."""

_MIN_CHUNKS = 4  # with one, a producer of 64 KiB chunks costs 1.25 times a plain generator, with four 1.0
_COALESCE_LIMIT = 98304  # bytes: what is more goes out chunk by chunk, since to copy it costs more than to send it


class BoundedBuffer:
    """The chunks that a producer has made and the reader has not taken yet.

    *on_readable* wakes the reader and is called in the thread of the producer; *on_writable* wakes the producer and is
    called in the thread of the reader. With *one_at_a_time* the producer waits after each chunk: for threads in which
    no other greenlet runs while it makes the next.

    Producer and reader may be in two threads, and need no lock: the producer alone appends to ``chunks`` and writes
    ``_put``, ``error`` and ``has_ended``; the reader alone removes from ``chunks`` and writes ``_taken`` and
    ``is_closed``.
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
        """None until the producer waits for the first time, if that is in the thread of the reader."""
        self.chunks: list[bytes] = []  # not a deque: an empty one takes 0.7 KiB, and most streams wait most of the time
        """What is ready, to be looked at and not to be changed."""
        self._high_watermark, self._min_chunks = (1, 1) if one_at_a_time else (HIGH_WATERMARK, _MIN_CHUNKS)
        self._put = 0  # bytes, the producer's
        self._taken = 0  # bytes, the reader's
        self._is_full = False
        self.reader_waits = False
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
        if self.reader_waits:
            self.reader_waits = False
            self._on_readable()
        waiting = put - self._taken
        if waiting < self._high_watermark:
            return False
        return (waiting >= MAX_BUFFERED or len(self.chunks) >= self._min_chunks) and self.pause_producer()

    def pause_producer(self) -> bool:
        """Let the producer wait until all is taken; return whether there is anything to wait for."""
        self._is_full = True
        if self.chunks and not self.is_closed:
            return True
        self._is_full = False  # a reader in another thread was faster
        return False

    @property
    def is_full(self) -> bool:
        """Whether the producer has to wait; *on_writable* is called when that is over."""
        return self._is_full

    def take(self) -> bytes:
        """Return the next chunk, of which there must be one; small ones with all that are ready beside it."""
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
        """Say that nothing more will be put, since the source has ended and is closed, or has failed with *error*."""
        self.error = error
        self.has_ended = True
        self._on_readable()

    def close(self) -> bytes:
        """Say that nothing more will be taken, and return what is ready."""
        self.is_closed = True
        count = len(self.chunks)  # as in take()
        rest = b"".join(self.chunks[:count])
        del self.chunks[:count]
        if self._is_full:
            self._resume_producer()
        return rest

    def _resume_producer(self) -> None:
        self._is_full = False
        if self.on_writable is not None:
            self.on_writable()
