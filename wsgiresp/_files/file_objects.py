"""File objects that somebody else has opened: files, ``BytesIO``, pipes."""

from __future__ import annotations

import os
from typing import Any


class OpenHandle:
    """The bytes of *handle* from where it stands, at position 0: a source, see :mod:`wsgiresp._files.range_reader`.

    ``length``: how many there are; None where the object cannot seek, so that nobody knows.
    """

    __slots__ = ("_ahead", "_handle", "_origin", "_position", "length")

    status = None  # its date and its place would be those of a whole file

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self._origin = self._position = 0
        self._ahead = b""
        self.length: int | None = None
        if _is_seekable(handle):
            self._origin = handle.tell()
            handle.seek(0, os.SEEK_END)
            self.length = max(handle.tell() - self._origin, 0)
            handle.seek(self._origin)

    def read_at(self, size: int, position: int) -> bytes:
        """Return up to *size* bytes from *position* on, or the next ones where the object cannot seek."""
        if self.length is not None and position != self._position:
            self._handle.seek(self._origin + position)
            self._ahead = b""
        chunk = self._ahead or self._handle.read(size)
        if chunk is None:
            raise BlockingIOError("path must be a file object that waits for its bytes: there are none yet")
        # There are objects that read more than they are asked for.
        view = memoryview(chunk)
        chunk, self._ahead = bytes(view[:size]), bytes(view[size:])
        self._position = position + len(chunk)
        return chunk

    def close(self) -> None:
        """Close the object, if it can be closed."""
        close = getattr(self._handle, "close", None)
        if close is not None:
            close()


def require_binary(handle: Any) -> None:
    """Raise ``TypeError`` where *handle* gives text, ``ValueError`` where it gives nothing any more or at all."""
    # Not by the mode: that of a gzip.GzipFile is a number, and that of a member of a zipfile.ZipFile is "r".
    if hasattr(handle, "encoding"):
        raise TypeError(f"path must be a file that is open in binary mode, got {handle!r}")
    if getattr(handle, "closed", False) or not getattr(handle, "readable", lambda: True)():
        raise ValueError(f"path must be a file that is open for reading, got {handle!r}")


def _is_seekable(handle: Any) -> bool:
    seekable = getattr(handle, "seekable", None)
    return bool(seekable()) if seekable is not None else hasattr(handle, "seek") and hasattr(handle, "tell")
