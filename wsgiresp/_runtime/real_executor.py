"""Executor of real threads, also under gevent's patches: the default executor of the asyncio loop.

Theory of operation
-------------------
``asyncio.to_thread()``, ``loop.run_in_executor(None, ...)`` and name look-ups submit calls to the default executor of
their loop. Under gevent's patches the threads of ``concurrent.futures.ThreadPoolExecutor`` are greenlets: they run in
the thread of the loop itself, block it, and keep a worker from ending. The threads of this executor are real, since it
uses the original functions of ``_thread`` and ``queue``.

==================  ===================================================================================================
Who                 Does
==================  ===================================================================================================
any thread          :meth:`RealThreadExecutor.submit`: under ``_lock``, starts a thread if none is free and there are
                    fewer than ``_max_workers``; then puts the call into the queue
a thread of ours    takes calls from the queue, runs them, ends their futures; increments ``_free``, under ``_lock``
the exit hook, or   :meth:`RealThreadExecutor.shutdown`: no further call is accepted; a None for each thread is put into
``loop.close()``    the queue, after the calls that wait
==================  ===================================================================================================

``_free`` is the number of idle threads minus the number of calls in the queue. ``_lock`` is a real lock. It is held
for a few instructions and during the start of a thread.

**Failures.** If a thread cannot be started, the threads that exist run the call. If there is none, ``submit()`` raises
the error and does not put the call into the queue. An exception of a call, of any kind, ends its future; instead of a
``StopIteration``, a ``RuntimeError`` that is caused by it.

**Futures.** Under the patches the condition of a ``concurrent.futures.Future`` uses gevent's locks, which create a hub
in each thread that finds the lock held. The futures of this executor have a real lock.

**Exit.** The threads are daemons, so they never keep the process from ending. Idle threads end at the exit. The exit
hook waits for running calls for what is left of the second in which the loop ends, and logs how many are not done.

**Fork.** The child process drops the loop, and with it this executor, whose threads do not exist there.

Rejected: gevent's own thread pool (the hub delivers its results, not the loop); threads that end after an idle time
(an idle thread costs only its stack, and starting a new one can fail).
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from queue import Empty
from time import monotonic
from typing import Any, ParamSpec, TypeVar

from gevent import monkey

from wsgiresp._runtime.thread_hub import thread_hub
from wsgiresp._runtime.threads import RealQueue, allocate_lock, start_thread, wait_until

log = logging.getLogger("wsgiresp")

P = ParamSpec("P")
T = TypeVar("T")

_RealRLock: Any = monkey.get_original("_thread", "RLock")

_Work = tuple["Future[Any]", Callable[[], Any]]


def default_size() -> int:
    """Return the default limit of threads, that of ``concurrent.futures``: processors + 4, at most 32."""
    return min(32, (os.cpu_count() or 1) + 4)


class _RealFuture(Future[T]):
    """A future whose condition has a real lock."""

    def __init__(self) -> None:
        super().__init__()
        self._condition = threading.Condition(_RealRLock())


class RealThreadExecutor(ThreadPoolExecutor):
    """Runs calls in real daemon threads, at most *size* (by default as many as ``concurrent.futures`` has).

    A subclass, since ``loop.set_default_executor()`` accepts nothing else. No code of the base class is used.
    """

    def __init__(self, size: int | None = None) -> None:  # not that of the base class, which uses gevent's primitives
        self._max_workers = default_size() if size is None else size
        self._calls = RealQueue()
        self._lock = allocate_lock()
        self._started = 0
        self._free = 0
        self._is_shut = False

    def submit(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Return the future of ``function(*args, **kwargs)``, which runs in a thread; from any thread.

        Raises ``RuntimeError`` after :meth:`shutdown`, and the error of starting a thread if there is none.
        """
        future: Future[T] = _RealFuture()
        work: _Work = (future, partial(function, *args, **kwargs))
        with self._lock:
            if self._is_shut:
                raise RuntimeError("cannot schedule new futures after shutdown")
            if self._free <= 0 and self._started < self._max_workers:
                self._start_thread()
            self._calls.put(work)
            self._free -= 1
        return future

    def _start_thread(self) -> None:
        try:
            start_thread(self._run, "wsgiresp-executor")
        except Exception:  # no memory, no thread, or the interpreter is ending
            if not self._started:
                raise
        else:
            self._started += 1
            self._free += 1

    def _run(self) -> None:
        try:
            self._run_calls()
        finally:
            with self._lock:
                self._started -= 1

    def _run_calls(self) -> None:
        try:
            with thread_hub():
                self._take_calls()
        except OSError:  # no descriptor for a hub; only calls that start child processes or wait by gevent need one
            self._take_calls()

    def _take_calls(self) -> None:
        while (work := self._calls.get()) is not None:
            _call(*work)
            del work  # an idle thread keeps nothing alive
            with self._lock:
                self._free += 1

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Accept no further call, and end the threads after the calls that were submitted; *wait* until then.

        With *cancel_futures* those that have not started are cancelled. From any thread.
        """
        with self._lock:
            if not self._is_shut:
                self._is_shut = True
                if cancel_futures:
                    self._cancel_waiting()
                for _ in range(self._started):
                    self._calls.put(None)
        if wait:
            wait_until(lambda: not self._started, float("inf"))

    def _cancel_waiting(self) -> None:
        try:
            while True:
                future, _ = self._calls.get_nowait()
                future.cancel()
        except Empty:
            pass

    def end(self, deadline: float) -> None:
        """Shut down, wait for the threads until ``time.monotonic()`` is *deadline*, and log how many still run."""
        self.shutdown(wait=False)
        wait_until(lambda: not self._started, max(deadline, monotonic()))
        if self._started:
            log.warning(
                "%d threads of the asyncio executor are still running: the process is shutting down", self._started
            )


def _call(future: Future[Any], function: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = function()
    except StopIteration as stop:
        future.set_exception(_error_for_coroutines(stop))
        del future  # as below
    except BaseException as error:
        future.set_exception(error)
        del future  # its exception references this frame: a cycle
    else:
        future.set_result(result)


def _error_for_coroutines(stop: StopIteration) -> RuntimeError:
    """Return the error in place of *stop*: a future of asyncio's refuses that, and whoever awaits it may wait for ever.

    CPython 3.11 and 3.12.0 do not end the future then; later versions end it by such an error.
    """
    error = RuntimeError("a function that a coroutine awaits in a thread has raised StopIteration")
    error.__cause__ = stop
    return error
