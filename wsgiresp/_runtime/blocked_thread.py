"""Bounded waits in one thread: code that blocks the thread of a hub, and with it the wait, is interrupted.

Theory of operation
-------------------
A greenlet that waits with a timeout depends on the hub of its thread. Code that blocks the thread (``time.sleep()``
without gevent's patches, a lock, ``queue.get()``) holds up the hub, and its timeout with it. So :func:`interrupting`
starts a real thread, the *guard*, for the time of one wait. If the wait has not ended in time, the guard interrupts
what the blocked thread runs, again and again until the wait ends.

The main thread gets a signal (SIGURG, which is ignored by default). Python calls the handler in that thread, also
while it waits for a lock or sleeps, and the handler raises :class:`ThreadBlocked` where the thread blocks.
Another thread has no such means, and its waits are as long as the block. Rejected there: asynchronous exceptions
(``PyThreadState_SetAsyncExc``), which may hit the hub itself and do not end a wait for a lock.

Nothing is raised in the hub, nor in a greenlet that waits here: their waits end by themselves. The handler is installed
by the first wait and removed by the last; both, and ``_Waits``, are used by the main thread only. The guard has ended
when :func:`interrupting` returns, so no signal comes later.

Rejected: serving the application in another thread, which can be abandoned. Its thread-locals, connections of databases
and greenlets would not be those of the test.
"""

from __future__ import annotations

import contextlib
import queue
import selectors
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

from gevent.hub import Hub
from greenlet import GreenletExit, getcurrent

from wsgiresp._runtime.process import ProcessPart, part
from wsgiresp._runtime.threads import allocate_lock, get_ident, start_thread

_SIGNAL: Any = getattr(signal, "SIGURG", None)  # not on Windows
_STANDARD_LIBRARY = (threading.__file__, queue.__file__, socket.__file__, selectors.__file__, subprocess.__file__)
_MARGIN = 0.2  # s that the wait has to end by itself
_AGAIN_AFTER = 0.1  # s between two interruptions: what is interrupted may block again while it is closed


class ThreadBlocked(GreenletExit):
    """Raised in code that blocks the thread of a hub for too long. Not an ``Exception``: a loop may catch those."""


class Guard:
    """The guard of one wait: ``place`` is where code was interrupted, None where none was."""

    def __init__(self, seconds: float) -> None:
        self.place: str | None = None
        self._seconds = seconds
        self._ident = get_ident()
        self._wait = allocate_lock()
        self._wait.acquire()
        self._has_ended = allocate_lock()
        self._has_ended.acquire()
        start_thread(self._run, "wsgiresp-guard")

    def end(self) -> None:
        """End the guard, and return once it has ended."""
        self._wait.release()
        self._has_ended.acquire()

    def _run(self) -> None:
        seconds = self._seconds + _MARGIN
        while not self._wait.acquire(timeout=seconds):
            signal.pthread_kill(self._ident, _SIGNAL)
            seconds = _AGAIN_AFTER
        self._has_ended.release()


class _Waits(ProcessPart):
    """The waits of the main thread: the guard of each waiting greenlet, and the handler that they have replaced."""

    def __init__(self) -> None:
        self.guards: dict[Any, Guard] = {}
        self.previous: Any = None
        self.ident = 0

    def after_fork(self) -> None:
        """Forget the waits of the parent."""
        self.guards.clear()


@contextlib.contextmanager
def interrupting(seconds: float) -> Iterator[Guard | None]:
    """Interrupt what blocks the main thread while the caller waits inside of the ``with`` for more than *seconds*.

    The wait itself has a timeout of *seconds*, by gevent's means. In another thread nothing is done, and None is given.
    """
    waits = part(_Waits)
    if not ((waits.guards and get_ident() == waits.ident) or _install(waits)):
        yield None
        return
    waiter = getcurrent()
    guard = waits.guards[waiter] = Guard(seconds)
    try:
        yield guard
    finally:
        guard.end()
        del waits.guards[waiter]
        if not waits.guards:
            signal.signal(_SIGNAL, waits.previous)


def _install(waits: _Waits) -> bool:
    """Install the handler; return whether this is the main thread, and has signals."""
    if _SIGNAL is None:
        return False
    try:
        waits.previous = signal.signal(_SIGNAL, _interrupt)
    except ValueError:  # only the main thread may do that
        return False
    waits.ident = get_ident()
    if waits.previous is None:  # one that was not installed by Python, and cannot be restored by it
        waits.previous = signal.SIG_DFL
    return True


def _interrupt(number: int, frame: FrameType | None) -> None:
    guards = part(_Waits).guards
    current = getcurrent()
    if isinstance(current, Hub) or current in guards:
        return
    place = _place(frame)
    for guard in guards.values():
        guard.place = guard.place or place
    raise ThreadBlocked(place)


def _place(frame: FrameType | None) -> str:
    """Return function, file and line of *frame*, or of who has called the standard library there."""
    while frame is not None and frame.f_back is not None and frame.f_code.co_filename.startswith(_STANDARD_LIBRARY):
        frame = frame.f_back
    return "?" if frame is None else f"{frame.f_code.co_qualname} ({frame.f_code.co_filename}:{frame.f_lineno})"
