"""Cooperative reads of large files under gevent: other greenlets have their turn, and no read waits for the disk.

A read that waits for the disk stops them all. So does a client as fast as we are: gevent's ``send`` gives way only
where the socket is full.
"""

from __future__ import annotations

import os
from typing import Any

import gevent

from wsgiresp._files.range_reader import BLOCK_SIZE, ByteSource
from wsgiresp._files.safe_open import OpenFile

BYTES_PER_TURN = BLOCK_SIZE
"""Bytes after which the others have their turn. With a MiB, four downloads at once make all others wait 4 ms."""

# Not 0: that lets the hub run what is ready, for up to 5 ms, before it looks at the sockets. A timer makes it look.
_LET_HUB_POLL = 1e-6  # s

# Linux alone tells, without waiting, whether a read would have to wait.
_preadv: Any = getattr(os, "preadv", None) if hasattr(os, "RWF_NOWAIT") else None


class CooperativeSource:
    """*source*, which is read as before; the other greenlets have their turn after each block."""

    __slots__ = ("_source", "_until_turn")

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._until_turn = BYTES_PER_TURN

    def read_at(self, size: int, position: int) -> bytes:
        """Return up to *size* bytes from *position* on, none where there are no more."""
        if self._until_turn <= 0:
            self._until_turn = BYTES_PER_TURN
            gevent.sleep(_LET_HUB_POLL)
        chunk = self._read_at(size, position)
        self._until_turn -= len(chunk)
        return chunk

    def close(self) -> None:
        """Close the source."""
        self._source.close()

    def _read_at(self, size: int, position: int) -> bytes:
        return self._source.read_at(size, position)


class NonblockingSource(CooperativeSource):
    """An open file that is waited for in a thread of gevent's pool, where there is something to wait for.

    What the page cache has is read at once: the way through the pool costs as much as half a block.
    """

    __slots__ = ("_descriptor",)

    def __init__(self, opened: OpenFile) -> None:
        super().__init__(opened)
        self._descriptor = opened.descriptor

    def _read_at(self, size: int, position: int) -> bytes:
        # The last byte stands for all: what is read in order comes into the cache in order.
        if _is_cached(self._descriptor, position + size - 1):
            return self._source.read_at(size, position)
        chunk: bytes = gevent.get_hub().threadpool.apply(self._source.read_at, (size, position))
        return chunk


def _is_cached(descriptor: int, position: int) -> bool:
    """Return whether the byte at *position* is in the page cache, or beyond the end of the file."""
    if _preadv is None:
        return False
    try:
        _preadv(descriptor, [bytearray(1)], position, os.RWF_NOWAIT)
    except OSError:  # it is not, or the file system cannot tell
        return False
    return True
