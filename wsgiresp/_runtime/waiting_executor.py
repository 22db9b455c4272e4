"""Executors that run functions in the thread or the greenlet that waits for a coroutine.

For what belongs to that thread, as database connections do: the coroutine runs on a loop in another one, and submits
functions, from there, to :data:`current_executor`. A function that is submitted must not raise.
"""

from __future__ import annotations

import contextlib
from collections import deque
from contextvars import ContextVar
from typing import Any, Protocol

import gevent
from gevent import Greenlet, monkey
from gevent.event import Event
from gevent.hub import Hub

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


class GreenletExecutor:
    """A greenlet whose hub runs the others meanwhile."""

    def __init__(self) -> None:
        self._calls: deque[Callback | None] = deque()
        self._has_some = Event()
        # An async watcher is the one thing of a hub that another thread may touch.
        watcher = gevent.get_hub().loop.async_()
        watcher.start(self._has_some.set)
        self._watchers = [watcher]

    def submit(self, function: Callback | None) -> None:
        """Have *function* called soon."""
        self._calls.append(function)
        for watcher in self._watchers:  # none where this greenlet was killed meanwhile
            watcher.send()

    def end(self) -> None:
        """Let the greenlet go on."""
        self.submit(None)

    def wait(self) -> None:
        """Make the calls that come, until the end."""
        try:
            while (function := self._next()) is not None:
                function()
        finally:
            for watcher in self._watchers:
                watcher.stop()
                watcher.close()
            self._watchers = []

    def _next(self) -> Callback | None:
        while not self._calls:
            self._has_some.wait()
            self._has_some.clear()
        return self._calls.popleft()


class ReaderExecutor:
    """The reader of a stream, whose *hub* runs whenever it waits: a greenlet beside it makes the calls."""

    def __init__(self, hub: Hub) -> None:
        self._loop: Any = hub.loop
        self._calls: deque[Callback | None] = deque()
        self._has_some = Event()
        self._greenlet: Greenlet[..., None] | None = None

    def submit(self, function: Callback | None) -> None:
        """Have *function* called soon."""
        self._calls.append(function)
        # The hub is gone where the reader gave up.
        with contextlib.suppress(ValueError):
            self._loop.run_callback_threadsafe(self._wake)

    def end(self) -> None:
        """Let the greenlet end."""
        if self._greenlet is not None:
            self.submit(None)

    def _wake(self) -> None:
        if self._greenlet is None:
            self._greenlet = Greenlet.spawn(self._run_submitted)
        self._has_some.set()

    def _run_submitted(self) -> None:
        while True:
            self._has_some.wait()
            self._has_some.clear()
            while self._calls:
                function = self._calls.popleft()
                if function is None:
                    return
                function()
