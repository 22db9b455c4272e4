"""Representation metadata: the fields that an answer without the representation leaves out (RFC 9110, Section 8)."""

from __future__ import annotations

from collections.abc import Container

from .content import LENGTHS
from .header_validation import Field

_OF_THE_CONTENT = frozenset(
    {
        "accept-ranges",
        "content-digest",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-length",
        "content-md5",
        "content-range",
        "content-type",
    }
)
_OF_ITS_VERSION = frozenset({"content-location", "etag", "last-modified", "repr-digest"})

_EMPTY_TEXT = (("Content-Type", "text/plain; charset=utf-8"), LENGTHS[0])


def of_not_modified(fields: list[Field]) -> list[Field]:
    """Return the *fields* of the 200 that a 304 keeps (RFC 9110, Section 15.4.5).

    A Last-Modified stays only where there is no ETag, which says more.
    """
    return without(fields, _OF_THE_CONTENT | {"last-modified"} if has(fields, "etag") else _OF_THE_CONTENT)


def of_refusal(fields: list[Field]) -> list[Field]:
    """Return the *fields* of the 200 that a 412 or 416 keeps, with those of its own empty body."""
    return [*without(fields, _OF_THE_CONTENT | _OF_ITS_VERSION), *_EMPTY_TEXT]


def has(fields: list[Field], name: str) -> bool:
    """Return whether *fields* have one of *name*, which is in lower case."""
    return any(known.lower() == name for known, _ in fields)


def without(fields: list[Field], names: Container[str]) -> list[Field]:
    """Return *fields* but those of *names*, which are in lower case."""
    return [field for field in fields if field[0].lower() not in names]
