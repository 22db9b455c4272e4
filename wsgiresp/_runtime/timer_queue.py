"""Timer queue of a gevent hub: all timeouts of one duration share one libev timer, so arming and cancelling are O(1).

Since all timeouts of a queue have one duration, they are due in the order in which they were armed, and rearming one is
two operations on a dict. A queue is used by the greenlets of its hub only; the hub calls the callbacks.
"""

from __future__ import annotations

import logging
import time
from weakref import WeakValueDictionary

from gevent.hub import Hub

from wsgiresp._runtime.process import hub_part
from wsgiresp._types import Callback

log = logging.getLogger("wsgiresp")

# s: upper bound of the slack, which is 5 % of the duration. Timeouts that are due within it fire together, early, so
# that many streams cost one wake-up.
_COALESCE = 0.05


class TimerQueue:
    """The timeouts of *hub* that fire after *seconds*; to be used by greenlets of that hub only."""

    __slots__ = ("__weakref__", "_due", "_is_running", "_loop", "_seconds", "_slack", "_timer")

    def __init__(self, hub: Hub, seconds: float) -> None:
        self._seconds = seconds
        self._slack = min(_COALESCE, seconds / 20)
        self._due: dict[Callback, float] = {}
        self._loop = hub.loop
        self._timer = self._loop.timer(seconds)
        self._is_running = False

    def arm(self, callback: Callback) -> None:
        """Call *callback* once, in the hub, after the duration, or up to 5 % (at most 50 ms) earlier.

        If it is armed already, the duration starts again.
        """
        self._due.pop(callback, None)
        self._due[callback] = time.monotonic() + self._seconds
        if not self._is_running:
            try:
                self._go_on(self._seconds)
            except BaseException:  # the caller takes it for not armed
                self._due.pop(callback, None)
                raise

    def cancel(self, callback: Callback) -> None:
        """Disarm *callback*; without effect if it is not armed."""
        self._due.pop(callback, None)
        if not self._due and self._is_running:
            # A running timer would keep the loop from ending when nothing else is left to do.
            self._timer.close()
            self._is_running = False

    def _start(self, seconds: float) -> None:
        self._timer.close()
        self._timer = self._loop.timer(seconds)
        # The loop's own clock stands still while greenlets run, and the timer would count from there.
        self._timer.start(self._fire, update=True)
        self._is_running = True

    def _fire(self) -> None:
        self._is_running = False
        now = time.monotonic()
        fired: list[Callback] = []
        wait: float | None = None
        for callback, due in self._due.items():
            if due > now + self._slack:
                wait = due - now
                break
            fired.append(callback)
        for callback in fired:
            del self._due[callback]
        if wait is not None:
            self._go_on(wait)
        for callback in fired:
            try:
                callback()
            except BaseException:  # the other callbacks are due too
                log.exception("timeout callback %r failed", callback)

    def _go_on(self, seconds: float) -> None:
        try:
            self._start(seconds)
        except Exception:  # there was no memory, maybe only for a moment
            self._start(seconds)


class TimerQueues(WeakValueDictionary[float, TimerQueue]):
    """The timer queues of one hub by their duration; a queue is freed with the last stream that references it."""


def timer_queue(hub: Hub, seconds: float) -> TimerQueue:
    """Return the timer queue of *hub* for timeouts of *seconds*, which all streams of the hub share."""
    queues = hub_part(hub, TimerQueues)
    found = queues.get(seconds)
    if found is None:
        found = queues[seconds] = TimerQueue(hub, seconds)
    return found
