"""gevent runtime: the hub of the current thread behind the runtime interface, kept alive while a stream is open.

Theory of operation
-------------------
Each thread that asks gevent for a hub gets one. Under a hub-driven server (gunicorn's gevent worker, gevent.pywsgi) the
reader of a stream is a greenlet of that hub, and others run whenever it waits. On a thread server the reader is the
main greenlet of its thread: the hub, made for the stream, runs only while the reader waits in a
:class:`~wsgiresp._runtime.wakeup_event.WakeupEvent`.

A hub without watchers raises ``LoopExit`` in the greenlet that waits, since gevent does not know that another thread
will wake it. So each runtime object is a lease: the first lease of a hub starts a watcher that keeps the loop running,
and closing the last lease stops it. A hub that was created for the first lease is destroyed with the last one, since
gevent does not free it when a pool thread ends (two descriptors each). It is kept if that happens outside of the
thread's main greenlet, or on the default loop of the main thread. A hub that existed before is never destroyed:
greenlets of the application may wait on it.

See docs/explanation/greenlets.md.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from time import time
from typing import Any

import gevent
from gevent._hub_local import get_hub_if_exists
from gevent.hub import Hub
from greenlet import GreenletExit, getcurrent, greenlet

from wsgiresp._runtime import hubs
from wsgiresp._runtime.disconnect import watch_disconnect
from wsgiresp._runtime.hubs import is_under_hub, let_hub_poll
from wsgiresp._runtime.process import hub_part
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._runtime.timer_queue import TimerQueue, timer_queue
from wsgiresp._runtime.wakeup_event import WakeQueue, WakeupEvent, destroy_hub
from wsgiresp._types import Callback


class GeventRuntime:
    """The hub of this thread, for one stream: a :class:`~wsgiresp._runtime.interface.GreenletRuntime`.

    ``hub`` stays alive until :meth:`close`, which the same thread must call.
    """

    __slots__ = ("_is_open", "_loop", "_wake_queue", "hub", "runs_others")

    def __init__(self) -> None:
        is_there = get_hub_if_exists() is not None
        self.hub: Hub = gevent.get_hub()
        self._loop: Any = self.hub.loop  # hub.loop is None once it is destroyed
        self._wake_queue = hub_part(self.hub, WakeQueue)
        self.runs_others = is_under_hub()
        self._is_open = True
        leases = hub_part(self.hub, _LeaseCount)
        if not leases.count:
            leases.keep(self.hub, is_ours=not is_there)
        leases.count += 1

    def wakeup(self) -> WakeupEvent:
        """Return a new wakeup event for one greenlet of the hub."""
        return WakeupEvent(self.hub)

    def timers(self, seconds: float) -> TimerQueue:
        """Return the timer queue of the hub for timeouts of *seconds*."""
        return timer_queue(self.hub, seconds)

    def call_soon(self, callback: Callable[..., object], *arguments: object) -> None:
        """Call *callback* with *arguments* in the hub, where it must not wait."""
        self._loop.run_callback(callback, *arguments)

    def call_soon_threadsafe(self, callback: Callback) -> None:
        """Call *callback* in the hub; from any thread. Without effect once the hub is destroyed."""
        with self._wake_queue.loop_lock, contextlib.suppress(ValueError):
            self._loop.run_callback_threadsafe(callback)

    def watch_disconnect(self, server: ServerProfile, callback: Callback) -> Callback:
        """Call *callback* in the hub when the client of *server* disconnects; return a callable that ends the watch."""
        return watch_disconnect(server, self.hub, callback)

    def greenlet(self, run: Callable[..., object]) -> greenlet:
        """Return a greenlet of the hub that has not started.

        A plain one: ``gevent.Greenlet`` takes 0.9 KiB more for what no stream needs (links, joining, names).
        """
        return greenlet(run, self.hub)

    def interrupter(self) -> Callable[[BaseException], object]:
        """Return a callable that raises its argument in the current greenlet; to be called in the hub."""
        return getcurrent().throw

    def is_turn_due(self) -> bool:
        """Return whether the loop has not polled for more than a turn."""
        # The loop's own time is updated when it polls, and stands still between two polls.
        now: float = self._loop.now()
        # abs(): a clock that was set back must not keep the loop from polling.
        return abs(time() - now) > hubs.TURN

    def yield_turn(self) -> None:
        """Let the loop poll its sockets, and other greenlets run; blocks the current greenlet until then."""
        let_hub_poll()

    def close(self) -> None:
        """Give the lease back; in the thread that made it. A second call has no effect."""
        if not self._is_open:
            return
        self._is_open = False
        leases = hub_part(self.hub, _LeaseCount)
        leases.count -= 1
        if not leases.count:
            leases.release(self.hub)


class _LeaseCount:
    """The number of open leases of a hub, and the watcher that keeps its loop waiting while there is one."""

    __slots__ = ("_is_ours", "_watcher", "count")

    def __init__(self) -> None:
        self.count = 0
        self._is_ours = False
        self._watcher: Any = None

    def keep(self, hub: Hub, is_ours: bool) -> None:
        self._is_ours = self._is_ours or is_ours
        self._watcher = hub.loop.async_()
        self._watcher.start(lambda: None)

    def release(self, hub: Hub) -> None:
        self._watcher.stop()
        self._watcher.close()
        self._watcher = None
        if self._is_ours and getcurrent().parent is None and not hub.loop.default:
            # Run the pending callbacks first: a destroyed loop keeps them for good, unseen by the garbage collector.
            gevent.sleep(0)
            if self.count:  # one of them has opened a runtime, which needs the hub
                return
            destroy_hub(hub)
            # A destroyed hub's greenlet stays suspended and references this thread's frames: GreenletExit ends it, so
            # that it is collected. A dead one is not affected.
            hub.throw(GreenletExit)
