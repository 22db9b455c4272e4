"""Range readers: file-like objects that give a server the bytes of a range, and nothing after them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from wsgiresp._files.safe_open import OpenFile
from wsgiresp._protocol.byteranges import Piece
from wsgiresp._runtime.close_order import Step, run_each

BLOCK_SIZE = 262144
"""Bytes read and sent at a time: half of it costs as much time, twice as much costs memory for each slow client."""


class ByteSource(Protocol):
    """Where bytes come from: an open file, or one of those that read it otherwise."""

    def read_at(self, size: int, position: int, /) -> bytes:
        """Return up to *size* bytes from *position* on, none where there are no more."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class _ReaderBase:
    """A source that is read in blocks, and what comes after it: ``close()`` takes these steps, each once."""

    __slots__ = ("_source", "_steps")

    def __init__(self, source: ByteSource, steps: Iterable[Step]) -> None:
        self._source = source
        self._steps: Iterable[Step] = (source.close, *steps)

    def close(self) -> None:
        """Close the source and take the steps; the log tells of what fails."""
        # Taken out before they are run, so a close() from inside a step cannot repeat them.
        steps, self._steps = self._steps, ()
        run_each(steps)


class RangeReader(_ReaderBase):
    """The bytes of *source* from *start* to *stop*, half-open, as a file-like that is its own iterator.

    Positions are those of the source. What ends before *stop* raises ``EOFError``: the length is announced by then, and
    only an error makes a server close the connection, so that no client takes the part for the whole.
    """

    __slots__ = ("_position", "_start", "_stop")

    def __init__(self, source: ByteSource, start: int, stop: int, steps: Iterable[Step] = ()) -> None:
        self._source = source
        self._steps = (source.close, *steps)
        self._start = self._position = start
        self._stop = stop

    def read(self, size: int = -1) -> bytes:
        """Return up to *size* bytes, all there are where it is negative; none at the end of the range."""
        left = self._stop - self._position
        if size < 0 or size > left:
            size = left
        if size <= 0:
            return b""
        chunk = self._source.read_at(size, self._position)
        if not chunk:
            raise self._shortfall(self._position)
        self._position += len(chunk)
        return chunk

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to *offset*, counted from the start of the source, from here, or from the end of the range."""
        self._position = offset + (0, self._position, self._stop)[whence]
        return self._position

    def tell(self) -> int:
        """Return the position in the source."""
        return self._position

    def seekable(self) -> bool:
        """Return True."""
        return True

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = self.read(BLOCK_SIZE)
        if not chunk:
            raise StopIteration
        return chunk

    def _shortfall(self, position: int) -> EOFError:
        return EOFError(f"the file ended at byte {position}, {self._stop} were announced: it was cut while it was sent")


class SendfileRangeReader(RangeReader):
    """A range reader with a ``fileno()``, for servers that hand it to :meth:`socket.socket.sendfile`.

    The kernel then sends what is there, and nobody is told of what is not: on a connection that stays open, the client
    would wait for the rest. Two signs are left. ``socket.sendfile`` seeks to where it came at last; and where it came
    nowhere, ``close()`` follows without that.
    """

    __slots__ = ("_is_lent", "_opened")

    def __init__(self, opened: OpenFile, start: int, stop: int, steps: Iterable[Step] = ()) -> None:
        super().__init__(opened, start, stop, steps)
        self._opened = opened
        self._is_lent = False
        if start:
            # The server takes the offset to start at from the descriptor.
            os.lseek(opened.descriptor, start, os.SEEK_SET)

    def fileno(self) -> int:
        """Return the descriptor, which stands at the start of the range."""
        self._is_lent = True
        return self._opened.descriptor

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to *offset*; ``EOFError`` where a server says by this that it could send no further."""
        position = super().seek(offset, whence)
        if position > self._start:
            self._require_whole()
        return position

    def close(self) -> None:
        """Close the file and take the steps; then ``EOFError`` where the server takes for sent what was not."""
        was_open = bool(self._steps)
        super().close()
        if was_open:
            self._require_whole()

    def _require_whole(self) -> None:
        # While an exception is on its way, the server knows: mostly it is the client who left.
        if self._is_lent and self._position < self._stop and sys.exc_info()[1] is None:
            raise self._shortfall(self._position)


class MultipartReader(_ReaderBase):
    """The *pieces* of a multipart body: bytes as they are, and spans of *source*."""

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
    """What *source* still gives, as long as it gives: for those whose length nobody knows."""

    __slots__ = ()

    def __iter__(self) -> Iterator[bytes]:
        position = 0
        while chunk := self._source.read_at(BLOCK_SIZE, position):
            position += len(chunk)
            yield chunk
