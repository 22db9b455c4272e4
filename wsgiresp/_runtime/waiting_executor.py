"""Executors that run functions in the thread or the greenlet that waits for a coroutine.

For what belongs to that thread, as database connections do: the coroutine runs on a loop in another one, and submits
functions, from there, to :data:`current_executor`. A function that is submitted must not raise.
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


class WaitingExecutor(Protocol):
    """A thread or a greenlet that waits for a coroutine, and runs functions meanwhile."""

    def submit(self, function: Callback) -> None:
        """Have *function* called soon, after those before it; from any thread."""
        ...


current_executor: ContextVar[WaitingExecutor | None] = ContextVar("wsgiresp.waiting_executor", default=None)
"""The executor of whoever waits for the coroutine that runs in this context; None where nobody does."""


class ThreadExecutor:
    """A thread that does nothing else meanwhile."""

    def __init__(self) -> None:
        self._calls = _RealQueue()

    def submit(self, function: Callback) -> None:
        """Have *function* called soon."""
        self._calls.put(function)

    def end(self) -> None:
        """Let the thread go on."""
        self._calls.put(None)

    def wait(self) -> None:
        """Make the calls that come, until the end."""
        while (function := self._calls.get()) is not None:
            function()


class _CallQueue:
    """Functions that any thread submits, and one greenlet of *runtime* calls."""

    def __init__(self, runtime: GreenletRuntime) -> None:
        self._calls: deque[Callback | None] = deque()
        self._wakeup = runtime.wakeup()

    def submit(self, function: Callback | None) -> None:
        """Have *function* called soon; None ends :meth:`call_all`. From any thread."""
        self._calls.append(function)
        self._wakeup.set_threadsafe()

    def call_all(self) -> None:
        """Call what is submitted, until the end."""
        while True:
            while not self._calls:
                self._wakeup.wait()
            function = self._calls.popleft()
            if function is None:
                return
            function()


class GreenletExecutor:
    """A greenlet whose hub runs the others meanwhile."""

    def __init__(self) -> None:
        # A lease: the hub must not raise LoopExit while nothing but another thread will wake this greenlet.
        self._runtime = GeventRuntime()
        self._queue = _CallQueue(self._runtime)

    def submit(self, function: Callback) -> None:
        """Have *function* called soon; never, if this greenlet was killed meanwhile."""
        self._queue.submit(function)

    def end(self) -> None:
        """Let the greenlet continue after :meth:`wait`."""
        self._queue.submit(None)

    def wait(self) -> None:
        """Call what is submitted, until the end."""
        try:
            self._queue.call_all()
        finally:
            self._runtime.close()


class ReaderExecutor:
    """The reader of a stream on *runtime*: a greenlet beside it, made at the first call, calls what is submitted."""

    def __init__(self, runtime: GreenletRuntime) -> None:
        self._runtime = runtime
        self._queue = _CallQueue(runtime)
        self._greenlet: Greenlet[..., None] | None = None

    def submit(self, function: Callback) -> None:
        """Have *function* called soon; never, if the stream is closed and its hub destroyed."""
        self._queue.submit(function)
        self._runtime.call_soon_threadsafe(self._ensure_greenlet)

    def end(self) -> None:
        """Let the greenlet end."""
        if self._greenlet is not None:
            self._queue.submit(None)

    def _ensure_greenlet(self) -> None:
        if self._greenlet is None:
            self._greenlet = Greenlet.spawn(self._queue.call_all)
