"""The gevent hub of a thread: who drives it, and a lease that keeps it alive while a stream is open.

A hub is there for each thread that asks for one, but only under a hub-driven server do others run while we wait. In any
other thread its greenlets run while the reader of a stream waits, and at no other time.
"""

from __future__ import annotations

from typing import Any

import gevent
from gevent import monkey
from gevent._hub_local import get_hub_if_exists
from gevent.hub import Hub
from greenlet import GreenletExit, getcurrent

from wsgiresp._runtime.process import hub_part


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

    A hub with nothing to wait for raises ``LoopExit`` in whoever waits: gevent cannot know that another thread will
    wake it. And a hub that was made in a thread of a server's pool is not freed when the thread ends: two descriptors
    each, so one that a lease has made goes with the last. Of any other hub somebody may have greenlets that wait.
    """

    __slots__ = ("_is_open", "hub")

    def __init__(self) -> None:
        is_there = get_hub_if_exists() is not None
        self.hub: Hub = gevent.get_hub()
        self._is_open = True
        leases = hub_part(self.hub, _LeaseCount)
        if not leases.count:
            leases.keep(self.hub, is_ours=not is_there)
        leases.count += 1

    def close(self) -> None:
        """Give the hub back; to be called in the thread that took it. A second call does nothing."""
        if not self._is_open:
            return
        self._is_open = False
        leases = hub_part(self.hub, _LeaseCount)
        leases.count -= 1
        if not leases.count:
            leases.release(self.hub)


class _LeaseCount:
    """How many leases a hub has, and the watcher that keeps its loop waiting while there are any."""

    __slots__ = ("_is_ours", "_watcher", "count")

    def __init__(self) -> None:
        self.count = 0
        self._is_ours = False
        self._watcher: Any = None

    def keep(self, hub: Hub, is_ours: bool) -> None:
        self._is_ours = is_ours
        self._watcher = hub.loop.async_()
        self._watcher.start(lambda: None)

    def release(self, hub: Hub) -> None:
        self._watcher.stop()
        self._watcher.close()
        self._watcher = None
        if self._is_ours and getcurrent().parent is None and not hub.loop.default:
            # What is still to be called first: a loop that is gone keeps it for good, unseen by the garbage collector.
            gevent.sleep(0)
            hub.destroy(destroy_loop=True)
            # A destroyed hub's greenlet stays suspended and references this thread's frames: GreenletExit ends it, so
            # that it is collected. A dead one is not affected.
            hub.throw(GreenletExit)
