"""Wakeup event: an auto-reset event of a gevent hub with a single waiter, which any thread may set.

Theory of operation
-------------------
One message to 5,000 clients sets 5,000 events at once. gevent's loop calls its callbacks in order of arrival, and the
greenlet of a new connection is started by such a callback. If each event were a callback, a new connection would be
accepted after 2 to 4 ms, but its greenlet would start only after the last client has been served, 100 to 140 ms later.
So a set event is kept in one of two places:

* *loop callback*: the first ``SLICE_LENGTH`` set events; each costs the same as any callback;
* *wake queue*, one for each hub: all further events. A timer of the hub wakes them in *slices*. A slice ends after
  ``SLICE_LENGTH`` waiters or ``SLICE_TIME``, and does not include events set while it runs. Between two slices the loop
  calls its other callbacks and polls its sockets.

Events are delivered in the order in which they were set: while the queue is not empty, new events are appended to it,
and the timer starts after the last loop callback.

================  ============================================  ====================================================
Who               Calls                                         Writes
================  ============================================  ====================================================
the hub's thread  ``set()``, ``wait()``, ``wake_and_yield()``,  all attributes; appends to the queue, takes from it
                  and from the loop all else
any other thread  ``set_threadsafe()``                          ``_state``, from reset to set; appends to the queue
================  ============================================  ====================================================

**Other threads** put the event into the queue, and then have the loop call ``_arrive()``, which begins to empty the
queue if nobody else does. So each event in the queue has something in the loop that comes after it: a callback, an
``_arrive()`` or the timer. That is why none is lost. No lock is needed: appending to a deque is atomic. Where two
threads write ``_state`` at once, one wake-up too many comes.

**Failures.** If there is no memory for a callback of the loop, the call is repeated once, since the waiter would wait
for ever. An exception that a waiter does not catch ends the slice, and gevent reports it, as it does for a callback.
The timer repeats itself, so the rest is woken by the next slice. An event whose waiter was killed stays in the queue;
it is then a set event without a waiter, and ends the next wait.

**Lifetime.** The queue belongs to the hub (``hub_part``), so it references neither the hub nor the loop while it is
empty; the timer is made with the first slice and closed with the last. Its events reference the hub: they are dropped
by ``destroy_hub()``, and in the slice in which a waiter destroys the hub itself.

**Destruction.** gevent's ``run_callback_threadsafe()`` checks that the loop exists, and then uses it; a loop that the
hub's thread destroys in between crashes the process. So each call from another thread holds ``loop_lock``, and
``destroy_hub()`` too. With the lock, an event is either in the queue before the queue is dropped, or finds the loop
gone and drops itself: one in between would keep its hub for good. It is a re-entrant lock: the destruction may switch
greenlets, and an allocation may run finalizers, which set events too.

**Fork.** The hub of the thread that forks goes on in the child with its callbacks and timers, and so does its queue.
Those of other threads are never called again, as their threads are gone. The locks are replaced, since another thread
may have held one.

Rejected, with what was measured on two cores (one wake-up, with the switch to the waiter and back, takes 1.2 us):

* all events in the queue, the loop calls the queue alone: 1.04 times the time of a single wake-up, 1.3 times if another
  thread sets it, 1.6 times if two events are set at once;
* one event in the loop instead of ``SLICE_LENGTH``: a flag costs less than a count, but two events pay for a slice;
* a slice that follows as a callback of the loop instead of a timer: a new request waits 59 ms instead of 3, since the
  loop looks at its clock only after 50 callbacks, which are 50 slices;
* producers that give way after they have put a chunk: a producer takes 9 us, and most of it comes before its ``put()``.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from time import monotonic
from typing import Any

import gevent
from gevent import monkey
from gevent.exceptions import ConcurrentObjectUseError, HubDestroyed
from gevent.hub import Hub
from greenlet import getcurrent, greenlet

from wsgiresp._runtime.process import ProcessPart, hub_part, hub_parts, part

SLICE_LENGTH = 50
"""Waiters that are woken before the hub polls its sockets. A client takes 20 to 30 us, so these take 1 to 1.5 ms."""

SLICE_TIME = 0.002
"""Seconds after which a slice ends before that, if its waiters take longer."""

_SHORTEST = 1e-6  # s from one slice to the next; not 0, with which the hub does not poll

_RESET, _SET, _DELIVERED = range(3)  # delivered: set, and the hub has called this event

_switch = greenlet.switch
_RLock: Any = monkey.get_original("_thread", "RLock")


class WakeupEvent:
    """Wakes the one greenlet of *hub* that waits for it. If it is set while nobody waits, it ends the next wait.

    The waiter may also wake without a reason, so it looks again at what it waits for. To be made in the thread of the
    hub.
    """

    # Not gevent's Waiter: what that has on the stack of each stream that waits is copied at each switch.
    __slots__ = ("_hub", "_loop", "_queue", "_state", "_waiter")

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._loop: Any = hub.loop
        self._queue = hub_part(hub, WakeQueue)
        self._waiter: greenlet | None = None
        self._state = _RESET

    def set(self) -> None:
        """Wake the waiter, after those whose events were set before; to be called in the thread of the hub."""
        if not self._state:
            queue = self._queue
            # The state last: an event that the loop could not take, for want of memory, must not count as set.
            if queue or queue.in_loop >= SLICE_LENGTH:
                queue.append(self)
            else:
                try:
                    self._loop.run_callback(self)
                except MemoryError:  # maybe only for a moment: nothing else would wake the waiter
                    self._loop.run_callback(self)
                queue.in_loop += 1
            self._state = _SET

    def set_threadsafe(self) -> None:
        """Wake the waiter, after those whose events were set before; to be called in any thread."""
        if not self._state:
            self._state = _SET
            queue = self._queue
            with queue.loop_lock:
                queue.append(self)
                try:
                    self._begin_arrival()
                except ValueError:  # the hub was destroyed, so nobody waits any more
                    queue.clear()
                except BaseException:  # no memory: the event must not count as set
                    with suppress(ValueError):  # the hub has taken it meanwhile
                        queue.remove(self)
                        self._state = _RESET
                    raise

    def _begin_arrival(self) -> None:
        try:
            self._loop.run_callback_threadsafe(WakeupEvent._arrive, self)
        except MemoryError:  # as in set(), unless the hub has taken the event already
            if self not in self._queue:
                return
            self._loop.run_callback_threadsafe(WakeupEvent._arrive, self)

    # The event itself is the loop's callback: each waiting stream then costs the garbage collector one object less,
    # and a bound method with its argument would cost two.
    def __call__(self) -> None:
        """Wake the waiter; called by the hub for an event that is in the loop."""
        queue = self._queue
        queue.in_loop -= 1
        self._state = _DELIVERED
        try:
            if queue and not queue.in_loop:
                queue.start(self._loop)
        finally:
            if self._waiter is not None:
                self._waiter.switch()

    def deliver(self) -> None:
        """Wake the waiter now; called by the hub."""
        self._state = _DELIVERED
        if self._waiter is not None:
            self._waiter.switch()

    def wait(self) -> None:
        """Wait until it is set, and reset it; ``ConcurrentObjectUseError`` if another greenlet waits already."""
        if self._waiter is not None:
            raise ConcurrentObjectUseError("two greenlets wait for one wakeup event")
        try:
            if self._state != _DELIVERED:
                self._waiter = waiter = getcurrent()
                if waiter is self._hub:
                    self._hub.switch()  # raises BlockingSwitchOutError
                # Not the hub's own switch(): it looks for a hook of the greenlet, a tenth of the time of a wake-up.
                _switch(self._hub)
        finally:
            # Before the caller checks what it waits for: a set() from now on announces something new.
            self._waiter = None
            self._state = _RESET

    def wake_and_yield(self) -> None:
        """Wake the waiter, if there is one, before those in the queue, and return after it has run."""
        if self._waiter is not None:
            self._loop.run_callback(self.deliver)
            gevent.sleep(0)

    def _arrive(self) -> None:
        """Begin to empty the queue, unless that is under way; called by the hub for an event of another thread."""
        queue = self._queue
        if queue and not queue.in_loop and not queue.is_sliced:
            first = queue.popleft()
            try:
                if queue:
                    queue.start(self._loop)
            finally:
                first.deliver()


class WakeQueue(deque[WakeupEvent]):
    """The events of one hub that are set and wait for their slice."""

    __slots__ = ("_timer", "in_loop", "loop_lock")

    def __init__(self) -> None:
        super().__init__()
        self.loop_lock: Any = _RLock()
        """A real lock, held while a thread that is not the hub's calls the loop, and while the loop is destroyed."""
        part(LoopLocks)
        self.in_loop = 0
        """Events of the hub that are callbacks of its loop, and not in this queue."""
        self._timer: Any = None

    @property
    def is_sliced(self) -> bool:
        """Whether the timer runs that wakes a slice each time."""
        return self._timer is not None

    def start(self, loop: Any) -> None:
        """Have *loop* wake the events in slices; without effect if it does so already."""
        if self._timer is None:
            try:
                self._timer = loop.timer(_SHORTEST, _SHORTEST)
            except MemoryError:  # maybe only for a moment: nothing else would wake the events
                self._timer = loop.timer(_SHORTEST, _SHORTEST)
            # The loop's own clock stands still while greenlets run, so the timer is due when the loop has polled.
            self._timer.start(self._wake_slice)

    def drop(self) -> None:
        """Forget the events, since the hub is destroyed."""
        self.clear()
        self._stop()

    def _stop(self) -> None:
        if self._timer is not None:
            # A running timer would keep the loop alive when everything else is done.
            self._timer.close()
            self._timer = None

    def _wake_slice(self) -> None:
        if self.in_loop:  # these were set before; the loop may poll before it has called all of them
            return
        ends = monotonic() + SLICE_TIME
        try:
            for _ in range(min(len(self), SLICE_LENGTH)):
                self.popleft().deliver()
                if monotonic() > ends:
                    break
        except HubDestroyed:
            self.drop()
            raise
        if not self:
            self._stop()


class LoopLocks(ProcessPart):
    """The locks of all wake queues, as far as a fork is concerned."""

    def after_fork(self) -> None:
        """Replace the locks: a thread of the parent may have held one."""
        for _, queue in hub_parts(WakeQueue):
            queue.loop_lock = _RLock()


def destroy_hub(hub: Hub) -> None:
    """Destroy *hub* and its loop, and drop its pending events; in the thread of the hub."""
    queue = hub_part(hub, WakeQueue)
    with queue.loop_lock:
        queue.drop()
        hub.destroy(destroy_loop=True)
