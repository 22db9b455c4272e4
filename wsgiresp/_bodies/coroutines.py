"""Coroutines from synchronous code: run to their end, whatever drives this thread."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Awaitable

import gevent.hub
from gevent import monkey
from greenlet import getcurrent


async def _until_done(awaitable: Awaitable[object]) -> None:
    await awaitable


def _run(awaitable: Awaitable[object]) -> None:
    asyncio.run(_until_done(awaitable))


def run(awaitable: Awaitable[object]) -> None:
    """Wait until *awaitable* is done, in the caller's context; what it raises is raised here.

    Under a gevent hub it runs in a thread of the hub's pool while this greenlet waits: asyncio allows one running loop
    a thread, so a second greenlet's would fail. The same where this thread already runs a loop.
    """
    hub = getcurrent().parent
    if isinstance(hub, gevent.hub.Hub):
        hub.threadpool.apply(contextvars.copy_context().run, (_run, awaitable))
    elif asyncio._get_running_loop() is not None:
        _run_in_thread(awaitable)
    else:
        _run(awaitable)


def _run_in_thread(awaitable: Awaitable[object]) -> None:
    raised: list[BaseException] = []
    context = contextvars.copy_context()

    def target() -> None:
        try:
            context.run(_run, awaitable)
        except BaseException as error:
            raised.append(error)

    thread: threading.Thread = monkey.get_original("threading", "Thread")(target=target)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]
