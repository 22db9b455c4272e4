"""Thread-sensitive calls of coroutines on our loop, made in the thread that waits for them, as Django does it.

So a query of an ``async def`` uses the connection of its request, or, where a greenlet waits, that of the greenlet. No
other thread has any to leave open.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager
from typing import Any

from asgiref.sync import SyncToAsync, ThreadSensitiveContext
from django.http import HttpRequest

from wsgiresp._runtime import asyncio_thread
from wsgiresp._runtime.waiting_executor import WaitingExecutor, current_executor
from wsgiresp.adapters._django.asgi_requests import ThreadAbove
from wsgiresp.adapters._django.request_body import body_in_coroutines


class _WaitingThreadExecutor(Executor):
    def __init__(self, waiting: WaitingExecutor) -> None:
        self._waiting = waiting
        self.is_used = False

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.is_used = True
        future: Future[Any] = Future()

        def call() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                with _loop_not_noted():
                    result = function(*args, **kwargs)
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        self._waiting.submit(call)
        return future


@contextlib.contextmanager
def _loop_not_noted() -> Iterator[None]:
    # asgiref notes the loop of a call in the thread that makes it, and leaves that there: most loops end with it. Ours
    # does not, so whatever is awaited in that thread later, Flask's views too, would run on it.
    noted = vars(SyncToAsync.threadlocal)
    before = dict(noted)
    try:
        yield
    finally:
        noted.clear()
        noted.update(before)


@contextlib.contextmanager
def thread_sensitive_calls(end: Callable[[], object], above: ThreadAbove | None) -> Iterator[None]:
    """Have thread-sensitive calls made by who waits for this coroutine, if it runs on our loop; *end* is the last.

    *above*: who may wait for it on another loop.
    """
    waiting = current_executor.get()
    if waiting is None:
        # Django looks after its threads. A stream runs in a copy of the context of a call that is over; asgiref would
        # take it for one that waits for this, and refuse.
        SyncToAsync.deadlock_context.set(False)
        if above is not None:
            above.take_calls()
        yield
        return
    executor = _WaitingThreadExecutor(waiting)
    context = ThreadSensitiveContext()
    SyncToAsync.context_to_thread_executor[context] = executor
    token = SyncToAsync.thread_sensitive_context.set(context)
    try:
        yield
    finally:
        SyncToAsync.thread_sensitive_context.reset(token)
        if executor.is_used:
            waiting.submit(end)


def call(
    view: Callable[..., Any],
    around: Callable[[], AbstractContextManager[object]],
    request: HttpRequest,
    *args: Any,
    **kwargs: Any,
) -> Any:
    """Run the coroutine function *view* on our loop, inside of *around*; wait for its result and return it.

    Under gevent only this greenlet waits, so any number of views run at once. While it waits, this greenlet or thread
    makes the reads of the body of *request*.
    """

    async def run() -> Any:
        with around():
            return await view(request, *args, **kwargs)

    with body_in_coroutines(request):
        return asyncio_thread.run(run())
