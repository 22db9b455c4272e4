"""The asyncio thread: one event loop in a real thread for the whole process, on which synchronous code runs coroutines.

It is started by :func:`loop` at its first use. :func:`run` blocks the calling thread, or under a gevent hub the calling
greenlet alone, until a coroutine is done, and meanwhile runs in the caller what the coroutine submits to
:data:`wsgiresp._runtime.waiting_executor.current_executor`.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Coroutine
from typing import Any, Generic, TypeVar

from wsgiresp._runtime.hubs import is_under_hub
from wsgiresp._runtime.process import ExitOrder, ProcessPart, part
from wsgiresp._runtime.threads import allocate_lock, start_thread
from wsgiresp._runtime.waiting_executor import GreenletExecutor, ThreadExecutor, current_executor

T = TypeVar("T")

_STOP_TIMEOUT = 1  # s


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
        self._is_running.acquire(timeout=_STOP_TIMEOUT)


class AsyncioThread(ProcessPart):
    """The thread, once it is running, and the tasks on it that nobody waits for."""

    exit_order = ExitOrder.STOP_ASYNCIO

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._running: _LoopThread | None = None
        self.scheduled: set[asyncio.Task[None]] = set()

    def start(self) -> asyncio.AbstractEventLoop:
        """Return the loop, running."""
        with self._lock:
            if self._running is None:
                self._running = _LoopThread()
            return self._running.loop

    def runs(self, running: asyncio.AbstractEventLoop | None) -> bool:
        """Return whether *running*, the loop of the current thread, is ours."""
        ours = self._running  # another thread may be stopping it
        return ours is not None and running is ours.loop

    def after_fork(self) -> None:
        """Forget the thread, which a child does not have, and a lock that another thread may have held.

        Not the tasks: what nobody references is closed, and the parent's ``finally`` would run in the child.
        """
        self._lock = allocate_lock()
        self._running = None

    def at_exit(self) -> None:
        """Stop the loop, and wait up to a second for its thread."""
        running, self._running = self._running, None
        if running is not None:
            running.stop()


def loop() -> asyncio.AbstractEventLoop:
    """Return the one loop, running."""
    return part(AsyncioThread).start()


def loop_for_waiting() -> asyncio.AbstractEventLoop:
    """Return the one loop, running, for whoever will wait for what it does.

    Raises ``RuntimeError`` in what that loop runs itself: it would wait for itself, and all other streams with it.
    """
    if part(AsyncioThread).runs(running_loop()):
        raise RuntimeError(
            "who waits here for a coroutine runs on the loop that is to run it, and would wait for itself: await it, "
            "or iterate the content of the response, with async for"
        )
    return loop()


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the asyncio loop that runs in this thread, ours or another; None where there is none."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def run_or_schedule(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run *coroutine* as :func:`run` does; on the loop itself, where nobody can wait for it, schedule it."""
    asyncio_thread = part(AsyncioThread)
    running = running_loop()
    if running is None or not asyncio_thread.runs(running):
        run(coroutine)
        return
    task = running.create_task(coroutine)
    asyncio_thread.scheduled.add(task)  # the loop alone would not keep it
    task.add_done_callback(asyncio_thread.scheduled.discard)


class Outcome(Generic[T]):
    """How an awaitable ended: by its value, or by an error of any kind.

    Not by the result of a task: what goes through asyncio may stop the loop, ``SystemExit`` does.
    """

    __slots__ = ("_value", "error")

    def __init__(self) -> None:
        self.error: BaseException | None = None

    async def of(self, awaitable: Awaitable[T]) -> None:
        """Wait for *awaitable*."""
        try:
            self._value = await awaitable
        except BaseException as error:
            self.error = error

    def get(self) -> T:
        """Return the value, or raise the error."""
        if self.error is not None:
            raise self.error
        return self._value


def run(awaitable: Awaitable[T]) -> T:
    """Return what *awaitable* returns, run on the loop in a copy of the caller's context; its error is raised here.

    Under a gevent hub only this greenlet waits. One that is killed meanwhile cancels what it waits for. While it waits
    it runs what is submitted to :data:`waiting_executor.current_executor`. Raises ``RuntimeError`` on the loop itself.
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
    outcome: Outcome[T] = Outcome()
    tasks: list[asyncio.Task[None]] = []

    def start() -> None:
        task = running.create_task(outcome.of(awaitable), context=context)
        task.add_done_callback(lambda _: calls.end())
        tasks.append(task)

    running.call_soon_threadsafe(start)
    try:
        calls.wait()
    except BaseException:
        running.call_soon_threadsafe(lambda: tasks[0].cancel())
        raise
    tasks[0].result()  # raises where somebody cancelled it before its first step
    return outcome.get()
