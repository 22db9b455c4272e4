"""Range readers: file-like objects that give a server the bytes of a range, and no byte after them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from wsgiresp._files.safe_open import OpenFile
from wsgiresp._protocol.byteranges import Piece
from wsgiresp._runtime.close_order import Step, run_each
from wsgiresp._runtime.sockets import is_called_by_sendfile

BLOCK_SIZE = 262144
"""Bytes per read and send, at most. Half of it costs as much time; twice as much costs memory for each slow client."""


class ByteSource(Protocol):
    """A source of bytes at a position: an open file, or a wrapper that reads it in another way."""

    def read_at(self, size: int, position: int, /) -> bytes:
        """Return up to *size* bytes from *position*, or none at the end."""
        ...

    def close(self) -> None:
        """Close the underlying file or file object."""
        ...


class _ReaderBase:
    """Base of the readers: a byte source, and the close steps that ``close()`` runs, each once."""

    __slots__ = ("_source", "_steps")

    def __init__(self, source: ByteSource, steps: Iterable[Step]) -> None:
        self._source = source
        self._steps: Iterable[Step] = (source.close, *steps)

    def close(self) -> None:
        """Close the source and run the close steps; an error is logged."""
        # Taken out before they are run, so a close() from inside a step cannot repeat them.
        steps, self._steps = self._steps, ()
        run_each(steps)


class RangeReader(_ReaderBase):
    """The bytes of *source* from *start* to *stop*, half-open, as a file-like object that is its own iterator.

    Positions are those of the source, and never before *start* or after *stop*. Raises ``EOFError`` if the source ends
    before *stop*: Content-Length is already sent, and only an error makes a server close the connection, so that no
    client takes a truncated file for a complete one.

    It has what servers call: ``read``, ``seek``, ``tell`` and ``seekable`` (waitress, werkzeug, gevent), iteration, and
    ``close``. None of them calls ``readinto`` or ``readline``.
    """

    __slots__ = ("_position", "_start", "_stop")

    def __init__(self, source: ByteSource, start: int, stop: int, steps: Iterable[Step] = ()) -> None:
        self._source = source
        self._steps = (source.close, *steps)
        self._start = self._position = start
        self._stop = stop

    def read(self, size: int | None = -1) -> bytes:
        """Return up to *size* bytes, or all that remain if *size* is negative or None; none at the end of the range.

        It may return fewer than *size* bytes before the end too, as any unbuffered file may.
        """
        if size is None or size < 0:
            return b"".join(self)
        left = self._stop - self._position
        if size > left:
            size = left
        if size <= 0:
            return b""
        chunk = self._source.read_at(size, self._position)
        if not chunk:
            raise self._shortfall(self._position)
        self._position += len(chunk)
        return chunk

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to *offset*, or to the end of the range that is nearer to it, and return the new position.

        *whence*: relative to the start of the source, the current position, or the end of the range; ``ValueError`` for
        another one. A position outside of the range would give bytes that were not asked for.
        """
        if whence not in (os.SEEK_SET, os.SEEK_CUR, os.SEEK_END):
            raise ValueError(f"whence must be 0, 1 or 2, got {whence!r}")
        position = offset + (0, self._position, self._stop)[whence]
        self._position = min(max(position, self._start), self._stop)
        return self._position

    def tell(self) -> int:
        """Return the current position in the source."""
        return self._position

    def seekable(self) -> bool:
        """Return True: a range reader is always seekable."""
        return True

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._position >= self._stop:
            raise StopIteration
        return self.read(BLOCK_SIZE)

    def _shortfall(self, position: int) -> EOFError:
        return EOFError(f"the file ended at byte {position}, {self._stop} were announced: truncated while it was sent")


class SendfileRangeReader(RangeReader):
    """A range reader with a ``fileno()``, for servers that pass it to :meth:`socket.socket.sendfile`.

    Side effect: the constructor moves the offset of the descriptor to *start*. *source* is the source of ``read()``,
    for a server that does not use ``sendfile`` after all; by default *opened* itself.

    The kernel sends the bytes that exist and does not report missing ones. On a keep-alive connection the client would
    wait for them. Truncation is detected in two ways: ``socket.sendfile`` finally seeks to the position that it
    reached; and if it sent nothing, ``close()`` follows without a seek. Neither means anything if the descriptor was
    asked for by others than ``sendfile``: a middleware may look at the file and close it, or read it.
    """

    __slots__ = ("_is_lent", "_opened")

    def __init__(
        self, opened: OpenFile, start: int, stop: int, steps: Iterable[Step] = (), source: ByteSource | None = None
    ) -> None:
        super().__init__(source or opened, start, stop, steps)
        self._opened = opened
        self._is_lent = False
        if start:
            # The server starts at the current offset of the descriptor.
            os.lseek(opened.descriptor, start, os.SEEK_SET)

    def fileno(self) -> int:
        """Return the descriptor, positioned at the start of the range."""
        self._is_lent = self._is_lent or is_called_by_sendfile()
        return self._opened.descriptor

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to *offset*; raise ``EOFError`` if the server reports by this seek that it sent too few bytes."""
        position = super().seek(offset, whence)
        if position > self._start:
            self._require_whole()
        return position

    def close(self) -> None:
        """Close the file and run the close steps, each once.

        Raises ``EOFError`` afterwards if bytes are missing that the server counts as sent.
        """
        was_open = bool(self._steps)
        super().close()
        if was_open:
            self._require_whole()

    def _require_whole(self) -> None:
        # An exception in flight means that the server knows of the failure: most often the client disconnected.
        if self._is_lent and self._position < self._stop and sys.exc_info()[1] is None:
            raise self._shortfall(self._position)


class MultipartReader(_ReaderBase):
    """The *pieces* of a multipart body: a piece is bytes, or a span of *source*."""

    __slots__ = ("_pieces",)

    def __init__(self, source: ByteSource, pieces: Sequence[Piece], steps: Iterable[Step] = ()) -> None:
        super().__init__(source, steps)
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, bytes):
                yield piece
            else:
                yield from RangeReader(self._source, *piece)


class UnsizedReader(_ReaderBase):
    """All bytes of *source* until its end, for a source of unknown length."""

    __slots__ = ()

    def __iter__(self) -> Iterator[bytes]:
        position = 0
        while chunk := self._source.read_at(BLOCK_SIZE, position):
            position += len(chunk)
            yield chunk
