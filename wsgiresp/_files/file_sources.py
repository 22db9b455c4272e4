"""Sources of a FileResponse: a path that is opened for each request, or a file object that is already open."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from wsgiresp._files.beneath_root import not_found
from wsgiresp._files.block_budget import SMALLEST_BLOCK, BudgetedSource
from wsgiresp._files.length_check import UnsizedSource, check_file, check_handle
from wsgiresp._files.memory_digest import is_plain_bytesio, memory_digest
from wsgiresp._files.range_reader import RangeReader, UnsizedReader
from wsgiresp._files.safe_open import (
    READABLE_BY_ALL,
    OpenFile,
    open_regular,
    require_readable,
    require_regular,
    stat_regular,
    unlink,
)
from wsgiresp._files.seeking import position_and_length
from wsgiresp._runtime.close_order import run_each

CAN_DELETE_WHAT_IS_OPEN = os.name == "posix"


class PathSource:
    """The regular file at *path*, inside the folder *root* if one is given; iteration opens it and yields its bytes.

    *status*: the ``stat`` result of the path if the caller has it, which saves a system call. *is_read_here*: False if
    another process opens the file, so that this one needs no permission to read it. Raises the errors of
    :func:`wsgiresp._files.safe_open.open_regular` for a file that cannot be sent.
    """

    __slots__ = ("path", "root")

    def __init__(
        self, path: str, root: str | None = None, status: os.stat_result | None = None, *, is_read_here: bool = True
    ) -> None:
        self.path = path
        self.root = root
        if root is not None:
            stat_regular(path, root)  # opens it
            return
        if status is None:
            status = stat_regular(path)
        else:
            require_regular(status, path)
        if is_read_here and status.st_mode & READABLE_BY_ALL != READABLE_BY_ALL:
            require_readable(path)

    def open(self) -> OpenFile | UnsizedSource:
        """Return the file, opened for reading; the caller closes it. See :mod:`wsgiresp._files.length_check`."""
        return check_file(open_regular(self.path, self.root))

    def real_path(self) -> str:
        """Return the absolute path of the file with symbolic links resolved, for servers that open the file themselves.

        Raises ``FileNotFoundError`` if it is outside *root*.
        """
        place = os.path.realpath(self._joined())
        if self.root is not None and not place.startswith(os.path.realpath(self.root).rstrip(os.sep) + os.sep):
            raise not_found(self.path)
        return place

    def delete(self) -> None:
        """Remove the file, only inside *root* if one is given. No error if it no longer exists."""
        unlink(self.path, self.root)

    def __iter__(self) -> Iterator[bytes]:
        opened = self.open()
        source = BudgetedSource(opened)
        body = UnsizedReader(source, ()) if opened.length is None else RangeReader(source, 0, opened.length)
        try:
            yield from body
        finally:
            body.close()

    def _joined(self) -> str:
        return self.path if self.root is None else os.path.join(self.root, self.path)


class OpenHandle:
    """A byte source that reads *handle*; position 0 is the current position of the file object.

    ``length``: bytes from there to the end, or None if the object cannot seek to its end. ``goes_back_cheaply``:
    whether a position before the current one is as cheap as one after it, as in a ``BytesIO``; a decompressor begins
    anew for it. See :class:`wsgiresp._files.range_reader.ByteSource`. Raises the errors of
    :func:`wsgiresp._files.seeking.position_and_length`.
    """

    __slots__ = ("_ahead", "_handle", "_origin", "_position", "goes_back_cheaply", "length")

    status = None  # a stat result would describe the whole file, not the bytes from the current position

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self._position = 0
        self._ahead = b""
        self.goes_back_cheaply = is_plain_bytesio(handle)
        self._origin, self.length = position_and_length(handle)
        if self.length == 0:
            # The end is no end where the length is not known: a file of the kernel's (/proc/self/cmdline), a device, a
            # seek() that ignores whence.
            self._ahead = handle.read(SMALLEST_BLOCK) or b""
            if self._ahead:
                self.length = None

    def memory_digest(self) -> str | None:
        """Return the SHA-256 of all bytes that would be sent, or None if the object is no plain ``io.BytesIO``.

        See :func:`wsgiresp._files.memory_digest.memory_digest`.
        """
        return memory_digest(self._handle, self._origin) if self.goes_back_cheaply else None

    def read_at(self, size: int, position: int) -> bytes:
        """Return up to *size* bytes from *position*, or the next bytes if the object is not seekable; none at the end.

        Raises ``BlockingIOError`` if the object is in non-blocking mode and has no bytes yet.
        """
        if self.length is not None and position != self._position:
            self._handle.seek(self._origin + position)
            self._ahead = b""
        chunk = self._ahead or self._handle.read(size)
        if chunk is None:
            raise BlockingIOError("path must be a blocking file object: read() returned None (no bytes yet)")
        # Some file objects return more bytes than requested.
        view = memoryview(chunk)
        chunk, self._ahead = bytes(view[:size]), bytes(view[size:])
        self._position = position + len(chunk)
        return chunk

    def close(self) -> None:
        """Close the file object, if it has a ``close()``."""
        _close(self._handle)


class HandleSource:
    """The file object *handle*, open in binary mode, from its current position.

    Raises ``TypeError`` for a text file and ``ValueError`` for a file that is closed or not readable.
    """

    __slots__ = ("_handle",)

    def __init__(self, handle: Any) -> None:
        require_binary(handle)
        self._handle = handle

    def open(self) -> OpenHandle | UnsizedSource:
        """Return a byte source that starts at the current position of the object.

        Raises ``ValueError`` for an object that was closed meanwhile. An object that cannot be sent is closed.
        """
        if getattr(self._handle, "closed", False):
            require_binary(self._handle)
        try:
            opened = OpenHandle(self._handle)
            # The length of a BytesIO is right, and to read it once more would take as long as the rest of the answer.
            return opened if opened.goes_back_cheaply else check_handle(opened)
        except BaseException:
            run_each([self.close])
            raise

    def close(self) -> None:
        """Close the file object, if it has a ``close()``."""
        _close(self._handle)

    def __iter__(self) -> Iterator[bytes]:
        return iter(UnsizedReader(BudgetedSource(self.open()), ()))


class DeleteFile:
    """A close step that removes the file of *source*, once: later another file may have the same name."""

    __slots__ = ("_path", "_source")

    def __init__(self, source: PathSource) -> None:
        self._source: PathSource | None = source
        self._path = source.path

    def __call__(self) -> None:
        source, self._source = self._source, None
        if source is not None:
            source.delete()

    def __repr__(self) -> str:
        return f"the deletion of {self._path!r}"


def require_binary(handle: Any) -> None:
    """Raise ``TypeError`` if *handle* is a text file, ``ValueError`` if it is closed or not open for reading."""
    # Not by its mode: gzip.GzipFile has a number there, and a member of a zipfile.ZipFile has "r".
    if hasattr(handle, "encoding"):
        raise TypeError(f"path must be a file that is open in binary mode, got {handle!r}")
    if getattr(handle, "closed", False) or not _is_readable(handle):
        raise ValueError(f"path must be a file that is open for reading, got {handle!r}")


def _is_readable(handle: Any) -> bool:
    try:
        return bool(handle.readable())
    except ValueError:  # closed, of an object without ``closed``
        return False
    except (AttributeError, NotImplementedError):
        return True  # it has a read()


def _close(handle: Any) -> None:
    close = getattr(handle, "close", None)
    if close is not None:
        close()
