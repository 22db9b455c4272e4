"""Coroutines from synchronous code: run on one asyncio loop, in a thread of its own, for the whole process."""

from __future__ import annotations

import asyncio
import atexit
import contextvars
import os
from collections.abc import Awaitable, Coroutine
from typing import Any

from wsgiresp._runtime.hubs import allocate_lock, is_under_hub, start_thread
from wsgiresp._runtime.waiting_executor import GreenletExecutor, ThreadExecutor, current_executor


class _LoopThread:
    """A real thread that runs an asyncio loop until the process ends.

    In a greenlet it would be the running loop of the whole thread for asyncio, which then refuses all others there.
    """

    def __init__(self) -> None:
        self._is_ready = allocate_lock()
        self._is_ready.acquire()
        self._is_running = allocate_lock()
        self._error: OSError | None = None
        start_thread(self._run, "wsgiresp-asyncio")
        self._is_ready.acquire()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        with self._is_running:
            try:
                self.loop = asyncio.new_event_loop()
            except OSError as error:  # no descriptor is to be had
                self._error = error
                return
            finally:
                self._is_ready.release()
            self.loop.run_forever()
            self.loop.close()

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._is_running.acquire(timeout=1)


_running: list[_LoopThread] = []
_start_lock = allocate_lock()


def loop() -> asyncio.AbstractEventLoop:
    """Return the one loop, running."""
    with _start_lock:
        if not _running:
            _running.append(_LoopThread())
        return _running[0].loop


def loop_for_waiting() -> asyncio.AbstractEventLoop:
    """Return the one loop, running, for whoever will wait for what it does.

    Raises ``RuntimeError`` in what that loop runs itself: it would wait for itself, and all other streams with it.
    """
    if _is_on_loop():
        raise RuntimeError(
            "who waits here for a coroutine runs on the loop that is to run it, and would wait for itself: await it, "
            "or iterate the content of the response, with async for"
        )
    return loop()


def _is_on_loop() -> bool:
    try:
        return any(asyncio.get_running_loop() is known.loop for known in _running)
    except RuntimeError:
        return False


def _stop() -> None:
    while _running:
        _running.pop().stop()


atexit.register(_stop)
# A child has the list and not the thread. Windows does not fork.
getattr(os, "register_at_fork", lambda **_: None)(after_in_child=_running.clear)


def run_or_schedule(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run *coroutine* as :func:`run` does; on the loop itself, where nobody can wait for it, in its turn."""
    if not _is_on_loop():
        run(coroutine)
        return
    task = asyncio.get_running_loop().create_task(coroutine)
    _scheduled.add(task)  # the loop alone would not keep it
    task.add_done_callback(_scheduled.discard)


_scheduled: set[asyncio.Task[None]] = set()


async def error_of(awaitable: Awaitable[object]) -> BaseException | None:
    """Return what *awaitable* raised: what goes through asyncio may stop the loop, SystemExit does."""
    try:
        await awaitable
    except BaseException as error:
        return error
    return None


def run(awaitable: Awaitable[object]) -> None:
    """Wait until *awaitable* is done, in a copy of the caller's context; what it raises is raised here.

    Under a gevent hub only this greenlet waits. One that is killed meanwhile cancels what it waits for. While it waits
    it makes the calls of :data:`waiting_executor.current_executor`. Raises ``RuntimeError`` on the loop itself.
    """
    try:
        running = loop_for_waiting()
    except BaseException:
        if isinstance(awaitable, Coroutine):
            awaitable.close()
        raise
    calls: GreenletExecutor | ThreadExecutor = GreenletExecutor() if is_under_hub() else ThreadExecutor()
    context = contextvars.copy_context()
    context.run(current_executor.set, calls)
    tasks: list[asyncio.Task[BaseException | None]] = []

    def start() -> None:
        task = running.create_task(error_of(awaitable), context=context)
        task.add_done_callback(lambda _: calls.end())
        tasks.append(task)

    running.call_soon_threadsafe(start)
    try:
        calls.wait()
    except BaseException:
        running.call_soon_threadsafe(lambda: tasks[0].cancel())
        raise
    error = tasks[0].result()
    if error is not None:
        raise error
