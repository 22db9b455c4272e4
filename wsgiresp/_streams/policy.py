"""Stream policy, as data: preamble, keep-alive ping, write timeout, maximum age, closing bytes; errors of a stream."""

from __future__ import annotations

import errno
import functools
from collections.abc import Callable
from typing import NamedTuple

CLOSE_TIMEOUT = 10.0
"""Seconds that ``close()`` waits for a source to be closed; then it goes on without it and logs a warning."""

CLOSE_TIMEOUT_ABORTED = 0.5
"""The same after an abort, when the process is shutting down."""

FIRST_STEP_GRACE = 0.02
"""Seconds in which a source that runs in another thread or task may fail before the preamble is sent."""

SECOND_PING_AFTER = 0.1
"""Seconds between the two pings of a probe, at most: the RST of a client that has disconnected arrives meanwhile."""


class StreamPolicy(NamedTuple):
    """How a stream behaves besides its chunks; all times in seconds, 0 for never.

    *preamble* is sent before the first chunk, and does not wait for it. *ping* is the keep-alive ping (heartbeat), sent
    when the reader has waited *ping_interval* for a chunk. *second_ping* follows it if only a second write shows a
    disconnect. *closing_bytes* returns the last bytes of a stream that is finished early, by *max_age* or by a
    shutdown; without it a stream cannot be finished early. *ends_with_worker*: whether a worker that is to stop
    finishes the stream at once. If not, the stream goes on for as long as the server lets it, and is then aborted.
    *send_timeout* is the write timeout: if the client acknowledges no bytes for that long, or up to 1.25 times that,
    its connection is shut down. It has no effect on ASGI servers.
    """

    preamble: bytes = b""
    ping: bytes = b""
    second_ping: bytes = b""
    ping_interval: float = 0
    send_timeout: float = 0
    max_age: float = 0
    closing_bytes: Callable[[], bytes] | None = None
    ends_with_worker: bool = False


RUN_TO_END = StreamPolicy()
"""A stream that runs to its end, however long that takes."""

MAY_FINISH = StreamPolicy(closing_bytes=bytes, ends_with_worker=True)
"""A stream that a stopping worker finishes between any two chunks, without closing bytes."""


@functools.lru_cache
def outlasting_stop(policy: StreamPolicy) -> StreamPolicy:
    """Return *policy* for a stream that goes on while its worker stops; equal policies give the same object."""
    return policy._replace(ends_with_worker=False)


def start_error(error: BaseException) -> BaseException:
    """Return the error to raise to the caller if the source has raised *error* before its first chunk.

    A ``StopIteration`` or ``StopAsyncIteration`` would end the caller's own iteration (PEP 479).
    """
    if not isinstance(error, StopIteration | StopAsyncIteration):
        return error
    failed = RuntimeError(f"a stream raised {type(error).__name__}")
    failed.__cause__ = error
    return failed


def transfer_error(error: BaseException) -> BaseException:
    """Return the error to raise to the server if the source has raised *error* after its first chunk.

    Servers treat an ``OSError`` as a disconnect and log nothing, a ``StopIteration`` would end the iteration as if it
    were complete, and some servers do not handle other ``BaseException`` subclasses. These are wrapped in
    ``RuntimeError``. ``KeyboardInterrupt`` and ordinary exceptions are returned unchanged.
    """
    if isinstance(error, KeyboardInterrupt) or (
        isinstance(error, Exception) and not isinstance(error, OSError | StopIteration | StopAsyncIteration)
    ):
        return error
    ended = RuntimeError(f"a stream ended early: its source raised {error!r}")
    ended.__cause__ = error
    return ended


def aborted_error() -> OSError:
    """Return the error to raise to the server if the stream was aborted.

    An ``OSError``, for which servers log no traceback: thousands of streams may be aborted at once, and neither their
    clients nor their views have failed.
    """
    return BrokenPipeError(errno.EPIPE, "the stream was aborted: the worker is shutting down")
