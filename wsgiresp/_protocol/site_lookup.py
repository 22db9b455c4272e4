"""Site lookup: which files of a folder a request may get, in order, and the redirect to the address with a slash.

A *site* is a folder of files with index pages, and with a fallback page for the routes of a single-page application.
Everything here is text: no file system, no server. :func:`lookups` yields steps, as nginx's ``try_files`` has them;
the caller takes the first step whose file can be sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any
from urllib.parse import quote

from werkzeug.http import parse_accept_header

from .header_validation import Field
from .locations import location

VARY: Field = ("Vary", "Accept, Sec-Fetch-Mode")
"""What decides on the fallback, for the fallback and for the 404 in its place (RFC 9110, Section 12.5.5)."""

_QUERY_SAFE = "!$&'()*+,;=:@/?%[]"  # RFC 3986, Section 3.4; with % for bytes that are encoded already
_HTML = ("text/html", "application/xhtml+xml")
_WILDCARDS = ("text/*", "*/*", "*")  # the last one is not of RFC 9110, and is sent by some clients


class Step(Enum):
    """A kind of answer. It is given if the path of the step names what the kind needs."""

    FILE = auto()
    """The file at the path."""
    REDIRECT = auto()
    """A redirect to the requested address with a slash at its end; the path is that of a folder."""
    FALLBACK = auto()
    """The file at the path, as the page of a route that the script in that page knows."""


@dataclass(frozen=True, slots=True)
class Site:
    """The options of a site: paths relative to its folder, None for none.

    *index*: the name of the file that stands for its folder. *fallback*: the page of a single-page application.
    """

    index: str | None = None
    fallback: str | None = None


def lookups(site: Site, path: str, environ: Mapping[str, Any]) -> Iterator[tuple[Step, str]]:
    """Yield the steps for a GET or HEAD of *path*, each with the path that it needs, in the order to try them.

    *path*: PATH_INFO, decoded, without the slash at its beginning. *environ* says where the site is mounted and what
    the client accepts. If no step succeeds, the answer is a 404. A redirect follows the attempt to send its path as a
    file, which tells whether it is a folder, or has the root of the site as its path.
    """
    index, fallback = site.index, site.fallback
    if not path and _is_mount_point(environ):
        # The links of a page are relative to the last slash of its address.
        if index is not None or fallback is not None:
            yield Step.REDIRECT, path
        return
    if index is not None and (not path or path.endswith("/")):
        yield Step.FILE, path + index
    elif path:
        yield Step.FILE, path
        if index is not None:
            yield Step.REDIRECT, path
    if fallback is not None and is_route(path) and accepts_page(environ):
        yield Step.FALLBACK, fallback


def varies(site: Site, path: str) -> bool:
    """Return whether the fallback or a 404 is sent for *path*, depending on the fields of :data:`VARY`."""
    return site.fallback is not None and is_route(path)


def is_route(path: str) -> bool:
    """Return whether *path* may be a route of a single-page application, and not the name of a file.

    With a dot in its last segment it is the name of a file: a script that no longer exists must be a 404, since a page
    in its place is a syntax error. A segment that begins with a dot is ``.well-known``, where clients rely on a 404
    (RFC 8615), or a hidden file.
    """
    return "." not in path.rpartition("/")[2] and not path.startswith(".") and "/." not in path


def accepts_page(environ: Mapping[str, Any]) -> bool:
    """Return whether the client takes a page, by Accept and Sec-Fetch-Mode.

    It does if Accept names HTML with a quality above 0 (RFC 9110, Section 12.5.1), and does not if Accept names only
    other types, JSON for example, even with ``*/*`` beside them. Crawlers and health checks name no type at all: they
    take a page. ``fetch()``, scripts and fonts name no type either, but browsers send a Sec-Fetch-Mode with them that
    is not ``navigate`` (W3C Fetch Metadata, Section 2.2).
    """
    accept = environ.get("HTTP_ACCEPT", "").strip()
    qualities: dict[str, float] = {}
    for item, quality in parse_accept_header(accept):
        media_type = item.partition(";")[0].strip().lower()
        qualities[media_type] = max(quality, qualities.get(media_type, 0))
    named = [qualities[media_type] for media_type in _HTML if media_type in qualities]
    if named:
        return named[0] > 0
    if environ.get("HTTP_SEC_FETCH_MODE", "navigate") != "navigate":
        return False
    if not accept:
        return True  # Section 12.5.1: without the field any media type will do
    # The most specific range decides.
    ranges = [qualities[wildcard] for wildcard in _WILDCARDS if wildcard in qualities]
    return len(ranges) == len(qualities) > 0 and ranges[0] > 0


def slash_location(environ: Mapping[str, Any]) -> str | None:
    """Return the Location of the requested address with a slash at its end, its query kept: a path on this host.

    None where it would be longer than a Location may be, and for text that is not latin-1 (PEP 3333).
    """
    path = environ.get("SCRIPT_NAME", "").rstrip("/") + environ.get("PATH_INFO", "")
    query = environ.get("QUERY_STRING", "")
    try:
        segments = quote(path.encode("latin-1")).removeprefix("/")
        target = f"/{segments}/" if segments else "/"
        if target.startswith("//"):
            # Two slashes would begin a host. Browsers drop the dot (RFC 3986, Section 5.2.4) and keep both slashes.
            target = "/." + target
        return location(target + (query and "?" + quote(query.encode("latin-1"), safe=_QUERY_SAFE)), allowed_hosts=())
    except ValueError:
        return None


def _is_mount_point(environ: Mapping[str, Any]) -> bool:
    """Return whether the site is requested without a slash: ``/manual`` where it is mounted at ``/manual``.

    At the root of a server there is no such address: an empty path is the root's (RFC 9110, Section 4.2.3).
    """
    script_name = environ.get("SCRIPT_NAME", "")
    return not environ.get("PATH_INFO") and script_name != "" and not script_name.endswith("/")
