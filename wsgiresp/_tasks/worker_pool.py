"""Worker pool: runs background tasks in a bounded number of greenlets, so that no connection waits for them.

Theory of operation
-------------------
The last close step of a response calls :func:`submit`. What happens next depends on the current greenlet:

* **Under a hub** (gunicorn's gevent worker, ``gevent.pywsgi``) the task runs in a greenlet of the hub's
  :class:`WorkerPool`. ``submit`` waits until that greenlet is scheduled. So a full pool applies backpressure: the
  connection waits, and no task is lost.
* **Elsewhere** (threads, processes, a test) the task runs inside ``submit``. No hub would run a greenlet later.

:func:`drain` is called by the shutdown of a worker, by the exit hook, or by the application. It waits for the tasks of
its own hub, then aborts them. Greenlets of another thread's hub cannot be joined or killed from here, so their tasks
are only logged.

====================  ============================  =============  =================================================
State of a task       Where                         has_started    Next state
====================  ============================  =============  =================================================
waiting               ``_waiting``                  unset          running (a slot is free); never run (drain: logged)
running               ``_running``                  set            done; aborted (drain at its limit: logged)
aborted               ``_running``, ``is_aborted``  set            done; still running after 1 s (logged, abandoned)
done                  none                          set
====================  ============================  =============  =================================================

Threads: only greenlets of its hub write the attributes of a ``WorkerPool`` and of its tasks; a drain in another thread
reads them. Any thread writes :class:`PoolState`; ``inline`` changes by single set operations and is copied before it is
iterated.

Rejected: a second drain that waits for aborted tasks again (a worker that was to end after 8 s took 18 s). See also
docs/explanation/greenlets.md, and docs/explanation/life-of-a-response.md, "When the worker ends".
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextvars import Context
from typing import TYPE_CHECKING, Any

import gevent
from gevent import GreenletExit
from gevent.event import Event
from greenlet import getcurrent

from wsgiresp._runtime import shutdown
from wsgiresp._runtime.close_order import Step, run_each
from wsgiresp._runtime.hubs import is_under_hub
from wsgiresp._runtime.process import (
    ExitOrder,
    ProcessPart,
    drain_before_other_exit_hooks,
    drop_hub_parts,
    hub_part,
    hub_parts,
    part,
)
from wsgiresp._runtime.threads import get_ident, wait_until
from wsgiresp._tasks.retry import CLEANUP_TIMEOUT

log = logging.getLogger("wsgiresp")

MAX_RUNNING = 100
"""Tasks that run at once for each hub. Tasks of 1 s keep up with 100 requests a second; each may hold a connection."""

DRAIN_TIMEOUT = 8.0
"""Seconds for which shutdown waits for tasks. ``docker stop`` kills after 10 s, and logging needs some of them."""

if TYPE_CHECKING:
    _Greenlet = gevent.Greenlet[..., None]
else:
    _Greenlet = gevent.Greenlet


class TaskAborted(GreenletExit):
    """Raised inside a task that is still running at the end of a drain."""


class _ListPosition:
    """The position of the running task in a list of tasks."""

    __slots__ = ("position", "tasks")

    def __init__(self, tasks: Sequence[Step]) -> None:
        self.tasks = tasks
        self.position = 0


class _PooledTask(_Greenlet):
    """A greenlet that runs *step* in *context*. By default gevent starts a greenlet with an empty context."""

    def __init__(self, step: Step, context: Context) -> None:
        super().__init__(run_each, (step,))
        self.gr_context = context
        self.step = step
        self.has_started = Event()
        self.is_aborted = False
        self.positions: list[_ListPosition] = []  # from the outermost list of tasks to the innermost

    def unfinished(self) -> list[Step]:
        """Return the running step, then the steps that have not started."""
        if not self.positions:
            return [self.step]
        *outer, inner = self.positions
        rest = list(inner.tasks[inner.position :])
        for place in reversed(outer):
            rest += place.tasks[place.position + 1 :]
        return rest


class _InlineTask:
    """A task outside the pools: *step* runs in the thread that called :func:`submit`."""

    __slots__ = ("step", "thread")

    def __init__(self, step: Step) -> None:
        self.step = step
        self.thread = get_ident()


class WorkerPool:
    """The tasks of one hub: at most ``limit`` run at once, the others wait in first-in, first-out order."""

    def __init__(self) -> None:
        # Tasks must end before the application closes the resources that they use, for example a database pool. The
        # application registered its exit hooks when it was imported, and exit hooks run in reverse order.
        drain_before_other_exit_hooks()
        self._state = part(PoolState)
        self._running: set[_PooledTask] = set()
        self._waiting: deque[_PooledTask] = deque()

    def submit(self, step: Step, context: Context) -> None:
        """Run *step* in *context* in a greenlet; while the pool is full, wait for a free slot."""
        if len(self._running) >= self._state.limit and _is_inside_a_task():
            # Deadlock otherwise: every slot may be held by a task that waits here for a slot.
            context.run(step)
            return
        task = _PooledTask(step, context)
        self._waiting.append(task)
        self._start_waiting()
        # If the caller is killed here, its task stays in the queue and still runs.
        task.has_started.wait()

    def drain(self, limit: float) -> None:
        """Wait up to *limit* seconds for all tasks, then abort and log the tasks that are not done."""
        deadline = time.monotonic() + limit
        while (tasks := self._unaborted()) and (left := deadline - time.monotonic()) > 0:
            gevent.joinall(tasks, timeout=left)
        self.log_unfinished()
        self._abort(tasks)
        for task in tasks:
            if not task.ready():
                log.error("%s is still running %g s after it was aborted", task.step, CLEANUP_TIMEOUT)

    def _abort(self, tasks: list[_PooledTask]) -> None:
        while self._waiting:
            self._waiting.popleft().has_started.set()
        for task in tasks:
            task.is_aborted = True
        gevent.killall(tasks, TaskAborted, block=False)
        # Includes tasks that a concurrent drain has just aborted.
        gevent.joinall(self._others(), timeout=CLEANUP_TIMEOUT)

    def log_unfinished(self) -> None:
        """Log the tasks to abort and the tasks that will not start, by name and argument types."""
        for task in self._unaborted():
            running, *rest = task.unfinished()
            log.error("%s was aborted: the process is shutting down", running)
            for step in rest:
                log_not_run(step)
        for task in list(self._waiting):
            log_not_run(task.step)

    @property
    def is_idle(self) -> bool:
        """Whether no task is running, apart from the current greenlet and aborted tasks."""
        return not self._unaborted()

    def _others(self) -> list[_PooledTask]:
        # ready(): the links of a greenlet do not run after its hub is destroyed, so done tasks can stay in the set.
        # A copy: a drain in another thread asks too, while the hub's thread starts and ends tasks.
        return [task for task in list(self._running) if task is not getcurrent() and not task.ready()]

    def _unaborted(self) -> list[_PooledTask]:
        # An aborted task that is still running would make every further drain wait until its limit.
        return [task for task in self._others() if not task.is_aborted]

    def _start_waiting(self) -> None:
        while self._waiting and len(self._running) < self._state.limit:
            task = self._waiting.popleft()
            self._running.add(task)
            # Not a `finally` in the greenlet: it does not run in a greenlet that is killed before it starts.
            task.rawlink(self._release_slot)
            task.start()
            task.has_started.set()

    def _release_slot(self, task: Any) -> None:
        self._running.discard(task)
        self._start_waiting()


class PoolState(ProcessPart):
    """The settings of all pools of this process, and the tasks that run outside the pools."""

    exit_order = ExitOrder.DRAIN_TASKS

    def __init__(self) -> None:
        self.limit = MAX_RUNNING
        self.drain_timeout = DRAIN_TIMEOUT
        self.is_draining = False
        self.inline: set[_InlineTask] = set()

    def after_fork(self) -> None:
        """Drop the tasks of the parent process, which still runs them."""
        drop_hub_parts(WorkerPool)
        self.inline.clear()
        self.is_draining = False

    def at_exit(self) -> None:
        """Drain the pools, unless all are idle."""
        if not all(pool.is_idle for _, pool in hub_parts(WorkerPool)):
            drain()

    def counts(self) -> dict[str, int]:
        """Return how many tasks run, in all pools and outside of them, and how many wait for a slot."""
        pools = [pool for _, pool in hub_parts(WorkerPool)]
        running = sum(not task.ready() for pool in pools for task in list(pool._running))  # as in _others()
        return {"tasks_running": len(self.inline) + running, "tasks_waiting": sum(len(pool._waiting) for pool in pools)}


def submit(step: Step, context: Context) -> None:
    """Run *step* in *context*: in a greenlet of the hub's pool under a hub, else in the calling thread.

    Under a hub this returns as soon as the step has a slot, and an error of the step is logged. If the pool is full,
    this waits for a slot; inside a task of the pool it runs the step itself instead. After :func:`drain` the step is
    not run, and its name is logged. Without a hub the step is done when this returns, and its error is raised here.
    """
    if not is_under_hub():
        _run_inline(step, context)
    elif part(PoolState).is_draining:
        log_not_run(step)
    else:
        hub_part(gevent.get_hub(), WorkerPool).submit(step, context)


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
    _await_other_threads(deadline)


def configure(*, limit: int | None = None, drain: float | None = None) -> None:
    """Set the size of the pools, *limit*, and the time that shutdown waits for tasks, *drain*.

    *limit*: the number of tasks that run at once for each hub; the tasks of one response count as one. *drain*:
    seconds. An argument that is None leaves its setting unchanged. Raises ``ValueError`` for a *limit* below 1 and a
    *drain* below 0. Any thread may call it.
    """
    if limit is not None:
        if limit < 1:
            raise ValueError(f"limit must be at least 1, got {limit!r}")
        part(PoolState).limit = limit
    if drain is not None:
        if not drain >= 0:  # not `drain < 0`: NaN must be refused too
            raise ValueError(f"drain must be a number of seconds, 0 or more, got {drain!r}")
        part(PoolState).drain_timeout = drain


def iterate_tasks(tasks: Sequence[Step]) -> Iterator[Step]:
    """Yield *tasks*, including those added during the iteration, until the current pooled task is aborted."""
    running = getcurrent()
    if not isinstance(running, _PooledTask):
        yield from tasks
        return
    place = _ListPosition(tasks)
    running.positions.append(place)
    for place.position, task in enumerate(tasks):
        yield task
        if running.is_aborted:
            break
    running.positions.remove(place)


def log_not_run(step: Step) -> None:
    """Log that *step* will not be run."""
    log.error("%s was not run: the process is shutting down", step)


def _run_inline(step: Step, context: Context) -> None:
    task = _InlineTask(step)
    inline = part(PoolState).inline
    inline.add(task)
    try:
        context.run(step)
    finally:
        inline.discard(task)


def _await_other_threads(deadline: float) -> None:
    """Wait until *deadline* for the tasks of other threads, then log each task that is still running, once."""
    wait_until(lambda: not _in_other_threads(), deadline)
    for task in _in_other_threads():
        part(PoolState).inline.discard(task)
        log.error("%s is still running: the process is shutting down, and a thread cannot be aborted", task.step)


def _in_other_threads() -> list[_InlineTask]:
    return [task for task in list(part(PoolState).inline) if task.thread != get_ident()]


def _is_inside_a_task() -> bool:
    """Return whether this greenlet is a pooled task, or was spawned by one that is alive and may wait for it."""
    greenlet: Any = getcurrent()
    while greenlet is not None:
        if isinstance(greenlet, _PooledTask) and not greenlet.dead:
            return True
        greenlet = getattr(greenlet, "spawning_greenlet", lambda: None)()
    return False


def _drain_within(grace: float) -> None:
    """Drain before the server kills the process, *grace* seconds after shutdown began."""
    left = grace - shutdown.seconds_since_stop() - shutdown.KILL_MARGIN
    drain(max(min(part(PoolState).drain_timeout, left), 0))


shutdown.at_shutdown(shutdown.ShutdownOrder.TASKS, _drain_within)
