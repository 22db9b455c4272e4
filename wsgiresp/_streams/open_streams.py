"""The streams that are open in this process: finished when its worker is to stop, aborted at its shutdown.

Theory of operation
-------------------
A body registers itself when it is made (WSGI) or begun (ASGI), in its own thread, and unregisters in its ``close()``.
The shutdown, in the main greenlet or in a thread of its own (see ``_runtime.shutdown``), asks the registered streams:
first to finish, which an event stream does with its closing bytes. Shortly before the grace period ends it aborts those
that are still open. Both only post a request to the stream. The set is shared by all threads; each access to it is one
operation of ``set`` or ``list``, which the interpreter does not interrupt.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from typing import Protocol

from wsgiresp._runtime import shutdown
from wsgiresp._runtime.process import ProcessPart, part
from wsgiresp._runtime.shutdown import ShutdownOrder, seconds_since_stop
from wsgiresp._runtime.threads import wait_until
from wsgiresp._streams.bounded_buffer import ReadableBuffer

log = logging.getLogger("wsgiresp")


class OpenStream(Protocol):
    """A stream that can be asked from any thread; ``str()`` of it is the name of its source, for the log."""

    def finish(self) -> None:
        """End early, with the closing bytes, if the policy of the stream allows it."""
        ...

    def abort(self) -> None:
        """Close the source and break the transfer, soon."""
        ...

    def __str__(self) -> str:
        """Return the name of the source."""
        ...


class OpenStreams(ProcessPart):
    """The streams that are open."""

    def __init__(self) -> None:
        self.streams: set[OpenStream] = set()

    def after_fork(self) -> None:
        """Forget the streams of the parent process, which serves them."""
        self.streams.clear()


def register(stream: OpenStream) -> None:
    """Count *stream* as open, until :func:`unregister`; finish it at once if the worker is already stopping."""
    part(OpenStreams).streams.add(stream)
    if shutdown.is_stopping():
        stream.finish()


def unregister(stream: OpenStream) -> None:
    """Count *stream* as closed."""
    part(OpenStreams).streams.discard(stream)


def log_late_close(stream: OpenStream, seconds: float, is_aborted: bool) -> None:
    """Log that the source of *stream* was not closed within *seconds*."""
    if is_aborted:
        log.error("stream source %s is still running %g s after the abort of its stream", stream, seconds)
    else:
        log.warning("stream source %s did not close within %g s of the close of its stream", stream, seconds)


def log_unread_error(buffer: ReadableBuffer) -> None:
    """Log the error that a source has left in *buffer*, since no reader raises it any more."""
    error, buffer.error = buffer.error, None
    if error is not None:
        log.error("the source of a stream failed after its client had disconnected", exc_info=error)


def finish_streams() -> int:
    """Ask the open streams to finish, from any thread; return how many there are."""
    streams = list(part(OpenStreams).streams)
    for stream in streams:
        stream.finish()
    return len(streams)


def abort_streams(timeout: float) -> None:
    """Abort the streams that are still open, and wait up to *timeout* seconds until they are closed.

    The log names their sources.
    """
    streams = list(part(OpenStreams).streams)
    if streams:
        names = ", ".join(f"{count} of {name}" for name, count in Counter(map(str, streams)).most_common())
        log.warning("open streams are aborted, since the process is shutting down: %s", names)
    for stream in streams:
        stream.abort()
    _await_closed(timeout)


def _end_streams(grace: float) -> None:
    _await_closed(shutdown.FINISH_TIMEOUT - seconds_since_stop())
    abort_streams(shutdown.FINISH_TIMEOUT)


def _await_closed(timeout: float) -> None:
    streams = part(OpenStreams).streams
    wait_until(lambda: not streams, time.monotonic() + timeout)


shutdown.at_stop(finish_streams)
shutdown.at_shutdown(ShutdownOrder.STREAMS, _end_streams)
