"""The asyncio thread: one event loop in a real thread per process, on which synchronous code runs coroutines.

Theory of operation
-------------------
:func:`run` is called in any thread or greenlet. It submits the coroutine to the loop and blocks the caller (under a hub
only the greenlet). While it blocks, the caller runs functions that the coroutine submits to
:data:`wsgiresp._runtime.waiting_executor.current_executor`. :func:`loop` starts the thread at its first use.

==========  =======================================  ==================================================================
State       Event                                    Next state
==========  =======================================  ==================================================================
none        :func:`loop`                             starting: the caller holds ``_lock`` and blocks on ``_is_ready``
starting    the event loop is created                running
starting    ``OSError``: no file descriptor is left  none: raised in the caller; the next call tries again
running     exit of the process                      none: the loop is stopped, its thread is waited for up to 1 s
any         fork                                     none in the child, with a new ``_lock``
==========  =======================================  ==================================================================

Who writes: the asyncio thread writes ``_LoopThread.loop`` and ``_error`` before it releases ``_is_ready``, each
:class:`Outcome` before it ends the caller's executor, and ``AsyncioThread.scheduled``. The thread that starts the loop
writes ``_running`` under ``_lock``, which is a real lock: meanwhile it blocks all greenlets of its thread.

Rejected:

* One loop per call: a client or connection pool that belongs to a loop could not be shared between calls.
* A loop in a greenlet: for asyncio it is the running loop of the whole thread, which then refuses all others there.
* Coroutines in greenlets of the hub: a ``SystemExit`` ended the worker (and with code 3 gunicorn's master), and ten
  waiting tasks blocked every name lookup in the hub's thread pool.

See also docs/explanation/greenlets.md, "One loop".
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
    """A real thread that runs an asyncio event loop until the exit of the process."""

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
            except OSError as error:  # no file descriptor is left
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
    """The asyncio thread, None until it is started, and the tasks on its loop that no caller waits for."""

    exit_order = ExitOrder.STOP_ASYNCIO

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._running: _LoopThread | None = None
        self.scheduled: set[asyncio.Task[None]] = set()

    def start(self) -> asyncio.AbstractEventLoop:
        """Return the running event loop; start the thread if needed. Raises ``OSError`` without a free descriptor."""
        with self._lock:
            if self._running is None:
                self._running = _LoopThread()
            return self._running.loop

    def runs(self, running: asyncio.AbstractEventLoop | None) -> bool:
        """Return whether *running*, the running loop of the current thread, is the loop of the asyncio thread."""
        ours = self._running  # read once: the exit hook may set it to None meanwhile
        return ours is not None and running is ours.loop

    def after_fork(self) -> None:
        """Drop the thread, which does not exist in a child, and replace the lock, which another thread may have held.

        The scheduled tasks are kept: an unreferenced coroutine is closed, and the parent's ``finally`` would run in the
        child.
        """
        self._lock = allocate_lock()
        self._running = None

    def at_exit(self) -> None:
        """Stop the loop and wait up to 1 s for its thread to end."""
        running, self._running = self._running, None
        if running is not None:
            running.stop()


def loop() -> asyncio.AbstractEventLoop:
    """Return the running event loop of the asyncio thread; start it if needed. Any thread may call it."""
    return part(AsyncioThread).start()


def loop_for_waiting() -> asyncio.AbstractEventLoop:
    """Return the running event loop of the asyncio thread, for a caller that will block until work on it is done.

    Raises ``RuntimeError`` on the asyncio thread itself: it would wait for itself, and block all other streams.
    """
    if part(AsyncioThread).runs(running_loop()):
        raise RuntimeError(
            "this code runs on the event loop that is to run the coroutine, and would wait for itself (a deadlock): "
            "await it, or iterate the content of the response with async for"
        )
    return loop()


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the asyncio loop that runs in the current thread, ours or another, or None."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def run_or_schedule(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run *coroutine* to its end as :func:`run` does; in the thread of a loop, which must not block, only schedule it.

    A scheduled coroutine runs on that loop after this function has returned, and asyncio logs its error.
    """
    running = running_loop()
    if running is None:
        run(coroutine)
        return
    task = running.create_task(coroutine)
    scheduled = part(AsyncioThread).scheduled
    scheduled.add(task)  # the loop itself keeps only a weak reference
    task.add_done_callback(scheduled.discard)


class Outcome(Generic[T]):
    """The value or the error with which an awaitable ended; the error may be of any kind.

    The result of an asyncio task cannot carry it: an exception such as ``SystemExit`` that passes through asyncio stops
    the loop.
    """

    __slots__ = ("_value", "error")

    def __init__(self) -> None:
        self.error: BaseException | None = None

    async def of(self, awaitable: Awaitable[T]) -> None:
        """Await *awaitable* and store its value or its error."""
        try:
            self._value = await awaitable
        except BaseException as error:
            self.error = error

    def get(self) -> T:
        """Return the stored value, or raise the stored error."""
        if self.error is not None:
            raise self.error
        return self._value


def run(awaitable: Awaitable[T]) -> T:
    """Return the result of *awaitable*, which runs on the asyncio thread in a copy of the caller's context.

    Blocks the calling thread, or under a hub the calling greenlet only, and raises the error of *awaitable*. An
    exception that is raised in the caller while it waits (``GreenletExit``, a timeout) cancels the asyncio task and is
    raised at once. Meanwhile the caller runs the functions submitted to :data:`waiting_executor.current_executor`.
    Raises ``RuntimeError`` on the asyncio thread itself, and closes a coroutine that it could not start.
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
    tasks[0].result()  # raises CancelledError if the task was cancelled before its first step
    return outcome.get()
