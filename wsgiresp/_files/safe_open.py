"""Safe open: regular files only, and with a root none outside of it, by ``..``, by a link, or by a swapped path."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable
from stat import S_ISDIR, S_ISREG

# O_NONBLOCK: to open a FIFO waits for its writer. O_NOCTTY: to open a terminal may make it ours.
_READ_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0)

_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL})


def _read_where(descriptor: int, size: int, position: int) -> bytes:
    os.lseek(descriptor, position, os.SEEK_SET)
    return os.read(descriptor, size)


# Windows has no pread.
_read_at: Callable[[int, int, int], bytes] = getattr(os, "pread", _read_where)


# A device is one under any extension, and Windows drops blanks and dots at the end of a name.
_DEVICE = r"(?:aux|con|conin\$|conout\$|nul|prn|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])[ ]*(?:[.:][^/]*)?(?=/|\Z)"

# Refused on every system: a path that is harmless on this one is copied to another with the project.
_ESCAPE = re.compile(
    r"\A/"  # absolute
    r"|[\x00\\]"  # the end of a string in C; the other separator, which also begins a network path
    r"|(?:\A|/)(?:[A-Za-z]:"  # a drive
    r"|[. ]*\.\.[. ]*(?=/|\Z)"  # the folder above
    rf"|{_DEVICE})",
    re.IGNORECASE,
)


def stays_beneath(path: str) -> bool:
    """Return whether *path*, relative to a folder, names something in that folder as far as its text goes.

    Not so: absolute paths, ``..`` as a part, backslashes, drives, NUL, and the names of Windows devices. A link may
    still lead out.
    """
    return _ESCAPE.search(path) is None


class NotRegularError(ValueError):
    """What was found is a device, a socket or a pipe."""


class OpenFile:
    """A regular file that is open: its *descriptor*, and *status*, what ``fstat`` said of that descriptor.

    ``length``: the number of its bytes at that time. A source, see :mod:`wsgiresp._files.range_reader`.
    """

    __slots__ = ("descriptor", "length", "status")

    def __init__(self, descriptor: int, status: os.stat_result) -> None:
        self.descriptor = descriptor
        self.status = status
        self.length: int = status.st_size

    def read_at(self, size: int, position: int) -> bytes:
        """Return up to *size* bytes from *position* on, none where the file ends."""
        return _read_at(self.descriptor, size, position)

    def close(self) -> None:
        """Give the descriptor back; again and again changes nothing."""
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    # For an answer that was prepared and then forgotten.
    __del__ = close


def open_regular(path: str, root: str | None = None) -> OpenFile:
    """Return the regular file at *path*, open; with *root*, only one that lies in that folder.

    Raises ``FileNotFoundError`` for a file that is not there, for a name that cannot be one, and for one that leads out
    of *root*, by its text or by a link; ``IsADirectoryError`` for a folder, ``ValueError`` for a device, and
    ``PermissionError``. What counts is the descriptor, so to swap the path meanwhile gains nothing.
    """
    try:
        descriptor = os.open(path, _READ_FLAGS) if root is None else _open_beneath(path, root)
    except (OSError, ValueError) as error:  # ValueError: a NUL, or a character that no name on this system can hold
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
    """Return the ``stat`` result of the regular file at *path*; raises the errors of :func:`open_regular`."""
    if root is not None:
        # What a link leads to is known for certain only of a descriptor.
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
    """Raise ``IsADirectoryError`` or :class:`NotRegularError` where *status* is not that of a regular file."""
    if S_ISREG(status.st_mode):
        return
    if S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    raise NotRegularError(f"path must name a regular file, got {path!r}")


def not_found(path: str) -> FileNotFoundError:
    """Return the one error for all that is not there, or must not be seen to be there."""
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)


def _refused(error: OSError | ValueError, path: str) -> Exception:
    if not isinstance(error, OSError) or error.errno in _ABSENT:
        return not_found(path)
    if error.errno in (errno.ENXIO, errno.ENODEV):  # a socket, a device that is not there
        return NotRegularError(f"path must name a regular file, got {path!r}")
    return error


def _open_beneath(path: str, root: str) -> int:
    if not stays_beneath(path):
        raise not_found(path)
    return _open_by_descriptor(path, root) if _HAS_PROC_FD else _open_by_name(path, root)


# Linux tells where a descriptor leads, whatever has happened to its path since.
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
    """Open *path* beneath *root* by its resolved name, for systems that cannot tell the path of a descriptor."""
    place = os.path.realpath(os.path.join(root, path), strict=True)
    if _is_beneath(place, os.path.realpath(root)):
        # Resolved before it was opened: a link may have been put there in between.
        return _checked(
            os.open(place, _READ_FLAGS),
            lambda found: os.path.realpath(place) == place and os.path.samestat(os.fstat(found), os.stat(place)),
            path,
        )
    raise not_found(path)


def unlink(path: str, root: str | None = None) -> None:
    """Remove the file at *path*; with *root*, only from a folder that lies in there. No error if it is gone."""
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
