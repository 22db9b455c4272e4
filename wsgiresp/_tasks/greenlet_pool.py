"""Greenlet pool: the background tasks of one hub, in a bounded number of greenlets.

Theory of operation
-------------------
``worker_pool`` calls :meth:`WorkerPool.submit` in the greenlet of a request and :meth:`WorkerPool.drain` at the end of
the process.

====================  ============================  ================================================================
State of a task       Where                         Next state
====================  ============================  ================================================================
waiting               ``_waiting``                  running (a slot is free); never run (drain: logged); run by its
                                                    caller (a slot is free, and no greenlet can be started)
running               ``_running``                  done; aborted (drain at its limit: logged)
aborted               ``_running``, ``is_aborted``  done; still running after 1 s (logged, abandoned)
done                  none
====================  ============================  ================================================================

**Faults.** Each object that a slot needs can fail for lack of memory: the greenlet, its callback in the loop, the event
that wakes a caller, the link that frees the slot. Then the caller runs the task, and a warning is logged. A task whose
caller was killed stays in the queue until the next submission, the next end of a task or a drain. A caller that waits
tries to start the queue each second, and a full pool frees the slots whose greenlet has ended. So a lost wake-up or a
lost link delays a caller by a second at most.

Threads: only greenlets of its hub, and the hub itself, write the attributes of a ``WorkerPool`` and of its tasks; a
drain in another thread reads them.
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

from wsgiresp._protocol.one_line import str_line
from wsgiresp._runtime.close_order import Step, run_each
from wsgiresp._runtime.process import ProcessPart, drain_before_other_exit_hooks, part
from wsgiresp._tasks.retry import CLEANUP_TIMEOUT
from wsgiresp._tasks.thread_tasks import log_not_run, run_here

log = logging.getLogger("wsgiresp")

MAX_RUNNING = 100
"""Tasks that run at once for each hub. Tasks of 1 s keep up with 100 requests a second; each may hold a connection."""

_SLOT_CHECK = 1.0  # s between two looks of a caller that waits for a slot

if TYPE_CHECKING:
    _Greenlet = gevent.Greenlet[..., None]
else:
    _Greenlet = gevent.Greenlet


class PoolLimit(ProcessPart):
    """The number of tasks that may run at once for each hub."""

    def __init__(self) -> None:
        self.running = MAX_RUNNING


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

    is_aborted = False
    positions: tuple[_ListPosition, ...] = ()  # from the outermost list of tasks to the innermost

    def __init__(self, step: Step, context: Context) -> None:
        steps = [step]
        super().__init__(run_each, steps)
        self.gr_context = context
        self.step = step
        self.steps = steps

    def unfinished(self) -> list[Step]:
        """Return the running step, then the steps that have not started."""
        if not self.positions:
            return [self.step]
        *outer, inner = self.positions
        rest = list(inner.tasks[inner.position :])
        for place in reversed(outer):
            rest += place.tasks[place.position + 1 :]
        return rest


class _WaitingTask:
    """A task that waits for a slot. *caller* is the greenlet that waits with it in :func:`submit`, None without one."""

    __slots__ = ("caller", "context", "error", "step")

    def __init__(self, step: Step, context: Context, caller: Event | None) -> None:
        self.step = step
        self.context = context
        self.caller = caller
        self.error: Exception | None = None  # why no greenlet could be started


class WorkerPool:
    """The tasks of one hub: at most ``limit`` run at once, the others wait in first-in, first-out order."""

    def __init__(self) -> None:
        # Tasks must end before the application closes the resources that they use, for example a database pool. The
        # application registered its exit hooks when it was imported, and exit hooks run in reverse order.
        drain_before_other_exit_hooks()
        self._limits = part(PoolLimit)
        self._running: set[_PooledTask] = set()
        self._waiting: deque[_WaitingTask] = deque()

    def submit(self, step: Step, context: Context) -> None:
        """Run *step* in *context* in a greenlet; while the pool is full, wait for a free slot.

        If no greenlet can be started, for lack of memory for example, the caller runs the step.
        """
        if self._is_full() and _is_inside_a_task():
            # Deadlock otherwise: every slot may be held by a task that waits here for a slot.
            context.run(step)
            return
        waiting: _WaitingTask | None = None
        try:
            if self._waiting or self._is_full():
                waiting = _WaitingTask(step, context, Event())
                self._waiting.append(waiting)
            else:
                self._start(step, context)
        except Exception as error:
            _run_without_greenlet(step, context, error)
        if waiting is not None:
            self._await_slot(waiting)

    def _await_slot(self, waiting: _WaitingTask) -> None:
        caller = waiting.caller
        try:
            self._start_waiting()
            # Repeatedly, since a wake-up is lost if there is no memory for it.
            while caller is not None and not caller.wait(_SLOT_CHECK):
                self._start_waiting()
        except BaseException:
            waiting.caller = None  # the caller is killed here: its task stays in the queue and still runs
            raise
        if waiting.error is not None:
            _run_without_greenlet(waiting.step, waiting.context, waiting.error)

    def drain(self, limit: float) -> None:
        """Wait up to *limit* seconds for all tasks, then abort and log the tasks that are not done."""
        deadline = time.monotonic() + limit
        self._start_waiting()
        while (tasks := self._unaborted()) and (left := deadline - time.monotonic()) > 0:
            gevent.joinall(tasks, timeout=left)
        self.log_unfinished()
        self._abort(tasks)
        for task in tasks:
            if not task.ready():
                log.error("%s is still running %g s after it was aborted", str_line(task.step), CLEANUP_TIMEOUT)

    def _abort(self, tasks: list[_PooledTask]) -> None:
        while self._waiting:
            _release_caller(self._waiting.popleft())
        for task in tasks:
            task.is_aborted = True
        gevent.killall(tasks, TaskAborted, block=False)
        # Includes tasks that a concurrent drain has just aborted.
        gevent.joinall(self._others(), timeout=CLEANUP_TIMEOUT)

    def log_unfinished(self) -> None:
        """Log the tasks to abort and the tasks that will not start, by name and argument types."""
        for task in self._unaborted():
            running, *rest = task.unfinished()
            log.error("%s was aborted: the process is shutting down", str_line(running))
            for step in rest:
                log_not_run(step)
        for waiting in list(self._waiting):
            log_not_run(waiting.step)

    @property
    def running_count(self) -> int:
        """The number of tasks that are running, those that are aborted included."""
        return sum(not task.ready() for task in list(self._running))

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

    def _is_full(self) -> bool:
        if len(self._running) < self._limits.running:
            return False
        # A link that gevent has no memory to schedule never runs, and its slot would be lost.
        self._running.difference_update([task for task in self._running if task.ready()])
        return len(self._running) >= self._limits.running

    def _start_waiting(self) -> None:
        while self._waiting and not self._is_full():
            waiting = self._waiting.popleft()
            try:
                self._start(waiting.step, waiting.context)
            except Exception as error:
                if waiting.caller is None:
                    # It has no caller to run it: the next submission, the next end of a task, or a drain tries again.
                    self._waiting.appendleft(waiting)
                    return
                waiting.error = error
            _release_caller(waiting)

    def _start(self, step: Step, context: Context) -> None:
        task = _PooledTask(step, context)
        self._running.add(task)
        try:
            # Not a `finally` in the greenlet: it does not run in a greenlet that is killed before it starts.
            task.rawlink(self._release_slot)
            task.start()
        except BaseException:
            task.steps.clear()  # if it is scheduled nevertheless, it does nothing: the caller runs the step
            self._running.discard(task)
            raise

    def _release_slot(self, task: Any) -> None:
        self._running.discard(task)
        if self._waiting:
            self._start_waiting()


def iterate_tasks(tasks: Sequence[Step]) -> Iterator[Step]:
    """Yield *tasks*, including those added during the iteration, until the current pooled task is aborted."""
    running = getcurrent()
    if not isinstance(running, _PooledTask):
        yield from tasks
        return
    place = _ListPosition(tasks)
    running.positions += (place,)
    for place.position, task in enumerate(tasks):
        yield task
        if running.is_aborted:
            break
    running.positions = running.positions[:-1]


def _release_caller(waiting: _WaitingTask) -> None:
    if waiting.caller is not None:
        waiting.caller.set()


def _run_without_greenlet(step: Step, context: Context, error: Exception) -> None:
    """Run *step* in the caller, since its greenlet could not be started because of *error*."""
    try:
        run_here(step, context)
    finally:
        log.warning("%s was run without a greenlet: none could be started", str_line(step), exc_info=error)


def _is_inside_a_task() -> bool:
    """Return whether this greenlet is a pooled task, or was spawned by one that is alive and may wait for it."""
    greenlet: Any = getcurrent()
    while greenlet is not None:
        if isinstance(greenlet, _PooledTask) and not greenlet.dead:
            return True
        greenlet = getattr(greenlet, "spawning_greenlet", lambda: None)()
    return False
