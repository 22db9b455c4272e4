"""Executors that run functions in the thread or greenlet that waits for a coroutine.

Theory of operation
-------------------
Some objects, for example database connections, may be used only in the thread that created them. A coroutine runs on
the loop of another thread; it calls ``submit()`` of :data:`current_executor` to run a function in the waiting thread.

* ``submit()``: any thread. The function must not raise.
* ``wait()``: the waiting thread or greenlet; it runs submitted functions until ``end()``, and then calls ``close()``.
* ``end()``: the asyncio thread, when the coroutine is done.

``asyncio_thread.run`` uses :class:`ThreadExecutor` or :class:`GreenletExecutor`. A stream uses :class:`ReaderExecutor`,
which runs the functions in a greenlet of the reader's hub, so that the reader can go on reading.
"""

from __future__ import annotations

from collections import deque
from contextvars import ContextVar
from typing import Any, Protocol

from gevent import Greenlet, monkey

from wsgiresp._runtime.gevent_runtime import GeventRuntime
from wsgiresp._runtime.interface import GreenletRuntime
from wsgiresp._types import Callback

_RealQueue: Any = monkey.get_original("queue", "SimpleQueue")

_RETRY_INTERVAL = 0.05  # s until a greenlet that could not be started is tried again


class WaitingExecutor(Protocol):
    """A thread or a greenlet that waits for a coroutine, and runs functions meanwhile."""

    def submit(self, function: Callback) -> None:
        """Run *function* after those before it; from any thread."""
        ...


current_executor: ContextVar[WaitingExecutor | None] = ContextVar("wsgiresp.waiting_executor", default=None)
"""The executor of the caller that waits for the coroutine running in this context; None if no caller waits."""


class ThreadExecutor:
    """Runs the functions in a thread that does nothing else meanwhile."""

    def __init__(self) -> None:
        self._calls = _RealQueue()

    def submit(self, function: Callback) -> None:
        """Run *function* after those before it."""
        self._calls.put(function)

    def end(self) -> None:
        """End :meth:`wait` after the functions that were submitted before."""
        self._calls.put(None)

    def wait(self) -> None:
        """Run the functions that are submitted, until the end."""
        while (function := self._calls.get()) is not None:
            function()

    def close(self) -> None:
        """Release nothing."""


class _CallQueue:
    """Functions that any thread submits, and one greenlet of *runtime* calls."""

    def __init__(self, runtime: GreenletRuntime) -> None:
        self._calls: deque[Callback | None] = deque()
        self._wakeup = runtime.wakeup()

    def __len__(self) -> int:
        return len(self._calls)

    def submit(self, function: Callback | None) -> None:
        """Call *function* after those before it; None ends :meth:`call_all`. From any thread."""
        self._calls.append(function)
        self._wakeup.set_threadsafe()

    def call_all(self) -> None:
        """Call the functions that are submitted, until the end."""
        while True:
            while not self._calls:
                self._wakeup.wait()
            function = self._calls.popleft()
            if function is None:
                return
            function()


class GreenletExecutor:
    """Runs the functions in a greenlet whose hub runs the others meanwhile."""

    def __init__(self) -> None:
        # A lease: the hub must not raise LoopExit while nothing but another thread will wake this greenlet.
        self._runtime = GeventRuntime()
        self._queue = _CallQueue(self._runtime)

    def submit(self, function: Callback) -> None:
        """Run *function* after those before it; never, if this greenlet was killed meanwhile."""
        self._queue.submit(function)

    def end(self) -> None:
        """End :meth:`wait` after the functions that were submitted before."""
        self._queue.submit(None)

    def wait(self) -> None:
        """Run the functions that are submitted, until the end."""
        self._queue.call_all()

    def close(self) -> None:
        """Release the hub; in the waiting greenlet, whether it has waited or not."""
        self._runtime.close()


class ReaderExecutor:
    """Runs the functions in a greenlet beside the reader of a stream on *runtime*, which the first of them starts."""

    def __init__(self, runtime: GreenletRuntime) -> None:
        self._runtime = runtime
        self._queue = _CallQueue(runtime)
        self._greenlet: Greenlet[..., None] | None = None

    def submit(self, function: Callback) -> None:
        """Run *function* after those before it; never, if the stream is closed and its hub destroyed."""
        self._queue.submit(function)
        self._runtime.call_soon_threadsafe(self._ensure_greenlet)

    def end(self) -> None:
        """End the greenlet after the functions that were submitted before."""
        if self._greenlet is not None or self._queue:  # started, or about to start
            self._queue.submit(None)

    def _ensure_greenlet(self) -> None:
        if self._greenlet is None:
            try:
                self._greenlet = Greenlet.spawn(self._queue.call_all)
            except MemoryError:  # in the hub, where nobody hears of it, and the coroutine waits for the function
                self._runtime.timers(_RETRY_INTERVAL).arm(self._ensure_greenlet)
