"""Wakeup event: an auto-reset event of a gevent hub with a single waiter, which any thread may set."""

from __future__ import annotations

import contextlib
from typing import Any

import gevent
from gevent.exceptions import ConcurrentObjectUseError
from gevent.hub import Hub
from greenlet import getcurrent, greenlet


class WakeupEvent:
    """Wakes the one greenlet of *hub* that waits for it; set while nobody waits, it ends the next wait at once.

    The waiter may also wake without a reason, so it looks again at what it waits for.
    """

    # Not gevent's Waiter: what that has on the stack of each stream that waits is copied at each switch.
    __slots__ = ("_hub", "_is_delivered", "_is_set", "_loop", "_waiter")

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._loop: Any = hub.loop
        self._waiter: greenlet | None = None
        self._is_set = False
        self._is_delivered = False  # set, and the hub has called us

    def set(self) -> None:
        """Wake the waiter in its turn; to be called in the thread of the hub."""
        if not self._is_set:
            self._is_set = True
            self._loop.run_callback(self)

    def set_threadsafe(self) -> None:
        """Wake the waiter in its turn; to be called in any thread."""
        if not self._is_set:
            self._is_set = True
            # ValueError: the hub was destroyed, so nobody waits any more.
            with contextlib.suppress(ValueError):
                self._loop.run_callback_threadsafe(self)

    # The event itself is the loop's callback: each waiting stream then costs the garbage collector one object less,
    # and a bound method with its argument would cost two.
    def __call__(self) -> None:
        """Wake the waiter now; called by the hub."""
        self._is_delivered = True
        if self._waiter is not None:
            self._waiter.switch()

    def wait(self) -> None:
        """Wait until it is set, and reset it; ``ConcurrentObjectUseError`` where another greenlet waits already."""
        if self._waiter is not None:
            raise ConcurrentObjectUseError("two greenlets wait for one wakeup event")
        try:
            if not self._is_delivered:
                self._waiter = getcurrent()
                self._hub.switch()
        finally:
            # Before the caller looks at what it waits for: whatever sets it from now on has something new.
            self._waiter = None
            self._is_set = self._is_delivered = False

    def wake_and_yield(self) -> None:
        """Wake the waiter, if there is one, and return when it has had its turn."""
        if self._waiter is not None:
            self.set()
            gevent.sleep(0)
