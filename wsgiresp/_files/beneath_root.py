"""Files beneath a root: a path that leads outside by ``..``, a symbolic link or a swap is refused.

A path is judged by where it leads when it is opened: a link inside the root may lead elsewhere inside it, also by an
absolute target. :func:`open_beneath` has four ways that give the same verdicts; each leaves to the next one what it
cannot decide:

1. ``openat2(RESOLVE_NO_SYMLINKS)`` of root and path in one: without links and ``..`` a path cannot lead out.
2. ``openat2(RESOLVE_BENEATH)`` from a descriptor of the root: for links that are relative and never leave the root.
3. ``openat`` from a descriptor of the root, then a comparison of the paths that ``/proc/self/fd`` shows for both
   descriptors: for absolute links, links that leave the root and come back, and all errors.
4. Resolved paths, compared again after the file is open: for systems without ``/proc/self/fd``.

The first two exist on Linux 5.6 and later. No descriptor of a root is kept: the root may be a symbolic link that a
deployment exchanges (``current``), or be renamed, and the next request must see that.

All functions may be called from any thread or greenlet.
"""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Callable
from typing import NamedTuple

from wsgiresp._files.system_calls import (
    AT_FDCWD,
    RESOLVE_BENEATH,
    RESOLVE_NO_MAGICLINKS,
    RESOLVE_NO_SYMLINKS,
    OpenHow,
    close_descriptor,
    has_openat2,
    open_how,
    openat2,
)

# O_NONBLOCK: else open() of a FIFO waits for a writer. O_NOCTTY: else a terminal may become our controlling terminal.
READ_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)

# Linux: /proc/self/fd shows the file of a descriptor, even after its path has changed.
_HAS_PROC_FD = os.open in os.supports_dir_fd and os.path.isdir("/proc/self/fd")


class _Mode(NamedTuple):
    """One way of opening: the flags of ``open``, and the same for ``openat2`` with each of our two restrictions."""

    flags: int
    without_links: OpenHow
    beneath: OpenHow


def _mode(flags: int) -> _Mode:
    # RESOLVE_BENEATH refuses magic links (those of /proc) today; openat2(2) says that this may change.
    return _Mode(
        flags,
        open_how(flags, RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS),
        open_how(flags, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS),
    )


_FOLDER = _mode(getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0))
_READ = _mode(READ_FLAGS)

# Whether the path of a root leads through a symbolic link, for roots where the first way failed. It decides only
# whether that way is tried again, so an entry may be out of date.
_LINKED_ROOTS: dict[str, bool] = {}
_MOST_ROOTS = 256

# Windows: a device name with any extension is still the device; blanks and dots at the end of a name are ignored.
_DEVICE = r"(?:aux|con|conin\$|conout\$|nul|prn|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])[ ]*(?:[.:][^/]*)?(?=/|\Z)"

_ESCAPE_ON_WINDOWS = re.compile(
    r"\A/"  # absolute
    r"|[\x00\\]"  # the end of a string in C; the other separator, which also begins a network path
    r"|(?:\A|/)(?:[A-Za-z]:"  # a drive, or a stream of a file
    r"|(?=[. ]*+(?:/|\Z))[. ]*?\.\."  # the folder above; in two passes, since each dot could begin the "..": linear
    rf"|{_DEVICE})",
    re.IGNORECASE,
)

# Cygwin has a POSIX interface over the names of Windows.
_IS_WINDOWS = os.name == "nt" or sys.platform in ("cygwin", "msys")


def stays_beneath(path: str, is_windows: bool = _IS_WINDOWS) -> bool:
    """Return whether the text of *path*, relative to a folder, names something inside that folder.

    False for an absolute path, ``..`` as a part, and NUL. With *is_windows* also for names that lead elsewhere on
    Windows alone and are ordinary ones on POSIX: backslashes, drives, names of devices, and parts of dots and blanks.
    The file system is not accessed, so a symbolic link may still lead outside.
    """
    if is_windows:
        return _ESCAPE_ON_WINDOWS.search(path) is None
    return path[:1] != "/" and "\x00" not in path and (".." not in path or ".." not in path.split("/"))


def is_beneath(place: str, folder: str) -> bool:
    """Return whether *place* is *folder* or inside it, by their text; both are absolute and without links."""
    return place == folder or place.startswith(folder.rstrip(os.sep) + os.sep)


def not_found(path: str) -> FileNotFoundError:
    """Return the error for a file that does not exist or that must not be revealed to exist."""
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)


def open_beneath(path: str, root: str) -> int:
    """Return a descriptor for reading *path*, which is relative to the folder *root* and inside it.

    Raises ``FileNotFoundError`` if it leads outside, ``ValueError`` for a path that this system cannot encode, and the
    errors of ``os.open``.
    """
    return _open(path, root, _READ)


def unlink_beneath(path: str, root: str) -> None:
    """Remove the file at *path* if its folder is inside *root*. No error if it is not, or if the file is missing."""
    folder, name = os.path.split(path)
    try:
        if _HAS_PROC_FD:
            parent = _open(folder or ".", root, _FOLDER)
            try:
                os.unlink(name, dir_fd=parent)
            finally:
                close_descriptor(parent)
        elif is_beneath(os.path.realpath(os.path.join(root, folder)), os.path.realpath(root)):
            os.unlink(os.path.join(root, path))
    except FileNotFoundError:
        return


def _open(path: str, root: str, mode: _Mode) -> int:
    if not stays_beneath(path):
        raise not_found(path)
    # An empty root or path names nothing, but the two joined would name something.
    if root and path and not _LINKED_ROOTS.get(root):
        descriptor = openat2(AT_FDCWD, f"{root}/{path}", mode.without_links)
        if descriptor >= 0:
            return descriptor
        _note_links(root)
    return _open_by_descriptor(path, root, mode) if _HAS_PROC_FD else _open_by_name(path, root)


def _note_links(root: str) -> None:
    if has_openat2() and root not in _LINKED_ROOTS and len(_LINKED_ROOTS) < _MOST_ROOTS:
        _LINKED_ROOTS[root] = os.path.realpath(root) != os.path.abspath(root)


def _open_by_descriptor(path: str, root: str, mode: _Mode) -> int:
    folder = os.open(root, _FOLDER.flags)
    try:
        descriptor = openat2(folder, path, mode.beneath)
        if descriptor >= 0:
            return descriptor
        return _checked(
            os.open(path, mode.flags, dir_fd=folder), lambda found: is_beneath(_path_of(found), _path_of(folder)), path
        )
    finally:
        close_descriptor(folder)


def _checked(descriptor: int, is_allowed: Callable[[int], bool], path: str) -> int:
    try:
        if is_allowed(descriptor):
            return descriptor
    except BaseException:
        close_descriptor(descriptor)
        raise
    close_descriptor(descriptor)
    raise not_found(path)


def _path_of(descriptor: int) -> str:
    return os.readlink(f"/proc/self/fd/{descriptor}")


def _open_by_name(path: str, root: str) -> int:
    """Open *path* beneath *root* by its resolved name, on systems that cannot show the path of a descriptor."""
    place = os.path.realpath(os.path.join(root, path), strict=True)
    if is_beneath(place, os.path.realpath(root)):
        # The path was resolved before open(): a link may have been placed there in between, so check again.
        return _checked(
            os.open(place, READ_FLAGS),
            lambda found: os.path.realpath(place) == place and os.path.samestat(os.fstat(found), os.stat(place)),
            path,
        )
    raise not_found(path)
