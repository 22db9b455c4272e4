"""The user's parts of a scenario: sources that count their closes, tasks and close steps that count their calls."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gevent
from faults.primitives import user_part

PACE = 0.002
"""Seconds for which a source waits before each of its last steps, so that a reader waits for it."""

QUIET = 0.1
"""Seconds for which a source that has no news waits, before it gives something again: none waits for ever."""


@dataclass
class Record:
    """What has happened in one run of a scenario."""

    status: str = ""
    body: bytes = b""
    error: str = ""
    """Where the response failed, and its error; empty for an answer that ended well."""
    ends_cleanly: bool = False
    """Whether a client that knows the end of the body by that of the connection takes it for whole."""
    handed_over: bool = False
    """Whether ``start_response`` has returned, so that close steps and tasks are owed."""
    expected: Counter[str] = field(default_factory=Counter)
    """How often each part must have been called: sources closed, steps and tasks run."""
    happened: Counter[str] = field(default_factory=Counter)
    leftover: Path | None = None
    """A file that the response must delete."""

    def source(
        self,
        items: Iterable[Any],
        *,
        is_async: bool = False,
        is_endless: bool = False,
        wait: Callable[[], Awaitable[object]] | None = None,
    ) -> Any:
        """Return a source of *items*, which must be closed once; with *is_endless* more follow after a while.

        *wait* is awaited before each step of an asynchronous source.
        """
        self.expected["source closed"] += 1
        source = (_AsyncSource if is_async else _Source)(self, items, is_endless)
        source.wait = wait
        return source

    def around(self) -> Callable[[], Any]:
        """Return an ``around``; a context manager of it that was entered must be left."""

        @contextlib.contextmanager
        def entered() -> Iterator[None]:
            user_part("around.enter")
            self.expected["around left"] += 1
            try:
                yield
            finally:
                self.happened["around left"] += 1
            user_part("around.leave")

        return entered

    def step(self) -> Callable[[], None]:
        """Return a close step, which must run once."""
        self.expected["step run"] += 1

        def run() -> None:
            self.happened["step run"] += 1
            user_part("close step")

        return run

    def task(self, *, is_async: bool = False, failures: int = 0) -> Callable[[], Any]:
        """Return the function of a task that must be done once; its first *failures* attempts raise."""
        self.expected["task done"] += 1
        left = [LookupError("a failure of the task")] * failures

        def run() -> None:
            if left:
                raise left.pop()
            user_part("task")
            self.happened["task done"] += 1

        async def run_async() -> None:
            await asyncio.sleep(0)
            run()

        return run_async if is_async else run


class _Items:
    wait: Callable[[], Awaitable[object]] | None = None

    def __init__(self, record: Record, items: Iterable[Any], is_endless: bool) -> None:
        self._record = record
        self._items = list(items)
        self._is_endless = is_endless
        self._count = 0

    def _next(self, end: type[Exception]) -> tuple[float, Any]:
        """Return the seconds to wait, and the next item."""
        user_part("source.step")
        self._count += 1
        if self._count <= len(self._items):
            return (PACE if self._count > 2 else 0), self._items[self._count - 1]
        if not self._is_endless:
            raise end
        return QUIET, self._items[-1]

    def _note_close(self) -> None:
        self._record.happened["source closed"] += 1
        user_part("source.close")


class _Source(_Items):
    def __iter__(self) -> _Source:
        return self

    def __next__(self) -> Any:
        seconds, item = self._next(StopIteration)
        if seconds:
            gevent.sleep(seconds)
        return item

    def close(self) -> None:
        self._note_close()


class _AsyncSource(_Items):
    def __aiter__(self) -> _AsyncSource:
        return self

    async def __anext__(self) -> Any:
        if self.wait is not None:
            await self.wait()
        seconds, item = self._next(StopAsyncIteration)
        await asyncio.sleep(seconds)
        return item

    async def aclose(self) -> None:
        self._note_close()
