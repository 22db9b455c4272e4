"""The streams that are open in this process: asked to end when its worker is to stop, aborted at its shutdown.

Theory of operation
-------------------
A WSGI body registers when it is created, an ASGI body when it begins. Both unregister once their source is closed, or
the time for that has passed. The shutdown runs in the main greenlet, a new greenlet or a real thread (see
``_runtime.shutdown``). It first asks the streams to end with the worker: those whose clients resume them send their
closing bytes, all others go on. At the shutdown, and at the earliest ``FINISH_TIMEOUT`` after the stop, it aborts those
that are still open. ``end_with_worker()`` and ``abort()`` never wait. The set is shared by all threads; each access is
one ``set``, ``list`` or ``deque`` operation, which the interpreter does not interrupt.

*Lost* streams were dropped without ``close()``, and their finalizer could not reach their loop: its thread has ended,
or there was no memory. The next stream that registers recovers them.

A forked child keeps references to the streams of its parent. If it dropped them, the ``finally`` blocks of their
sources would run in the child too.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import Protocol

from wsgiresp._runtime import shutdown
from wsgiresp._runtime.close_order import run_each
from wsgiresp._runtime.process import ProcessPart, part
from wsgiresp._runtime.shutdown import ShutdownOrder, seconds_since_stop
from wsgiresp._runtime.threads import wait_until

log = logging.getLogger("wsgiresp")


class OpenStream(Protocol):
    """A stream that can be asked from any thread; ``str()`` of it is the name of its source, for the log."""

    def end_with_worker(self) -> None:
        """End early, with the closing bytes, if the policy of the stream lets a stopping worker do so."""
        ...

    def abort(self) -> None:
        """Request that the source is closed and the transfer fails."""
        ...

    def __str__(self) -> str:
        """Return the name of the source."""
        ...


class LostStream(Protocol):
    """A stream whose body was dropped without ``close()``; ``str()`` of it is the name of its source, for the log."""

    def recover(self) -> bool:
        """Release the stream, from any thread; return False if the thread of its source has ended."""
        ...


class OpenStreams(ProcessPart):
    """The streams that are open."""

    def __init__(self) -> None:
        self.streams: set[OpenStream] = set()
        self.lost: deque[LostStream] = deque()
        self._of_parents: list[object] = []

    def after_fork(self) -> None:
        """Count none of the streams of the parent process, which serves them."""
        self._of_parents += (self.streams, self.lost)
        self.streams, self.lost = set(), deque()

    def counts(self) -> dict[str, int]:
        """Return how many streams are open."""
        return {"streams": len(self.streams)}


def register(stream: OpenStream) -> None:
    """Count *stream* as open, until :func:`unregister`; ask it to end if the worker is already stopping."""
    state = part(OpenStreams)
    if state.lost:
        _recover(state)
    state.streams.add(stream)
    if shutdown.is_stopping():
        stream.end_with_worker()


def unregister(stream: OpenStream) -> None:
    """Count *stream* as closed."""
    part(OpenStreams).streams.discard(stream)


def note_lost(stream: LostStream) -> None:
    """Keep *stream*, which was dropped without ``close()``, until the next stream recovers it; from a finalizer."""
    part(OpenStreams).lost.append(stream)


def forget_lost(stream: LostStream) -> None:
    """Keep *stream* no longer, since its own loop releases it."""
    with contextlib.suppress(ValueError):  # another thread recovers it at this moment
        part(OpenStreams).lost.remove(stream)


def _recover(state: OpenStreams) -> None:
    ended: list[LostStream] = []

    def recover(stream: LostStream) -> None:
        if not stream.recover():
            ended.append(stream)

    for _ in range(len(state.lost)):  # a stream that still cannot be reached is appended again
        with contextlib.suppress(IndexError):  # another thread may recover them too
            run_each((functools.partial(recover, state.lost.popleft()),))
    if ended:
        log.warning("streams were dropped without close(), and their threads have ended: %s", _counted(ended))


def _counted(streams: Iterable[object]) -> str:
    """Return the names of *streams* for the log, each with its number."""
    return ", ".join(f"{count} of {name}" for name, count in Counter(map(str, streams)).most_common())


def finish_streams() -> int:
    """Ask the open streams to end with their worker, from any thread; return how many there are."""
    streams = list(part(OpenStreams).streams)
    for stream in streams:
        _tell(stream, stream.end_with_worker)
    return len(streams)


def abort_streams(timeout: float) -> None:
    """Abort the streams that are still open, and wait up to *timeout* seconds until they are closed.

    The log names their sources.
    """
    streams = list(part(OpenStreams).streams)
    if streams:
        log.warning("open streams are aborted, since the process is shutting down: %s", _counted(streams))
    for stream in streams:
        _tell(stream, stream.abort)
    _await_closed(timeout)


def _tell(stream: OpenStream, request: Callable[[], None]) -> None:
    """Call *request*, a method of *stream*; its error is logged, since the other streams must be told too."""
    try:
        request()
    except Exception:
        log.exception("stream %s cannot be told that its worker ends", stream)


def _end_streams(grace: float) -> None:
    _await_closed(shutdown.FINISH_TIMEOUT - seconds_since_stop())
    abort_streams(shutdown.FINISH_TIMEOUT)


def _await_closed(timeout: float) -> None:
    streams = part(OpenStreams).streams
    wait_until(lambda: not streams, time.monotonic() + timeout)


shutdown.at_stop(finish_streams)
shutdown.at_shutdown(ShutdownOrder.STREAMS, _end_streams)
