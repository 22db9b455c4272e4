"""Alarms that all ring after the same number of seconds: one timer for a whole worker, not one for each stream.

Since all take as long, the order in which they are set is that in which they are due, and to set one anew is two
operations on a dict.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from weakref import WeakKeyDictionary, WeakValueDictionary

from gevent.hub import Hub

Ring = Callable[[], object]

_TOGETHER = 0.05  # s: what is due so soon rings now, so that many streams are one wake-up


class Alarms:
    """The alarms of *hub* that ring *after* so many seconds. All calls come from greenlets of that hub."""

    __slots__ = ("__weakref__", "_after", "_due", "_is_running", "_loop", "_slack", "_timer")

    def __init__(self, hub: Hub, after: float) -> None:
        self._after = after
        self._slack = min(_TOGETHER, after / 20)
        self._due: dict[Ring, float] = {}
        self._loop = hub.loop
        self._timer = self._loop.timer(after)
        self._is_running = False

    def set(self, ring: Ring) -> None:
        """Let *ring* be called once, in the hub, so many seconds from now; one that is set already is set anew."""
        self._due.pop(ring, None)
        self._due[ring] = time.monotonic() + self._after
        if not self._is_running:
            self._run(self._after)

    def clear(self, ring: Ring) -> None:
        """Let *ring* not be called."""
        self._due.pop(ring, None)
        if not self._due and self._is_running:
            # Or the loop would go on for it when all else is done.
            self._timer.close()
            self._is_running = False

    def _run(self, seconds: float) -> None:
        self._timer.close()
        self._timer = self._loop.timer(seconds)
        # The loop's own clock stands still while greenlets run, and the timer would count from there.
        self._timer.start(self._fire, update=True)
        self._is_running = True

    def _fire(self) -> None:
        self._is_running = False
        now = time.monotonic()
        rung: list[Ring] = []
        for ring, due in self._due.items():
            if due > now + self._slack:
                self._run(due - now)
                break
            rung.append(ring)
        for ring in rung:
            del self._due[ring]
        for ring in rung:
            ring()


_alarms: WeakKeyDictionary[Hub, WeakValueDictionary[float, Alarms]] = WeakKeyDictionary()


def alarms(hub: Hub, after: float) -> Alarms:
    """Return the alarms of *hub* that ring *after* so many seconds, shared by all who have them."""
    groups = _alarms.setdefault(hub, WeakValueDictionary())
    found = groups.get(after)
    if found is None:
        found = groups[after] = Alarms(hub, after)
    return found
