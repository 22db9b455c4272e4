"""Worker pool: a bounded number of greenlets in which background tasks run, so that no connection waits for them.

Where no hub drives the current greenlet (threads, processes, a test), a task runs at once, in the caller.
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
"""Tasks at once for each hub: of 1 s each, they keep up with 100 requests a second; each may hold a connection."""

DRAIN_TIMEOUT = 8.0
"""Seconds that a process which ends waits for its tasks: ``docker stop`` kills after 10, and the log wants some."""

if TYPE_CHECKING:
    _Greenlet = gevent.Greenlet[..., None]
else:
    _Greenlet = gevent.Greenlet


class TaskAborted(GreenletExit):
    """Thrown into a task that is not done when a drain is at its limit."""


class _ListPosition:
    """How far a list of tasks has been run."""

    __slots__ = ("position", "tasks")

    def __init__(self, tasks: Sequence[Step]) -> None:
        self.tasks = tasks
        self.position = 0


class _PooledTask(_Greenlet):
    """A greenlet that takes *step* in *context*; one that is spawned plainly starts with an empty context."""

    def __init__(self, step: Step, context: Context) -> None:
        super().__init__(run_each, (step,))
        self.gr_context = context
        self.step = step
        self.has_started = Event()
        self.is_aborted = False
        self.positions: list[_ListPosition] = []  # from the outermost list of tasks to the innermost

    def unfinished(self) -> list[Step]:
        """Return what is being done, then what has not begun."""
        if not self.positions:
            return [self.step]
        *outer, inner = self.positions
        rest = list(inner.tasks[inner.position :])
        for place in reversed(outer):
            rest += place.tasks[place.position + 1 :]
        return rest


class _InlineTask:
    """A task outside of the pools: its thread takes *step*."""

    __slots__ = ("step", "thread")

    def __init__(self, step: Step) -> None:
        self.step = step
        self.thread = get_ident()


class WorkerPool:
    """The tasks of one hub; no more at once than the limit, the others in the order in which they came."""

    def __init__(self) -> None:
        # Before the application closes what its tasks use: it registered that when it was imported.
        drain_before_other_exit_hooks()
        self._state = part(PoolState)
        self._running: set[_PooledTask] = set()
        self._waiting: deque[_PooledTask] = deque()

    def submit(self, step: Step, context: Context) -> None:
        """Have *step* taken in *context*; wait, where the pool is full, until it has begun."""
        if len(self._running) >= self._state.limit and _is_inside_a_task():
            # All the others may be in here as well, and none of them would end.
            context.run(step)
            return
        task = _PooledTask(step, context)
        self._waiting.append(task)
        self._start_waiting()
        # A caller that is killed here leaves its task in the row: nothing is lost.
        task.has_started.wait()

    def drain(self, limit: float) -> None:
        """Wait up to *limit* seconds until all is done; then cut what is not, and log it."""
        deadline = time.monotonic() + limit
        while (tasks := self._unaborted()) and (left := deadline - time.monotonic()) > 0:
            gevent.joinall(tasks, timeout=left)
        self.log_unfinished()
        self._abort(tasks)
        for task in tasks:
            if not task.ready():
                log.error("%s goes on though it was cut", task.step)

    def _abort(self, tasks: list[_PooledTask]) -> None:
        while self._waiting:
            self._waiting.popleft().has_started.set()
        for task in tasks:
            task.is_aborted = True
        gevent.killall(tasks, TaskAborted, block=False)
        # Also for what another drain has cut just now.
        gevent.joinall(self._others(), timeout=CLEANUP_TIMEOUT)

    def log_unfinished(self) -> None:
        """Log what is cut, and what has not begun and never will, by name and the types of its arguments."""
        for task in self._unaborted():
            running, *rest = task.unfinished()
            log.error("%s was cut: the process ends", running)
            for step in rest:
                log_not_run(step)
        for task in self._waiting:
            log_not_run(task.step)

    @property
    def is_idle(self) -> bool:
        """Whether nothing runs but what asks, and what was cut."""
        return not self._unaborted()

    def _others(self) -> list[_PooledTask]:
        # A hub that was destroyed has no turn left to let out what is done.
        return [task for task in self._running if task is not getcurrent() and not task.ready()]

    def _unaborted(self) -> list[_PooledTask]:
        # One that goes on though it was cut would keep every further drain waiting.
        return [task for task in self._others() if not task.is_aborted]

    def _start_waiting(self) -> None:
        while self._waiting and len(self._running) < self._state.limit:
            task = self._waiting.popleft()
            self._running.add(task)
            # Not a finally in the greenlet: one that is killed before it has begun would have none.
            task.rawlink(self._release_slot)
            task.start()
            task.has_started.set()

    def _release_slot(self, task: Any) -> None:
        self._running.discard(task)
        self._start_waiting()


class PoolState(ProcessPart):
    """The settings of all pools of this process, and the tasks outside of them."""

    exit_order = ExitOrder.DRAIN_TASKS

    def __init__(self) -> None:
        self.limit = MAX_RUNNING
        self.drain_timeout = DRAIN_TIMEOUT
        self.is_draining = False
        self.inline: set[_InlineTask] = set()

    def after_fork(self) -> None:
        """Forget the tasks of the parent process, which runs them."""
        drop_hub_parts(WorkerPool)
        self.inline.clear()
        self.is_draining = False

    def at_exit(self) -> None:
        """Drain the pools, if there is anything to wait for."""
        if not all(pool.is_idle for _, pool in hub_parts(WorkerPool)):
            drain()


def submit(step: Step, context: Context) -> None:
    """Have *step* taken in *context*, and return at once where the current greenlet is one of a hub.

    There a greenlet of the hub's pool takes it, and what it raises is logged. Where the pool is full, this waits until
    it has begun; a greenlet of the pool takes it itself, then. Elsewhere it is done when this returns, and what it
    raises is raised here. After :func:`drain` no greenlet takes it: the log tells its name.
    """
    if not is_under_hub():
        _run_inline(step, context)
    elif part(PoolState).is_draining:
        log_not_run(step)
    else:
        hub_part(gevent.get_hub(), WorkerPool).submit(step, context)


def drain(limit: float | None = None) -> None:
    """Begin no task any more, and wait up to *limit* seconds for those of this thread's hub; then cut them.

    To be called by a greenlet of the hub, or the main one. None: as long as :func:`configure` says. A task is cut by
    throwing :class:`TaskAborted`, a ``GreenletExit``, where it waits, and has another second to clean up; one that
    never gives way cannot be cut. Logged are the name and the types of the arguments of what was cut and of what has
    not begun.
    Those who wait for a place when this is called still get one, within the limit.

    Tasks outside a pool, those of other threads, are waited for as long; they cannot be cut, and the log names them.
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
            # It belongs to another thread, whose greenlets cannot be waited for from here.
            pool.log_unfinished()
    _await_other_threads(deadline)


def configure(*, limit: int | None = None, drain: float | None = None) -> None:
    """Set *limit*, how many tasks run at once for each hub, and *drain*, the seconds that a process which ends waits.

    A task is the tasks of one response. What is not given stays. Raises ``ValueError`` for a *limit* below 1 and a
    *drain* below 0.
    """
    if limit is not None:
        if limit < 1:
            raise ValueError(f"limit must be at least 1, got {limit!r}")
        part(PoolState).limit = limit
    if drain is not None:
        if not drain >= 0:  # neither is NaN
            raise ValueError(f"drain must be a number of seconds, 0 or more, got {drain!r}")
        part(PoolState).drain_timeout = drain


def iterate_tasks(tasks: Sequence[Step]) -> Iterator[Step]:
    """Yield *tasks*, also those that are added meanwhile, until the task that this belongs to is cut."""
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
    """Log that *step* will not be taken."""
    log.error("%s was not run: the process ends", step)


def _run_inline(step: Step, context: Context) -> None:
    task = _InlineTask(step)
    inline = part(PoolState).inline
    inline.add(task)
    try:
        context.run(step)
    finally:
        inline.discard(task)


def _await_other_threads(deadline: float) -> None:
    """Wait until *deadline* for what other threads do, then tell of it, once."""
    wait_until(lambda: not _in_other_threads(), deadline)
    for task in _in_other_threads():
        part(PoolState).inline.discard(task)
        log.error("%s is not done: the process ends, and without greenlets it cannot be cut", task.step)


def _in_other_threads() -> list[_InlineTask]:
    return [task for task in list(part(PoolState).inline) if task.thread != get_ident()]


def _is_inside_a_task() -> bool:
    """Return whether this greenlet is one of a pool, or was spawned by one that still runs and may wait for it."""
    greenlet: Any = getcurrent()
    while greenlet is not None:
        if isinstance(greenlet, _PooledTask) and not greenlet.dead:
            return True
        greenlet = getattr(greenlet, "spawning_greenlet", lambda: None)()
    return False


def _drain_within(grace: float) -> None:
    """Drain before the server kills the process, *grace* seconds after it was told to stop."""
    left = grace - shutdown.seconds_since_stop() - shutdown.KILL_MARGIN
    drain(max(min(part(PoolState).drain_timeout, left), 0))


shutdown.at_shutdown(shutdown.ShutdownOrder.TASKS, _drain_within)
