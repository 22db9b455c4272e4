"""Length check: finds files whose size differs from the number of bytes that they give, as in ``/proc`` and ``/sys``.

A kernel makes the content of such a file when it is read, so its size is a constant: 0 in ``/proc``, a page of 4096
bytes in ``/sys``. File systems in user space (FUSE) that do not know a size report 0 as well. An answer with such a
length would be empty or broken off, so the file is sent as a stream of unknown length, without validators and ranges.

======================================  ======================================================================
``fstat`` reports                       Check
======================================  ======================================================================
a size, and blocks of the disk          none: it is an ordinary file, and no system call is added
size 0                                  one read; the file is empty if it returns nothing
a size, and no block                    the first :data:`CHECKED` bytes are read. This is right for a sparse file, a
                                        file inside its inode (ext4 with ``inline_data``) and a network file system
                                        that counts no blocks
======================================  ======================================================================

A file that is written meanwhile is distinguished from such a file by a second ``fstat``, which reports another size.

Rejected: the device number or the magic number of the file system. The one differs between machines, the other costs a
system call for each file, and neither knows the file systems in user space.
"""

from __future__ import annotations

import os
from typing import Protocol, TypeVar

from wsgiresp._files.range_reader import ByteSource
from wsgiresp._files.safe_open import OpenFile

CHECKED = 8192
"""Bytes that are read to check a length: a block of the smallest size. If they are there, the size is believed."""


class SizedHandle(ByteSource, Protocol):
    """A byte source that reads a file object; ``length`` is None if the object is read in sequence alone."""

    length: int | None


H = TypeVar("H", bound=SizedHandle)

_HAS_BLOCKS = hasattr(os.stat_result, "st_blocks")  # not on Windows


class UnsizedSource:
    """A byte source of unknown length: *first*, the bytes that were read of *source* already, and the rest of it.

    ``descriptor``: that of the open file, None for a file object. The positions that are read must follow each other.
    """

    __slots__ = ("_first", "_source", "descriptor")

    length = None
    status = None  # its size is wrong, and its time is the time of the fstat()

    def __init__(self, source: ByteSource, first: bytes, descriptor: int | None = None) -> None:
        self._source = source
        self._first = first
        self.descriptor = descriptor

    def read_at(self, size: int, position: int) -> bytes:
        """Return up to *size* bytes from *position*, or none at the end."""
        first = self._first
        if position < len(first):
            return first[position : position + size]
        return self._source.read_at(size, position)

    def close(self) -> None:
        """Close the file."""
        self._source.close()


def check_file(opened: OpenFile) -> OpenFile | UnsizedSource:
    """Return *opened*, or a source of unknown length if its length is wrong. May read its first bytes.

    Raises the error of that read, with *opened* closed.
    """
    if opened.length and (not _HAS_BLOCKS or opened.status.st_blocks):
        return opened
    try:
        first = _first_bytes(opened, opened.length)
        if len(first) == min(opened.length, CHECKED):
            return opened
        status = os.fstat(opened.descriptor)
    except BaseException:
        opened.close()
        raise
    if status.st_size != opened.length:
        # An ordinary file that was written between fstat() and the read.
        opened.status, opened.length = status, status.st_size
        return opened
    return UnsizedSource(opened, first, opened.descriptor)


def check_handle(opened: H) -> H | UnsizedSource:
    """Return *opened*, or a source of unknown length if its length is wrong. Reads it if it has few bytes.

    A file object of ``/proc`` looks like any other one, but a read of a few bytes costs little. Raises the error
    of that read; *opened* stays open.
    """
    length = opened.length
    if length is None or length > CHECKED:
        return opened
    first = _first_bytes(opened, length)
    if len(first) == length:
        return opened
    opened.length = None  # it is read in sequence from here on
    return UnsizedSource(opened, first)


def _first_bytes(source: ByteSource, length: int) -> bytes:
    """Return the first bytes of *source*: as many as *length* announces, or CHECKED, or all that there are.

    A single read may return fewer than that: files of ``/sys`` return a page at a time.
    """
    first = source.read_at(CHECKED, 0)
    while first and len(first) < length and len(first) < CHECKED:
        more = source.read_at(CHECKED - len(first), len(first))
        if not more:
            break
        first += more
    return first
