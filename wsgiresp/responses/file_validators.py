"""Validators of a file: the ETag and the Last-Modified that its ``fstat`` makes (RFC 9110, Section 8.8).

What the times of a file say of its version is told in :mod:`wsgiresp._protocol.file_versions`. While their clock tick
is not over, the tag of a small file contains a digest of the content, and stays valid for the clients that were given
it: a request that names it is answered by it for as long as the file has these times and this content.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from werkzeug.http import http_date

from wsgiresp._files.content_digest import LARGEST, content_digest
from wsgiresp._files.file_sources import OpenHandle
from wsgiresp._files.safe_open import OpenFile
from wsgiresp._protocol import file_versions
from wsgiresp._protocol.header_validation import Field

if TYPE_CHECKING:
    from wsgiresp._types import WSGIEnvironment

    from .etag_argument import CheckedETag

_ACCEPT_RANGES = ("Accept-Ranges", "bytes")
_UNSETTLED = file_versions.COARSE_TICK / 1e9  # s; older times are settled in any case
_NAMING = ("HTTP_IF_NONE_MATCH", "HTTP_IF_RANGE", "HTTP_IF_MATCH")


def add_validators(
    fields: list[Field], environ: WSGIEnvironment, opened: OpenFile | OpenHandle, etag: CheckedETag
) -> None:
    """Add Accept-Ranges, Last-Modified and ETag of *opened* where *fields* have none, for the request of *environ*.

    *etag*: where it is True, the tag is made of what ``fstat`` said. The date and the place of a file object say
    nothing; it gets a tag only where *etag* is one. What a function as *etag* raises is raised here.
    """
    is_alone = len(fields) == 1 and fields[0][0] == "Content-Type"
    given = () if is_alone else {name.lower() for name, _ in fields}
    if "accept-ranges" not in given and opened.length is not None:
        fields.append(_ACCEPT_RANGES)
    status = opened.status
    if status is None:
        if isinstance(etag, str) and "etag" not in given:
            fields.append(("ETag", etag))
        return
    now = time.time()
    age = now - status.st_mtime
    last_modified, own_tag = _validators(
        status.st_mtime_ns, status.st_size, status.st_ino, status.st_ctime_ns, 0 if age >= 0 else int(now)
    )
    if last_modified is None:
        age = now - status.st_ctime
    elif "last-modified" not in given:
        fields.append(last_modified)
    if etag is False or "etag" in given:
        return
    if etag is True:
        # One by one, which takes less time than a set. A client that has the tag of the times asks for no other.
        if age < _UNSETTLED or (
            environ.get("HTTP_IF_NONE_MATCH", own_tag[1]) != own_tag[1]
            or "HTTP_IF_RANGE" in environ
            or "HTTP_IF_MATCH" in environ
        ):
            is_settled = age >= _UNSETTLED or _is_settled(status, now)
            own_tag = _own_tag_now(own_tag, opened, status, environ, is_settled)
        fields.append(own_tag)
        return
    _add_given_tag(fields, status, etag)


def add_given_tag(fields: list[Field], status: os.stat_result, etag: CheckedETag) -> None:
    """Add the ETag that *etag* is or returns where *fields* have none, for a server in front that makes all others."""
    if not isinstance(etag, bool) and all(name.lower() != "etag" for name, _ in fields):
        _add_given_tag(fields, status, etag)


def _add_given_tag(
    fields: list[Field], status: os.stat_result, etag: str | Callable[[os.stat_result], str | None]
) -> None:
    tag = etag if isinstance(etag, str) else etag(status)
    if tag is not None:
        fields.append(("ETag", tag))


@functools.lru_cache(1024)
def _validators(mtime_ns: int, size: int, inode: int, ctime_ns: int, latest: int) -> tuple[Field | None, Field]:
    """Return Last-Modified, where the file has one, and ETag of a file whose times are settled.

    *latest*: the second that is now where the file is of a later one, or 0.
    """
    modified = file_versions.last_modified(mtime_ns, latest or mtime_ns // 1_000_000_000)
    tag = "ETag", f'"{file_versions.version(mtime_ns, size, inode, ctime_ns)}"'
    return None if modified is None else ("Last-Modified", http_date(modified)), tag


def _is_settled(status: os.stat_result, now: float) -> bool:
    return file_versions.is_settled(status.st_mtime_ns, status.st_ctime_ns, int(now * 1e9))


def _own_tag_now(
    field: Field, opened: OpenFile | OpenHandle, status: os.stat_result, environ: WSGIEnvironment, is_settled: bool
) -> Field:
    """Return the ETag *field*, or one with the content in it where times are not settled or the request names that."""
    if status.st_size > LARGEST:
        return field
    begin = field[1][:-1] + "-"
    named = [text for name in _NAMING if begin in (text := environ.get(name, ""))]
    if is_settled and not named:
        return field
    exact = f'{begin}{content_digest(opened, status.st_size)}"'
    return field if is_settled and not any(exact in text for text in named) else ("ETag", exact)
