"""The end of a worker: which streams are open in this process, how they learn of it, and what is cut at last."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import gevent
from gevent import monkey

from wsgiresp._runtime.close_steps import log
from wsgiresp._runtime.hubs import is_under_hub, may_block_thread, start_thread
from wsgiresp._tasks.worker_pool import drain, drain_limit

if TYPE_CHECKING:
    from types import FrameType

    from wsgiresp._types import WSGIEnvironment

POLL_INTERVAL = 0.05
"""Seconds between two looks at whether the worker is to stop."""

FINISH_TIMEOUT = 1.0
"""Seconds that streams have to end in, from when they are asked, and again from when they are cut."""

KILL_MARGIN = 1.5
"""Seconds before the server kills the process in which no task goes on: those that are cut have 1 s to clean up."""

_real_sleep: Any = monkey.get_original("time", "sleep")


class OpenStream(Protocol):
    """A stream, which can be asked from any thread."""

    def finish(self) -> None:
        """End soon, with the last words, if it is a stream that may be ended."""
        ...

    def abort(self) -> None:
        """Close the source soon, wherever it stands: the transfer breaks off."""
        ...


class _Process:
    """What is known of the end of this process."""

    stopped_at: float | None = None  # of time.monotonic()
    watcher: object = None
    """Who looks at whether the worker is to stop."""


_process = _Process()
_open: set[OpenStream] = set()


def register(stream: OpenStream) -> None:
    """Count *stream* as open, until :func:`unregister`; where the worker stops already it is asked to end at once."""
    _open.add(stream)
    if _process.stopped_at is not None:
        stream.finish()


def unregister(stream: OpenStream) -> None:
    """Count *stream* as closed."""
    _open.discard(stream)


def finish_streams() -> int:
    """Ask the streams that are open, and those that will be, to end; return how many are open. From any thread."""
    if _process.stopped_at is None:
        _process.stopped_at = time.monotonic()
    streams = list(_open)
    for stream in streams:
        stream.finish()
    return len(streams)


def abort_streams(limit: float) -> None:
    """Close the sources of the streams that are still open, and wait up to *limit* seconds until that is done.

    The log names what made them.
    """
    streams = list(_open)
    if streams:
        names = ", ".join(f"{count} of {name}" for name, count in Counter(map(str, streams)).most_common())
        log.warning("streams are cut, since the process ends: %s", names)
    for stream in streams:
        stream.abort()
    _await_closed(limit)


def shut_down(grace: float) -> None:
    """Bring streams and tasks to their end, within *grace* seconds from when the streams were asked to end.

    *grace*: after so many the server kills the process. Streams have
    :data:`FINISH_TIMEOUT` to end in before they are aborted, tasks what :func:`drain_limit` says; the log names what
    was aborted.
    """
    finish_streams()
    _await_closed(FINISH_TIMEOUT - seconds_since_stop())
    abort_streams(FINISH_TIMEOUT)
    drain(max(min(drain_limit(), grace - seconds_since_stop() - KILL_MARGIN), 0))


def seconds_since_stop() -> float:
    """Return for how long the streams have been asked to end, 0 where they have not."""
    return 0 if _process.stopped_at is None else time.monotonic() - _process.stopped_at


def watch_worker(is_alive: Callable[[], bool], grace: float, at_stop: Callable[[], object] | None = None) -> None:
    """Ask the streams to end, and call *at_stop*, when *is_alive* says that the worker is to stop; once in a process.

    *grace*: the seconds from then on after which the server kills the process. What is left shortly before is brought
    to its end by :func:`shut_down`, for a server that kills does not say what it cut.
    """
    if _process.watcher is None:
        _process.watcher = watcher = _WorkerWatcher(is_alive, grace, at_stop)
        if may_block_thread():
            start_thread(watcher.look_in_thread, "wsgiresp-stopping")
        else:
            watcher.look_in_hub()


class _WorkerWatcher:
    def __init__(self, is_alive: Callable[[], bool], grace: float, at_stop: Callable[[], object] | None) -> None:
        self._is_alive = is_alive
        self._grace = grace
        self._at_stop = at_stop
        self._until_shutdown = max(grace - FINISH_TIMEOUT - KILL_MARGIN, grace / 2)

    def look_in_hub(self) -> None:
        # Not referenced, so that the hub does not go on for it.
        looks = gevent.get_hub().loop.timer(POLL_INTERVAL, POLL_INTERVAL, ref=False)

        def look() -> None:
            if not self._is_alive():
                looks.close()
                self._stop()
                gevent.spawn_later(self._until_shutdown, self._end)

        looks.start(look)

    def look_in_thread(self) -> None:
        while self._is_alive():
            _real_sleep(POLL_INTERVAL)
        self._stop()
        _real_sleep(self._until_shutdown)
        self._end()

    def _stop(self) -> None:
        finish_streams()
        if self._at_stop is not None:
            self._at_stop()

    def _end(self) -> None:
        if _process.watcher is self:
            shut_down(self._grace)


def watch_server(environ: WSGIEnvironment) -> None:
    """Follow the worker of gunicorn that serves this request, unless it was configured to be followed.

    gunicorn tells nobody of it without a hook; but it is among those who called us.
    """
    if _process.watcher is None and ("gunicorn.socket" in environ or "gunicorn.sock" in environ):
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


def _await_closed(limit: float) -> None:
    deadline = time.monotonic() + limit
    # Where no hub runs us, the streams are in other threads.
    pause = _real_sleep if may_block_thread() else gevent.sleep
    while _open and time.monotonic() < deadline:
        pause(POLL_INTERVAL / 5)


def _begin_anew() -> None:
    _process.stopped_at = None
    _process.watcher = None
    _open.clear()


# A child serves streams of its own. Windows does not fork.
getattr(os, "register_at_fork", lambda **_: None)(after_in_child=_begin_anew)
