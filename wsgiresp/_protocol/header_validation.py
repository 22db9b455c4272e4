"""Header validation: every string that reaches a header is checked here, and refused, never repaired."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from werkzeug.datastructures import Headers, MultiDict

from .locations import reference

Field = tuple[str, str]

TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
"""A token (RFC 9110, Section 5.6.2): a field name, a cookie name, a parameter name."""

CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")
"""C0 except TAB; DEL; C1. C1 is no control in HTTP, but U+0085 ends a line for many a log and many a parser."""

# PEP 3333, "Other HTTP Features", by way of RFC 2616, Section 13.5.1. These belong to the server.
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailers",
        "transfer-encoding",
        "upgrade",
    }
)
_LOCATIONS = frozenset({"location", "content-location"})
_SPECIAL = frozenset({*_LOCATIONS, "content-type", "content-length"})

# Names that have passed lowered() and are not special. One that came from a client must not make it grow without end.
_ORDINARY_LIMIT = 1024
_ordinary: set[str] = set()


def lowered(name: str) -> str:
    """Return *name* in lower case, once it is known to be a field name that a WSGI application may set.

    Raises ``ValueError`` for what is no token (RFC 9110, Section 5.1), for the hop-by-hop names of PEP 3333, and for
    ``Status``, which CGI servers take for the status line (RFC 3875, Section 6.3.3).
    """
    if not isinstance(name, str):
        raise TypeError(f"header name must be a str, got {name!r}")
    name = exact(name)
    if name in _ordinary:
        return name.lower()
    if TOKEN.fullmatch(name) is None:
        raise ValueError(f"header name must be a token (RFC 9110, Section 5.6.2), got {name!r}")
    key = name.lower()
    if key in _HOP_BY_HOP:
        raise ValueError(f"header {name!r} is hop-by-hop: PEP 3333 leaves it to the server")
    if key == "status":
        raise ValueError(f"header {name!r} is CGI's: use status_code")
    if key not in _SPECIAL and len(_ordinary) < _ORDINARY_LIMIT:
        _ordinary.add(name)
    return key


def field(name: str, value: object) -> Field:
    """Return the field of *name* and *value*: latin-1, without controls except TAB, without blanks at its ends.

    ``bytes`` are taken as latin-1, and what is no text as its ``str()``, as in werkzeug; ``None`` is a ``TypeError``. A
    ``Location`` or ``Content-Location`` becomes a URI reference.

    Raises ``ValueError`` naming the field, the rule and the value (RFC 9110, Section 5.5).
    """
    if (
        # The common case. Only for a plain str: one of a subclass may claim to equal what is known.
        type(name) is type(value) is str
        and name in _ordinary
        and value.isascii()
        and value.isprintable()
        and (" " not in value or value.strip(" ") == value)
    ):
        return name, value
    key = lowered(name)
    name, text = exact(name), _text(name, value)
    if not (text.isascii() and text.isprintable()):
        control = CONTROLS.search(text)
        if control is not None:
            raise ValueError(f"header {name!r} must not hold the control character {control[0]!r}, got {text!r}")
    if text.strip(" \t") != text:
        raise ValueError(f"header {name!r} must not begin or end with a blank, got {text!r}")
    if key in _LOCATIONS:
        return name, reference(text)
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        raise ValueError(f"header {name!r} must be latin-1, got {text!r}") from None
    return name, text


def exact(text: str) -> str:
    """Return the characters of *text* as a plain ``str``; a subclass, an Enum say, may format itself otherwise."""
    return text if type(text) is str else str.__str__(text)


def _text(name: str, value: object) -> str:
    if isinstance(value, str):
        return exact(value)
    if value is None:
        raise TypeError(f"header {name!r} must be a str, got None")
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, (list, tuple, set, frozenset, dict)):
        raise TypeError(f"header {name!r} must be a str, got {value!r}")
    return exact(str(value))


def extend(fields: list[Field], headers: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> dict[str, Field]:
    """Append *headers* to *fields*, each checked; return apart, by lower-case name, what they say of the content.

    *headers*: a mapping, or pairs that may repeat a name. Raises as :func:`field` does; what was
    appended until then stays.
    """
    apart: dict[str, Field] = {}
    for name, value in headers.items() if type(headers) is dict else pairs(headers):
        if (
            # What field() would say of the common case, for a third of its time. Only for a plain str: one of a
            # subclass may claim to equal what is known.
            type(name) is type(value) is str
            and name in _ordinary
            and value.isascii()
            and value.isprintable()
            and (" " not in value or value.strip(" ") == value)
        ):
            fields.append((name, value))
        elif isinstance(value, (list, tuple, set)):
            apart |= extend(fields, [(name, one) for one in value])
        else:
            key, checked = lowered(name), field(name, value)
            if key in ("content-type", "content-length"):
                apart[key] = checked
            else:
                fields.append(checked)
    return apart


def pairs(headers: Mapping[str, object] | Iterable[tuple[str, object]]) -> list[tuple[str, object]]:
    """Return *headers* as pairs in their order, not yet checked: a mapping, or pairs that may repeat a name.

    A list, tuple or set as the value of a mapping is as many fields of that name, as in werkzeug.
    """
    if isinstance(headers, Headers):
        return list(headers)
    if isinstance(headers, MultiDict):
        return list(headers.items(multi=True))
    if not isinstance(headers, Mapping):
        return [_pair(item) for item in headers]
    found: list[tuple[str, object]] = []
    for name, value in headers.items():
        if isinstance(value, (list, tuple, set)):
            found.extend((name, one) for one in value)
        else:
            found.append((name, value))
    return found


def _pair(item: tuple[str, object]) -> tuple[str, object]:
    if isinstance(item, (str, bytes)) or len(item) != 2:
        raise ValueError(f"headers must be a mapping or pairs of name and value, got the item {item!r}")
    name, value = item
    return name, value
