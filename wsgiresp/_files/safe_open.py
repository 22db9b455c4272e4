"""Safe open: regular files only, and with a root only those inside of it."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable
from stat import S_IRGRP, S_IROTH, S_IRUSR, S_ISDIR, S_ISREG

from wsgiresp._files.beneath_root import READ_FLAGS, not_found, open_beneath, unlink_beneath
from wsgiresp._files.system_calls import close_descriptor

READABLE_BY_ALL = S_IRUSR | S_IRGRP | S_IROTH
"""The bits of a mode that lets everybody read. All three: an owner has the owner's alone, and a member of the group the
group's.
"""

# access() for the effective user, whose rights open() checks.
_HAS_EFFECTIVE_ACCESS = os.access in os.supports_effective_ids

_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL})


def _read_where(descriptor: int, size: int, position: int) -> bytes:
    os.lseek(descriptor, position, os.SEEK_SET)
    return os.read(descriptor, size)


# Windows has no pread.
_read_at: Callable[[int, int, int], bytes] = getattr(os, "pread", _read_where)


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
            close_descriptor(descriptor)

    # For a response that was prepared and then never sent or closed.
    __del__ = close


def open_regular(path: str, root: str | None = None) -> OpenFile:
    """Return the regular file at *path*, opened for reading; with *root*, only a file inside that folder.

    Raises ``FileNotFoundError`` for a missing file, for an invalid name, and for a path that leads out of *root* by its
    text or by a link; ``IsADirectoryError`` for a folder; ``NotRegularError`` (a ``ValueError``) for a device, socket
    or pipe; and ``PermissionError``. The checks are made on the open descriptor, so swapping the path meanwhile has no
    effect.
    """
    return OpenFile(*_opened(path, root))


def _opened(path: str, root: str | None) -> tuple[int, os.stat_result]:
    """Return the descriptor of a regular file with its ``fstat`` result."""
    try:
        descriptor = os.open(path, READ_FLAGS) if root is None else open_beneath(path, root)
    except (OSError, ValueError) as error:  # ValueError: NUL, or a character that this system cannot encode in a name
        raise _refused(error, path) from None
    try:
        status = os.fstat(descriptor)
        if not S_ISREG(status.st_mode):
            require_regular(status, path)
    except BaseException:
        close_descriptor(descriptor)
        raise
    return descriptor, status


def stat_regular(path: str, root: str | None = None) -> os.stat_result:
    """Return the ``stat`` result of the regular file at *path*; raise the errors of :func:`open_regular`."""
    if root is not None:
        # Only an open descriptor shows reliably where a symbolic link leads.
        descriptor, status = _opened(path, root)
        close_descriptor(descriptor)
        return status
    try:
        status = os.stat(path)
    except (OSError, ValueError) as error:
        raise _refused(error, path) from None
    if not S_ISREG(status.st_mode):
        require_regular(status, path)
    return status


def require_regular(status: os.stat_result, path: str) -> None:
    """Raise ``IsADirectoryError`` or :class:`NotRegularError` if *status* is not that of a regular file."""
    if S_ISREG(status.st_mode):
        return
    if S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    raise NotRegularError(f"path must name a regular file, got {path!r}")


def require_readable(path: str) -> None:
    """Raise ``PermissionError`` if this process may not read the file at *path*.

    Not needed for a file whose mode has all of :data:`READABLE_BY_ALL`. An access control list, a security module or a
    file server can refuse such a file too, and so can a change of the mode: opening it raises the error then. The group
    bits of a file with an access control list (POSIX.1e) are its mask, and grant nothing by themselves; so every mode
    without read for all three proves nothing, and the system is asked.

    Raises the errors of :func:`open_regular` for a file that has been removed or replaced meanwhile.
    """
    if _HAS_EFFECTIVE_ACCESS and os.access(path, os.R_OK, effective_ids=True):
        return
    # A refusal may be false: seccomp filters that do not know faccessat2() forbid it. Only open() is certain.
    open_regular(path).close()


def _refused(error: OSError | ValueError, path: str) -> Exception:
    if not isinstance(error, OSError) or error.errno in _ABSENT:
        return not_found(path)
    if error.errno in (errno.ENXIO, errno.ENODEV):  # a socket; a missing device
        return NotRegularError(f"path must name a regular file, got {path!r}")
    return error


def unlink(path: str, root: str | None = None) -> None:
    """Remove the file at *path*; with *root*, only if its folder is inside *root*. No error if the file is missing."""
    if root is not None:
        unlink_beneath(path, root)
        return
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
