"""The streams that are open in this process: finished when its worker is to stop, aborted when it shuts down."""

from __future__ import annotations

import logging
import time
from collections import Counter
from typing import Protocol

from wsgiresp._runtime import shutdown
from wsgiresp._runtime.process import ProcessPart, part
from wsgiresp._runtime.shutdown import ShutdownOrder, seconds_since_stop
from wsgiresp._runtime.threads import wait_until

log = logging.getLogger("wsgiresp")


class OpenStream(Protocol):
    """A stream, which can be asked from any thread."""

    def finish(self) -> None:
        """End soon, with the closing bytes, if it is a stream that may be finished."""
        ...

    def abort(self) -> None:
        """Close the source soon, wherever it stands: the transfer breaks off."""
        ...


class OpenStreams(ProcessPart):
    """The streams that are open."""

    def __init__(self) -> None:
        self.streams: set[OpenStream] = set()

    def after_fork(self) -> None:
        """Forget the streams of the parent process, which serves them."""
        self.streams.clear()


def register(stream: OpenStream) -> None:
    """Count *stream* as open, until :func:`unregister`; where the worker stops already it is finished at once."""
    part(OpenStreams).streams.add(stream)
    if shutdown.is_stopping():
        stream.finish()


def unregister(stream: OpenStream) -> None:
    """Count *stream* as closed."""
    part(OpenStreams).streams.discard(stream)


def finish_streams() -> int:
    """Ask the streams that are open to finish, from any thread; return how many there are."""
    streams = list(part(OpenStreams).streams)
    for stream in streams:
        stream.finish()
    return len(streams)


def abort_streams(timeout: float) -> None:
    """Close the sources of the streams that are still open, and wait up to *timeout* seconds until that is done.

    The log names what made them.
    """
    streams = list(part(OpenStreams).streams)
    if streams:
        names = ", ".join(f"{count} of {name}" for name, count in Counter(map(str, streams)).most_common())
        log.warning("streams are cut, since the process ends: %s", names)
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
