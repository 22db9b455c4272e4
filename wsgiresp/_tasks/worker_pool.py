"""Worker pool: runs background tasks where no connection waits for them, and drains them at the end of the process.

Theory of operation
-------------------
The last close step of a response calls :func:`submit`. What happens next depends on the current greenlet:

* **Under a hub** (gunicorn's gevent worker, ``gevent.pywsgi``) the task runs in a greenlet of the hub's
  :class:`~wsgiresp._tasks.greenlet_pool.WorkerPool`. ``submit`` waits until that greenlet is scheduled. So a full pool
  applies backpressure: the connection waits, and no task is lost.
* **Elsewhere** (threads, processes, a test) the task runs inside ``submit``. No hub would run a greenlet later.

For a body that was dropped without ``close()``, :func:`submit_to_thread` is called instead if there is no such hub: the
task must not run inside of a finalizer.

:func:`drain` is called by the shutdown of a worker, by the exit hook, or by the application. It waits for the tasks of
its own hub, then aborts them. Greenlets of another thread's hub cannot be joined or killed from here, so their tasks
are only logged. Tasks in threads cannot be aborted: they are waited for, then logged.

Threads: any thread writes :class:`PoolState`, by single assignments.

Rejected: a second drain that waits for aborted tasks again (a worker that was to end after 8 s took 18 s). See also
docs/explanation/greenlets.md, and docs/explanation/life-of-a-response.md, "When the worker ends".
"""

from __future__ import annotations

import time
from contextvars import Context

import gevent

from wsgiresp._runtime import shutdown
from wsgiresp._runtime.close_order import Step
from wsgiresp._runtime.hubs import is_under_hub
from wsgiresp._runtime.process import ExitOrder, ProcessPart, drop_hub_parts, hub_part, hub_parts, part
from wsgiresp._tasks.greenlet_pool import PoolLimit, WorkerPool
from wsgiresp._tasks.thread_tasks import ThreadTasks, await_tasks, log_not_run, run_here, run_in_worker_thread

DRAIN_TIMEOUT = 8.0
"""Seconds for which shutdown waits for tasks. ``docker stop`` kills after 10 s, and logging needs some of them."""


class PoolState(ProcessPart):
    """The settings of all pools of this process."""

    exit_order = ExitOrder.DRAIN_TASKS

    def __init__(self) -> None:
        self.drain_timeout = DRAIN_TIMEOUT
        self.is_draining = False

    def after_fork(self) -> None:
        """Drop the tasks of the parent process, which still runs them."""
        drop_hub_parts(WorkerPool)
        self.is_draining = False

    def at_exit(self) -> None:
        """Drain the pools and wait for the tasks in other threads, unless all are idle."""
        if part(ThreadTasks).has_others() or not all(pool.is_idle for _, pool in hub_parts(WorkerPool)):
            drain()

    def counts(self) -> dict[str, int]:
        """Return how many tasks run in all pools, and how many wait for a slot."""
        pools = [pool for _, pool in hub_parts(WorkerPool)]
        return {
            "tasks_running": sum(pool.running_count for pool in pools),
            "tasks_waiting": sum(len(pool._waiting) for pool in pools),
        }


def submit(step: Step, context: Context) -> None:
    """Run *step* in *context*: in a greenlet of the hub's pool under a hub, else in the calling thread.

    Under a hub this returns as soon as the step has a slot, and an error of the step is logged. If the pool is full,
    this waits for a slot; inside a task of the pool it runs the step itself instead. After :func:`drain` the step is
    not run, and its name is logged. Without a hub the step is done when this returns, and its error is raised here.
    """
    if not is_under_hub():
        run_here(step, context)
    elif part(PoolState).is_draining:
        log_not_run(step)
    else:
        hub_part(gevent.get_hub(), WorkerPool).submit(step, context)


def submit_to_thread(step: Step, context: Context) -> None:
    """Have a worker thread run *step* in *context*; an error of the step is logged. From any thread.

    For a body that was dropped without ``close()``, if no hub runs its tasks; a finalizer may call this. After
    :func:`drain` the step is not run, and its name is logged.
    """
    if part(PoolState).is_draining:
        log_not_run(step)
    else:
        run_in_worker_thread(step, context)


def drain(limit: float | None = None) -> None:
    """Stop accepting tasks, wait up to *limit* seconds for those of this thread's hub, then abort the others.

    Call it in a greenlet of the hub, or in the main greenlet. *limit*: None is the ``drain`` of :func:`configure`.
    :class:`TaskAborted`, a ``GreenletExit``, is raised in each running task where it waits, and the task has another
    second to clean up; a task that never yields to the hub cannot be aborted. Tasks that are aborted and tasks that
    never started are logged by name and argument types. Tasks that wait for a slot when this is called still get one
    within *limit*.

    Tasks that run in other threads, outside a pool, are waited for until the same limit. They cannot be aborted; those
    that are still running are logged.
    """
    state = part(PoolState)
    if limit is None:
        limit = state.drain_timeout
    deadline = time.monotonic() + limit
    state.is_draining = True
    for hub, pool in hub_parts(WorkerPool):
        if hub is gevent.get_hub():
            pool.drain(limit)
        else:
            # The hub of another thread: its greenlets cannot be joined from here.
            pool.log_unfinished()
    await_tasks(deadline)


def configure(*, limit: int | None = None, drain: float | None = None) -> None:
    """Set the size of the pools, *limit*, and the time that shutdown waits for tasks, *drain*.

    *limit*: the number of tasks that run at once for each hub; the tasks of one response count as one. *drain*:
    seconds. An argument that is None leaves its setting unchanged. Raises ``ValueError`` for a *limit* below 1 and a
    *drain* below 0. Any thread may call it.
    """
    if limit is not None:
        if limit < 1:
            raise ValueError(f"limit must be at least 1, got {limit!r}")
        part(PoolLimit).running = limit
    if drain is not None:
        if not drain >= 0:  # not `drain < 0`: NaN must be refused too
            raise ValueError(f"drain must be a number of seconds, 0 or more, got {drain!r}")
        part(PoolState).drain_timeout = drain


_LEAST_DRAIN = 0.25
"""Seconds that tasks have although the kill is near: those of the streams that were just aborted have not run."""


def _drain_within(grace: float) -> None:
    """Drain before the server kills the process, *grace* seconds after shutdown began."""
    left = grace - shutdown.seconds_since_stop() - shutdown.KILL_MARGIN
    drain(min(part(PoolState).drain_timeout, max(left, _LEAST_DRAIN)))


shutdown.at_shutdown(shutdown.ShutdownOrder.TASKS, _drain_within)
