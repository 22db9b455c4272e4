"""Validators of a file: the ETag and the Last-Modified that its ``fstat`` makes (RFC 9110, Section 8.8).

See :mod:`wsgiresp._protocol.file_versions` for the times of a file and its version. If they are constants of a
packager, the tag of a small file contains a digest of the content too. A BytesIO has no times; its tag is a digest of
its bytes, and is made only for a request that can make use of it.
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
from wsgiresp._files.length_check import UnsizedSource
from wsgiresp._files.safe_open import OpenFile
from wsgiresp._protocol import file_versions
from wsgiresp._protocol.header_validation import Field
from wsgiresp._protocol.representation import has

from .file_answer import asks

if TYPE_CHECKING:
    from wsgiresp._types import WSGIEnvironment

    from .etag_argument import CheckedETag

_ACCEPT_RANGES = ("Accept-Ranges", "bytes")


def add_validators(fields: list[Field], opened: OpenFile | OpenHandle | UnsizedSource, etag: CheckedETag) -> None:
    """Add Accept-Ranges, Last-Modified and ETag of *opened* where *fields* have none.

    *etag*: where it is True, the tag is made of what ``fstat`` said. The times and the inode of a file object say
    nothing about its bytes, so it gets a tag only if *etag* is one. An error of a function as *etag* is raised here.
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
    last_modified, own_tag = _validators(
        status.st_mtime_ns,
        status.st_size,
        status.st_ino,
        status.st_ctime_ns,
        0 if status.st_mtime <= now else int(now),
    )
    if last_modified is not None and "last-modified" not in given:
        fields.append(last_modified)
    if etag is False or "etag" in given:
        return
    if etag is not True:
        _add_given_tag(fields, status, etag)
    elif last_modified is not None or status.st_size > LARGEST:
        fields.append(own_tag)
    else:
        fields.append(("ETag", f'{own_tag[1][:-1]}-{content_digest(opened, status.st_size)}"'))


def add_content_tag(environ: WSGIEnvironment, fields: list[Field], opened: OpenHandle, accepts_ranges: bool) -> None:
    """Add a strong ETag of the bytes of *opened*, a BytesIO, if the request of *environ* can make use of it.

    Plain downloads and requests that have nothing but a Range that is ignored cost no digest. It is not added if
    *fields* have an ETag. Under a hub, other greenlets may run meanwhile.
    """
    if not asks(environ, accepts_ranges) or has(fields, "etag"):
        return
    digest = opened.memory_digest()
    if digest is not None:
        fields.append(("ETag", f'"{digest}"'))


def add_given_tag(fields: list[Field], status: os.stat_result, etag: CheckedETag) -> None:
    """Add the ETag that *etag* is or returns, unless *fields* have one. The server in front adds all others."""
    if not isinstance(etag, bool) and not has(fields, "etag"):
        _add_given_tag(fields, status, etag)


def _add_given_tag(
    fields: list[Field], status: os.stat_result, etag: str | Callable[[os.stat_result], str | None]
) -> None:
    tag = etag if isinstance(etag, str) else etag(status)
    if tag is not None:
        fields.append(("ETag", tag))


@functools.lru_cache(1024)
def _validators(mtime_ns: int, size: int, inode: int, ctime_ns: int, latest: int) -> tuple[Field | None, Field]:
    """Return Last-Modified, where the file has one, and the ETag of its ``stat`` result.

    *latest*: the current second if the mtime is later, else 0.
    """
    modified = file_versions.last_modified(mtime_ns, latest or mtime_ns // 1_000_000_000)
    tag = "ETag", f'"{file_versions.version(mtime_ns, size, inode, ctime_ns)}"'
    return None if modified is None else ("Last-Modified", http_date(modified)), tag
