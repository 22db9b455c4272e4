"""The end of a worker: which streams are open in this process, and how they learn that it stops."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import gevent
from gevent import monkey

from .closing import log
from .hubs import can_block, start_thread

if TYPE_CHECKING:
    from wsgiresp._types import WSGIEnvironment

LOOK_EVERY = 0.05
"""Seconds between two looks at whether the worker is to stop."""

_real_sleep: Any = monkey.get_original("time", "sleep")


class Stoppable(Protocol):
    """A stream, which can be asked from any thread."""

    def stop(self) -> None:
        """End soon, with the last words, if it is a stream that may be ended."""
        ...

    def cut(self) -> None:
        """Close the source soon, wherever it stands: the transfer breaks off."""
        ...


class _Process:
    """What is known of the end of this process."""

    stopped_at: float | None = None  # of time.monotonic()
    is_followed = False


_process = _Process()
_open: set[Stoppable] = set()


def enter(stream: Stoppable) -> None:
    """Count *stream* as open, until :func:`leave`; where the worker stops already it is asked to end at once."""
    _open.add(stream)
    if _process.stopped_at is not None:
        stream.stop()


def leave(stream: Stoppable) -> None:
    """Count *stream* as closed."""
    _open.discard(stream)


def stop_streams() -> int:
    """Ask the streams that are open, and those that will be, to end; return how many are open. From any thread."""
    if _process.stopped_at is None:
        _process.stopped_at = time.monotonic()
    streams = list(_open)
    for stream in streams:
        stream.stop()
    return len(streams)


def cut_streams(limit: float) -> None:
    """Close the sources of the streams that are still open, and wait up to *limit* seconds until that is done."""
    streams = list(_open)
    if streams:
        log.warning("%d streams are cut: the process ends", len(streams))
    for stream in streams:
        stream.cut()
    deadline = time.monotonic() + limit
    while _open and time.monotonic() < deadline:
        gevent.sleep(LOOK_EVERY / 5)


def seconds_since_stop() -> float:
    """Return for how long the streams have been asked to end, 0 where they have not."""
    return 0 if _process.stopped_at is None else time.monotonic() - _process.stopped_at


def follow(is_alive: Callable[[], bool]) -> None:
    """Ask the streams to end as soon as *is_alive* says that the worker is to stop; once in a process."""
    if _process.is_followed:
        return
    _process.is_followed = True
    if can_block():
        start_thread(lambda: _look_in_thread(is_alive), "wsgiresp-stopping")
        return
    # Not referenced, so that the hub does not go on for it.
    looks = gevent.get_hub().loop.timer(LOOK_EVERY, LOOK_EVERY, ref=False)

    def look() -> None:
        if not is_alive():
            looks.close()
            stop_streams()

    looks.start(look)


def follow_server(environ: WSGIEnvironment) -> None:
    """Follow the worker of gunicorn that serves this request, unless it was configured to be followed.

    gunicorn tells nobody of it without a hook; but it is among those who called us.
    """
    if not _process.is_followed and "gunicorn.socket" in environ:
        worker = _calling_worker()
        if worker is not None:
            follow(lambda: bool(worker.alive))


def _calling_worker() -> Any:
    frame = sys._getframe()
    while frame is not None:
        caller = frame.f_locals.get("self")
        if type(caller).__module__.startswith("gunicorn.workers.") and hasattr(caller, "alive"):
            return caller
        frame = frame.f_back  # type: ignore[assignment]
    return None


def _look_in_thread(is_alive: Callable[[], bool]) -> None:
    while is_alive():
        _real_sleep(LOOK_EVERY)
    stop_streams()


def _begin_anew() -> None:
    _process.stopped_at = None
    _process.is_followed = False
    _open.clear()


# A child serves streams of its own. Windows does not fork.
getattr(os, "register_at_fork", lambda **_: None)(after_in_child=_begin_anew)
