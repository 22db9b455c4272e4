"""Conditional requests: evaluation of preconditions (RFC 9110, Section 13). No clock here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NamedTuple

from . import dates, entity_tags


class Verdict(Enum):
    """What to send; the value is the status code."""

    WHOLE = 200
    """The representation, and no word of Range."""
    RANGE = 206
    """What ``ranges.select`` makes of the Range field: parts, the whole representation after all, or a 416."""
    NOT_MODIFIED = 304
    PRECONDITION_FAILED = 412


class Validators(NamedTuple):
    """The validators of the representation that a 200 would carry (RFC 9110, Section 8.8); None where it has none.

    *etag*: the text of the field, ``"..."`` or ``W/"..."``. *last_modified*: whole seconds since 1970.
    *date_is_strong*: False while the second of *last_modified* is not over, since the file may change again within it
    and keep its date (Section 8.8.2.2). If-Range with a date fails then.
    """

    etag: str | None = None
    last_modified: int | None = None
    date_is_strong: bool = True


def evaluate(method: str, environ: Mapping[str, Any], validators: Validators, status_code: int = 200) -> Verdict:
    """Return the verdict of the conditions in *environ* on a 200 to *method*, in the order of RFC 9110, 13.2.2.

    *status_code*: what the answer would have without conditions. They count for a GET or HEAD that ends in a 200 alone:
    an error or a redirect goes before them (Section 13.2.1), and any other method has been performed by the time its
    response exists, so a 412 would not be true.
    """
    if status_code != 200 or method not in ("GET", "HEAD"):
        return Verdict.WHOLE
    if not _may_proceed(environ, validators):
        return Verdict.PRECONDITION_FAILED
    if not _is_modified(environ, validators):
        return Verdict.NOT_MODIFIED
    # Section 14.2: Range is defined for GET alone; without it, If-Range MUST be ignored (Section 13.1.5).
    if method == "GET" and "HTTP_RANGE" in environ and _if_range_holds(environ, validators):
        return Verdict.RANGE
    return Verdict.WHOLE


def _may_proceed(environ: Mapping[str, Any], validators: Validators) -> bool:
    """Return whether If-Match holds, or in its absence If-Unmodified-Since (RFC 9110, Sections 13.1.1, 13.1.4)."""
    if_match = _listed(environ.get("HTTP_IF_MATCH"))
    if if_match is not None:
        return _names(if_match, validators.etag, entity_tags.match_strongly)
    return not _is_later(validators.last_modified, environ.get("HTTP_IF_UNMODIFIED_SINCE"), otherwise=False)


def _is_modified(environ: Mapping[str, Any], validators: Validators) -> bool:
    """Return whether If-None-Match holds, or in its absence If-Modified-Since (RFC 9110, Sections 13.1.2, 13.1.3)."""
    if_none_match = _listed(environ.get("HTTP_IF_NONE_MATCH"))
    if if_none_match is not None:
        return not _names(if_none_match, validators.etag, entity_tags.match_weakly)
    return _is_later(validators.last_modified, environ.get("HTTP_IF_MODIFIED_SINCE"), otherwise=True)


def _if_range_holds(environ: Mapping[str, Any], validators: Validators) -> bool:
    """Return whether If-Range is absent, or names this very representation (RFC 9110, Section 13.1.5).

    An empty one does not hold: its client wants a condition, and all of the representation is always right.
    """
    if_range = environ.get("HTTP_IF_RANGE")
    if if_range is None:
        return True
    if_range = if_range.strip(" \t")
    # A quote among the first three characters tells an entity-tag from a date.
    if '"' in if_range[:3]:
        return validators.etag is not None and entity_tags.match_strongly(if_range, validators.etag)
    # Equal, not "no later": a date that only lies after ours may belong to another version.
    moment = dates.parse(if_range)
    return moment is not None and moment == validators.last_modified and validators.date_is_strong


def _listed(value: str | None) -> str | None:
    """Return the text of If-Match or If-None-Match, or None where it is absent or an empty list.

    By the letter no tag of an empty list matches, so If-Match is false and the answer is a 412. But proxies send such a
    field for one that their client did not send, and CGI, whose variables these are, "does not distinguish between
    zero-length (NULL) values and missing values" (RFC 3875, Section 4.1). A list may have empty members (RFC 9110,
    Section 5.6.1.2).
    """
    return value if value is not None and value.strip(" \t,") else None


def _names(value: str, etag: str | None, match: Callable[[str, str], bool]) -> bool:
    # "*" stands for any current representation, and there is one: this is a 200.
    if value.strip(" \t") == "*":
        return True
    return etag is not None and any(match(tag, etag) for tag in entity_tags.parse(value))


def _is_later(last_modified: int | None, value: str | None, *, otherwise: bool) -> bool:
    """Return whether *last_modified* is after the date in *value*; *otherwise* where that is to be ignored.

    RFC 9110, Sections 13.1.3 and 13.1.4: the field MUST be ignored if it is no date, or if the resource has none.
    """
    if last_modified is None or value is None:
        return otherwise
    moment = dates.parse(value.strip(" \t"))
    return otherwise if moment is None else last_modified > moment
