"""Cooperative reads of large files under gevent: other greenlets run between blocks; opened paths never block them.

Theory of operation
-------------------
Two things block all greenlets of a thread: a read that waits for the disk, and a client that receives as fast as the
server sends, since gevent's ``send`` yields to the hub only while the socket buffer is full. So a source yields to the
hub after each :data:`BYTES_PER_TURN` bytes, and an open file is read in the hub's thread pool unless the page cache
holds the block:

=======================================  =============================================  ==========================
Block                                    ``NonblockingSource`` (an open file)           ``CooperativeSource``
=======================================  =============================================  ==========================
in the page cache                        read in the greenlet                           read in the greenlet
not in the page cache, or not known      read in a thread of the hub's thread pool;     read in the greenlet: it
(no ``RWF_NOWAIT``: only Linux has it)   the greenlet waits                             blocks the other greenlets
=======================================  =============================================  ==========================

Under gunicorn's gevent worker on Linux the kernel sends a file instead, see ``greenlet_sendfile``.

Greenlets and threads: the server iterates the body in the greenlet of the request. That greenlet alone calls
``read_at`` and ``close`` and writes all attributes. A thread of the pool runs only ``source.read_at`` of an
open file, while the greenlet waits for it, so two reads of one descriptor never overlap.

Measured on 256 MiB: 3 times the throughput of Flask's ``send_file`` at a quarter of its CPU time; the p99 of a small
request beside four downloads is 4 to 9 ms instead of 70 to 93 ms. Rejected: blocks of 1 MiB between two yields,
``gevent.sleep(0)`` and the thread pool for every block (see the constants and classes below). See also
docs/explanation/greenlets.md and docs/how-to/large-downloads.md.
"""

from __future__ import annotations

import os
from typing import Any

from wsgiresp._files.range_reader import BLOCK_SIZE, ByteSource
from wsgiresp._runtime.hubs import HubPolls, run_in_threadpool

BYTES_PER_TURN = BLOCK_SIZE
"""Bytes between two yields to the hub. With 1 MiB, four concurrent downloads delay all other greenlets by 4 ms."""

# RWF_NOWAIT (Linux only): preadv() fails at once if the read would block.
_preadv: Any = getattr(os, "preadv", None) if hasattr(os, "RWF_NOWAIT") else None


class CooperativeSource:
    """A byte source that reads *source* in the current greenlet and yields to the hub after each block."""

    __slots__ = ("_polls", "_source", "_until_turn")

    def __init__(self, source: ByteSource) -> None:
        self._polls = HubPolls()
        self._source = source
        self._until_turn = BYTES_PER_TURN

    def read_at(self, size: int, position: int) -> bytes:
        """Return up to *size* bytes from *position*, or none at the end. May yield to the hub first."""
        if self._until_turn <= 0:
            self._until_turn = BYTES_PER_TURN
            self._polls.let_hub_poll()
        chunk = self._read_at(size, position)
        self._until_turn -= len(chunk)
        return chunk

    def close(self) -> None:
        """Close the source."""
        self._polls.close()
        self._source.close()

    def _read_at(self, size: int, position: int) -> bytes:
        return self._source.read_at(size, position)


class NonblockingSource(CooperativeSource):
    """A byte source that reads *source* in a thread of gevent's pool if the page cache does not hold the block.

    *descriptor*: that of the open file which *source* reads. A cached block is read in the current greenlet: a round
    trip through the pool costs as much as half a block.
    """

    __slots__ = ("_descriptor",)

    def __init__(self, source: ByteSource, descriptor: int) -> None:
        super().__init__(source)
        self._descriptor = descriptor

    def _read_at(self, size: int, position: int) -> bytes:
        # One check of the last byte is enough: sequential reads fill the page cache in order.
        if is_cached(self._descriptor, position + size - 1):
            return self._source.read_at(size, position)
        return run_in_threadpool(self._source.read_at, (size, position))


def is_cached(descriptor: int, position: int) -> bool:
    """Return whether the byte at *position* is in the page cache, or beyond the end of the file.

    False if the platform or the file system does not support the check.
    """
    try:
        return _probe(descriptor, position)
    except OSError:  # EOPNOTSUPP: not supported by this file system
        return False


def knows_page_cache(descriptor: int, position: int) -> bool:
    """Return whether :func:`is_cached` can tell for the file *descriptor*."""
    try:
        _probe(descriptor, position)
    except OSError:
        return False
    return _preadv is not None


def _probe(descriptor: int, position: int) -> bool:
    if _preadv is None:
        return False
    try:
        _preadv(descriptor, [bytearray(1)], position, os.RWF_NOWAIT)
    except BlockingIOError:
        return False
    return True
