"""Process state: what a fork or the exit of this process must reset, behind one fork hook and one exit hook.

Theory of operation
-------------------
Everything that one process holds and another must not inherit is an attribute of an object that this module keeps:

* a *part* of the process, one object for each subclass of :class:`ProcessPart`: the open streams, the settings of the
  worker pools, the asyncio thread, the threads to join, the state of a shutdown;
* a *part of a hub*, one object for each class and hub: timer queues, the disconnect watcher, the lease, the worker
  pool. It goes with its hub, so it must not reference the hub while it is idle.

Both are made at their first use. No other module registers anything with ``os.register_at_fork`` or
``atexit``.

**Fork.** In the child every part's ``after_fork()`` is called. Parts of hubs stay, but for those that such a method
drops: gevent keeps the hub of the thread that forked, and with it its timers and watchers.

**Exit.** ``at_exit()`` of the parts is called in the order of :class:`ExitOrder`: tasks are drained first, since those
that are coroutines need the asyncio thread; then that thread is stopped; then threads that are ending are joined. An
exit hook runs before those that were registered earlier. So that tasks are drained before the application closes what
they use (a database pool, say, which it registered when it was imported), each new worker pool moves the
draining to the front by :func:`drain_before_other_exit_hooks`; the rest stays behind the hooks of the application,
which may still use the asyncio thread.

Threads: every function may be called from any thread.
"""

from __future__ import annotations

import atexit
import logging
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import IntEnum
from typing import Any, ClassVar, TypeVar
from weakref import WeakKeyDictionary

from gevent.hub import Hub

log = logging.getLogger("wsgiresp")

K = TypeVar("K")
V = TypeVar("V")


class ExitOrder(IntEnum):
    """The place of a part in the exit hook."""

    DRAIN_TASKS = 1
    STOP_ASYNCIO = 2
    JOIN_THREADS = 3
    NOTHING = 4


class ProcessPart:
    """State of one subject in this process; a subclass is made without arguments, at its first use."""

    exit_order: ClassVar[ExitOrder] = ExitOrder.NOTHING

    def after_fork(self) -> None:
        """Forget, in the child, what belongs to the parent process."""

    def at_exit(self) -> None:
        """Bring it to its end, since the process ends."""


P = TypeVar("P", bound=ProcessPart)


class _Process:
    """All state of this process: its parts by class, those of hubs by hub and class, and what was told once."""

    def __init__(self) -> None:
        self.parts: dict[type[ProcessPart], ProcessPart] = {}
        self.hubs: WeakKeyDictionary[Hub, dict[Callable[[], object], Any]] = WeakKeyDictionary()
        self.told: set[str] = set()


PROCESS = _Process()


def part(kind: type[P]) -> P:
    """Return the one object of the class *kind* in this process."""
    try:
        return PROCESS.parts[kind]  # type: ignore[return-value]
    except KeyError:
        # Two threads may come here at once; the object of the first is everybody's.
        return PROCESS.parts.setdefault(kind, kind())  # type: ignore[return-value]


def hub_part(hub: Hub, kind: Callable[[], V]) -> V:
    """Return the one object of *hub* that the class *kind* makes, which goes with the hub."""
    parts = PROCESS.hubs.get(hub)
    if parts is None:
        parts = PROCESS.hubs.setdefault(hub, {})
    found: Any = parts.get(kind)
    if found is None:
        found = parts[kind] = kind()
    return found  # type: ignore[no-any-return]


def hub_parts(kind: Callable[[], V]) -> list[tuple[Hub, V]]:
    """Return the hubs that have an object of the class *kind*, each with it; also while other threads make some."""
    return [(hub, parts[kind]) for hub, parts in live_items(PROCESS.hubs) if kind in parts]


def drop_hub_parts(kind: Callable[[], object]) -> None:
    """Forget the object of the class *kind* of every hub."""
    for _, parts in live_items(PROCESS.hubs):
        parts.pop(kind, None)


def is_first(event: str) -> bool:
    """Return whether this is asked for the first time about *event*: for what the log tells once in a process."""
    if event in PROCESS.told:
        return False
    PROCESS.told.add(event)
    return True


def live_items(shared: WeakKeyDictionary[K, V]) -> list[tuple[K, V]]:
    """Return the pairs of *shared* whose keys live, as they are now.

    Its own ``items()`` raises ``RuntimeError`` where another thread puts something in meanwhile; the list of its
    references is made in one step.
    """
    pairs = []
    for reference in shared.keyrefs():
        key = reference()
        if key is not None:
            with suppress(KeyError):  # taken out meanwhile
                pairs.append((key, shared[key]))
    return pairs


def drain_before_other_exit_hooks() -> None:
    """Have :data:`ExitOrder.DRAIN_TASKS` done before the exit hooks that were registered until now.

    The rest of the exit stays where it is: those hooks may still use the asyncio thread, and the threads that they end.
    """
    atexit.unregister(_drain_at_exit)
    atexit.register(_drain_at_exit)


def _drain_at_exit() -> None:
    _at_exit((ExitOrder.DRAIN_TASKS,))


def _at_exit(orders: Iterable[ExitOrder] = (ExitOrder.STOP_ASYNCIO, ExitOrder.JOIN_THREADS)) -> None:
    for order in orders:
        # Looked up for each place anew: what is drained may need a part that was not there before.
        for one in [found for found in list(PROCESS.parts.values()) if found.exit_order is order]:
            try:
                one.at_exit()
            except BaseException:  # as by atexit itself: what comes behind it still has its turn
                log.exception("%r failed when the process ended", one)


def _after_fork() -> None:
    for one in list(PROCESS.parts.values()):
        one.after_fork()


atexit.register(_at_exit)
# Windows does not fork.
getattr(os, "register_at_fork", lambda **_: None)(after_in_child=_after_fork)
