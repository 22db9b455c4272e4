"""``around``: context managers that are entered where a source is stepped and where a background task runs.

An *around* is a callable without arguments that returns a context manager. Synchronous code takes a synchronous context
manager. Asynchronous code takes either kind: an asynchronous one is awaited, and a synchronous one is entered on the
event loop, so it must not block. If a context manager is of both kinds, asynchronous code awaits it.

Each function here may be called in any thread, greenlet or task. The callable that :func:`nested` returns may be called
for many sources and tasks at once. Each context manager that it makes is entered once.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

from wsgiresp._types import Around


def require_around(name: str, around: object) -> None:
    """Raise ``TypeError`` naming the argument or attribute *name* if *around* is not callable; None is allowed."""
    if around is not None and not callable(around):
        raise TypeError(f"{name} must be a callable that returns a context manager, or None, got {around!r}")


def blocking(around: Around) -> AbstractContextManager[object]:
    """Return the context manager that *around* makes for synchronous code.

    Raises ``TypeError`` if that is only asynchronous, or not a context manager.
    """
    manager: Any = around()
    if hasattr(type(manager), "__enter__"):
        return manager  # type: ignore[no-any-return]  # Any, since the two protocols have no common base
    if hasattr(type(manager), "__aenter__"):
        raise TypeError(
            f"around must return a synchronous context manager for a synchronous content or task, got {manager!r}"
        )
    raise _no_manager(manager)


@contextlib.asynccontextmanager
async def awaiting(around: Around) -> AsyncIterator[None]:
    """Enter the context manager that *around* makes; await it if it is asynchronous.

    Raises ``TypeError`` if *around* returns something else.
    """
    manager: Any = around()
    if hasattr(type(manager), "__aenter__"):
        async with manager:
            yield
    elif hasattr(type(manager), "__enter__"):
        with manager:
            yield
    else:
        raise _no_manager(manager)


def nested(*factories: Around | None) -> Around | None:
    """Return a callable whose context manager enters those of *factories*; the first one is the outermost.

    None in *factories* is ignored. If nothing else is in it, None is returned.
    """
    present = [around for around in factories if around is not None]
    if len(present) < 2:
        return present[0] if present else None
    return functools.partial(_Nested, present)


class _Nested:
    """The context managers that *factories* make, as one, for synchronous or asynchronous code."""

    def __init__(self, factories: list[Around]) -> None:
        self._factories = factories
        self._stack: Any = None

    def __enter__(self) -> None:
        with contextlib.ExitStack() as stack:
            for around in self._factories:
                stack.enter_context(blocking(around))
            self._stack = stack.pop_all()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> bool | None:
        suppressed: bool | None = self._stack.__exit__(kind, error, at)
        return suppressed

    async def __aenter__(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            for around in self._factories:
                await stack.enter_async_context(awaiting(around))
            self._stack = stack.pop_all()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> bool | None:
        suppressed: bool | None = await self._stack.__aexit__(kind, error, at)
        return suppressed


def _no_manager(manager: object) -> TypeError:
    return TypeError(f"around must return a context manager, got {manager!r}")
