"""What a stream says beside its chunks, and when it ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Manner(NamedTuple):
    """How a stream behaves beside its chunks; all times in seconds, 0 for never.

    *opening* is sent at once, *ping* whenever *ping_after* has passed without a chunk, with *echo* soon after it where
    only a second write shows that a client has left. *farewell* gives the last words of a stream that is ended by
    *max_age* or with the worker; one without it is not. A client that takes nothing for *send_timeout* is dropped.
    """

    opening: bytes = b""
    ping: bytes = b""
    echo: bytes = b""
    ping_after: float = 0
    send_timeout: float = 0
    max_age: float = 0
    farewell: Callable[[], bytes] | None = None


PLAIN = Manner()
"""A stream that runs to its end, however long that takes."""

ENDING = Manner(farewell=bytes)
"""A stream that may be ended between any two chunks, without a word."""
