"""Sources of a FileResponse: a path that is opened for each request, or a file object that is open."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from wsgiresp._files.range_reader import RangeReader, UnsizedReader
from wsgiresp._files.safe_open import OpenFile, not_found, open_regular, require_regular, stat_regular, unlink

CAN_DELETE_WHAT_IS_OPEN = os.name == "posix"


class PathSource:
    """The regular file at *path*, in the folder *root* if one is given; iterated, it is opened and read to its end.

    Raises what :func:`wsgiresp._files.safe_open.open_regular` does for a file that cannot be sent. *status*, what
    ``stat`` says of the path, saves a look at it.
    """

    __slots__ = ("path", "root")

    def __init__(self, path: str, root: str | None = None, status: os.stat_result | None = None) -> None:
        self.path = path
        self.root = root
        if status is None or root is not None:
            stat_regular(path, root)
        else:
            require_regular(status, path)

    def open(self) -> OpenFile:
        """Return the file, open."""
        return open_regular(self.path, self.root)

    def real_path(self) -> str:
        """Return the absolute path of the file, without links; for servers that open it themselves."""
        place = os.path.realpath(self._joined())
        if self.root is not None and not place.startswith(os.path.realpath(self.root).rstrip(os.sep) + os.sep):
            raise not_found(self.path)
        return place

    def delete(self) -> None:
        """Remove the file, from nowhere but *root*; no error if somebody else was first."""
        unlink(self.path, self.root)

    def __iter__(self) -> Iterator[bytes]:
        opened = self.open()
        body = RangeReader(opened, 0, opened.length)
        try:
            yield from body
        finally:
            body.close()

    def _joined(self) -> str:
        return self.path if self.root is None else os.path.join(self.root, self.path)


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


class HandleSource:
    """The file object *handle*, open in binary mode, from where it stands; ``TypeError`` for one that gives text."""

    __slots__ = ("_handle",)

    def __init__(self, handle: Any) -> None:
        require_binary(handle)
        self._handle = handle

    def open(self) -> OpenHandle:
        """Return the object as a source."""
        return OpenHandle(self._handle)

    def __iter__(self) -> Iterator[bytes]:
        return iter(UnsizedReader(self.open(), ()))


class DeleteFile:
    """The step that removes the file of *source*, once: by then another file may have its name."""

    __slots__ = ("_source",)

    def __init__(self, source: PathSource) -> None:
        self._source: PathSource | None = source

    def __call__(self) -> None:
        source, self._source = self._source, None
        if source is not None:
            source.delete()

    def __repr__(self) -> str:
        return "the deletion of a file that was sent"


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
