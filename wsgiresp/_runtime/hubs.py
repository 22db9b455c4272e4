"""The hub of a thread, and who drives it.

A hub is there for each thread that asks for one, but only under a hub-driven server do others run while we wait. In any
other thread its greenlets run while the reader of a stream waits, and at no other time.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import gevent
from gevent import monkey
from gevent._hub_local import get_hub_if_exists
from gevent.hub import Hub
from greenlet import GreenletExit, getcurrent

# Real ones, also where gevent has put its own in the place of them.
allocate_lock: Any = monkey.get_original("_thread", "allocate_lock")
_start_new_thread: Any = monkey.get_original("_thread", "start_new_thread")


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
    for known in [known for known in list(_joined) if not known.is_alive()]:
        _joined.pop(known, None)
    if thread is not None:
        _joined[thread] = is_ending


_joined: dict[threading.Thread, Callable[[], bool]] = {}
_LAST = 1.0  # s


def _join_at_exit() -> None:
    deadline = time.monotonic() + _LAST
    for thread, is_ending in _joined.copy().items():  # other threads put theirs in
        if is_ending():
            thread.join(max(deadline - time.monotonic(), 0))


atexit.register(_join_at_exit)
# A child has none of them. Windows does not fork.
getattr(os, "register_at_fork", lambda **_: None)(after_in_child=_joined.clear)


def is_under_hub() -> bool:
    """Return whether a hub drives the current greenlet, so that others run while it waits.

    That this thread has a hub says nothing.
    """
    return isinstance(getcurrent().parent, Hub)


def may_block_thread() -> bool:
    """Return whether a producer that waits may hold up this whole thread.

    So it is where no hub drives us and ``time.sleep`` and its like are not gevent's.
    """
    return not is_under_hub() and not monkey.is_module_patched("time")


class HubLease:
    """Keeps the hub of this thread alive as long as a stream is open on it.

    A hub with nothing to wait for raises ``LoopExit`` in whoever waits (gevent cannot know that another thread will
    ring). And a hub that was made in a thread of a server's pool is not freed when the thread ends: two descriptors
    each, so one that a lease has made goes with the last. Of any other hub somebody may have greenlets that wait.
    """

    __slots__ = ("_is_open", "hub")

    def __init__(self) -> None:
        is_there = get_hub_if_exists() is not None
        self.hub: Hub = gevent.get_hub()
        self._is_open = True
        leases = _lease_counts.get(self.hub)
        if leases is None:
            leases = _lease_counts[self.hub] = _LeaseCount(self.hub, is_ours=not is_there)
        leases.count += 1

    def close(self) -> None:
        """Let go; again and again changes nothing. In the thread that took it."""
        if not self._is_open:
            return
        self._is_open = False
        leases = _lease_counts[self.hub]
        leases.count -= 1
        if not leases.count:
            del _lease_counts[self.hub]
            leases.release(self.hub)


class _LeaseCount:
    __slots__ = ("count", "is_ours", "watcher")

    def __init__(self, hub: Hub, is_ours: bool) -> None:
        self.is_ours = is_ours
        self.count = 0
        self.watcher = hub.loop.async_()
        self.watcher.start(lambda: None)

    def release(self, hub: Hub) -> None:
        self.watcher.stop()
        self.watcher.close()
        if self.is_ours and getcurrent().parent is None and not hub.loop.default:
            # What is still to be called first: a loop that is gone keeps it for good, unseen by the garbage collector.
            gevent.sleep(0)
            hub.destroy(destroy_loop=True)
            # It waits behind its loop for ever, with all frames of this thread in its hands; a dead one is not hurt.
            hub.throw(GreenletExit)


_lease_counts: WeakKeyDictionary[Hub, _LeaseCount] = WeakKeyDictionary()
