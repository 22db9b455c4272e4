"""Body of several ranges: multipart/byteranges (RFC 9110, Section 14.6). No chance here, and no file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from .header_validation import Field, field
from .ranges import Span, content_range

Piece: TypeAlias = "bytes | Span"
"""Bytes to send as they are, or a span of the representation to send."""

# RFC 2046, Section 5.1.1, less what is no character of a token: clients are known that do not take a quoted boundary.
_BOUNDARY = re.compile(r"[0-9A-Za-z'+_\-.]{1,70}")


class Multipart(NamedTuple):
    """The content of a 206 with several parts: its fields, and its *pieces* in the order to send.

    Such a 206 carries no Content-Range of its own: MUST NOT, RFC 9110, Section 15.3.7.2.
    """

    content_type: str
    content_length: int
    pieces: list[Piece]


def frame(spans: Sequence[Span], length: int, part_type: str, boundary: str) -> Multipart | None:
    """Return *spans* of a representation of *length* bytes as parts, or None where they would be longer than all of it.

    *spans*: two or more, apart from each other. *part_type*: the Content-Type of the representation, which each part
    carries (SHOULD, RFC 9110, Section 15.3.7.2). *boundary*: 1-70 letters, digits and ``'+_-.``, ``ValueError`` for any
    other; one that nobody can guess, so that no content is able to end a part.
    """
    if _BOUNDARY.fullmatch(boundary) is None:
        raise ValueError(f"boundary must be 1-70 letters, digits and any of '+_-., got {boundary!r}")
    pieces = _pieces(spans, length, field("Content-Type", part_type), boundary)
    content_length = sum(piece.length if isinstance(piece, Span) else len(piece) for piece in pieces)
    if content_length > length:
        return None
    return Multipart(f"multipart/byteranges; boundary={boundary}", content_length, pieces)


def _pieces(spans: Sequence[Span], length: int, part_type: Field, boundary: str) -> list[Piece]:
    name, value = part_type
    pieces: list[Piece] = []
    line_end = ""  # the CRLF before a delimiter belongs to it; the first one has nothing to be set off from
    for span in spans:
        head = f"{line_end}--{boundary}\r\n{name}: {value}\r\nContent-Range: {content_range(span, length)}\r\n\r\n"
        pieces += head.encode("latin-1"), span
        line_end = "\r\n"
    pieces.append(f"\r\n--{boundary}--\r\n".encode("latin-1"))
    return pieces
