"""Real threads, locks and sleep, also where gevent has patched the modules; threads that the exit waits for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import gevent
from gevent import monkey

from wsgiresp._runtime.hubs import may_block_thread
from wsgiresp._runtime.process import ExitOrder, ProcessPart, part

allocate_lock: Any = monkey.get_original("_thread", "allocate_lock")
get_ident: Any = monkey.get_original("_thread", "get_ident")
real_sleep: Any = monkey.get_original("time", "sleep")
_start_new_thread: Any = monkey.get_original("_thread", "start_new_thread")

WAIT_INTERVAL = 0.01
"""Seconds between two looks at what is waited for."""

_JOIN_TIMEOUT = 1.0  # s, for all threads together


def start_thread(run: Callable[[], object], name: str) -> threading.Thread | None:
    """Run *run* in a real thread, which does not keep the process from ending; return it, where it can be joined."""
    if monkey.is_module_patched("threading"):
        # Here even the original class Thread starts greenlets.
        _start_new_thread(run, ())
        return None
    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread


def join_at_exit(thread: threading.Thread | None, is_ending: Callable[[], bool]) -> None:
    """Have the process, when it ends, wait up to a second for *thread*, if *is_ending* says so then.

    A thread that is still leaving its hub when the interpreter goes down is ended in the midst of it: it crashes.
    """
    threads = part(JoinedThreads).threads
    for known in [known for known in list(threads) if not known.is_alive()]:
        threads.pop(known, None)
    if thread is not None:
        threads[thread] = is_ending


class JoinedThreads(ProcessPart):
    """The threads that the exit of the process waits for, each with whether it is ending."""

    exit_order = ExitOrder.JOIN_THREADS

    def __init__(self) -> None:
        self.threads: dict[threading.Thread, Callable[[], bool]] = {}

    def after_fork(self) -> None:
        """Forget them: a child has none of the threads of its parent."""
        self.threads.clear()

    def at_exit(self) -> None:
        """Join those that are ending."""
        deadline = time.monotonic() + _JOIN_TIMEOUT
        for thread, is_ending in self.threads.copy().items():  # other threads put theirs in
            if is_ending():
                thread.join(max(deadline - time.monotonic(), 0))


def wait_until(is_true: Callable[[], object], deadline: float, interval: float = WAIT_INTERVAL) -> None:
    """Wait until *is_true*, asked each *interval* seconds, is met, or ``time.monotonic()`` is *deadline*.

    Other greenlets run meanwhile where this one is under a hub.
    """
    pause = real_sleep if may_block_thread() else gevent.sleep
    while not is_true() and time.monotonic() < deadline:
        pause(interval)
