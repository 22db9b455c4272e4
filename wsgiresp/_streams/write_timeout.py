"""Write timeout: close the connection of a client that acknowledges no bytes for a number of seconds."""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
import sys
from typing import Any, Protocol

from gevent.hub import Hub
from greenlet import getcurrent, greenlet

from wsgiresp._runtime import asyncio_thread
from wsgiresp._runtime.sockets import shut_connection
from wsgiresp._runtime.timer_queue import timer_queue

_TCP_INFO: Any = getattr(socket, "TCP_INFO", None) if sys.platform == "linux" else None
# tcpi_bytes_acked, since Linux 4.1 (struct tcp_info of linux/tcp.h).
_ACKNOWLEDGED = struct.Struct("=120xQ")


def acknowledged(connection: Any) -> int:
    """Return how many bytes of what was sent the client's side has acknowledged, 0 where the system does not tell."""
    try:
        found = connection.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _ACKNOWLEDGED.size)
        return int(_ACKNOWLEDGED.unpack(found)[0])
    # No TCP, an older system that tells less, another one whose record looks otherwise; or no socket is shown.
    except (OSError, TypeError, AttributeError, struct.error):
        return 0


class WriteTimeout(Protocol):
    """Drops the client when as many seconds have passed from ``arm()`` on without a ``cancel()``.

    Where the system tells, one that has taken something meanwhile has as many again: a chunk may be large.
    """

    def arm(self) -> None:
        """Begin to count: the server has something to send."""
        ...

    def cancel(self) -> None:
        """Count no more: it has been sent."""
        ...


class HubWriteTimeout:
    """For a reader that is a greenlet of *hub*, which others keep running while it sends."""

    def __init__(self, hub: Hub, seconds: float, connection: Any) -> None:
        self._timeouts = timer_queue(hub, seconds)
        self._connection = connection
        self._reader: greenlet | None = None
        self._taken = 0

    def arm(self) -> None:
        """Begin to count."""
        self._reader = getcurrent()
        self._taken = acknowledged(self._connection)
        self._timeouts.arm(self._drop)

    def cancel(self) -> None:
        """Count no more."""
        self._reader = None
        self._timeouts.cancel(self._drop)

    def _drop(self) -> None:
        taken, self._taken = self._taken, acknowledged(self._connection)
        if self._taken > taken:
            self._timeouts.arm(self._drop)
            return
        reader, self._reader = self._reader, None
        if self._connection is not None:
            shut_connection(self._connection)
        elif reader is not None:
            # What the server would see if the client had left.
            reader.throw(BrokenPipeError(errno.EPIPE, "the client takes nothing"))


class SocketWriteTimeout:
    """For a reader whose thread is blocked while it sends; nothing but the socket can end that."""

    def __init__(self, seconds: float, connection: Any) -> None:
        self._seconds = seconds
        self._connection = connection
        self._loop = asyncio_thread.loop()
        self._timer: asyncio.TimerHandle | None = None
        self._taken = 0

    def arm(self) -> None:
        """Begin to count."""
        self._loop.call_soon_threadsafe(self._start)

    def cancel(self) -> None:
        """Count no more."""
        self._loop.call_soon_threadsafe(self._stop)

    def _start(self) -> None:
        self._stop()
        self._taken = acknowledged(self._connection)
        self._timer = self._loop.call_later(self._seconds, self._drop)

    def _drop(self) -> None:
        taken, self._taken = self._taken, acknowledged(self._connection)
        if self._taken > taken:
            self._timer = self._loop.call_later(self._seconds, self._drop)
        else:
            shut_connection(self._connection)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def write_timeout(hub: Hub, is_shared: bool, seconds: float, connection: Any) -> WriteTimeout | None:
    """Return what drops a client that takes nothing for *seconds*; None where that is 0, or where nothing could do it.

    *is_shared*: *hub* runs others while the reader sends. *connection*: the socket, None where it is not to be seen.
    """
    if not seconds:
        return None
    if is_shared:
        return HubWriteTimeout(hub, seconds, connection)
    return None if connection is None else SocketWriteTimeout(seconds, connection)
