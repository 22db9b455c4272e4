"""Close of a source: how long ``close()`` of a stream waits for it, and the log lines about a source that fails late.

Both drivers wait with a :class:`CloseDeadline`, each in its own way::

    with CloseDeadline(machine, buffer, runtime, wakeup) as deadline:
        while not deadline.is_over():
            wakeup.wait()  # or await it
    deadline.log_outcome(stream)

Everything here runs in the thread of the reader.
"""

from __future__ import annotations

import logging
from types import TracebackType

from wsgiresp._runtime.interface import Runtime, Wakeup
from wsgiresp._streams.bounded_buffer import ReadableBuffer
from wsgiresp._streams.machine import StreamMachine
from wsgiresp._streams.policy import CLOSE_TIMEOUT, CLOSE_TIMEOUT_ABORTED

log = logging.getLogger("wsgiresp")


class CloseDeadline:
    """How long ``close()`` waits for the source of *buffer*: 10 s, and 0.5 s once the stream of *machine* is aborted.

    *wakeup* wakes the waiter when that time has passed.
    """

    __slots__ = ("_buffer", "_has_expired", "_is_for_aborted", "_machine", "_runtime", "_seconds", "_timers", "_wakeup")

    def __init__(
        self, machine: StreamMachine, buffer: ReadableBuffer, runtime: Runtime[Wakeup], wakeup: Wakeup
    ) -> None:
        self._machine = machine
        self._buffer = buffer
        self._runtime = runtime
        self._wakeup = wakeup
        self._start()

    def _start(self) -> None:
        self._has_expired = False
        self._is_for_aborted = self._machine.is_aborted
        self._seconds = CLOSE_TIMEOUT_ABORTED if self._is_for_aborted else CLOSE_TIMEOUT
        self._timers = self._runtime.timers(self._seconds)
        self._timers.arm(self._expire)

    def _expire(self) -> None:
        self._has_expired = True
        self._wakeup.set()

    def __enter__(self) -> CloseDeadline:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._timers.cancel(self._expire)

    def is_over(self) -> bool:
        """Return whether the source is closed, or the time for that has passed."""
        if self._buffer.has_ended:
            return True
        if self._machine.is_aborted and not self._is_for_aborted:
            self._timers.cancel(self._expire)
            self._start()
        return self._has_expired

    def log_outcome(self, stream: object) -> None:
        """Log that the source of *stream*, whose ``str()`` is its name, is not closed in time."""
        if self._buffer.has_ended:
            return
        if self._is_for_aborted:
            log.error("stream source %s is still running %g s after the abort of its stream", stream, self._seconds)
        else:
            log.warning("stream source %s did not close within %g s of the close of its stream", stream, self._seconds)


def log_unread_error(buffer: ReadableBuffer) -> None:
    """Log the error in *buffer* that no reader will raise any more, and remove it."""
    error, buffer.error = buffer.error, None
    if error is not None:
        log.error("stream source failed after its reader had stopped", exc_info=error)
