"""Coroutines that are driven inside a greenlet, so that synchronous code in them can wait without blocking the loop.

Theory of operation
-------------------
Synchronous code that an asyncio task calls cannot ``await``. If the task's coroutine runs in a greenlet of its own, the
code can pass a future to the task by a greenlet switch, as if the coroutine had awaited that future. The task switches
back when the future is done. greenback and SQLAlchemy's asyncio extension use the same technique.

:class:`GreenletCoroutine` is a coroutine object for asyncio: its ``send()`` and ``throw()`` are called by the task, in
the greenlet that runs the loop. It starts one greenlet at the first step, in the context of the task, and that greenlet
makes all steps of the wrapped coroutine. Everything happens in the thread of the loop.

==========  =======================================  ==================================================================
State       Event                                    Next state
==========  =======================================  ==================================================================
new         ``send()``, ``throw()``                  running: the greenlet is started
running     the wrapped coroutine awaits             suspended: its future is returned to the task
running     code in it calls :func:`block_on`        blocked: the future is returned to the task
running     the wrapped coroutine ends               done: ``StopIteration`` or the error is raised in the task
suspended   ``send()``, ``throw()``                  running: the call is made on the wrapped coroutine
blocked     ``send()``                               running: :func:`block_on` returns the result of the future
blocked     ``throw()``, for example a cancellation  running: :func:`block_on` raises the error
==========  =======================================  ==================================================================

The task factory of the asyncio thread, :func:`create_task`, wraps the coroutine of a task if the condition
:data:`may_block` of its context holds. A child task inherits the context, so its coroutine is wrapped too. All other
tasks are ordinary.

Rejected:

* One greenlet for each step: under gevent's patches ``threading.local`` belongs to a greenlet, and a value that is set
  before an ``await`` would be gone after it. (Two tasks of one request do not share such a value, see
  docs/explanation/greenlets.md.)
* Running the loop again inside of the step: asyncio refuses to step a task while the step of another has not ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from contextvars import ContextVar
from typing import Any, TypeAlias, TypeVar

from greenlet import GreenletExit, getcurrent, greenlet

T = TypeVar("T")

Condition: TypeAlias = Callable[[], object]

NEVER: Condition = bool  # returns False

may_block: ContextVar[Condition] = ContextVar("wsgiresp.may_block", default=NEVER)
"""The condition under which a task that is created in this context is driven in a greenlet, so that it may block.

It is called when a task is created. A plain bool would not do: a thread of a server, or the greenlet of a connection,
keeps its context from one request to the next, and the value of the last request would still hold.
"""


class _Driven(greenlet):
    """The greenlet that makes the steps of one coroutine."""

    blocked: greenlet | None = None
    """The greenlet that waits in :func:`block_on`: this one, or one that code in this one has started."""


class GreenletCoroutine(Coroutine[Any, Any, T]):
    """*coroutine*, driven in a greenlet. All other attributes are those of *coroutine*.

    All methods are called in the thread of the loop.
    """

    __slots__ = ("__weakref__", "_coroutine", "_greenlet")

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self._coroutine = coroutine
        self._greenlet: _Driven | None = None

    def send(self, value: Any) -> Any:
        """Make the next step and return the future that it waits for; ``StopIteration`` with the result at the end."""
        driven = self._greenlet
        if driven is not None and driven.blocked is not None:
            return self._switch(driven, driven.blocked.switch, value)
        return self._step(self._coroutine.send, value)

    def throw(self, *error: Any) -> Any:
        """Raise *error* where the coroutine waits, and make that step; arguments as for a coroutine."""
        driven = self._greenlet
        if driven is not None and driven.blocked is not None:
            return self._switch(driven, driven.blocked.throw, *error)
        return self._step(self._coroutine.throw, *error)

    def close(self) -> None:
        """Raise ``GeneratorExit`` where the coroutine waits; without effect at its end."""
        if self._greenlet is None or self._greenlet.dead:
            self._coroutine.close()
        else:
            super().close()

    def __await__(self) -> Generator[Any, Any, T]:
        return self._coroutine.__await__()

    def __getattr__(self, name: str) -> Any:
        # cr_frame, cr_running, __qualname__ and others, for debuggers, repr() and anyio.
        return getattr(self._coroutine, name)

    def _step(self, method: Callable[..., Any], *arguments: Any) -> Any:
        driven = self._greenlet
        if driven is None or driven.dead:
            driven = self._greenlet = _Driven(_make_steps)
            driven.gr_context = getcurrent().gr_context  # the context of the task, the same in each step
        return self._switch(driven, driven.switch, method, arguments)

    def _switch(self, driven: _Driven, switch: Callable[..., Any], *arguments: Any) -> Any:
        driven.blocked = None
        driven.parent = getcurrent()
        made = switch(*arguments)
        if isinstance(made, GreenletExit):
            # greenlet returns this one error of a greenlet instead of raising it.
            raise made  # pragma: no cover - a test runs it, but the tracer is lost with the greenlet that has ended
        return made


def _make_steps(method: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """Make one step for each switch from the parent, until the coroutine ends with an exception."""
    while True:
        made = method(*arguments)
        # A reference in the suspended frame would keep an exception of throw(), and its traceback, alive.
        del method, arguments
        parent: Any = getcurrent().parent  # not the greenlet itself, which would reference itself
        method, arguments = parent.switch(made)


def is_driven() -> bool:
    """Return whether the caller runs in a task that is driven in a greenlet, so that it may :func:`block_on`."""
    return _driven() is not None


def block_on(future: asyncio.Future[T]) -> T:
    """Return the result of *future* of the running loop; only the task that runs the caller waits for it.

    Raises the error of *future*, ``CancelledError`` if the task is cancelled meanwhile, and ``RuntimeError`` outside
    of a driven task.
    """
    driven = _driven()
    if driven is None:
        raise RuntimeError("block_on() was called outside of a task that is driven in a greenlet")
    waiting = future.__await__()
    try:
        asked = next(waiting)
    except StopIteration as end:  # it is done already
        done: T = end.value
        return done
    driven.blocked = getcurrent()
    # Not the parent of the current greenlet, which code in the driven one may have started: the task is behind this.
    parent: Any = driven.parent
    parent.switch(asked)
    return future.result()


def _driven() -> _Driven | None:
    found: greenlet | None = getcurrent()
    while found is not None and not isinstance(found, _Driven):
        found = found.parent
    return found


def create_task(
    loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, T] | Generator[Any, None, T], **options: Any
) -> asyncio.Task[T]:
    """Return a new task for *coroutine*, driven in a greenlet if the condition :data:`may_block` holds; a task factory.

    *options* are those of :class:`asyncio.Task`: ``context``, ``name`` and others, as the loop passes them.
    """
    context = options.get("context")
    condition = may_block.get() if context is None else context.get(may_block, NEVER)
    if condition():
        coroutine = GreenletCoroutine(coroutine)  # type: ignore[arg-type]  # a generator has the same methods
    return asyncio.Task(coroutine, loop=loop, **options)
