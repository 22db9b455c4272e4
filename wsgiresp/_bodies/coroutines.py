"""Coroutines from synchronous code: run on one asyncio loop, in a thread of its own, for the whole process."""

from __future__ import annotations

import asyncio
import atexit
import contextvars
import os
from collections.abc import Awaitable, Callable
from typing import Any

import gevent
from gevent import monkey
from gevent.event import Event
from gevent.hub import Hub

# Real ones, also where gevent has put its own in the place of them: the loop must run while no greenlet does.
_Thread: Any = monkey.get_original("threading", "Thread")
_allocate_lock: Any = monkey.get_original("_thread", "allocate_lock")


class _LoopThread:
    """A thread that runs an asyncio loop until the process ends."""

    def __init__(self) -> None:
        self._is_ready = _allocate_lock()
        self._is_ready.acquire()
        self._thread = _Thread(target=self._run, name="wsgiresp-asyncio", daemon=True)
        self._thread.start()
        self._is_ready.acquire()

    def _run(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._is_ready.release()
        self.loop.run_forever()
        self.loop.close()

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(1)


_running: list[_LoopThread] = []
_starting = _allocate_lock()


def _loop() -> asyncio.AbstractEventLoop:
    with _starting:
        if not _running:
            _running.append(_LoopThread())
        return _running[0].loop


def _stop() -> None:
    while _running:
        _running.pop().stop()


atexit.register(_stop)
# A child has the list and not the thread. Windows does not fork.
getattr(os, "register_at_fork", lambda **_: None)(after_in_child=_running.clear)


async def _outcome(awaitable: Awaitable[object]) -> BaseException | None:
    """Return what *awaitable* raised: what goes through asyncio may stop the loop, SystemExit does."""
    try:
        await awaitable
    except BaseException as error:
        return error
    return None


def run(awaitable: Awaitable[object]) -> None:
    """Wait until *awaitable* is done, in a copy of the caller's context; what it raises is raised here.

    Under a gevent hub only this greenlet waits. One that is killed meanwhile cancels what it waits for.
    """
    loop = _loop()
    context = contextvars.copy_context()
    tasks: list[asyncio.Task[BaseException | None]] = []

    def start(wake: Callable[[], object]) -> None:
        task = loop.create_task(_outcome(awaitable), context=context)
        task.add_done_callback(lambda _: wake())
        tasks.append(task)

    wait = _wait_in_greenlet if isinstance(gevent.getcurrent().parent, Hub) else _wait_in_thread
    try:
        wait(lambda wake: loop.call_soon_threadsafe(start, wake))
    except BaseException:
        loop.call_soon_threadsafe(lambda: tasks[0].cancel())
        raise
    error = tasks[0].result()
    if error is not None:
        raise error


def _wait_in_thread(begin: Callable[[Callable[[], object]], object]) -> None:
    lock = _allocate_lock()
    lock.acquire()
    begin(lock.release)
    lock.acquire()


def _wait_in_greenlet(begin: Callable[[Callable[[], object]], object]) -> None:
    is_done = Event()
    # An async watcher is the one thing of a hub that another thread may touch.
    watcher = gevent.get_hub().loop.async_()
    watcher.start(is_done.set)
    waiting = [watcher]

    def wake() -> None:
        for one in waiting:  # none where this greenlet was killed meanwhile
            one.send()

    try:
        begin(wake)
        is_done.wait()
    finally:
        waiting.clear()
        watcher.stop()
        watcher.close()
