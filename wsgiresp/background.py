"""Background tasks, as in FastAPI: calls that are made after the response, by its ``close()``."""

from __future__ import annotations

import contextvars
import copy
import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from types import FunctionType
from typing import Any, ParamSpec, Self

from ._protocol.one_line import keyword_text, one_line, qualified_name, repr_line, str_line
from ._runtime.around import awaiting, blocking
from ._runtime.close_order import EXIT_REQUESTS, log_failure, run_each
from ._tasks import external_queues, retry, worker_pool
from ._tasks.greenlet_pool import iterate_tasks
from ._tasks.retry import RetryPolicy
from ._tasks.worker_pool import configure as configure
from ._tasks.worker_pool import drain as drain
from ._types import Around, Background

__all__ = ["BackgroundTask", "BackgroundTasks", "configure", "drain"]

_P = ParamSpec("_P")

Report = Callable[["BackgroundTask", BaseException], object]


class BackgroundTask:
    """A call of *func* with the arguments after it, to be made after the response; *func* may be ``async def``.

    Passed as ``background=`` to a response, or in a :class:`BackgroundTasks`; the arguments are not copied. A task of
    Celery (or a signature), Dramatiq, RQ or Huey as *func* is enqueued at its engine instead of run. Raises
    ``TypeError`` if *func* is not callable.
    """

    _policy = retry.RUN_ONCE

    def __init__(self, func: Callable[_P, Any], *args: _P.args, **kwargs: _P.kwargs) -> None:
        if not callable(func):
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
        """Return a copy of this task with these options; this task is not changed.

        *retries*: how many more attempts follow a call that raises, after pauses of 0.5 s, 1 s, 2 s ... 30 s, each
        shortened randomly by up to a half. *timeout*: seconds for each attempt, which then fails with ``TimeoutError``.
        An ``async def`` is cancelled and has 1 s to clean up. Any other function gets the timeout under gevent, where
        it waits; in a thread it runs to its end, and a warning is logged if it took longer. *on_error*: called with the
        error of the last attempt; it may be ``async def``.

        For a task of a queue engine all three apply to the enqueueing.

        Raises ``TypeError`` or ``ValueError`` for an invalid option.

        .. versionchanged:: 0.2
           Under gevent an ``async def`` has 1 s to clean up after its timeout, as in a thread.
        """
        twin = copy.copy(self)
        twin._policy = retry.validated(RetryPolicy(retries, timeout, on_error))
        return twin

    def __call__(self) -> None:
        """Make the call and wait until it is done; the error of the last attempt is raised."""
        if self._policy is retry.RUN_ONCE:
            outcome = self._call()
            if outcome is not None:
                retry.await_result(outcome)
        else:
            retry.call_with_retries(self._call, self._policy, self)

    def _call(self) -> object:
        func = self.func
        if type(func) is FunctionType and not func.__dict__:
            return func(*self.args, **self.kwargs)  # a function without attributes is no task of an engine
        enqueue = external_queues.enqueue_function(func)
        if enqueue is None:
            return func(*self.args, **self.kwargs)
        # The returned handle is dropped: it may be awaitable, and it is not the result of the task.
        enqueue(*self.args, **self.kwargs)
        return None

    def __repr__(self) -> str:
        # Without the arguments: this is logged, and they may hold secrets.
        return f"<{one_line(type(self).__name__)} {_name(self.func)}>"

    def __str__(self) -> str:
        """The name with the types of the arguments, for the log lines about tasks that were not done."""
        types = [qualified_name(type(value)) for value in self.args]
        # In func(**form) the names come from the client.
        types += [f"{keyword_text(name)}={qualified_name(type(value))}" for name, value in self.kwargs.items()]
        return f"<{one_line(type(self).__name__)} {_name(self.func)}({', '.join(types)})>"


class BackgroundTasks(BackgroundTask):
    """Tasks that run one after the other, in the order in which they were added; if one fails, the next still runs.

    *tasks*: the initial tasks. Raises ``TypeError`` for one that is not callable.
    """

    def __init__(self, tasks: Sequence[BackgroundTask] | None = None) -> None:
        self.tasks: list[BackgroundTask] = list(tasks) if tasks else []
        self.tasks = [_as_task(task, "each of tasks") for task in self.tasks]

    def with_options(
        self,
        *,
        retries: int = 0,
        timeout: float | None = None,
        on_error: Callable[[BaseException], object] | None = None,
    ) -> Self:
        """Return a view of this task list; a task that is added through the view has these options.

        ``tasks.with_options(retries=3).add_task(send, message)``: no keyword of *send* can clash with them. *retries*,
        *timeout* (seconds for each attempt) and *on_error* are those of :meth:`BackgroundTask.with_options`.
        """
        return super().with_options(retries=retries, timeout=timeout, on_error=on_error)

    def add_task(self, func: Callable[_P, Any], *args: _P.args, **kwargs: _P.kwargs) -> None:
        """Add a call of *func* with the arguments after it; *func* may be ``async def``."""
        task = BackgroundTask(func, *args, **kwargs)
        task._policy = self._policy
        self.tasks.append(task)

    def __call__(self) -> None:
        """Run the tasks, including those added meanwhile; an error is logged with the task's name and traceback."""
        run_each(map(_as_task, iterate_tasks(self.tasks)))

    def __repr__(self) -> str:
        return f"<{one_line(type(self).__name__)} [{', '.join(map(repr_line, self.tasks))}]>"

    def __str__(self) -> str:
        return f"<{one_line(type(self).__name__)} [{', '.join(map(str_line, self.tasks))}]>"


class BoundTask(BackgroundTask):
    """*task* with each attempt inside ``around()``; an error is passed to ``report(task, error)`` instead of the log.

    For frameworks: *around* opens a connection or a context for the task and closes it afterwards.
    """

    def __init__(self, task: BackgroundTask, around: Around, report: Report) -> None:
        vars(self).update(vars(task))
        self._task = task
        self._around = around
        self._report = report

    def __call__(self) -> None:
        """Make the call and wait until it is done; raise only the exceptions that end this thread or greenlet."""
        try:
            super().__call__()
        except EXIT_REQUESTS:
            raise
        except BaseException as error:
            self._report(self, error)

    def _call(self) -> object:
        if inspect.iscoroutinefunction(self.func) and external_queues.enqueue_function(self.func) is None:
            return self._call_later()
        with blocking(self._around):
            retry.await_result(super()._call())
        return None

    async def _call_later(self) -> None:
        async with awaiting(self._around):
            await self.func(*self.args, **self.kwargs)

    def __repr__(self) -> str:
        return repr(self._task)

    def __str__(self) -> str:
        return str(self._task)


class _BoundList(Sequence[BackgroundTask]):
    """A live view of *tasks* that binds each task when it is read."""

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
    """Return *background* as a :class:`BoundTask`.

    Of :class:`BackgroundTasks` a copy is returned that binds each task, also those that are added later.
    """
    task = _as_task(background)
    if isinstance(task, BackgroundTasks):
        twin: Any = copy.copy(task)
        twin.tasks = _BoundList(task.tasks, around, report)
        return twin  # type: ignore[no-any-return]  # Any, since its list is replaced by a view
    return BoundTask(task, around, report)


class AfterResponse:
    """The last close step of a body: run *background* in a copy of the context in which this object was created.

    The task sees the context variables of the view (a request id, a language), and its own changes do not affect other
    code. Under gevent a greenlet of the worker pool runs it, and this step is done once that greenlet is scheduled.
    """

    __slots__ = ("_context", "_task")

    def __init__(self, background: Background) -> None:
        self._task = background if type(background) is BackgroundTask else _as_task(background, "background")
        self._context = contextvars.copy_context()

    def __call__(self) -> None:
        worker_pool.submit(self._task, self._context)

    def __repr__(self) -> str:
        return repr(self._task)

    def run_in_worker_thread(self) -> None:
        """Have a worker thread run the task, for a body that was dropped; a finalizer may call this."""
        worker_pool.submit_to_thread(self._task, self._context)


class BodyWithTask(AfterResponse):
    """A body whose *chunks* are known, and whose only close step is *background*: ``close()`` runs it once.

    It spares each answer the two objects and the generator that a ``ClosingBody`` costs.
    """

    __slots__ = ("_is_closed", "chunks")

    def __init__(self, chunks: tuple[bytes, ...], background: Background) -> None:
        # Not by super().__init__(): that would be a tenth of the construction of the answer.
        self._task = background if type(background) is BackgroundTask else _as_task(background, "background")
        self._context = contextvars.copy_context()
        self.chunks = chunks
        self._is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.chunks)

    def close(self) -> None:
        """Run the task; an error is logged with its name."""
        if not self._is_closed:
            self._is_closed = True
            # As in run_each(), without its loop, which would cost a tenth of the task.
            try:
                worker_pool.submit(self._task, self._context)
            except EXIT_REQUESTS:
                raise
            except BaseException:
                log_failure(self)


def _as_task(background: Background, argument: str = "func") -> BackgroundTask:
    """Return *background* as a :class:`BackgroundTask`, so that it is awaited, enqueued and logged correctly.

    Raises ``TypeError`` naming *argument* if it is not callable.
    """
    # isinstance() alone is not enough: the __call__ of a subclass may be async def, as Starlette's is.
    if isinstance(background, BackgroundTask) and type(background).__call__ in _OURS:
        return background
    require_callable(argument, background)
    return BackgroundTask(background)


_OURS = (BackgroundTask.__call__, BackgroundTasks.__call__, BoundTask.__call__)


def _name(func: Any) -> str:
    while isinstance(func, functools.partial):
        func = func.func
    if isinstance(func, BackgroundTask):
        return repr_line(func)
    return qualified_name(func)


def require_callable(argument: str, value: object) -> None:
    """Raise ``TypeError`` naming *argument* if *value* is not callable: after the response it could only be logged."""
    if not callable(value):
        raise TypeError(f"{argument} must be callable, got {repr_line(value)}")
