"""A bell: one greenlet waits for it, and what runs elsewhere rings it."""

from __future__ import annotations

import contextlib
from typing import Any

import gevent
from gevent.hub import Hub, Waiter


class Bell:
    """Wakes the one greenlet of *hub* that waits for it; a ring that nobody waited for yet is not lost.

    The waiter may also wake without a ring, so it looks again at what it waits for.
    """

    __slots__ = ("_is_rung", "_loop", "_waiter")

    def __init__(self, hub: Hub) -> None:
        self._loop: Any = hub.loop
        self._waiter: Waiter[None] = Waiter(hub)
        self._is_rung = False

    def ring(self) -> None:
        """Wake the waiter in its turn; in the thread of the hub."""
        if not self._is_rung:
            self._is_rung = True
            self._loop.run_callback(self._waiter.switch, None)

    def ring_from_afar(self) -> None:
        """Wake the waiter in its turn; in any thread."""
        if not self._is_rung:
            self._is_rung = True
            # The hub is gone where the waiter gave up: nobody is left to be woken.
            with contextlib.suppress(ValueError):
                self._loop.run_callback_threadsafe(self._waiter.switch, None)

    def wait(self) -> None:
        """Wait until it rings."""
        try:
            self._waiter.get()
        finally:
            # Before the caller looks at what it waits for: a ring from now on means that there is something new.
            self._waiter.clear()
            self._is_rung = False

    def let_go(self) -> None:
        """Wake the waiter, if there is one, and return when it has had its turn."""
        if self._waiter.greenlet is not None:
            self.ring()
            gevent.sleep(0)
