"""Where a browser goes, written from the states of WHATWG URL and not from what wsgiresp refuses."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

SPECIAL = {"ftp", "http", "https", "ws", "wss"}
SLASHES = "/\\"


class Place(NamedTuple):
    """A scheme and a host; the host is empty where the URL has none, and None where the parser fails."""

    scheme: str
    host: str | None


def resolve(target: str, base: Place) -> Place:
    """Return where a browser goes from *base*, a special one, by the states of WHATWG URL that decide on hosts."""
    text = re.sub(r"[\t\r\n]", "", target.strip("".join(map(chr, range(0x21)))))
    match = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", text)
    if match is None:
        return _relative(text, base)
    scheme, rest = match[1].lower(), text[match.end() :]
    if scheme not in SPECIAL:
        return Place(scheme, _opaque_host(rest[2:]) if rest.startswith("//") else "")
    if scheme == base.scheme and not rest.startswith("//"):
        return _relative(rest, base)
    return Place(scheme, _host(rest.lstrip(SLASHES)))


def _relative(text: str, base: Place) -> Place:
    if text[:1] and text[:1] in SLASHES and text[1:2] and text[1:2] in SLASHES:
        return Place(base.scheme, _host(text.lstrip(SLASHES)))
    return base


def _host(text: str) -> str | None:
    """Return the host of *text*, which begins with the authority of a special scheme."""
    authority = re.split(r"[/\\?#]", text, maxsplit=1)[0]
    host_and_port = authority.rpartition("@")[2]
    match = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::([0-9]*))?", host_and_port)
    if match is None or not match[1] or int(match[2] or 0) > 65535:
        return None
    host = unquote(match[1]).lower()
    return None if re.search(r"[\x00-\x20#/<>?@\\^|%\x7f]", host) else host


def _opaque_host(text: str) -> str:
    return re.split(r"[/?#]", text, maxsplit=1)[0].rpartition("@")[2].partition(":")[0]


HERE = Place("https", "here.example")
