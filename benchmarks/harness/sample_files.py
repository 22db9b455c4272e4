"""A folder of files to send, which can be thrown out of the page cache."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MIB = 1048576
SIZES = {"1 KiB": 1024, "100 KiB": 102400, "10 MiB": 10 * MIB, "256 MiB": 256 * MIB}
LARGE = "256 MiB"
COPIES = 4  # of the large file: what one download has read is warm for the next


def path(size: str, copy: int = 0) -> str:
    """Return the path of a file of this *size* in a request."""
    return f"/{size.replace(' ', '')}-{copy}.bin"


@contextmanager
def made() -> Iterator[str]:
    """Return a folder with a file of each size, and copies of the large one; it is removed in the end.

    They are written for good: a page that waits to be written stays in the cache.
    """
    with tempfile.TemporaryDirectory(prefix="bench-files-") as folder:
        for size, length in SIZES.items():
            for copy in range(COPIES if size == LARGE else 1):
                _write(folder + path(size, copy), length)
        # For servers that have changed their user.
        os.chmod(folder, 0o755)
        yield folder


def evict(name: str) -> None:
    """Throw the file *name* out of the page cache: the next to read it waits for the disk."""
    descriptor = os.open(name, os.O_RDONLY)
    try:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def cached(name: str) -> float:
    """Return the share of the file *name* that is in the page cache, found by looking at a byte in each MiB."""
    descriptor = os.open(name, os.O_RDONLY)
    try:
        length = os.fstat(descriptor).st_size
        found = [_is_cached(descriptor, position) for position in range(0, length, MIB)]
    finally:
        os.close(descriptor)
    return sum(found) / len(found)


def warm(name: str) -> None:
    """Bring the file *name* into the page cache."""
    with Path(name).open("rb", buffering=0) as file:
        while file.read(MIB):
            pass


def _is_cached(descriptor: int, position: int) -> bool:
    try:
        os.preadv(descriptor, [bytearray(1)], position, os.RWF_NOWAIT)
    except BlockingIOError:
        return False
    return True


def _write(name: str, length: int) -> None:
    block = os.urandom(min(MIB, length))
    with Path(name).open("wb", buffering=0) as file:
        for _ in range(0, length, MIB):
            file.write(block)
        os.fsync(file.fileno())
