"""Digest of the bytes that an ``io.BytesIO`` holds: two versions of a document made in memory can be told apart by it.

Theory of operation
-------------------
Only the bytes that are sent may be hashed. So a subclass that has its own ``read``, ``seek``, ``tell`` or ``getvalue``,
and an object one of whose methods was replaced, is a file object like any other: see :func:`is_plain_bytesio`.

The bytes are taken by ``getvalue()``. In CPython that copies nothing: it returns the bytes object that the BytesIO
itself reads, and a later ``write()`` makes a new one. A view from ``getbuffer()`` was rejected: as long as one exists,
``write()`` and ``close()`` of the BytesIO raise ``BufferError``, and a greenlet that is killed while it waits for a
thread cannot release the view that this thread reads.

Greenlets and threads: under a hub, more than :data:`IN_GREENLET` bytes are hashed in threads of the hub's pool, in jobs
of :data:`BYTES_PER_JOB`, one after another. hashlib releases the GIL meanwhile, so the other greenlets run on. The
greenlet of the request alone creates the hash and waits for each job. Without a hub the thread of the request hashes
them itself.

Measured with 300 MiB on two busy cores: another greenlet has its turn as late (p99 9 ms) as beside another process that
hashes (11 ms), so what delays it is the processor and not the hub.
"""

from __future__ import annotations

import hashlib
import io
from typing import Any

from wsgiresp._runtime.hubs import is_under_hub, run_in_threadpool

IN_GREENLET = 524288
"""Bytes that are hashed in the greenlet: 2 ms at 250 MB/s, which a processor without instructions for SHA-256 does."""

BYTES_PER_JOB = 8388608
"""Bytes for each job of the thread pool, so that reads of files that wait for the pool have their turn."""

_METHODS = ("read", "seek", "tell", "getvalue")


def is_plain_bytesio(handle: Any) -> bool:
    """Return whether *handle* is an ``io.BytesIO`` whose ``read()`` returns the bytes that it holds."""
    if type(handle) is io.BytesIO:  # asked first, for a fifth of the time
        return vars(handle).keys().isdisjoint(_METHODS)
    return isinstance(handle, io.BytesIO) and not any(_is_replaced(handle, name) for name in _METHODS)


def memory_digest(handle: io.BytesIO, origin: int) -> str:
    """Return the SHA-256 of the bytes of *handle* from position *origin* to its end, as 64 hexadecimal digits.

    *handle*: one for which :func:`is_plain_bytesio` holds. Under a hub other greenlets run meanwhile.
    """
    view = memoryview(handle.getvalue())[origin:]
    digest = hashlib.sha256()
    if len(view) <= IN_GREENLET or not is_under_hub():
        digest.update(view)
    else:
        for start in range(0, len(view), BYTES_PER_JOB):
            run_in_threadpool(digest.update, (view[start : start + BYTES_PER_JOB],))
    return digest.hexdigest()


def _is_replaced(handle: io.BytesIO, name: str) -> bool:
    # Methods of C compare by their object and their function.
    return bool(getattr(handle, name) != getattr(io.BytesIO, name).__get__(handle))
