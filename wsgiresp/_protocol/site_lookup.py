"""Site lookup: which files of a folder a request may get, in order, and the redirect to the address with a slash.

A *site* is a folder of files with index pages. Everything here is text: no file system, no server. :func:`lookups`
yields steps, in the manner of nginx's ``try_files``; the caller takes the first step whose file can be sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum, auto
from typing import Any
from urllib.parse import quote

from .locations import location

_QUERY_SAFE = "!$&'()*+,;=:@/?%[]"  # RFC 3986, Section 3.4, and what is encoded already


class Step(Enum):
    """The answer to give if the path of the step is what the step needs."""

    FILE = auto()
    """The file at the path."""
    REDIRECT = auto()
    """A redirect to the requested address with a slash at its end; the path is that of a folder."""


def lookups(index: str | None, path: str, environ: Mapping[str, Any]) -> Iterator[tuple[Step, str]]:
    """Yield the steps for a GET or HEAD of *path*, each with the path that it needs, in the order to try them.

    *index*: the name of the file that stands for its folder, None for none. *path*: PATH_INFO, decoded, without the
    slash at its beginning. *environ* says where the site is mounted. If no step succeeds, the answer is a 404. A
    redirect follows the attempt to send its path as a file, which tells whether it is a folder, or has the root of the
    site as its path.
    """
    if index is None:
        if path:
            yield Step.FILE, path
    elif not path and _is_mount_point(environ):
        # The links of a page are relative to the last slash of its address.
        yield Step.REDIRECT, path
    elif not path or path.endswith("/"):
        yield Step.FILE, path + index
    else:
        yield Step.FILE, path
        yield Step.REDIRECT, path


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
