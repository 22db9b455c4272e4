"""Stream policy, as data: preamble, keep-alive ping, write timeout, maximum age, closing bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

CLOSE_TIMEOUT = 10.0
"""Seconds that ``close()`` waits for a source to be closed; then it goes on without it and says so."""

FIRST_STEP_GRACE = 0.02
"""Seconds for a source that runs elsewhere to fail in, before the preamble goes out."""


class StreamPolicy(NamedTuple):
    """How a stream behaves beside its chunks; all times in seconds, 0 for never.

    *preamble* is sent at once, *ping* whenever *ping_interval* has passed without a chunk, with *second_ping* soon
    after it where only a second write shows that a client has left. *closing_bytes* returns the last bytes of a stream
    that is finished by *max_age* or with the worker; a stream without it is not finished. A client that takes nothing
    for *send_timeout* is dropped.
    """

    preamble: bytes = b""
    ping: bytes = b""
    second_ping: bytes = b""
    ping_interval: float = 0
    send_timeout: float = 0
    max_age: float = 0
    closing_bytes: Callable[[], bytes] | None = None


RUN_TO_END = StreamPolicy()
"""A stream that runs to its end, however long that takes."""

MAY_FINISH = StreamPolicy(closing_bytes=bytes)
"""A stream that may be finished between any two chunks, without closing bytes."""


def transfer_error(error: BaseException) -> BaseException:
    """Return what to raise to the server where the source has raised *error* after its first chunk.

    Servers take an ``OSError`` for a client that has left and say nothing of it, and some know nothing of what is no
    ``Exception``.
    """
    if isinstance(error, KeyboardInterrupt) or (
        isinstance(error, Exception) and not isinstance(error, OSError | StopIteration | StopAsyncIteration)
    ):
        return error
    ended = RuntimeError(f"a stream ended early: its source raised {error!r}")
    ended.__cause__ = error
    return ended
