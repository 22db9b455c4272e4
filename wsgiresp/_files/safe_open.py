"""Safe open: regular files only. With a root, refuses paths that lead outside by ``..``, a symbolic link or a swap."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable
from stat import S_ISDIR, S_ISREG

# O_NONBLOCK: else open() of a FIFO waits for a writer. O_NOCTTY: else a terminal may become our controlling terminal.
_READ_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0)

_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL})


def _read_where(descriptor: int, size: int, position: int) -> bytes:
    os.lseek(descriptor, position, os.SEEK_SET)
    return os.read(descriptor, size)


# Windows has no pread.
_read_at: Callable[[int, int, int], bytes] = getattr(os, "pread", _read_where)


# Windows: a device name with any extension is still the device; blanks and dots at the end of a name are ignored.
_DEVICE = r"(?:aux|con|conin\$|conout\$|nul|prn|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])[ ]*(?:[.:][^/]*)?(?=/|\Z)"

# Refused on every system: a project may be copied to a system on which the path is dangerous.
_ESCAPE = re.compile(
    r"\A/"  # absolute
    r"|[\x00\\]"  # the end of a string in C; the other separator, which also begins a network path
    r"|(?:\A|/)(?:[A-Za-z]:"  # a drive
    r"|(?=[. ]*+(?:/|\Z))[. ]*?\.\."  # the folder above; in two passes, since each dot could begin the "..": linear
    rf"|{_DEVICE})",
    re.IGNORECASE,
)


def stays_beneath(path: str) -> bool:
    """Return whether the text of *path*, relative to a folder, names something inside that folder.

    False for absolute paths, ``..`` as a part, backslashes, drives, NUL, and names of Windows devices. The file system
    is not accessed, so a symbolic link may still lead outside.
    """
    return _ESCAPE.search(path) is None


class NotRegularError(ValueError):
    """The path names a device, a socket or a pipe."""


class OpenFile:
    """An open regular file: its *descriptor*, and *status*, the ``fstat`` result of that descriptor.

    ``length``: its size in bytes at that time. It is a :class:`wsgiresp._files.range_reader.ByteSource`.
    """

    __slots__ = ("descriptor", "length", "status")

    def __init__(self, descriptor: int, status: os.stat_result) -> None:
        self.descriptor = descriptor
        self.status = status
        self.length: int = status.st_size

    def read_at(self, size: int, position: int) -> bytes:
        """Return up to *size* bytes from *position*, or none at the end of the file."""
        return _read_at(self.descriptor, size, position)

    def close(self) -> None:
        """Close the descriptor. A second call has no effect."""
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    # For a response that was prepared and then never sent or closed.
    __del__ = close


def open_regular(path: str, root: str | None = None) -> OpenFile:
    """Return the regular file at *path*, opened for reading; with *root*, only a file inside that folder.

    Raises ``FileNotFoundError`` for a missing file, for an invalid name, and for a path that leads out of *root* by its
    text or by a link; ``IsADirectoryError`` for a folder; ``NotRegularError`` (a ``ValueError``) for a device, socket
    or pipe; and ``PermissionError``. The checks are made on the open descriptor, so swapping the path meanwhile has no
    effect.
    """
    try:
        descriptor = os.open(path, _READ_FLAGS) if root is None else _open_beneath(path, root)
    except (OSError, ValueError) as error:  # ValueError: NUL, or a character that this system cannot encode in a name
        raise _refused(error, path) from None
    try:
        status = os.fstat(descriptor)
        if not S_ISREG(status.st_mode):
            require_regular(status, path)
    except BaseException:
        os.close(descriptor)
        raise
    return OpenFile(descriptor, status)


def stat_regular(path: str, root: str | None = None) -> os.stat_result:
    """Return the ``stat`` result of the regular file at *path*; raise the errors of :func:`open_regular`."""
    if root is not None:
        # Only an open descriptor shows reliably where a symbolic link leads.
        opened = open_regular(path, root)
        opened.close()
        return opened.status
    try:
        status = os.stat(path)
    except (OSError, ValueError) as error:
        raise _refused(error, path) from None
    require_regular(status, path)
    return status


def require_regular(status: os.stat_result, path: str) -> None:
    """Raise ``IsADirectoryError`` or :class:`NotRegularError` if *status* is not that of a regular file."""
    if S_ISREG(status.st_mode):
        return
    if S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    raise NotRegularError(f"path must name a regular file, got {path!r}")


def not_found(path: str) -> FileNotFoundError:
    """Return the error for a file that does not exist or that must not be revealed to exist."""
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)


def _refused(error: OSError | ValueError, path: str) -> Exception:
    if not isinstance(error, OSError) or error.errno in _ABSENT:
        return not_found(path)
    if error.errno in (errno.ENXIO, errno.ENODEV):  # a socket; a missing device
        return NotRegularError(f"path must name a regular file, got {path!r}")
    return error


def _open_beneath(path: str, root: str) -> int:
    if not stays_beneath(path):
        raise not_found(path)
    return _open_by_descriptor(path, root) if _HAS_PROC_FD else _open_by_name(path, root)


# Linux: /proc/self/fd shows the file of a descriptor, even after its path has changed.
_HAS_PROC_FD = os.open in os.supports_dir_fd and os.path.isdir("/proc/self/fd")


def _open_by_descriptor(path: str, root: str, flags: int = _READ_FLAGS) -> int:
    folder = os.open(root, _FOLDER)
    try:
        return _checked(
            os.open(path, flags, dir_fd=folder), lambda found: _is_beneath(_path_of(found), _path_of(folder)), path
        )
    finally:
        os.close(folder)


def _checked(descriptor: int, is_allowed: Callable[[int], bool], path: str) -> int:
    try:
        if is_allowed(descriptor):
            return descriptor
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    raise not_found(path)


def _path_of(descriptor: int) -> str:
    return os.readlink(f"/proc/self/fd/{descriptor}")


def _open_by_name(path: str, root: str) -> int:
    """Open *path* beneath *root* by its resolved name, on systems that cannot show the path of a descriptor."""
    place = os.path.realpath(os.path.join(root, path), strict=True)
    if _is_beneath(place, os.path.realpath(root)):
        # The path was resolved before open(): a link may have been placed there in between, so check again.
        return _checked(
            os.open(place, _READ_FLAGS),
            lambda found: os.path.realpath(place) == place and os.path.samestat(os.fstat(found), os.stat(place)),
            path,
        )
    raise not_found(path)


def unlink(path: str, root: str | None = None) -> None:
    """Remove the file at *path*; with *root*, only if its folder is inside *root*. No error if the file is missing."""
    folder, name = os.path.split(path)
    try:
        if root is None:
            os.unlink(path)
        elif _HAS_PROC_FD:
            parent = _open_by_descriptor(folder or ".", root, _FOLDER)
            try:
                os.unlink(name, dir_fd=parent)
            finally:
                os.close(parent)
        elif _is_beneath(os.path.realpath(os.path.join(root, folder)), os.path.realpath(root)):
            os.unlink(os.path.join(root, path))
    except FileNotFoundError:
        return


def _is_beneath(place: str, folder: str) -> bool:
    return place == folder or place.startswith(folder.rstrip(os.sep) + os.sep)
