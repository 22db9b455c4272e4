"""System calls for files that ``os`` does not offer, or that gevent replaces there: ``openat2`` and ``close``.

Both may be called from any thread or greenlet; ``openat2`` releases the GIL, as ``os.open`` does.
"""

from __future__ import annotations

import functools
import os
import struct
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

# From the built-in module behind os ("posix" or "nt"), whose functions gevent does not replace. Its os.close (since
# gevent 25.8.1, gevent issue 2100) calls fcntl and fstat first, and closes a folder only in the next iteration of the
# hub, because the descriptor might be watched by the event loop. The descriptors here are never watched.
close_descriptor: Callable[[int], None] = sys.modules[os.name].close

AT_FDCWD = -100
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_NO_SYMLINKS = 0x04
RESOLVE_BENEATH = 0x08

# New system calls have one number on all architectures but Alpha (547), IA-64 (1461), MIPS (4437, 5437, 6437) and x32.
# Only 64-bit ones are listed: a 32-bit process also needs O_LARGEFILE, whose value differs between architectures.
_OPENAT2 = 437
_MACHINES = frozenset({"aarch64", "loongarch64", "ppc64le", "riscv64", "s390x", "x86_64"})
_FIRST_RELEASE = (5, 6)
_HOW_SIZE = 24

# What os.fsencode() uses.
_ENCODING = sys.getfilesystemencoding()
_ENCODING_ERRORS = sys.getfilesystemencodeerrors()


class OpenHow(NamedTuple):
    """How a file is opened: the flags of ``open``, and ``struct open_how``, which has these and more."""

    flags: int
    packed: bytes


def open_how(flags: int, resolve: int) -> OpenHow:
    """Return the argument *how* of :func:`openat2` for *flags* (``O_*``) and *resolve* (``RESOLVE_*``).

    The descriptor will not be inheritable (PEP 446).
    """
    flags |= getattr(os, "O_CLOEXEC", 0)
    return OpenHow(flags, struct.pack("=QQQ", flags, 0, resolve))


def openat2(folder: int, path: str, how: OpenHow) -> int:
    """Return a new descriptor of *path* relative to the descriptor *folder*, opened as *how* says.

    -1 if the kernel refuses, or does not have the system call, or cannot decide. No reason is given, because a signal
    handler may change the ``errno`` of ctypes before it can be read. So the caller opens the file in another way,
    which raises the right error. That covers all of EPERM and ENOSYS (seccomp, old kernels), EXDEV and ELOOP (links),
    EAGAIN (a concurrent rename), E2BIG and EINVAL (flags that a kernel does not know), and EINTR.

    Raises ``UnicodeEncodeError`` for a path that cannot be encoded, and what an audit hook raises.
    """
    system_call = _system_call()
    if system_call is None:
        return -1
    name = path.encode(_ENCODING, _ENCODING_ERRORS)
    if b"\x00" in name:  # C would take what is before it for the path
        return -1
    sys.audit("open", path, None, how.flags)
    descriptor: int = system_call(_OPENAT2, folder, name, how.packed, _HOW_SIZE)
    return descriptor


def has_openat2() -> bool:
    """Return whether this process may try ``openat2``; the kernel or a seccomp filter may refuse it nevertheless."""
    return _system_call() is not None


@functools.cache
def _system_call() -> Callable[..., Any] | None:
    """Return ``syscall()`` of the C library, or None where ``openat2`` is not to be tried. Imports ctypes: 5 ms."""
    if not _is_supported():
        return None
    try:
        import ctypes

        function = ctypes.CDLL(None).syscall
    except (ImportError, OSError, AttributeError):  # a Python without libffi; a static one
        return None
    function.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t)
    function.restype = ctypes.c_long
    return function


def _is_supported() -> bool:
    # A kernel that is too old is not asked: a seccomp filter of its time may kill the process for an unknown number
    # (SystemCallFilter= of systemd 239 on Linux 4.18), and the filter of Android's applications does.
    if sys.platform != "linux" or sys.maxsize < 2**32 or hasattr(sys, "getandroidapilevel"):
        return False
    system = os.uname()
    return system.machine in _MACHINES and _release(system.release) >= _FIRST_RELEASE


def _release(text: str) -> tuple[int, ...]:
    """Return the first two numbers of a kernel's release, ``(6, 1)`` for ``6.1.0-13-amd64``; zeros for other texts."""
    first, _, rest = text.partition(".")
    second = rest.partition(".")[0].partition("-")[0]
    return (int(first), int(second)) if first.isdecimal() and second.isdecimal() else (0, 0)
