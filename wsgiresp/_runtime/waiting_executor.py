"""Executors that run functions in the thread or greenlet that waits for a coroutine.

Theory of operation
-------------------
Some objects, for example database connections, may be used only in the thread that created them. A coroutine runs on
the loop of another thread; it calls ``submit()`` of :data:`current_executor` to run a function in the waiting thread.

* ``submit()``: any thread. The function must not raise an ``Exception``; any other exception, which ends the thread or
  the greenlet (``GreenletExit``, a timeout), leaves ``wait()``.
* ``wait()``: the waiting thread or greenlet; it runs submitted functions until ``end()``, and then calls ``close()``.
* ``end()``: the asyncio thread, when the coroutine is done.

After the end no function is run. If a task or a thread waits for its function, it submits a second one, ``refuse``,
which is then called instead, in any thread. So no caller waits for ever, also if its task outlives the view, or if the
greenlet in ``wait()`` was killed. The executor sets ``_is_over`` before it takes the rest of the queue,
and ``submit()`` adds its function before it reads ``_is_over``, so one of the two takes each function.

``asyncio_thread.run`` uses :class:`ThreadExecutor` or :class:`GreenletExecutor`. A stream uses :class:`ReaderExecutor`,
which runs the functions in a greenlet of the reader's hub, so that the reader can go on reading.
"""

from __future__ import annotations

import contextlib
import queue
from collections import deque
from contextvars import ContextVar
from typing import Protocol, TypeAlias

from gevent import Greenlet

from wsgiresp._runtime.gevent_runtime import GeventRuntime
from wsgiresp._runtime.interface import GreenletRuntime
from wsgiresp._runtime.threads import RealQueue
from wsgiresp._types import Callback

_RETRY_INTERVAL = 0.05  # s until a greenlet that could not be started is tried again


_Call: TypeAlias = "tuple[Callback, Callback | None]"


class WaitingExecutor(Protocol):
    """A thread or a greenlet that waits for a coroutine, and runs functions meanwhile."""

    def submit(self, function: Callback, refuse: Callback | None = None) -> None:
        """Run *function* after those before it, or call *refuse* if the executor has ended; from any thread."""
        ...


current_executor: ContextVar[WaitingExecutor | None] = ContextVar("wsgiresp.waiting_executor", default=None)
"""The executor of the caller that waits for the coroutine running in this context; None if no caller waits."""


class ThreadExecutor:
    """Runs the functions in a thread that does nothing else meanwhile."""

    def __init__(self) -> None:
        self._calls = RealQueue()
        self._is_over = False

    def submit(self, function: Callback, refuse: Callback | None = None) -> None:
        """Run *function* after those before it, or call *refuse* if :meth:`wait` has ended."""
        self._calls.put((function, refuse))
        if self._is_over:
            self._refuse_all()

    def end(self) -> None:
        """End :meth:`wait` after the functions that were submitted before."""
        self._calls.put(None)

    def wait(self) -> None:
        """Run the functions that are submitted, until the end."""
        try:
            while (call := self._calls.get()) is not None:
                call[0]()
        finally:
            self._is_over = True
            self._refuse_all()

    def _refuse_all(self) -> None:
        while True:
            try:
                call = self._calls.get_nowait()
            except queue.Empty:
                return
            _refuse(call)

    def close(self) -> None:
        """Do nothing: a thread holds no hub."""


class _CallQueue:
    """Functions that any thread submits, and one greenlet of *runtime* calls."""

    def __init__(self, runtime: GreenletRuntime) -> None:
        self._calls: deque[_Call | None] = deque()
        self._wakeup = runtime.wakeup()
        self._is_over = False

    def __len__(self) -> int:
        return len(self._calls)

    def submit(self, function: Callback, refuse: Callback | None) -> None:
        """Call *function* after those before it, or *refuse* if :meth:`call_all` has ended. From any thread."""
        self._calls.append((function, refuse))
        if self._is_over:
            self.refuse_all()
        else:
            self._wakeup.set_threadsafe()

    def end(self) -> None:
        """End :meth:`call_all` after the functions that were submitted before. From any thread."""
        self._calls.append(None)
        self._wakeup.set_threadsafe()

    def call_all(self) -> None:
        """Call the functions that are submitted, until :meth:`end`; then refuse the rest."""
        try:
            while True:
                while not self._calls:
                    self._wakeup.wait()
                call = self._calls.popleft()
                if call is None:
                    return
                call[0]()
        finally:
            self.refuse_all()

    def refuse_all(self) -> None:
        """Refuse the functions that are left and those that are submitted later. From any thread."""
        self._is_over = True
        with contextlib.suppress(IndexError):  # until it is empty
            while True:
                _refuse(self._calls.popleft())

    def refuse_refusable(self) -> None:
        """Refuse those functions that are left and can be refused; the others are still called. From any thread."""
        with contextlib.suppress(IndexError):  # the greenlet may take the last one meanwhile
            for _ in range(len(self._calls)):
                call = self._calls.popleft()
                if call is None or call[1] is None:
                    self._calls.append(call)
                else:
                    _refuse(call)


def _refuse(call: _Call | None) -> None:
    if call is not None and call[1] is not None:
        call[1]()


class GreenletExecutor:
    """Runs the functions in a greenlet whose hub runs the others meanwhile."""

    def __init__(self) -> None:
        # A lease: the hub must not raise LoopExit while nothing but another thread will wake this greenlet.
        self._runtime = GeventRuntime()
        try:
            self._queue = _CallQueue(self._runtime)
        except BaseException:
            self._runtime.close()
            raise

    def submit(self, function: Callback, refuse: Callback | None = None) -> None:
        """Run *function* after those before it, or call *refuse* if :meth:`wait` has ended, also by a kill."""
        self._queue.submit(function, refuse)

    def end(self) -> None:
        """End :meth:`wait` after the functions that were submitted before."""
        self._queue.end()

    def wait(self) -> None:
        """Run the functions that are submitted, until the end."""
        self._queue.call_all()

    def close(self) -> None:
        """Close the runtime; call it in the greenlet that made this, also if that did not wait."""
        self._runtime.close()


class ReaderExecutor:
    """Runs the functions in a greenlet beside the reader of a stream on *runtime*, which the first of them starts."""

    def __init__(self, runtime: GreenletRuntime) -> None:
        self._runtime = runtime
        self._queue = _CallQueue(runtime)
        self._greenlet: Greenlet[..., None] | None = None
        self._is_leaving = False
        self._has_ended = False

    def submit(self, function: Callback, refuse: Callback | None = None) -> None:
        """Run *function* after those before it; never, if the stream is closed and its hub destroyed.

        After :meth:`refuse_calls`, *refuse* is called instead.
        """
        self._queue.submit(function, refuse)
        if self._is_leaving:
            self._queue.refuse_refusable()
        self._runtime.call_soon_threadsafe(self._ensure_greenlet)

    def refuse_calls(self) -> None:
        """From now on refuse the functions that can be refused; from any thread.

        For a reader that is about to stop: on a thread server its hub runs only while it waits.
        """
        self._is_leaving = True
        self._queue.refuse_refusable()

    def end(self) -> None:
        """End the greenlet after the functions that were submitted before and cannot be refused."""
        self.refuse_calls()
        self._has_ended = True  # before the question: see _ensure_greenlet()
        if self._greenlet is not None or self._queue:  # started, or about to start
            self._queue.end()

    def _ensure_greenlet(self) -> None:
        # Not for functions that were refused meanwhile: nobody would end it, and its hub would stay with it.
        if self._greenlet is None and self._queue:
            try:
                self._greenlet = Greenlet.spawn(self._queue.call_all)
            except MemoryError:  # in the hub, which would only log it, and the coroutine waits for the function
                self._runtime.timers(_RETRY_INTERVAL).arm(self._ensure_greenlet)
                return
            if self._has_ended:  # the asyncio thread may have missed the greenlet
                self._queue.end()
