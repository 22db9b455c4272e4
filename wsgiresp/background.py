"""Work that is done after the response, as in FastAPI: tasks that a response's ``close()`` runs."""

from __future__ import annotations

import contextvars
import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec

from ._bodies import coroutines, pool
from ._bodies.closing import run_each
from ._bodies.pool import configure as configure
from ._bodies.pool import drain as drain
from ._types import Background

_P = ParamSpec("_P")


class BackgroundTask:
    """A call of *func* with the arguments after it, to be made after the response; *func* may be ``async def``."""

    def __init__(self, func: Callable[_P, Any], *args: _P.args, **kwargs: _P.kwargs) -> None:
        require_callable("func", func)
        self.func = func
        self.args = args
        self.kwargs = kwargs

    def __call__(self) -> None:
        """Make the call and wait until it is done; what it raises is raised here."""
        _finish(self.func(*self.args, **self.kwargs))

    def __repr__(self) -> str:
        # Not the arguments: this goes into logs, and they may hold what must not.
        return f"<{type(self).__name__} {_name(self.func)}>"

    def __str__(self) -> str:
        """The name with the types of the arguments: for the log of what was not done."""
        types = [type(value).__qualname__ for value in self.args]
        types += [f"{name}={type(value).__qualname__}" for name, value in self.kwargs.items()]
        return f"<{type(self).__name__} {_name(self.func)}({', '.join(types)})>"


class BackgroundTasks(BackgroundTask):
    """Tasks that run one after the other, in the order they were added; one that fails does not stop the next."""

    def __init__(self, tasks: Sequence[BackgroundTask] | None = None) -> None:
        self.tasks: list[BackgroundTask] = list(tasks) if tasks else []
        for task in self.tasks:
            require_callable("each of tasks", task)
        self.tasks = [_as_task(task) for task in self.tasks]

    def add_task(self, func: Callable[_P, Any], *args: _P.args, **kwargs: _P.kwargs) -> None:
        """Add a call of *func* with the arguments after it; *func* may be ``async def``."""
        self.tasks.append(BackgroundTask(func, *args, **kwargs))

    def __call__(self) -> None:
        """Run the tasks, also those that are added meanwhile; what fails is logged by name with its traceback."""
        run_each(map(_as_task, pool.walk(self.tasks)))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.tasks!r}>"

    def __str__(self) -> str:
        return f"<{type(self).__name__} [{', '.join(map(str, self.tasks))}]>"


class AfterResponse:
    """The last step of a body's ``close()``: run *background* in a copy of the context in which this was made.

    The copy keeps for the task what the view set (a request id, a language), and from others what the task sets. Under
    gevent a greenlet of the pool runs it, and the step is done as soon as that has begun.
    """

    __slots__ = ("_context", "_task")

    def __init__(self, background: Background) -> None:
        require_callable("background", background)
        self._task = _as_task(background)
        self._context = contextvars.copy_context()

    def __call__(self) -> None:
        pool.do(self._task, self._context)

    def __repr__(self) -> str:
        return repr(self._task)


def _as_task(background: Background) -> BackgroundTask:
    """Return *background* as a task of ours: one that is awaited and logged as it should."""
    # Not by isinstance(): the __call__ of a subclass may be async def, as Starlette's is.
    if isinstance(background, BackgroundTask) and type(background).__call__ in _OURS:
        return background
    return BackgroundTask(background)


_OURS = (BackgroundTask.__call__, BackgroundTasks.__call__)


def _finish(outcome: object) -> None:
    """Wait for what a call returned, where there is something to wait for."""
    if outcome is not None and inspect.isawaitable(outcome):
        coroutines.run(outcome)


def _name(func: Any) -> str:
    while isinstance(func, functools.partial):
        func = func.func
    if isinstance(func, BackgroundTask):
        return repr(func)
    return str(getattr(func, "__qualname__", type(func).__qualname__))


def require_callable(argument: str, value: object) -> None:
    """Raise ``TypeError`` naming *argument* where *value* cannot be called: late, it would be a line in a log."""
    if not callable(value):
        raise TypeError(f"{argument} must be callable, got {value!r}")
