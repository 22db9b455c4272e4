"""A bell: one greenlet waits for it, and what runs elsewhere rings it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import gevent
from gevent.hub import Hub, Waiter

if TYPE_CHECKING:
    _Waiter = Waiter[None]
else:
    _Waiter = Waiter


class Bell(_Waiter):
    """Wakes the one greenlet of *hub* that waits for it; a ring that nobody waited for yet is not lost.

    The waiter may also wake without a ring, so it looks again at what it waits for.
    """

    __slots__ = ("_is_rung", "_loop")

    def __init__(self, hub: Hub) -> None:
        super().__init__(hub)
        self._loop: Any = hub.loop
        self._is_rung = False

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
    def __call__(self, source: object = None) -> None:
        """Wake the waiter now; in the hub."""
        self.switch(None)

    def wait(self) -> None:
        """Wait until it rings."""
        try:
            self.get()
        finally:
            # Before the caller looks at what it waits for: a ring from now on means that there is something new.
            self.clear()
            self._is_rung = False

    def let_go(self) -> None:
        """Wake the waiter, if there is one, and return when it has had its turn."""
        if self.greenlet is not None:
            self.ring()
            gevent.sleep(0)
