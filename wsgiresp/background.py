"""Background tasks, as in FastAPI: calls that are made after the response, by its ``close()``."""

from __future__ import annotations

import contextvars
import copy
import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, Self

from ._runtime.close_order import run_each
from ._tasks import external_queues, retry, worker_pool
from ._tasks.retry import RetryPolicy
from ._tasks.worker_pool import configure as configure
from ._tasks.worker_pool import drain as drain
from ._types import Around, Background

__all__ = ["BackgroundTask", "BackgroundTasks", "configure", "drain"]

_P = ParamSpec("_P")

Report = Callable[["BackgroundTask", BaseException], object]


class BackgroundTask:
    """A call of *func* with the arguments after it, to be made after the response; *func* may be ``async def``.

    Given as ``background=`` of a response, or to :class:`BackgroundTasks`; no argument of it is copied. A task of
    Celery (or a signature), Dramatiq, RQ or Huey as *func* is not run but put in its queue. Raises ``TypeError`` where
    *func* cannot be called.
    """

    _policy = retry.RUN_ONCE

    def __init__(self, func: Callable[_P, Any], *args: _P.args, **kwargs: _P.kwargs) -> None:
        require_callable("func", func)
        self.func = func
        self.args = args
        self.kwargs = kwargs

    def with_options(
        self,
        *,
        retries: int = 0,
        timeout: float | None = None,
        on_error: Callable[[BaseException], object] | None = None,
    ) -> Self:
        """Return the same task with these options, and leave this one as it is.

        *retries*: how often a call that raises is made again, after pauses of 0.5 s, 1 s, 2 s ... 30 s, each shortened
        by chance by up to a half. *timeout*: seconds for each try, then it ends in a ``TimeoutError``. Under gevent
        that is thrown in where the function waits. In a thread only an ``async def`` can be cut short; any other
        function is let run to its end, and the log tells of it. *on_error*: called with the error of the last try; it
        may be ``async def``.

        For a task of a queue engine all three are about putting it in the queue.

        Raises ``TypeError`` or ``ValueError`` for an option that is not right.
        """
        twin = copy.copy(self)
        twin._policy = retry.validated(RetryPolicy(retries, timeout, on_error))
        return twin

    def __call__(self) -> None:
        """Make the call and wait until it is done; what it raises, in the last try, is raised here."""
        retry.call_with_retries(self._call, self._policy, self)

    def _call(self) -> object:
        enqueue = external_queues.enqueue_function(self.func)
        if enqueue is None:
            return self.func(*self.args, **self.kwargs)
        # What comes back may be awaited, some day, and is not the outcome of this.
        enqueue(*self.args, **self.kwargs)
        return None

    def __repr__(self) -> str:
        # Not the arguments: this goes into logs, and they may hold what must not.
        return f"<{type(self).__name__} {_name(self.func)}>"

    def __str__(self) -> str:
        """The name with the types of the arguments: for the log of what was not done."""
        types = [type(value).__qualname__ for value in self.args]
        types += [f"{name}={type(value).__qualname__}" for name, value in self.kwargs.items()]
        return f"<{type(self).__name__} {_name(self.func)}({', '.join(types)})>"


class BackgroundTasks(BackgroundTask):
    """Tasks that run one after the other, in the order they were added; one that fails does not stop the next.

    *tasks*: those to begin with. Raises ``TypeError`` for one that cannot be called.
    """

    def __init__(self, tasks: Sequence[BackgroundTask] | None = None) -> None:
        self.tasks: list[BackgroundTask] = list(tasks) if tasks else []
        for task in self.tasks:
            require_callable("each of tasks", task)
        self.tasks = [_as_task(task) for task in self.tasks]

    def with_options(
        self,
        *,
        retries: int = 0,
        timeout: float | None = None,
        on_error: Callable[[BaseException], object] | None = None,
    ) -> Self:
        """Return these same tasks, to which what is added through the value returned is added with these options.

        ``tasks.with_options(retries=3).add_task(send, message)``: no keyword of *send* can clash with them. *retries*,
        *timeout* (seconds for each try) and *on_error* are those of a task: see :meth:`BackgroundTask.with_options`.
        """
        return super().with_options(retries=retries, timeout=timeout, on_error=on_error)

    def add_task(self, func: Callable[_P, Any], *args: _P.args, **kwargs: _P.kwargs) -> None:
        """Add a call of *func* with the arguments after it; *func* may be ``async def``."""
        task = BackgroundTask(func, *args, **kwargs)
        task._policy = self._policy
        self.tasks.append(task)

    def __call__(self) -> None:
        """Run the tasks, also those that are added meanwhile; what fails is logged by name with its traceback."""
        run_each(map(_as_task, worker_pool.iterate_tasks(self.tasks)))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.tasks!r}>"

    def __str__(self) -> str:
        return f"<{type(self).__name__} [{', '.join(map(str, self.tasks))}]>"


class BoundTask(BackgroundTask):
    """*task*, each try inside ``around()``; *report* is told of it and of the error where it fails, not the log.

    For frameworks: a connection or a context that is there for one task and is let go after it.
    """

    def __init__(self, task: BackgroundTask, around: Around, report: Report) -> None:
        vars(self).update(vars(task))
        self._task = task
        self._around = around
        self._report = report

    def __call__(self) -> None:
        """Make the call and wait until it is done; only what asks this thread or greenlet to end is raised here."""
        try:
            super().__call__()
        except retry.EXIT_REQUESTS:
            raise
        except BaseException as error:
            self._report(self, error)

    def _call(self) -> object:
        if inspect.iscoroutinefunction(self.func) and external_queues.enqueue_function(self.func) is None:
            return self._call_later()
        with self._around():
            retry.await_result(super()._call())
        return None

    async def _call_later(self) -> None:
        with self._around():
            await self.func(*self.args, **self.kwargs)

    def __repr__(self) -> str:
        return repr(self._task)

    def __str__(self) -> str:
        return str(self._task)


class _BoundList(Sequence[BackgroundTask]):
    """*tasks* as they are at any time, each bound."""

    def __init__(self, tasks: list[BackgroundTask], around: Around, report: Report) -> None:
        self._tasks = tasks
        self._around = around
        self._report = report
        self.append = tasks.append

    def __len__(self) -> int:
        return len(self._tasks)

    def __getitem__(self, place: Any) -> Any:
        found = self._tasks[place]
        if isinstance(found, list):
            return [bound(task, self._around, self._report) for task in found]
        return bound(found, self._around, self._report)


def bound(background: Background, around: Around, report: Report) -> BackgroundTask:
    """Return *background* as a :class:`BoundTask`, or as tasks each of which is one, also those added later."""
    task = _as_task(background)
    if isinstance(task, BackgroundTasks):
        twin: Any = copy.copy(task)
        twin.tasks = _BoundList(task.tasks, around, report)
        return twin  # type: ignore[no-any-return]
    return BoundTask(task, around, report)


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
        worker_pool.submit(self._task, self._context)

    def __repr__(self) -> str:
        return repr(self._task)


def _as_task(background: Background) -> BackgroundTask:
    """Return *background* as a task of ours: one that is awaited, enqueued and logged as it should."""
    # Not by isinstance(): the __call__ of a subclass may be async def, as Starlette's is.
    if isinstance(background, BackgroundTask) and type(background).__call__ in _OURS:
        return background
    return BackgroundTask(background)


_OURS = (BackgroundTask.__call__, BackgroundTasks.__call__, BoundTask.__call__)


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
