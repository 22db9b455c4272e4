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
greenlets of the application may wait on it. libev needs two descriptors for a hub. If it gets only one of them, it
tries again for ever and writes a line to stderr each time, so a hub is created only if three descriptors are free.

If a thread ends while it has leases, because streams were dropped without ``close()``, its loop will not run again. To
notice that, the leases hold a weak reference to an object that only the local storage of the thread references.

See docs/explanation/greenlets.md.
"""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Callable
from time import time
from typing import Any
from weakref import ref

import gevent
from gevent import monkey
from gevent._hub_local import get_hub_if_exists
from gevent.hub import Hub
from greenlet import GreenletExit, getcurrent, greenlet

from wsgiresp._runtime import hubs
from wsgiresp._runtime.disconnect import watch_disconnect
from wsgiresp._runtime.hubs import is_under_hub, let_hub_poll
from wsgiresp._runtime.process import ProcessPart, hub_part, part
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._runtime.threads import allocate_lock, get_ident
from wsgiresp._runtime.timer_queue import TimerQueue, timer_queue
from wsgiresp._runtime.wakeup_event import WakeQueue, WakeupEvent, destroy_hub
from wsgiresp._types import Callback


class GeventRuntime:
    """The hub of this thread, for one stream: a :class:`~wsgiresp._runtime.interface.GreenletRuntime`.

    ``hub`` stays alive until :meth:`close`, which the same thread must call.
    """

    __slots__ = ("_is_open", "_leases", "_loop", "_wake_queue", "hub", "runs_others")

    def __init__(self) -> None:
        hub = get_hub_if_exists()
        is_ours = hub is None
        self.hub: Hub = _new_hub() if hub is None else hub
        try:
            self._loop: Any = self.hub.loop  # hub.loop is None once it is destroyed
            self._wake_queue = hub_part(self.hub, WakeQueue)
            self.runs_others = is_under_hub()
            self._leases = hub_part(self.hub, _Leases)
            if not self._leases.count:
                self._leases.keep(self.hub, is_ours)
        except BaseException:
            if is_ours and not self.hub.loop.default:
                destroy_hub(self.hub)
            raise
        self._leases.count += 1
        self._is_open = True

    def wakeup(self) -> WakeupEvent:
        """Return a new wakeup event for one greenlet of the hub."""
        return WakeupEvent(self.hub)

    def timers(self, seconds: float) -> TimerQueue:
        """Return the timer queue of the hub for timeouts of *seconds*."""
        return timer_queue(self.hub, seconds)

    def call_soon(self, callback: Callable[..., object], *arguments: object) -> None:
        """Call *callback* with *arguments* in the hub, where it must not wait."""
        try:
            self._loop.run_callback(callback, *arguments)
        except MemoryError:  # maybe only for a moment
            self._loop.run_callback(callback, *arguments)

    def call_soon_threadsafe(self, callback: Callback) -> None:
        """Call *callback* in the hub; from any thread. Without effect once the hub is destroyed."""
        with self._wake_queue.loop_lock, contextlib.suppress(ValueError):
            try:
                self._loop.run_callback_threadsafe(callback)
            except MemoryError:  # maybe only for a moment
                self._loop.run_callback_threadsafe(callback)

    def watch_disconnect(self, server: ServerProfile, callback: Callback) -> Callback:
        """Call *callback* in the hub when the client of *server* disconnects; return a callable that ends the watch."""
        return watch_disconnect(server, self.hub, callback)

    def new_greenlet(self, run: Callable[..., object]) -> greenlet:
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

    @property
    def is_here(self) -> bool:
        """Whether the caller runs in the thread of the hub."""
        leases = self._leases
        return get_ident() == leases.ident and not leases.has_ended

    @property
    def may_wait_in_finalizer(self) -> bool:
        """Whether a finalizer that runs now may wait on this hub: this is its thread, and it has one stream."""
        return (
            self._is_open
            and not self.runs_others
            and get_hub_if_exists() is self.hub
            and getcurrent().parent is None
            and self._leases.count == 1
        )

    def call_soon_in_finalizer(self, callback: Callback) -> bool:
        """Call *callback* in the hub; from any thread, in a finalizer. Return False if the hub cannot be reached."""
        if self.runs_others and get_hub_if_exists() is self.hub:
            try:
                self._loop.run_callback(callback)
            except Exception:  # no memory, or a loop that is being destroyed
                return False
            return True
        return self._is_open and self._leases.post(callback)

    @property
    def has_ended(self) -> bool:
        """Whether the thread of the hub has ended, so that the hub will not run again."""
        return self._leases.has_ended

    def close(self) -> None:
        """End the lease. Call it in the thread that made it, or in any thread once that one has ended.

        A second call has no effect.
        """
        if self._is_open:
            self._is_open = False
            leases = self._leases
            leases.count -= 1
            if not leases.count:
                leases.release(self.hub)
            elif leases.posted and not self.runs_others:
                # On a thread server the hub runs only while a reader waits, and no other reader need ever wait.
                let_hub_poll()


class _Leases:
    """The open leases of a hub, and the watcher that keeps its loop waiting while there is one."""

    __slots__ = ("_is_ours", "_thread", "_watcher", "count", "ident", "posted")

    def __init__(self) -> None:
        self.count = 0
        self._is_ours = False
        self._watcher: Any = None
        self.posted: deque[Callback] = deque()
        """Callbacks that finalizers have posted and the hub has not called yet."""
        self._thread = _thread_token()
        self.ident = get_ident()

    @property
    def has_ended(self) -> bool:
        """Whether the thread of the hub has ended."""
        return self._thread() is None

    def post(self, callback: Callback) -> bool:
        """Have the hub call *callback*; takes no lock; from any thread. Return False if the hub will not run again."""
        if self.has_ended:
            return False
        self.posted.append(callback)
        try:
            self._watcher.send()
        except Exception:  # the hub was destroyed by the application
            return False
        return True

    def _call_posted(self) -> None:
        while self.posted:
            self.posted.popleft()()

    def keep(self, hub: Hub, is_ours: bool) -> None:
        self._is_ours = self._is_ours or is_ours
        self._watcher = hub.loop.async_()
        self._watcher.start(self._call_posted)

    def release(self, hub: Hub) -> None:
        self._watcher.stop()
        self._watcher.close()
        self._watcher = None
        if self.has_ended:
            destroy_hub(hub)
        elif self._is_ours and getcurrent().parent is None and not hub.loop.default:
            # Run the pending callbacks first: a destroyed loop keeps them for good, unseen by the garbage collector.
            gevent.sleep(0)
            # The same for wake-ups of other threads that wait for their slice, since a greenlet waits for each.
            pending = hub_part(hub, WakeQueue)
            while pending and not self.count:
                let_hub_poll()
            if self.count:  # one of them has opened a runtime, which needs the hub
                return
            _end_hub(hub)


def destroy_hub_of_thread() -> None:
    """Destroy the hub of this thread if there is one; for our threads, in which a task may have created it."""
    hub = get_hub_if_exists()
    if hub is not None:
        _end_hub(hub)


def _end_hub(hub: Hub) -> None:
    destroy_hub(hub)
    # A destroyed hub's greenlet stays suspended and references this thread's frames: GreenletExit ends it, so that it
    # is collected. A dead one is not affected.
    hub.throw(GreenletExit)


class _ThreadToken:
    """An object that lives as long as its thread."""

    __slots__ = ("__weakref__",)


class HubMaking(ProcessPart):
    """The state that all threads of a process share for the creation of hubs."""

    def __init__(self) -> None:
        self.tokens: Any = _real_local()
        """The token of each thread, in ``own``; only the local storage of the thread references it."""
        self.lock: Any = allocate_lock()
        """Held while a hub is created: two threads must not count on the same three free descriptors."""

    def after_fork(self) -> None:
        """Replace the lock: a thread of the parent may have held it."""
        self.lock = allocate_lock()


_real_local: Any = monkey.get_original("threading", "local")
_DESCRIPTORS = 3  # epoll, eventfd, and one more for loops of other kinds or versions


def _thread_token() -> ref[_ThreadToken]:
    """Return a weak reference to an object that is freed when the current thread ends."""
    tokens = part(HubMaking).tokens
    try:
        token: _ThreadToken = tokens.own
    except AttributeError:
        token = tokens.own = _ThreadToken()
    return ref(token)


def _new_hub() -> Hub:
    """Return a new hub for this thread; ``OSError`` if fewer than three descriptors are free."""
    with part(HubMaking).lock:
        taken: list[int] = []
        try:
            for _ in range(_DESCRIPTORS):
                taken.append(os.open(os.devnull, os.O_RDONLY))
        finally:
            for descriptor in taken:
                os.close(descriptor)
        return gevent.get_hub()
