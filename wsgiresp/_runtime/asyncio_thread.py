"""The asyncio thread: one event loop in a real thread per process, on which synchronous code runs coroutines.

Theory of operation
-------------------
:func:`run` is called in any thread or greenlet. It submits the coroutine to the loop and blocks the caller (under a hub
only the greenlet). While it blocks, the caller runs functions that the coroutine submits to
:data:`wsgiresp._runtime.waiting_executor.current_executor`. :func:`loop` starts the thread at its first use.

==========  ==================================  =======================================================================
State       Event                               Next state
==========  ==================================  =======================================================================
none        :func:`loop`                        starting: the caller holds ``_lock`` and blocks on ``_is_ready``
starting    the event loop is made              running
starting    an exception: no memory, thread or  none: raised in the caller, and nothing is left; the next call tries
            file descriptor, or an interrupt    again
running     a callback raises ``SystemExit`` or  running: logged, and the loop goes on
            ``KeyboardInterrupt``
running     exit of the process                 none: the loop is stopped, and its thread and those of its executor are
                                                waited for, up to 1 s in all
any         fork                                none in the child, with a new ``_lock``
==========  ==================================  =======================================================================

Who writes: the asyncio thread writes ``_LoopThread.loop``, ``_is_made`` and ``_failure`` before it releases
``_is_ready``, each :class:`Outcome` before it ends the caller's executor, and ``AsyncioThread.scheduled``. The thread
that starts the loop, and the exit hook, write ``_running`` under ``_lock``, which is a real lock: meanwhile it blocks
all greenlets of its thread. Any thread sets ``_is_stopping``, and then stops the loop.

The loop is described in :mod:`~wsgiresp._runtime.asyncio_loop`, the threads of its executor in
:mod:`~wsgiresp._runtime.real_executor`, and a call of :func:`run` in :mod:`~wsgiresp._runtime.awaited_call`.

Rejected:

* One loop per call: a client or connection pool that belongs to a loop could not be shared between calls.
* A loop in a greenlet: for asyncio it is the running loop of the whole thread, which then refuses all others there.
* Coroutines in greenlets of the hub: a ``SystemExit`` ended the worker (and with code 3 gunicorn's master), and ten
  waiting tasks blocked every name lookup in the hub's thread pool.

See also docs/explanation/greenlets.md, "One loop".
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Coroutine
from contextlib import suppress
from time import monotonic
from typing import Any, TypeVar

import gevent

from wsgiresp._runtime import greenlet_coroutine
from wsgiresp._runtime.asyncio_loop import new_loop
from wsgiresp._runtime.awaited_call import AwaitedCall, close_unstarted
from wsgiresp._runtime.awaited_call import Outcome as Outcome
from wsgiresp._runtime.hubs import is_under_hub
from wsgiresp._runtime.process import ExitOrder, ProcessPart, part
from wsgiresp._runtime.real_executor import RealThreadExecutor
from wsgiresp._runtime.thread_hub import thread_hub
from wsgiresp._runtime.threads import allocate_lock, start_thread
from wsgiresp._runtime.waiting_executor import GreenletExecutor, ThreadExecutor

T = TypeVar("T")

log = logging.getLogger("wsgiresp")

_STOP_TIMEOUT = 1  # s, for the loop, its thread and those of its executor


class _LoopThread:
    """A real thread that runs an asyncio event loop until the exit of the process.

    The constructor raises the error with which the thread or the loop could not be made.
    """

    loop: asyncio.AbstractEventLoop

    def __init__(self) -> None:
        self._is_ready = allocate_lock()
        self._is_ready.acquire()
        self._is_running = allocate_lock()
        self._is_made = self._is_stopping = False
        self._failure: BaseException | None = None
        self._executor = RealThreadExecutor()
        # Makes gevent import its loop here: under the patches, a thread without a hub that imports may block another.
        _ = gevent.config.loop
        start_thread(self._run, "wsgiresp-asyncio")
        try:
            self._is_ready.acquire()
        except BaseException:  # a signal handler has raised it
            self._stop_soon()
            raise
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        with self._is_running:
            try:
                with thread_hub():
                    self._make_and_run_loop()
            except BaseException as error:
                if self._is_made:
                    log.exception("the asyncio thread failed while it ended")
                self._failure = error
            finally:
                if not self._is_made:
                    self._is_ready.release()

    def _make_and_run_loop(self) -> None:
        loop = self.loop = new_loop(self._executor)
        loop.set_task_factory(greenlet_coroutine.create_task)
        self._is_made = True
        self._is_ready.release()
        try:
            while not self._is_stopping:
                _run_until_stopped(loop)
        finally:
            loop.close()

    def _stop_soon(self) -> None:
        self._is_stopping = True  # read by the thread after it has written ``loop``
        if self._is_made:
            with suppress(RuntimeError):  # closed already
                self.loop.call_soon_threadsafe(self.loop.stop)

    def stop(self) -> None:
        """Stop the loop; wait up to 1 s for its thread, and for those of the executor."""
        deadline = monotonic() + _STOP_TIMEOUT
        self._stop_soon()
        self._is_running.acquire(timeout=_STOP_TIMEOUT)
        self._executor.end(deadline)


def _run_until_stopped(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    except BaseException:  # SystemExit or KeyboardInterrupt: the other streams and tasks go on
        log.exception("a callback of the asyncio loop requested the exit of the process; it is ignored")


class AsyncioThread(ProcessPart):
    """The asyncio thread, None until it is started, and the tasks on its loop that no caller waits for."""

    exit_order = ExitOrder.STOP_ASYNCIO

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._running: _LoopThread | None = None
        self.scheduled: set[asyncio.Task[None]] = set()

    def start(self) -> asyncio.AbstractEventLoop:
        """Return the running event loop; start the thread if needed. Raises the error of a failed start."""
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
        """Stop the loop, and wait up to 1 s for its thread and those of its executor to end."""
        # With a limit: the thread that holds the lock may never run again.
        is_held = self._lock.acquire(timeout=_STOP_TIMEOUT)
        try:
            running, self._running = self._running, None
        finally:
            if is_held:
                self._lock.release()
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

    A scheduled coroutine runs on that loop after this function has returned, and asyncio logs its error. One that could
    not be scheduled is closed, and the error is raised.
    """
    running = running_loop()
    if running is None:
        run(coroutine)
        return
    try:
        task = running.create_task(coroutine)
    except BaseException:
        coroutine.close()
        raise
    scheduled = part(AsyncioThread).scheduled
    scheduled.add(task)  # the loop itself keeps only a weak reference
    task.add_done_callback(scheduled.discard)


def run(awaitable: Awaitable[T]) -> T:
    """Return the result of *awaitable*, which runs on the asyncio thread in a copy of the caller's context.

    Blocks the calling thread, or under a hub the calling greenlet only, and raises the error of *awaitable*. An
    exception that is raised in the caller while it waits (``GreenletExit``, a timeout) cancels the asyncio task and is
    raised at once. Meanwhile the caller runs the functions submitted to :data:`waiting_executor.current_executor`.
    Raises ``RuntimeError`` on the asyncio thread itself, and closes a coroutine that it could not start.
    """
    calls: GreenletExecutor | ThreadExecutor | None = None
    try:
        running = loop_for_waiting()
        calls = GreenletExecutor() if is_under_hub() else ThreadExecutor()
        call = AwaitedCall(awaitable, running, calls)
    except BaseException:
        close_unstarted(awaitable)
        if calls is not None:
            calls.close()
        raise
    try:
        running.call_soon_threadsafe(call.start)
        calls.wait()
    except BaseException:
        call.abandon()
        raise
    finally:
        calls.close()
    return call.outcome.get()
