"""Decision of a file request: 200, 206, 304, 412 or 416, its fields, and the spans to send. No file is touched."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from wsgiresp._protocol import conditions, dates
from wsgiresp._protocol.byteranges import Piece, frame
from wsgiresp._protocol.conditions import Validators, Verdict
from wsgiresp._protocol.content import LENGTHS, OCTET_STREAM, announced_length, settle_length, without_content
from wsgiresp._protocol.header_validation import Field
from wsgiresp._protocol.ranges import UNKNOWN_STOP, Span, content_range, select, unsatisfied_range
from wsgiresp._protocol.representation import has, of_not_modified, of_refusal, without
from wsgiresp._protocol.status import BODILESS, LINES

if TYPE_CHECKING:
    from wsgiresp._types import WSGIEnvironment

OK = LINES[200]

Select: TypeAlias = "Callable[[str, int], list[Span] | None]"
"""The spans to send, of the text of a Range field and a length: ``ranges.select`` or one that allows fewer of them."""

_CONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE")
_ASKING = ("HTTP_RANGE", *_CONDITIONS)
# What is true of the whole file alone: the digests are of the bytes that go out (RFC 9530, Section 2).
_OF_THE_WHOLE = frozenset({"content-length", "content-range", "content-digest", "content-md5"})


class Answer(NamedTuple):
    """What to say, and what to send: a span, the pieces of a multipart body, or nothing.

    A span that ends at ``UNKNOWN_STOP`` is all there is of a file object whose length nobody knows.
    """

    status: str
    fields: list[Field]
    content: Span | list[Piece] | None


def asks(environ: WSGIEnvironment, accepts_ranges: bool) -> bool:
    """Return whether the request of *environ* has a condition, or a Range where *accepts_ranges*, that may count."""
    asking = _ASKING if accepts_ranges else _CONDITIONS
    return environ["REQUEST_METHOD"] in ("GET", "HEAD") and not environ.keys().isdisjoint(asking)


def file_answer(
    environ: WSGIEnvironment, status: str, fields: list[Field], length: int | None, spans_of: Select = select
) -> Answer:
    """Return the answer to the request of *environ* for a file of *length* bytes, None where that is not known.

    *status* and *fields* are those of the answer that sends all of it, with its validators and without its length.
    *spans_of* chooses the spans that are sent for a Range. Conditions and ranges count for a GET or HEAD that would end
    in a 200 (RFC 9110, Sections 13.2.1 and 14.2).

    Raises ``ValueError`` where *fields* announce another length.
    """
    if status == OK and not environ.keys().isdisjoint(_ASKING):
        verdict = conditions.evaluate(environ["REQUEST_METHOD"], environ, _validators_in(fields))
        if verdict is Verdict.NOT_MODIFIED:
            return Answer(LINES[304], of_not_modified(fields), None)
        if verdict is Verdict.PRECONDITION_FAILED:
            return Answer(LINES[412], of_refusal(fields), None)
        if verdict is Verdict.RANGE and length is not None:
            spans = spans_of(environ["HTTP_RANGE"], length)
            if spans is not None:
                return _partial(fields, spans, length) or _whole(environ, status, fields, length)
    return _whole(environ, status, fields, length)


def _validators_in(fields: list[Field]) -> Validators:
    named = {name.lower(): value for name, value in fields}
    last_modified = dates.parse(named.get("last-modified", ""))
    # RFC 9110, Section 8.8.2.2: the file may change again within the second that is not over.
    is_strong = last_modified is not None and last_modified < int(time.time())
    return Validators(named.get("etag"), last_modified, is_strong)


def _partial(fields: list[Field], spans: list[Span], length: int) -> Answer | None:
    """Return the 206 with *spans*, the 416 where there are none, or None where a 200 is shorter or safer."""
    if not spans:
        return Answer(LINES[416], [*of_refusal(fields), ("Content-Range", unsatisfied_range(length))], None)
    if len(spans) > 1 and has(fields, "content-encoding"):
        # The field would stand above the framing of the parts, and clients would decode that. A server may ignore a
        # Range (RFC 9110, Section 14.2).
        return None
    if len(spans) == 1:
        (span,) = spans
        about = [("Content-Range", content_range(span, length)), LENGTHS[span.length]]
        return Answer(LINES[206], without(fields, _OF_THE_WHOLE) + about, span)
    part_type = next((value for name, value in fields if name.lower() == "content-type"), OCTET_STREAM)
    multipart = frame(spans, length, part_type, secrets.token_hex(16))
    if multipart is None:
        return None
    about = [("Content-Type", multipart.content_type), LENGTHS[multipart.content_length]]
    return Answer(LINES[206], without(fields, _OF_THE_WHOLE | {"content-type"}) + about, multipart.pieces)


def _whole(environ: WSGIEnvironment, status: str, fields: list[Field], length: int | None) -> Answer:
    code = 200 if status == OK else int(status[:3])
    if code in BODILESS:
        return Answer(status, without_content(fields, code), None)
    if length is None:
        # What the user says of the length is all that is known of it.
        length = announced_length(fields)
    else:
        settle_length(fields, length)
    if environ["REQUEST_METHOD"] == "HEAD" or length == 0:
        return Answer(status, fields, None)
    return Answer(status, fields, Span(0, UNKNOWN_STOP if length is None else length))
