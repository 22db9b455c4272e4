"""A bell: one greenlet waits for it, and what runs elsewhere rings it."""

from __future__ import annotations

import contextlib
from typing import Any

import gevent
from gevent.exceptions import ConcurrentObjectUseError
from gevent.hub import Hub
from greenlet import getcurrent, greenlet


class Bell:
    """Wakes the one greenlet of *hub* that waits for it; a ring that nobody waited for yet is not lost.

    The waiter may also wake without a ring, so it looks again at what it waits for.
    """

    # Not gevent's Waiter: what that has on the stack of each stream that waits is copied at each switch.
    __slots__ = ("_has_rung", "_hub", "_is_rung", "_loop", "_waiter")

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._loop: Any = hub.loop
        self._waiter: greenlet | None = None
        self._is_rung = False
        self._has_rung = False  # and the hub knows

    def ring(self) -> None:
        """Wake the waiter in its turn; in the thread of the hub."""
        if not self._is_rung:
            self._is_rung = True
            self._loop.run_callback(self)

    def ring_from_afar(self) -> None:
        """Wake the waiter in its turn; in any thread."""
        if not self._is_rung:
            self._is_rung = True
            # The hub is gone where the waiter gave up: nobody is left to be woken.
            with contextlib.suppress(ValueError):
                self._loop.run_callback_threadsafe(self)

    # What the loop is given to call: the bell itself, for each thing that waits to be called is one more for the
    # collector of cycles, and a method with its argument is two.
    def __call__(self) -> None:
        """Wake the waiter now; in the hub."""
        self._has_rung = True
        if self._waiter is not None:
            self._waiter.switch()

    def wait(self) -> None:
        """Wait until it rings."""
        if self._waiter is not None:
            raise ConcurrentObjectUseError("two greenlets wait for one bell")
        try:
            if not self._has_rung:
                self._waiter = getcurrent()
                self._hub.switch()
        finally:
            # Before the caller looks at what it waits for: a ring from now on means that there is something new.
            self._waiter = None
            self._is_rung = self._has_rung = False

    def let_go(self) -> None:
        """Wake the waiter, if there is one, and return when it has had its turn."""
        if self._waiter is not None:
            self.ring()
            gevent.sleep(0)
