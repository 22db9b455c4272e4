"""Write timeout: drops a client that acknowledges no bytes for a number of seconds.

Theory of operation
-------------------
The reader arms the timeout when it returns a chunk to the server, and cancels it when the server asks for the next.
In between a timer looks at the connection :data:`LOOKS` times per *seconds*, and :class:`WriteProgress` decides what a
look means. It counts looks and reads no clock, so a hub that was blocked for longer than *seconds* drops nobody: the
looks that it has missed do not count. Two looks are 0.95 to 1 times ``seconds / LOOKS`` apart, since a timer may fire
early to coalesce with others:

==========================  ==============================================  ============================================
Connection                  Dropped at                                      Time that has passed then, in *seconds*
==========================  ==============================================  ============================================
reports acknowledged bytes  the 9th look after the one that noticed the     1.07 to 1.25 since the last acknowledged
                            last acknowledged byte, or after the first      byte, or since the write began if that was
                            look                                            later
does not (not Linux, no     the 9th look                                    1.07 to 1.13 since the write began
TCP, no socket is visible)
==========================  ==============================================  ============================================

The counter is first read at the first look, not when the write begins: that would cost a system call for each chunk.

Threads: under a hub the timer belongs to that hub, and all code here runs in the reader's thread. On a thread server
the reader's thread is blocked in the write, so the timer belongs to the asyncio thread: ``arm()`` and ``cancel()`` post
to it, ``_progress`` and the timer are changed there, and ``_interrupt`` stays None. A blocked write can only be ended
through its socket, so without an exposed socket a thread server has no write timeout.

Rejected: one timer of *seconds*, whose callback compares the counter with that of the callback before. It drops a
client after up to twice the time.
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

LOOKS = 8
"""Looks at the connection per ``send_timeout``. With fewer, a client is dropped later than 1.25 times that."""

_LOOKS_WITHOUT_PROGRESS = 9
"""Looks without progress after which the client is dropped: the lowest number that takes *seconds* if all are early."""

_TCP_INFO: Any = getattr(socket, "TCP_INFO", None) if sys.platform == "linux" else None
# tcpi_bytes_acked, since Linux 4.1 (struct tcp_info of linux/tcp.h).
_ACKNOWLEDGED = struct.Struct("=120xQ")
# tcpi_notsent_bytes and tcpi_data_segs_out, since Linux 4.6.
_WRITTEN = struct.Struct("=144xI8xI")


def acknowledged(connection: Any) -> int | None:
    """Return how many sent bytes the client's side has acknowledged, None if the system does not report it."""
    try:
        found = connection.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _ACKNOWLEDGED.size)
        return int(_ACKNOWLEDGED.unpack(found)[0])
    # Not TCP; an older system with a shorter record, or one with another layout; no socket is visible.
    except (OSError, TypeError, AttributeError, struct.error):
        return None


def written(connection: Any) -> tuple[int, ...] | None:
    """Return another value after each write to *connection*; None if the system does not report it."""
    try:
        found = connection.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _WRITTEN.size)
        return _WRITTEN.unpack(found)
    except (OSError, TypeError, AttributeError, struct.error):  # as in acknowledged()
        return None


class WriteProgress:
    """The number of looks at one write since the last that saw progress: new bytes were acknowledged.

    It has no clock and no I/O. The first look at a counter counts as progress, since the time of its last change is
    unknown.
    """

    __slots__ = ("_acknowledged", "_looks")

    def __init__(self) -> None:
        self._acknowledged: int | None = None
        self._looks = 0

    def begin(self) -> None:
        """Reset the count, for the next write."""
        self._acknowledged = None
        self._looks = 0

    def is_stalled(self, count: int | None) -> bool:
        """Take *count*, the bytes acknowledged at a look, and return whether the write has stalled.

        *count*: None if the system does not report it. Then the timeout applies to the whole write.
        """
        if count is not None and count != self._acknowledged:
            self._acknowledged = count
            self._looks = 0
            return False
        self._looks += 1
        return self._looks >= _LOOKS_WITHOUT_PROGRESS


class WriteTimeout:
    """Drops the client of *connection* once a write has made no progress for *seconds* to 1.25 times that.

    :meth:`arm` and :meth:`cancel` are the begin and the end of a write. A client that acknowledges bytes, however few,
    is never dropped. *run* calls a function in the thread of *runtime*. *interrupter* returns a callable that raises
    its argument in the reader's greenlet: that is used if *connection* is None.
    """

    __slots__ = ("_connection", "_interrupt", "_interrupter", "_progress", "_run", "_timers")

    def __init__(
        self,
        runtime: Runtime[Wakeup],
        seconds: float,
        connection: Any,
        *,
        run: Callable[[Callback], object],
        interrupter: Callable[[], Callable[[BaseException], object]] | None = None,
    ) -> None:
        self._timers = runtime.timers(seconds / LOOKS)
        self._connection = connection
        self._run = run
        self._interrupter = interrupter
        self._interrupt: Callable[[BaseException], object] | None = None
        self._progress = WriteProgress()

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
        self._progress.begin()
        self._timers.arm(self._look)

    def _stop(self) -> None:
        self._timers.cancel(self._look)

    def _look(self) -> None:
        if not self._progress.is_stalled(acknowledged(self._connection)):
            self._timers.arm(self._look)
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
