"""Bounded waits of a test: code that blocks the thread of the hub, and with it the wait, is interrupted.

Theory of operation
-------------------
A greenlet that waits with a timeout depends on the hub of its thread. Code that blocks the thread (``time.sleep()``
without gevent's patches, a lock, ``queue.get()``) holds up the hub, and its timeout with it. So :func:`interrupting`
starts a real thread, the *guard*, for the time of one wait. If the wait has not ended in time, the guard interrupts the
code that blocks the thread, repeatedly until the wait ends.

To interrupt, the guard sends a signal to the main thread (SIGURG, which is ignored by default). Python calls the
handler in that thread, also while it waits for a lock or sleeps, and the handler raises :class:`ThreadBlocked` in the
code that blocks. Signal handlers run in the main thread only, so a wait in any other thread is not bounded. Rejected
for other threads: asynchronous exceptions (``PyThreadState_SetAsyncExc``). They may be raised in the hub itself, and do
not end a wait for a lock.

The handler raises nothing in the hub, nor in a greenlet that waits in :func:`interrupting`: their waits end by
themselves. The first wait installs the handler and the last one restores the former handler. The main thread alone
does this, and alone writes ``_Waits``. The guard has ended when :func:`interrupting` returns, so no signal comes later.

Rejected: serving the application in another thread, which the test could leave behind. The thread-locals, database
connections and greenlets of the application would not be those of the test.
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
_MARGIN = 0.2  # s after the timeout of the wait, in which it may end by itself
_AGAIN_AFTER = 0.1  # s between two interruptions: code that is interrupted may block again while it is closed


class ThreadBlocked(GreenletExit):
    """Raised in code that blocks the thread of a hub for too long. Not an ``Exception``: a loop may catch those."""


class Guard:
    """The guard of one wait of *seconds*. ``place``: where it has interrupted code, None if it has not."""

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
    """Interrupt code that blocks the main thread if the body of the ``with`` statement takes longer than *seconds*.

    The body waits with a timeout of *seconds* of its own, on the hub. Yields the guard, or None in another thread than
    the main one and on Windows, where nothing is interrupted.
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
    """Install the handler; return False in another thread than the main one, and on a system without SIGURG."""
    if _SIGNAL is None:
        return False
    try:
        waits.previous = signal.signal(_SIGNAL, _interrupt)
    except ValueError:  # only the main thread may do that
        return False
    waits.ident = get_ident()
    if waits.previous is None:  # it was not installed by Python, which cannot restore it
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
    """Return function, file and line of *frame*; if that is in the standard library, of the nearest caller outside."""
    while frame is not None and frame.f_back is not None and frame.f_code.co_filename.startswith(_STANDARD_LIBRARY):
        frame = frame.f_back
    return "?" if frame is None else f"{frame.f_code.co_qualname} ({frame.f_code.co_filename}:{frame.f_lineno})"
