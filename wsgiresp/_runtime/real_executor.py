"""Executor of real threads, also under gevent's patches: the default executor of the asyncio loop.

Theory of operation
-------------------
``asyncio.to_thread()``, ``loop.run_in_executor(None, ...)`` and name look-ups submit calls to the default executor of
their loop. The threads of ``concurrent.futures.ThreadPoolExecutor`` are greenlets under gevent's patches: they run in
the thread of the loop itself, block it, and keep a worker from ending. Here they are real threads, made of the
originals of ``_thread`` and ``queue``.

==================  ===================================================================================================
Who                 Does
==================  ===================================================================================================
any thread          :meth:`RealThreadExecutor.submit`: under ``_lock``, starts a thread if none is free and there are
                    fewer than ``_max_workers``; then puts the call into the queue
a thread of ours    takes calls from the queue, runs them, ends their futures; adds itself to ``_free``, under ``_lock``
the exit, or        :meth:`RealThreadExecutor.shutdown`: no further call is accepted; each thread gets a None, which
``loop.close()``    comes behind the calls that wait
==================  ===================================================================================================

``_free`` is the number of threads that wait, less that of the calls in the queue. ``_lock`` is a real lock that is held
for a few instructions and the start of a thread.

**Failures.** If a thread cannot be started, the threads that exist do the work; if there is none, ``submit()`` raises
the error, and the call is not in the queue. An exception of a call, of any kind, ends its future.

**Futures.** The condition of a ``concurrent.futures.Future`` is made of gevent's locks under the patches, which would
make a hub in each thread that finds one held. Ours has a real lock.

**Exit.** The threads are daemons, so they never keep the process from ending. Idle ones end at the exit; calls that are
running get what is left of a second, and those that are cut are logged.

**Fork.** The loop is dropped, and with it this executor, whose threads do not exist in the child.

Rejected: gevent's own thread pool (its results are delivered by the hub, not by the loop); threads that end when they
have been idle (each costs nothing but its stack, and starting one can fail).
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
    """Return the largest number of threads: that of ``concurrent.futures``, 4 more than processors, at most 32."""
    return min(32, (os.cpu_count() or 1) + 4)


class _RealFuture(Future[T]):
    """A future whose condition has a real lock."""

    def __init__(self) -> None:
        super().__init__()
        self._condition = threading.Condition(_RealRLock())


class RealThreadExecutor(ThreadPoolExecutor):
    """Runs calls in real daemon threads, at most *size* (by default as many as ``concurrent.futures`` has).

    A subclass because ``loop.set_default_executor()`` accepts nothing else; nothing of the base class is used.
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
        except OSError:  # no descriptor for a hub, which few calls need: child processes, and what blocks cooperatively
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
        """Shut down, and wait for the threads until ``time.monotonic()`` is *deadline*; log how many are cut."""
        self.shutdown(wait=False)
        wait_until(lambda: not self._started, max(deadline, monotonic()))
        if self._started:
            log.warning("%d threads of the asyncio executor were still running at the exit, and are cut", self._started)


def _call(future: Future[Any], function: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = function()
    except BaseException as error:
        future.set_exception(error)
        del future  # its exception references this frame: a cycle
    else:
        future.set_result(result)
