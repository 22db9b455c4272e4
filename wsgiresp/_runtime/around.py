"""``around``: context managers that are entered where a source is stepped and where a background task runs.

An *around* is a callable without arguments that returns a context manager. Asynchronous code takes an asynchronous one
too, and enters a synchronous one on its event loop, which that must not block. A manager that is both is entered
asynchronously there.

Each function here may be called in any thread, greenlet or task. What :func:`nested` returns may be called for many
sources and tasks at once; the manager that it makes is entered once.
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

    Raises ``TypeError`` for one that is asynchronous only, and for what is none.
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
    """Enter the context manager that *around* makes, asynchronously where it can be.

    Raises ``TypeError`` if it makes none.
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
    """Return a callable whose context manager enters those of *factories*, the first one outermost.

    None among them is left out; None is returned if there is no other.
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
