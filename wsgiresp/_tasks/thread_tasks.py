"""Background tasks that run in threads instead of a greenlet pool: in the calling thread, or in a worker thread.

Theory of operation
-------------------
:func:`run_here` runs a task in the calling thread and returns when it is done. Without a hub, ``close()`` of a body
calls it.

:func:`run_in_worker_thread` returns at once; a worker thread runs the task. It is for callers that must not wait: the
finalizer of a body that was dropped without ``close()``. It takes no lock, waits for nothing and logs nothing, since
the garbage collector may call it between any two instructions of the same thread.

There are at most :data:`MAX_THREADS` worker threads. Each takes tasks from ``waiting`` until it is empty, destroys the
hub that a task may have created in it, and ends. ``free`` has one entry for each thread that may still be started:

* ``run_in_worker_thread`` first appends the task to ``waiting``, then pops an entry of ``free`` and starts a thread. If
  there is no entry, all threads are running, and one of them takes the task.
* A thread that finds ``waiting`` empty first appends its entry to ``free``, then looks at ``waiting`` again. So a task
  that is appended meanwhile is seen by this thread, or its caller gets the entry.

If no thread can be started, the task stays in ``waiting``. The next call of either function tries again, and a drain
logs the tasks that no thread has taken.

Any thread changes ``running``, ``waiting`` and ``free``, by single operations of a set or a deque; they are copied
before they are iterated.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from contextlib import suppress
from contextvars import Context

from wsgiresp._protocol.one_line import str_line
from wsgiresp._runtime.close_order import EXIT_REQUESTS, Step, log_failure
from wsgiresp._runtime.gevent_runtime import destroy_hub_of_thread
from wsgiresp._runtime.process import ExitOrder, ProcessPart, drain_before_other_exit_hooks, part
from wsgiresp._runtime.threads import get_ident, start_thread_at_once, wait_until

log = logging.getLogger("wsgiresp")

MAX_THREADS = 8
"""Worker threads at once. They run the tasks of bodies that were dropped without ``close()``, which are rare."""

_END_TIMEOUT = 1.0  # s, for the threads that destroy their hub at the exit of the process


class ThreadTasks(ProcessPart):
    """The tasks of this process that run in threads, and those that wait for a worker thread."""

    exit_order = ExitOrder.JOIN_THREADS

    def __init__(self) -> None:
        # Daemon threads, for example of waitress, would be stopped in the middle of their tasks otherwise.
        drain_before_other_exit_hooks()
        # By the id() of its context, which no other task that is running has: the task and the thread that runs it.
        self.running: dict[int, tuple[Step, int]] = {}
        self.waiting: deque[tuple[Step, Context]] = deque()
        self.free: deque[None] = deque([None] * MAX_THREADS)

    def after_fork(self) -> None:
        """Drop the tasks and the threads of the parent process."""
        self.running.clear()
        self.waiting.clear()
        self.free = deque([None] * MAX_THREADS)

    def at_exit(self) -> None:
        """Wait up to 1 s for the worker threads: a thread that is stopped while it destroys its hub ends in a crash."""
        wait_until(lambda: len(self.free) >= MAX_THREADS, time.monotonic() + _END_TIMEOUT)

    def counts(self) -> dict[str, int]:
        """Return how many tasks run in threads, and how many wait for one."""
        return {"tasks_running": len(self.running), "tasks_waiting": len(self.waiting)}

    def start_threads(self) -> None:
        """Start a thread for the tasks that wait, if there may be one more; without effect if it cannot be started."""
        if not self.waiting:
            return
        try:
            self.free.pop()
        except IndexError:
            return
        try:
            start_thread_at_once(self._run_waiting)
        except Exception:  # no thread or no memory is left
            self.free.append(None)

    def in_other_threads(self) -> dict[int, Step]:
        """Return the tasks that run in other threads than that of the caller, by their keys in ``running``."""
        return {key: step for key, (step, thread) in self.running.copy().items() if thread != get_ident()}

    def has_others(self) -> bool:
        """Return whether a task waits for a thread, or runs in another thread than the caller's."""
        return bool(self.waiting or self.in_other_threads())

    def _run_waiting(self) -> None:
        while True:
            with suppress(IndexError):
                while True:
                    self._run_logged(*self.waiting.popleft())
            with suppress(Exception):
                destroy_hub_of_thread()
            self.free.append(None)
            if not self.waiting:
                return
            try:
                self.free.pop()
            except IndexError:  # other threads take them
                return

    def _run_logged(self, step: Step, context: Context) -> None:
        try:
            run_here(step, context)
        except EXIT_REQUESTS:
            pass  # it ends only the task: no other code uses this thread
        except BaseException:
            log_failure(step)


def run_here(step: Step, context: Context) -> None:
    """Run *step* in *context* in the calling thread; its error is raised."""
    tasks = part(ThreadTasks)
    if tasks.waiting:
        tasks.start_threads()
    key, running = id(context), tasks.running
    running[key] = step, get_ident()
    try:
        context.run(step)
    finally:
        running.pop(key, None)  # a drain may have removed it


def run_in_worker_thread(step: Step, context: Context) -> None:
    """Have a worker thread run *step* in *context*; its error is logged. From any thread, and from a finalizer."""
    tasks = part(ThreadTasks)
    tasks.waiting.append((step, context))
    tasks.start_threads()


def await_tasks(deadline: float) -> None:
    """Wait until *deadline* for the tasks of other threads, then log each task that is not done, once."""
    tasks = part(ThreadTasks)
    tasks.start_threads()
    wait_until(lambda: not tasks.has_others(), deadline)
    with suppress(IndexError):
        while True:
            log_not_run(tasks.waiting.popleft()[0])
    for key, step in tasks.in_other_threads().items():
        tasks.running.pop(key, None)
        log.error("%s is still running: the process is shutting down, and a thread cannot be aborted", str_line(step))


def log_not_run(step: Step) -> None:
    """Log that *step* will not be run."""
    log.error("%s was not run: the process is shutting down", str_line(step))
