"""Range requests: from the text of a Range field to the spans to send (RFC 9110, Section 14). No byte is read here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

LIMIT = 100
"""Most ranges that a request may ask for; with more, it gets the whole representation (RFC 9110, Section 17.15)."""

Pair: TypeAlias = "tuple[int | None, int | None]"
"""First and last position, both inclusive, as the header has them; (5, None) is ``5-``, (None, 5) is ``-5``."""

# [0-9] and not \d, which knows the digits of every script; and int() alone would take "+1", "1_0" and " 1".
_INT_RANGE = re.compile(r"([0-9]+)-([0-9]*)")
_SUFFIX_RANGE = re.compile(r"-([0-9]+)")

_BEYOND = 10**19  # further than any file reaches: 2**63 is the end of off_t


UNKNOWN_STOP = 2**63
"""Where a span stops that has all of a representation whose length is not known."""


class Span(NamedTuple):
    """Bytes of a representation, half-open: *start* is the first, *stop* is after the last."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        """The number of bytes."""
        return self.stop - self.start


def select(value: str, length: int) -> list[Span] | None:
    """Return the spans to send for a Range field of text *value*, of a representation of *length* bytes.

    They are apart from each other: one is a plain 206, more are parts of ``multipart/byteranges``. An empty list is a
    416, None is a 200 with the whole representation.

    A representation without bytes is always sent whole: "a server MAY ignore the Range header field" (Section 14.2), no
    Content-Range can name a span without bytes, and a proxy that fetches slices (nginx's slice module) would pass a 416
    on to a client that has asked for all of it.
    """
    if length == 0:
        return None
    pairs = parse(value)
    return None if pairs is None else coalesce(resolve(pairs, length))


def ascending(spans: list[Span] | None) -> list[Span] | None:
    """Return *spans*, the result of :func:`select`, or None if they are not in ascending order.

    For a source in which going back is costly: a decompressor would begin anew for each span. A client SHOULD ask in
    ascending order, and other sets MAY be ignored (RFC 9110, Sections 14.2 and 17.15).
    """
    return spans if spans is None or spans == sorted(spans) else None


def parse(value: str) -> list[Pair] | None:
    """Return the byte ranges that the text of a Range field asks for, or None where it is to be ignored.

    That is: another unit than bytes (MUST, RFC 9110, Section 14.2), one wrong or backward range among the rest (MAY,
    Section 14.1.1), or more than ``LIMIT`` of them. The unit is caseless, empty members are skipped (Section 5.6.1.2).
    Positions from 10**19 on, of any number of digits, come back as 10**19 (Section 14.1.2 wants no overflow).
    """
    unit, _, range_set = value.strip(" \t").partition("=")
    # Each range has one hyphen, so too many are known before the first is looked at.
    if unit.lower() != "bytes" or range_set.count("-") > LIMIT:
        return None
    pairs = []
    for member in range_set.split(","):
        range_spec = member.strip(" \t")
        if range_spec:
            pair = _pair(range_spec)
            if pair is None:
                return None
            pairs.append(pair)
    return pairs or None


def _pair(range_spec: str) -> Pair | None:
    if match := _INT_RANGE.fullmatch(range_spec):
        first, last = match.groups()
        if not last:
            return _position(first), None
        return None if _exceeds(first, last) else (_position(first), _position(last))
    if match := _SUFFIX_RANGE.fullmatch(range_spec):
        return None, _position(match[1])
    return None


def _exceeds(first: str, last: str) -> bool:
    # As text: int() takes quadratic time, and refuses more than 4300 digits.
    first, last = first.lstrip("0"), last.lstrip("0")
    return (len(first), first) > (len(last), last)


def _position(digits: str) -> int:
    digits = digits.lstrip("0")
    return int(digits or "0") if len(digits) <= 19 else _BEYOND


def resolve(pairs: Sequence[Pair], length: int) -> list[Span]:
    """Return the satisfiable *pairs* as spans of a representation of *length* bytes, in the order asked.

    Cut where it ends (RFC 9110, Section 14.1.2). An empty list means that none can be met and the answer is 416
    (Section 15.5.17). The one span without bytes is that of a suffix of an empty representation.
    """
    spans = []
    for first, last in pairs:
        if first is None:
            if last:  # not -0
                spans.append(Span(max(length - last, 0), length))
        elif first < length:
            spans.append(Span(first, length if last is None else min(last + 1, length)))
    return spans


def coalesce(spans: Sequence[Span]) -> list[Span]:
    """Return *spans* with those that overlap or touch made one (RFC 9110, Section 15.3.7.2).

    Each stands where the first of its members stood, since parts SHOULD go out in the order asked. Costs one sort.
    """
    groups: list[tuple[int, Span]] = []
    for span, rank in sorted((span, rank) for rank, span in enumerate(spans)):
        if groups and span.start <= groups[-1][1].stop:
            first_rank, group = groups[-1]
            groups[-1] = min(first_rank, rank), Span(group.start, max(group.stop, span.stop))
        else:
            groups.append((rank, span))
    return [group for _, group in sorted(groups)]


def content_range(span: Span, length: int) -> str:
    """Return the text of a Content-Range: *span* of a representation of *length* bytes (RFC 9110, Section 14.4)."""
    return f"bytes {span.start}-{span.stop - 1}/{length}"


def unsatisfied_range(length: int) -> str:
    """Return the text of the Content-Range of a 416 (RFC 9110, Sections 14.4 and 15.5.17)."""
    return f"bytes */{length}"
