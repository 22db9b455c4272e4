"""Requests under ASGI: the thread that waits for a stream to begin, and the close of a response that is dropped."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

from asgiref.sync import AsyncToSync, SyncToAsync, ThreadSensitiveContext

from wsgiresp._runtime.threads import start_thread


class ThreadAbove(Executor):
    """The thread of a middleware under ASGI that waits for a stream to begin, as long as it does.

    It is the very one in which asgiref makes the calls of the request. A call that a stream makes before its first
    chunk, put in the queue for that, would wait for the middleware, and the middleware for the chunk.
    """

    def __init__(self, waiting: Executor) -> None:
        self._waiting = waiting

    def take_calls(self) -> None:
        """Have the thread-sensitive calls of this context made here: it belongs to one stream."""
        self._usual = SyncToAsync.thread_sensitive_context.get(None)
        context = ThreadSensitiveContext()
        SyncToAsync.context_to_thread_executor[context] = self
        SyncToAsync.thread_sensitive_context.set(context)
        # Up to asgiref 3.11 it is seen in the copy of a context, and would be asked when it waits no more.
        AsyncToSync.executors.current = None

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        try:
            return self._waiting.submit(function, *args, **kwargs)
        except RuntimeError:  # it waits no more
            return self._usual_executor().submit(function, *args, **kwargs)

    def _usual_executor(self) -> Executor:
        found = (
            AsyncToSync.loop_thread_executors.get(asyncio.get_running_loop())
            if self._usual is None
            else SyncToAsync.context_to_thread_executor.get(self._usual)
        )
        return found or SyncToAsync.single_thread_executor


def thread_above() -> ThreadAbove | None:
    """Return the thread that waits for the coroutine in which this is called, None where there is none."""
    waiting = getattr(AsyncToSync.executors, "current", None)
    return None if waiting is None else ThreadAbove(waiting)


def closed_at_last(close: Callable[[], object]) -> Callable[[], object]:
    """Return a callable that calls *close*. Uncalled, *close* runs in a thread once this ASGI request is over.

    Where a client leaves while middleware is still at work, Django drops the response and closes nothing.
    """
    context = SyncToAsync.thread_sensitive_context.get(None)
    # It belongs to this request and goes with it.
    executor = None if context is None else SyncToAsync.context_to_thread_executor.get(context)
    if executor is None:
        return close  # a test, whose client does not leave
    last = weakref.finalize(executor, start_thread, close, "wsgiresp-close")
    last.atexit = False

    def close_now() -> None:
        last.detach()
        close()

    return close_now
