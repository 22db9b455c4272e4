"""Cache-Control of a file, from the seconds for which it may be kept (RFC 9111, Section 5.2.2). No clock here."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, TypeAlias

MaxAge: TypeAlias = "int | timedelta | Literal['immutable']"

_YEAR = 31536000  # s; more is not meant by anybody, and RFC 2616 asked for no more


def cache_control(max_age: MaxAge) -> str:
    """Return the text of a Cache-Control that lets a cache use an answer for *max_age*, seconds or a timedelta.

    0 is ``no-cache``: it may be kept, and is asked for again each time. ``"immutable"`` is a year without a question
    (RFC 8246), for what gets another URL when it changes. Nothing here says ``public``, which would show to all what
    was sent to one with credentials (RFC 9111, Section 3.5). ``ValueError`` for anything else.
    """
    if max_age == "immutable":
        return f"max-age={_YEAR}, immutable"
    seconds = int(max_age.total_seconds()) if isinstance(max_age, timedelta) else max_age
    if type(seconds) is not int or seconds < 0:
        raise ValueError(f'max_age must be seconds from 0 on, a timedelta or "immutable", got {max_age!r}')
    return f"max-age={seconds}" if seconds else "no-cache"
