"""Validators of a file: the ETag and the Last-Modified that its ``fstat`` makes (RFC 9110, Section 8.8)."""

from __future__ import annotations

import functools
import os
import time

from werkzeug.http import http_date

from wsgiresp._protocol.header_validation import Field

_ACCEPT_RANGES = ("Accept-Ranges", "bytes")


def add_validators(fields: list[Field], status: os.stat_result | None, has_etag: bool) -> None:
    """Add Accept-Ranges, and the Last-Modified and ETag that *status* of the open file makes, where *fields* have none.

    *status*: what ``fstat`` said; None for a file object, whose date and place say nothing.
    """
    is_alone = len(fields) == 1 and fields[0][0] == "Content-Type"
    given = () if is_alone else {name.lower() for name, _ in fields}
    if "accept-ranges" not in given:
        fields.append(_ACCEPT_RANGES)
    if status is None:
        return
    now = int(time.time())
    last_modified, etag = _validators(min(int(status.st_mtime), now), status.st_mtime_ns, status.st_size, status.st_ino)
    if "last-modified" not in given:
        fields.append(last_modified)
    if has_etag and "etag" not in given:
        fields.append(etag)


@functools.lru_cache(1024)
def _validators(second: int, nanosecond: int, size: int, inode: int) -> tuple[Field, Field]:
    """Return Last-Modified and ETag of a file that was changed in *second*, or now where that is in the future.

    A date after that of the message MUST NOT be sent: RFC 9110, Section 8.8.2.1.
    """
    return ("Last-Modified", http_date(max(second, 0))), ("ETag", f'"{nanosecond:x}-{size:x}-{inode:x}"')
