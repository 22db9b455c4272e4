"""Process state: all that a fork or the exit of the process must reset, behind one fork hook and one exit hook.

Theory of operation
-------------------
Everything that one process holds and another must not inherit is an attribute of an object that this module keeps:

* a *part* of the process, one object for each subclass of :class:`ProcessPart`: the open streams, the settings of the
  worker pools, the asyncio thread, the threads to join, the state of a shutdown, the block budget of downloads;
* a *part of a hub*, one object for each class and hub: timer queues, the disconnect watcher, the lease, the worker
  pool. It is freed with its hub, so it must not reference the hub while it is idle.

Both are created at their first use. No other module registers anything with ``os.register_at_fork`` or
``atexit``.

**Fork.** In the child every part's ``after_fork()`` is called. Parts of hubs are kept, unless such a method drops them:
gevent keeps the hub of the thread that forked, and with it its timers and watchers.

**Exit.** ``at_exit()`` of the parts is called in the order of :class:`ExitOrder`: tasks are drained first, since tasks
that are coroutines need the asyncio thread; then that thread is stopped; then threads that are ending are joined. An
exit hook runs before the hooks that were registered earlier. Tasks must be drained before the application closes the
resources that they use (a database pool, for example, whose hook it registered when it was imported). So each new
worker pool moves the draining to the front by :func:`drain_before_other_exit_hooks`. The rest stays behind the hooks of
the application, which may still use the asyncio thread.

**Counts.** ``wsgiresp.worker_status()`` adds up the ``counts()`` of the parts. Each count reads a size by a single
operation of the interpreter, without a lock, since a health page may be called at any time.

Threads: every function may be called from any thread.
"""

from __future__ import annotations

import atexit
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from enum import IntEnum
from typing import Any, ClassVar, TypeVar
from weakref import WeakKeyDictionary

from gevent.hub import Hub

log = logging.getLogger("wsgiresp")

K = TypeVar("K")
V = TypeVar("V")


class ExitOrder(IntEnum):
    """The order in which the exit hook calls the parts."""

    DRAIN_TASKS = 1
    STOP_ASYNCIO = 2
    JOIN_THREADS = 3
    NOTHING = 4


class ProcessPart:
    """The state of one subject in this process. A subclass is instantiated without arguments at its first use."""

    exit_order: ClassVar[ExitOrder] = ExitOrder.NOTHING

    def after_fork(self) -> None:
        """Drop, in the child process, the state that belongs to the parent process."""

    def at_exit(self) -> None:
        """Shut the part down at the exit of the process."""

    def counts(self) -> Mapping[str, int]:
        """Return how many objects this part holds now, by the name of a field of :class:`wsgiresp.WorkerStatus`.

        Any thread or greenlet may call it, so it takes no lock and never waits.
        """
        return {}


P = TypeVar("P", bound=ProcessPart)


class Process:
    """All state of this process: its parts by class, the parts of hubs by hub and class, and the events logged once."""

    def __init__(self) -> None:
        self.identity = object()
        """A new object in each process. An object that stores it knows later whether the process has forked since."""
        self.is_exiting = False
        """Whether the exit hook has been called."""
        self.parts: dict[type[ProcessPart], ProcessPart] = {}
        self.hubs: WeakKeyDictionary[Hub, dict[Callable[[], object], Any]] = WeakKeyDictionary()
        self.told: set[str] = set()


PROCESS = Process()


def part(kind: type[P]) -> P:
    """Return the single object of the class *kind* in this process; create it at the first call."""
    try:
        return PROCESS.parts[kind]  # type: ignore[return-value]  # the value is an instance of its key
    except KeyError:
        # Two threads may get here at once: setdefault() keeps the object of the first, for both.
        return PROCESS.parts.setdefault(kind, kind())  # type: ignore[return-value]  # as above


def counts() -> Counter[str]:
    """Return the sum of the counts of all parts of this process; no part is created for that."""
    sums: Counter[str] = Counter()
    for one in list(PROCESS.parts.values()):  # a copy: another thread may create a part meanwhile
        sums.update(one.counts())
    return sums


def hub_part(hub: Hub, kind: Callable[[], V]) -> V:
    """Return the single object of the class *kind* for *hub*; create it at the first call. It is freed with the hub."""
    parts = PROCESS.hubs.get(hub)
    if parts is None:
        parts = PROCESS.hubs.setdefault(hub, {})
    found: Any = parts.get(kind)
    if found is None:
        found = parts[kind] = kind()
    return found  # type: ignore[no-any-return]  # the dict is keyed by the class of the value


def hub_parts(kind: Callable[[], V]) -> list[tuple[Hub, V]]:
    """Return pairs of a hub and its object of the class *kind*. Other threads may create more meanwhile."""
    return [(hub, parts[kind]) for hub, parts in live_items(PROCESS.hubs) if kind in parts]


def drop_hub_parts(kind: Callable[[], object]) -> None:
    """Drop the object of the class *kind* from every hub."""
    for _, parts in live_items(PROCESS.hubs):
        parts.pop(kind, None)


def is_first(event: str) -> bool:
    """Return True at the first call with *event* in this process, else False; for messages that are logged once."""
    if event in PROCESS.told:
        return False
    PROCESS.told.add(event)
    return True


def live_items(shared: WeakKeyDictionary[K, V]) -> list[tuple[K, V]]:
    """Return a snapshot of the items of *shared* whose keys are alive.

    ``WeakKeyDictionary.items()`` raises ``RuntimeError`` if another thread adds an item meanwhile; ``keyrefs()`` copies
    the list of references in one step.
    """
    pairs = []
    for reference in shared.keyrefs():
        key = reference()
        if key is not None:
            with suppress(KeyError):  # removed meanwhile by another thread
                pairs.append((key, shared[key]))
    return pairs


def drain_before_other_exit_hooks() -> None:
    """Move :data:`ExitOrder.DRAIN_TASKS` before all exit hooks that are registered so far.

    The other parts of the exit keep their place: those hooks may still use the asyncio thread and the joined threads.
    """
    atexit.unregister(_drain_at_exit)
    atexit.register(_drain_at_exit)


def _drain_at_exit() -> None:
    _end_parts((ExitOrder.DRAIN_TASKS,))


def _at_exit() -> None:
    PROCESS.is_exiting = True
    _end_parts((ExitOrder.STOP_ASYNCIO, ExitOrder.JOIN_THREADS))


def _end_parts(orders: Iterable[ExitOrder]) -> None:
    for order in orders:
        # Looked up again for each place: a task that is drained may create a part, such as the asyncio thread.
        for one in [found for found in list(PROCESS.parts.values()) if found.exit_order is order]:
            try:
                one.at_exit()
            except BaseException:  # as atexit itself does: the next parts still run
                log.exception("at_exit() of %r failed", one)


def _after_fork() -> None:
    PROCESS.identity = object()
    for one in list(PROCESS.parts.values()):
        one.after_fork()


atexit.register(_at_exit)
# Windows does not fork.
getattr(os, "register_at_fork", lambda **_: None)(after_in_child=_after_fork)
