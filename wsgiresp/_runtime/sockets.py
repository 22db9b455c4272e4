"""Half-close, end and reset of a connection that belongs to the server; and what its ``sendfile()`` was asked for."""

from __future__ import annotations

import _socket
import contextlib
import errno
import logging
import os
import socket
import struct
import sys
from types import FrameType
from typing import Any

from gevent import monkey
from gevent import socket as gevent_socket

from wsgiresp._runtime.process import is_first

log = logging.getLogger("wsgiresp")

PlainSocket: Any = monkey.get_original("socket", "socket")
"""The blocking socket class of the standard library, even if gevent has patched the module."""

_LINGER = struct.Struct("ii")  # struct linger of POSIX: whether close() lingers, and for how many seconds

# Compared with the code of the frames that call, so that no name of a private function of gevent is needed. None if
# gevent has compiled the method.
_GEVENT_SENDFILE: Any = getattr(gevent_socket.socket.sendfile, "__code__", None)
_MOST_FRAMES = 5  # read() of a file, a private function of gevent, sendfile(), and room for more of them

_socketpair: Any = getattr(_socket, "socketpair", None)  # not on Windows


def shut_connection(connection: Any, how: int = socket.SHUT_RDWR) -> None:
    """Shut the connection down without closing the server's socket; any thread may call it.

    *how*: ``SHUT_RDWR`` also stops the server from sending, so the client sees a truncated body. ``SHUT_RD`` closes the
    reading side only, so that a server that waits for the next request reads the end of the connection. Errors of a
    connection that is already closed are ignored, and the first for want of a descriptor is logged.
    """
    # Not by the method of the object: after that a TLS socket would continue unencrypted, and a gevent socket may be
    # used only in its hub's thread. A duplicate descriptor is the last resort, since there may be none left.
    plain = getattr(connection, "_sock", connection)
    try:
        if isinstance(plain, _socket.socket):
            _socket.socket.shutdown(plain, how)
        else:
            with PlainSocket(fileno=os.dup(connection.fileno())) as twin:
                twin.shutdown(how)
    except ValueError:
        return
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE) and is_first("shutdown of a connection"):
            log.warning("a connection could not be shut down: there is no descriptor for that", exc_info=error)


def reset_at_close(connection: Any, is_partial: bool = True) -> None:
    """Have the system send a RST when *connection* is closed, also by the kill of the process.

    For a body whose end is the end of its connection, while only a part of it has been sent. *is_partial*: False when
    the body is complete, so that a FIN is sent again. Errors of a connection that is already closed are ignored. Any
    thread may call it.
    """
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER.pack(is_partial, 0))


def resets_at_close(connection: Any) -> bool:
    """Return whether :func:`reset_at_close` holds for *connection*; False if it is closed."""
    try:
        return bool(connection.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER.size) == _LINGER.pack(1, 0))
    except OSError:
        return False


def end_requests(connection: Any) -> None:
    """End *connection* for further requests: a server that waits for one reads the end; sent bytes still arrive.

    Call it after a complete answer, in the thread of the server that reads the connection. Of a plain connection only
    the reading side is shut down, so a request that has arrived is still answered. A TLS connection is shut down in
    both directions, since OpenSSL would otherwise read an end without close_notify and send the fatal alert
    ``decode_error``. The client reads the end of the connection, as after any answer of gunicorn. If bytes of a request
    have arrived on a TLS connection, nothing is done: the request could not be answered after that.
    """
    if not hasattr(type(connection), "unwrap"):  # a closed socket of gevent raises OSError for any other attribute
        shut_connection(connection, socket.SHUT_RD)
    elif not _has_arrived(connection):
        shut_connection(connection)


def _has_arrived(connection: Any) -> bool:
    """Return whether *connection*, which is TLS, has bytes that the server has not read, or is closed."""
    try:
        if connection.pending():
            return True
        with PlainSocket(fileno=os.dup(connection.fileno())) as twin:
            # The flag MSG_DONTWAIT, since the descriptors share their blocking mode.
            return bool(twin.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
    except BlockingIOError:
        return False
    except (OSError, ValueError):
        return True


def reset_connection(connection: Any) -> None:
    """Replace the socket behind the server's descriptor by a closed one (``dup2``), which sends RST to the client.

    The server keeps its socket object and its descriptor number; from then on they refer to a socket whose other end is
    closed, so its next write fails. Any thread may call it: both calls go to the descriptor, not to the event loop.

    For a body that ends with its connection (HTTP/1.0): FIN would mean success, so only RST shows the client that the
    body was aborted. SO_LINGER alone is not enough, since the server may call ``shutdown()`` first: that sends FIN, and
    the client takes the body for complete, whatever ``close()`` does later (RFC 9293, Section 3.6). Errors of a
    connection that is already closed are ignored. Without ``socketpair`` (Windows) only SO_LINGER is set.
    """
    reset_at_close(connection)
    with contextlib.suppress(OSError):
        if _socketpair is not None:
            left, gone = _socketpair()
            gone.close()
            try:
                os.dup2(left.fileno(), connection.fileno(), inheritable=False)
            finally:
                left.close()


def sendfile_count(connection: Any, file: object) -> int | None:
    """Return how many bytes of *file* the caller of this function is asked for by ``connection.sendfile(file, ...)``.

    0 if *file* is to be sent until its end. None if the call does not come from ``sendfile()`` of *connection*, a
    socket of gevent, which reads *file* in turns with ``send()``. A server has sent the head before such a call, since
    ``sendfile()`` sends at once, and what *file* returns then goes to *connection* unchanged.
    """
    frame: FrameType | None = sys._getframe(1)
    for _ in range(_MOST_FRAMES):
        if frame is None:
            return None
        if frame.f_code is _GEVENT_SENDFILE:
            # The names of the parameters are those of socket.socket.sendfile() in the standard library.
            given = frame.f_locals
            if given.get("self") is connection and given.get("file") is file:
                return given.get("count") or 0
            return None
        frame = frame.f_back
    return None


def is_called_by_sendfile() -> bool:
    """Return whether a function or method with the name ``sendfile`` is among the callers of the calling function.

    By its name: that of the socket may have been wrapped by somebody else, and a server has one of its own around it.
    """
    frame: FrameType | None = sys._getframe(1)
    for _ in range(_MOST_FRAMES):
        frame = frame and frame.f_back
        if frame is None:
            return False
        if frame.f_code.co_name == "sendfile":
            return True
    return False
