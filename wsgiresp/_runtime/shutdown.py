"""Shutdown of a worker: notices that gunicorn stops it, and runs what was registered for that, within the grace period.

Theory of operation
-------------------
Two lists of callables are filled by the modules whose subjects end with a worker, when they are imported:

* :func:`at_stop`: called at once, in whatever thread :func:`stop` is called, when the worker is to stop. They only ask
  (an event stream to finish, say), and never wait.
* :func:`at_shutdown`: called by :func:`shut_down`, one after the other in the order of :class:`ShutdownOrder`, with the
  seconds after which the server kills the process. They wait, and abort what has not ended by then.

:func:`watch_worker` looks at whether the worker is to stop, in a timer of the hub or in a real thread, and calls the
first list when it is; the second one shortly before the grace period ends, for a server that kills does not say what it
cut. With the hooks of ``wsgiresp.adapters.gunicorn`` the second list comes as soon as the worker exits. Without them
:func:`watch_server` finds the worker among the callers of the first stream.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import gevent

from wsgiresp._runtime.hubs import is_under_hub, may_block_thread
from wsgiresp._runtime.process import ProcessPart, part
from wsgiresp._runtime.threads import real_sleep, start_thread

if TYPE_CHECKING:
    from types import FrameType

    from wsgiresp._runtime.server_profile import ServerProfile

LOOK_AT_WORKER_EVERY = 0.05
"""Seconds between two looks at whether the worker is to stop."""

FINISH_TIMEOUT = 1.0
"""Seconds that streams have to end in, from when they are asked, and again from when they are aborted."""

KILL_MARGIN = 1.5
"""Seconds before the server kills the process in which no task goes on: those that are aborted have 1 s to clean up."""


class ShutdownOrder(IntEnum):
    """The place of a callable in :func:`shut_down`."""

    STREAMS = 1
    TASKS = 2  # streams end with tasks


_at_stop: list[Callable[[], object]] = []
_at_shutdown: dict[ShutdownOrder, Callable[[float], object]] = {}


class ShutdownState(ProcessPart):
    """What this process knows of its end: since when it is to stop, and who looks at that."""

    def __init__(self) -> None:
        self.stopped_at: float | None = None  # of time.monotonic()
        self.watcher: object = None

    def after_fork(self) -> None:
        """Begin anew: a child has a worker of its own."""
        self.stopped_at = self.watcher = None


def at_stop(callback: Callable[[], object]) -> None:
    """Have *callback* called when the worker is to stop, from any thread; it must not wait."""
    _at_stop.append(callback)


def at_shutdown(order: ShutdownOrder, callback: Callable[[float], object]) -> None:
    """Have *callback* called by :func:`shut_down` at its place, with the grace period in seconds."""
    _at_shutdown[order] = callback


def stop() -> None:
    """Tell this process that it is to stop; from any thread. Again tells again, and counts from the first time."""
    state = part(ShutdownState)
    if state.stopped_at is None:
        state.stopped_at = time.monotonic()
    for callback in _at_stop:
        callback()


def is_stopping() -> bool:
    """Return whether this process is to stop."""
    return part(ShutdownState).stopped_at is not None


def seconds_since_stop() -> float:
    """Return for how long this process has been told to stop, 0 where it has not."""
    stopped_at = part(ShutdownState).stopped_at
    return 0 if stopped_at is None else time.monotonic() - stopped_at


def shut_down(grace: float) -> None:
    """Bring streams and tasks to their end, within *grace* seconds from when the process was told to stop.

    *grace*: after so many the server kills the process. Streams have :data:`FINISH_TIMEOUT` to end in before they are
    aborted, tasks what the pool was configured for; the log names what was aborted.
    """
    stop()
    for order in sorted(_at_shutdown):
        _at_shutdown[order](grace)


def watch_worker(is_alive: Callable[[], bool], grace: float, when_stopped: Callable[[], object] | None = None) -> None:
    """Call :func:`stop`, and *when_stopped*, as soon as *is_alive* says that the worker is to stop; once in a process.

    *grace*: the seconds from then on after which the server kills the process. What is left shortly before is brought
    to its end by :func:`shut_down`.
    """
    state = part(ShutdownState)
    if state.watcher is None:
        state.watcher = watcher = _WorkerWatcher(is_alive, grace, when_stopped)
        if may_block_thread():
            start_thread(watcher.look_in_thread, "wsgiresp-shutdown")
        else:
            watcher.look_in_hub()


class _WorkerWatcher:
    def __init__(self, is_alive: Callable[[], bool], grace: float, when_stopped: Callable[[], object] | None) -> None:
        self._is_alive = is_alive
        self._grace = grace
        self._when_stopped = when_stopped
        self._until_shutdown = max(grace - FINISH_TIMEOUT - KILL_MARGIN, grace / 2)

    def look_in_hub(self) -> None:
        # Not referenced, so that the hub does not go on for it.
        looks = gevent.get_hub().loop.timer(LOOK_AT_WORKER_EVERY, LOOK_AT_WORKER_EVERY, ref=False)

        def look() -> None:
            if not self._is_alive():
                looks.close()
                self._stop()
                gevent.spawn_later(self._until_shutdown, self._shut_down)

        looks.start(look)

    def look_in_thread(self) -> None:
        while self._is_alive():
            real_sleep(LOOK_AT_WORKER_EVERY)
        self._stop()
        real_sleep(self._until_shutdown)
        self._shut_down()

    def _stop(self) -> None:
        stop()
        if self._when_stopped is not None:
            self._when_stopped()

    def _shut_down(self) -> None:
        if part(ShutdownState).watcher is self:
            shut_down(self._grace)


def watch_server(server: ServerProfile) -> None:
    """Watch the worker of gunicorn that serves this request, unless one is watched already.

    Without hooks gunicorn tells nobody that it stops; but its worker object is in the frames of our callers.
    """
    if part(ShutdownState).watcher is None and server.is_gunicorn:
        worker = _worker_above(sys._getframe())
        if worker is None and is_under_hub():
            # Called by a server of gevent's that knows nothing of its worker, which waits in the main greenlet.
            main: Any = gevent.get_hub().parent
            worker = _worker_above(main.gr_frame)
        if worker is not None:
            watch_worker(lambda: bool(worker.alive), worker.cfg.graceful_timeout)


def _worker_above(frame: FrameType | None) -> Any:
    while frame is not None:
        caller = frame.f_locals.get("self")
        # By all its classes: its own may be the user's.
        kinds = type(caller).__mro__
        if any(kind.__module__.startswith("gunicorn.workers.") for kind in kinds) and hasattr(caller, "alive"):
            return caller
        frame = frame.f_back
    return None
