"""Write timeout: drops a client that acknowledges no bytes for a number of seconds.

Theory of operation
-------------------
The reader arms the timeout when it returns a chunk to the server, and cancels it when the server asks for the next.
Under a hub the timer belongs to that hub, and all code here runs in the reader's thread. On a thread server the
reader's thread is blocked in the write, so the timer belongs to the asyncio thread: ``arm()`` and ``cancel()`` post to
it, ``_acknowledged`` and the timer are changed there, and ``_interrupt`` stays None. A blocked write can only be ended
through its socket, so without an exposed socket a thread server has no write timeout. The acknowledged bytes are
compared once per interval, so a client that stops reading is disconnected after one to two intervals.
"""

from __future__ import annotations

import errno
import socket
import struct
import sys
from collections.abc import Callable
from typing import Any

from wsgiresp._runtime import asyncio_thread
from wsgiresp._runtime.asyncio_runtime import AsyncioRuntime
from wsgiresp._runtime.interface import GreenletRuntime, Runtime, Wakeup
from wsgiresp._runtime.sockets import shut_connection
from wsgiresp._types import Callback

_TCP_INFO: Any = getattr(socket, "TCP_INFO", None) if sys.platform == "linux" else None
# tcpi_bytes_acked, since Linux 4.1 (struct tcp_info of linux/tcp.h).
_ACKNOWLEDGED = struct.Struct("=120xQ")


def acknowledged(connection: Any) -> int:
    """Return how many sent bytes the client's side has acknowledged, 0 where the system does not report it."""
    try:
        found = connection.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _ACKNOWLEDGED.size)
        return int(_ACKNOWLEDGED.unpack(found)[0])
    # Not TCP; an older system with a shorter record, or one with another layout; no socket is visible.
    except (OSError, TypeError, AttributeError, struct.error):
        return 0


class WriteTimeout:
    """Drops the client of *connection* once *seconds* have passed after :meth:`arm` without :meth:`cancel`.

    A client that has acknowledged something meanwhile has *seconds* again: a chunk may be large. *run* calls a function
    in the thread of *runtime*. *interrupter* returns a callable that raises its argument in the reader's greenlet: that
    is used if *connection* is None.
    """

    __slots__ = ("_acknowledged", "_connection", "_interrupt", "_interrupter", "_run", "_timers")

    def __init__(
        self,
        runtime: Runtime[Wakeup],
        seconds: float,
        connection: Any,
        *,
        run: Callable[[Callback], object],
        interrupter: Callable[[], Callable[[BaseException], object]] | None = None,
    ) -> None:
        self._timers = runtime.timers(seconds)
        self._connection = connection
        self._run = run
        self._interrupter = interrupter
        self._interrupt: Callable[[BaseException], object] | None = None
        self._acknowledged = 0

    def arm(self) -> None:
        """Start the timeout: the server is about to write. In the greenlet or thread of the reader."""
        if self._interrupter is not None:
            self._interrupt = self._interrupter()
        self._run(self._start)

    def cancel(self) -> None:
        """Stop the timeout: the server has written. In the greenlet or thread of the reader."""
        self._interrupt = None
        self._run(self._stop)

    def _start(self) -> None:
        self._acknowledged = acknowledged(self._connection)
        self._timers.arm(self._expire)

    def _stop(self) -> None:
        self._timers.cancel(self._expire)

    def _expire(self) -> None:
        before, self._acknowledged = self._acknowledged, acknowledged(self._connection)
        if self._acknowledged > before:
            self._timers.arm(self._expire)
            return
        interrupt, self._interrupt = self._interrupt, None
        if self._connection is not None:
            shut_connection(self._connection)
        elif interrupt is not None:
            # The error that the server would see after a disconnect.
            interrupt(BrokenPipeError(errno.EPIPE, "write timeout: the client acknowledges no bytes"))


def write_timeout(runtime: GreenletRuntime, seconds: float, connection: Any) -> WriteTimeout | None:
    """Return the write timeout of *seconds* for a reader on *runtime*; None for 0, or if nothing could end a write.

    *connection*: the socket of the server, None if it is not exposed or serves other requests too.
    """
    if not seconds:
        return None
    if runtime.runs_others:
        return WriteTimeout(runtime, seconds, connection, run=_call, interrupter=runtime.interrupter)
    if connection is None:
        return None
    remote = AsyncioRuntime(asyncio_thread.loop())
    return WriteTimeout(remote, seconds, connection, run=remote.call_soon_threadsafe)


def _call(function: Callback) -> None:
    function()
