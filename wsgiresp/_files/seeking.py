"""Length of a file object, found by seeking to its end; an object that cannot do that is sent without a length.

``seekable()`` is a claim, and often a wrong one: fsspec's file of an HTTP server that does not tell a length says True
and raises ValueError, and so do wrappers that pass every call on to something else. So the claim is tried, and an
object that refuses is left where it stood. Each of these errors of ``seekable``, ``tell`` and ``seek`` is a refusal:

====================================================  ===============================================================
Error                                                 Raised by
====================================================  ===============================================================
``io.UnsupportedOperation``                           :mod:`io`, and what follows it
``ValueError``, ``TypeError``                         fsspec: "Cannot seek streaming HTTP file", ``None + 0`` of a
                                                      file whose size is not known; a ``seek`` without *whence*
``AttributeError``, ``NotImplementedError``           wrappers, such as a member of a tar archive that is streamed
``OSError`` itself, without a number or with one of   pipes, terminals, files of ``/proc``, network file systems
:data:`_REFUSALS`
====================================================  ===============================================================

All other errors are raised: of a file that is closed, an ``OSError`` of the disk or the network (a subclass, or another
number), and of damaged data, which a decompressor meets on its way to the end. If such an object were sent as a stream,
the answer would break off.
"""

from __future__ import annotations

import errno
import io
import operator
import os
from typing import Any

_REFUSALS = frozenset({None, errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ESPIPE})


def position_and_length(handle: Any) -> tuple[int, int | None]:
    """Return the position of *handle* and the bytes from there to its end: None for one that cannot seek to its end.

    The position of such an object is given as 0. In both cases the object stands where it stood. Raises the error of
    the object if it is no refusal, and if the object has moved and cannot go back: its bytes are lost then.
    """
    try:
        if not _claims_to_seek(handle):
            return 0, None
        origin = operator.index(handle.tell())
    except Exception as error:
        if _is_refusal(error, handle):
            return 0, None
        raise
    try:
        handle.seek(0, os.SEEK_END)
        end = operator.index(handle.tell())
    except Exception as error:
        if _is_refusal(error, handle) and _stands_at(origin, handle):
            return 0, None
        raise
    if end != origin:
        handle.seek(origin)
    return origin, max(end - origin, 0)


def _claims_to_seek(handle: Any) -> bool:
    seekable = getattr(handle, "seekable", None)
    if seekable is None:
        return hasattr(handle, "seek") and hasattr(handle, "tell")
    if not (seekable() if callable(seekable) else seekable):
        return False
    # A GzipFile says True whatever it reads: it can go forward in a pipe, and then not back.
    raw = getattr(handle, "raw", handle)
    source = getattr(raw, "fileobj", None)
    return source is None or not _is_of("gzip", raw) or _claims_to_seek(source)


def _stands_at(origin: int, handle: Any) -> bool:
    """Return whether *handle* is at *origin*, where it is put if it has moved."""
    try:
        if handle.tell() != origin:
            handle.seek(origin)
        return bool(handle.tell() == origin)
    except Exception:
        return False


def _is_refusal(error: Exception, handle: Any) -> bool:
    if getattr(handle, "closed", False):
        return False
    if isinstance(error, io.UnsupportedOperation | ValueError | TypeError | AttributeError | NotImplementedError):
        return True
    # Not a subclass, as gzip.BadGzipFile and TimeoutError are. bz2 has no class of its own for damaged data.
    return type(error) is OSError and error.errno in _REFUSALS and not _is_of("bz2", handle)


def _is_of(module: str, handle: Any) -> bool:
    """Return whether the class of *handle* is, or derives from, one of *module*."""
    return any(kind.__module__ == module for kind in type(handle).__mro__)
