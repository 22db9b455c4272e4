"""``XAccelRedirect`` and ``XSendfile``: nginx or Apache sends the file."""

from __future__ import annotations

import os
import re
from typing import Protocol
from urllib.parse import quote

from wsgiresp._protocol.header_validation import Field, field

# Segments of a URI's path (RFC 3986, Section 3.3) that no encoding hides: nginx undoes it before it looks.
_LOCATION = re.compile(r"/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]+/)*[A-Za-z0-9\-._~!$&'()*+,;=:@]*")


class Offload(Protocol):
    """What the ``offload`` of a FileResponse must be able to do."""

    def field(self, place: str, /) -> Field:
        """Return the field that makes the server in front send the file at *place*, an absolute path without links."""
        ...


class XAccelRedirect:
    """nginx sends the file: *prefix* is an ``internal`` location whose ``alias`` is the folder *root*.

    ``XAccelRedirect("/protected/", "/srv/files")`` makes ``/protected/a%20b.pdf`` of ``/srv/files/a b.pdf``. A file
    that is not in *root* is a ``ValueError`` when it is to be sent; a *prefix* that is no such path is one at once.
    """

    def __init__(self, prefix: str, root: str | os.PathLike[str]) -> None:
        if _LOCATION.fullmatch(prefix) is None or {".", ".."} & set(prefix.split("/")):
            raise ValueError(f"prefix must be the path of a location, with nothing to encode in it, got {prefix!r}")
        self._prefix = prefix.rstrip("/") + "/"
        self._root = os.path.abspath(root)

    def field(self, place: str) -> Field:
        """Return the ``X-Accel-Redirect`` field for the file at *place*."""
        root = os.path.realpath(self._root).rstrip(os.sep) + os.sep
        if not place.startswith(root):
            raise ValueError(f"a file that nginx is to send must be in {self._root!r}, got {place!r}")
        # nginx undoes the percent-encoding, and takes a bare "?" for the end of the path.
        return field("X-Accel-Redirect", self._prefix + _quoted(place[len(root) :]))


class XSendfile:
    """Apache (mod_xsendfile) or lighttpd sends the file, by its absolute path."""

    def field(self, place: str) -> Field:
        """Return the ``X-Sendfile`` field for the file at *place*."""
        # Both undo the percent-encoding.
        return field("X-Sendfile", _quoted(place))


def _quoted(path: str) -> str:
    return quote(os.fsencode(path.replace(os.sep, "/")))
