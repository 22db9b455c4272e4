"""Real threads, locks, queues and sleep, even if gevent has patched the modules; threads that the exit hook joins.

Theory of operation
-------------------
Other modules start their real threads by :func:`start_thread`: the producer of an event stream, the asyncio thread, the
watcher of a worker. The originals of ``_thread``, ``queue`` and ``time`` are used, since gevent's replacements create
greenlets and block greenlets only. Any thread may call any function. ``JoinedThreads.threads`` is written by any thread
without a lock, by single dict operations, and is copied before it is iterated. The exit hook reads it in the main
thread. See also docs/explanation/greenlets.md.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import gevent
from gevent import monkey

from wsgiresp._runtime.hubs import may_block_thread
from wsgiresp._runtime.process import PROCESS, ExitOrder, ProcessPart, part

allocate_lock: Any = monkey.get_original("_thread", "allocate_lock")
get_ident: Any = monkey.get_original("_thread", "get_ident")
RealQueue: Any = monkey.get_original("queue", "SimpleQueue")
real_sleep: Any = monkey.get_original("time", "sleep")
_start_new_thread: Any = monkey.get_original("_thread", "start_new_thread")

WAIT_INTERVAL = 0.01
"""Seconds between two checks in :func:`wait_until`."""

_JOIN_TIMEOUT = 1.0  # s, in total for all threads


def start_thread(run: Callable[[], object], name: str) -> threading.Thread | None:
    """Start a real daemon thread that calls *run*; return it, or None under gevent's patches: it cannot be joined.

    *name* is ignored under the patches. Errors of *run* are not caught here.
    """
    if monkey.is_module_patched("threading"):
        # Under the patches even the original class Thread starts greenlets.
        _start_new_thread(run, ())
        return None
    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread


def start_thread_at_once(run: Callable[[], object]) -> None:
    """Start a real daemon thread that calls *run*, without a lock and without waiting: a finalizer may call this.

    Raises ``RuntimeError`` if no thread can be started. *run* must not raise.
    """
    # Thread.start() waits for the new thread, and takes a lock that the interrupted code may hold.
    _start_new_thread(run, ())


def join_at_exit(thread: threading.Thread | None, is_ending: Callable[[], bool]) -> None:
    """Register *thread* to be joined at the exit of the process, for up to 1 s, if *is_ending* returns True by then.

    None is ignored. Threads that have ended are removed from the list. A daemon thread that is still destroying its hub
    when the interpreter shuts down is stopped in the middle of it, and the process crashes.
    """
    threads = part(JoinedThreads).threads
    for known in [known for known in list(threads) if not known.is_alive()]:
        threads.pop(known, None)
    if thread is not None:
        threads[thread] = is_ending


class JoinedThreads(ProcessPart):
    """The threads to join at the exit, each with a function that returns whether the thread is ending."""

    exit_order = ExitOrder.JOIN_THREADS

    def __init__(self) -> None:
        self.threads: dict[threading.Thread, Callable[[], bool]] = {}

    def after_fork(self) -> None:
        """Drop the threads: a child process has none of them."""
        self.threads.clear()

    def at_exit(self) -> None:
        """Join the threads that are ending."""
        deadline = time.monotonic() + _JOIN_TIMEOUT
        for thread, is_ending in self.threads.copy().items():  # a copy: other threads may add theirs
            if is_ending():
                thread.join(max(deadline - time.monotonic(), 0))


def wait_until(is_true: Callable[[], object], deadline: float, interval: float = WAIT_INTERVAL) -> None:
    """Call *is_true* every *interval* seconds until it returns true or ``time.monotonic()`` reaches *deadline*.

    Under a hub, or if gevent has patched ``time``, other greenlets run meanwhile; else the thread sleeps. It also
    sleeps once the exit of the process has begun: a server that ends the interpreter itself (uWSGI) has no greenlets
    then.
    """
    if is_true():
        return
    pause = real_sleep if PROCESS.is_exiting or may_block_thread() else gevent.sleep
    while time.monotonic() < deadline:
        pause(interval)
        if is_true():
            return
