"""``TypeError`` for content that is no body, naming the class that takes it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Iterator, Mapping, Sequence, Set
from numbers import Number


def wrong_content(name: str, content: object) -> TypeError:
    """Return the error for *content* given to the class of this *name*, naming the class to use instead."""
    if isinstance(content, os.PathLike):
        instead = "FileResponse"
    elif isinstance(content, Iterator | AsyncIterable) or hasattr(content, "read"):
        instead = "StreamingResponse"
    elif isinstance(content, Mapping | Sequence | Set | Number) or hasattr(content, "__dataclass_fields__"):
        instead = "JSONResponse"
    else:
        instead = "JSONResponse for a document or StreamingResponse for chunks"
    return TypeError(f"content of {name} must be str, bytes or None, got {type(content).__name__}: use {instead}")
