"""Content-Type and Content-Length: their fields, checked and made once."""

from __future__ import annotations

import codecs
import re

from .header_validation import TOKEN, Field, exact, field

OCTET_STREAM = "application/octet-stream"

_MEDIA_TYPE = re.compile(rf"{TOKEN.pattern}/{TOKEN.pattern}(?:[ \t]*;.*)?")
_OF_CONTENT = frozenset({"content-encoding", "content-length", "content-type"})
_MOST_DIGITS = 18  # of a number that fits in 63 bits


class TypeFields(dict[str, Field]):
    """The Content-Type field of each media type met so far, for one charset."""

    def __init__(self, charset: str) -> None:
        self._charset = charset

    def __missing__(self, media_type: str) -> Field:
        if not isinstance(media_type, str):
            raise TypeError(f"media_type must be a str, got {media_type!r}")
        media_type = exact(media_type)
        made = content_type(media_type, self._charset)
        # A media type may come from an upload: the memo must not grow without end.
        if len(self) < 1024:
            self[media_type] = made
        return made


class _Charsets(dict[str, TypeFields]):
    def __missing__(self, charset: str) -> TypeFields:
        try:
            codecs.lookup(charset)
        except LookupError:
            raise ValueError(f"charset must be an encoding, got {charset!r}") from None
        if TOKEN.fullmatch(charset) is None:
            raise ValueError(f"charset must be a token (RFC 9110, Section 8.3.2), got {charset!r}")
        return self.setdefault(charset, TypeFields(charset))


class _LengthFields(dict[int, Field]):
    def __missing__(self, length: int) -> Field:
        return "Content-Length", str(length)


TYPES = _Charsets()
"""For each charset the Content-Type field of each media type; ``ValueError`` for what is none."""

UTF8_TYPES = TYPES["utf-8"]

LENGTHS = _LengthFields({length: ("Content-Length", str(length)) for length in range(1025)})
"""The Content-Length field of a body of so many bytes; those of bodies up to 1 KiB are made once (0.1 us an answer)."""


def content_type(media_type: str, charset: str) -> Field:
    """Return the Content-Type field of *media_type*: as it is, or with *charset* where it is text and names none.

    Raises ``ValueError`` for what is no ``type/subtype`` (RFC 9110, Section 8.3.1).
    """
    if _MEDIA_TYPE.fullmatch(media_type) is None:
        raise ValueError(f"media_type must be type/subtype (RFC 9110, Section 8.3.1), got {media_type!r}")
    if media_type[:5].lower() == "text/" and "charset=" not in media_type.lower():
        media_type = f"{media_type}; charset={charset}"
    return field("Content-Type", media_type)


def content_length(value: str) -> int:
    """Return the number of bytes that a Content-Length announces (RFC 9110, Section 8.6), or raise ``ValueError``."""
    if value.isdigit() and value.isascii() and len(value) <= _MOST_DIGITS:
        return int(value)
    raise ValueError(f"Content-Length must be a number of bytes, got {value!r}")


def announced_length(fields: list[Field]) -> int | None:
    """Return the bytes that *fields* announce, or None; ``ValueError`` for no length, and for two that differ."""
    announced: int | None = None
    for name, value in fields:
        if len(name) == 14 and name.lower() == "content-length":
            length = content_length(value)
            if announced not in (None, length):
                raise ValueError(f"Content-Length must be given once, got {announced} and {length}")
            announced = length
    return announced


def settle_length(fields: list[Field], length: int) -> None:
    """See to it that *fields* announce *length* bytes; ``ValueError`` where they already announce another number."""
    announced = announced_length(fields)
    if announced is None:
        fields.append(LENGTHS[length])
    elif announced != length:
        raise ValueError(f"Content-Length must be the {length} bytes of the body, got {announced}")


def without_content(fields: list[Field], status_code: int) -> list[Field]:
    """Return *fields* for an answer without content: a 205 says that it has 0 bytes, the others nothing of content.

    None of them has a Content-Encoding: no bytes are no gzip file. RFC 9110, Sections 8.6, 15.3.5, 15.3.6 and 15.4.5.
    """
    if status_code == 205:
        kept = [field for field in fields if field[0].lower() not in ("content-length", "content-encoding")]
        return [*kept, LENGTHS[0]]
    return [field for field in fields if field[0].lower() not in _OF_CONTENT]
