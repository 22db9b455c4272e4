"""A strict reader of Set-Cookie fields, written from RFC 6265bis and not from what wsgiresp writes."""

from __future__ import annotations

import re
from typing import NamedTuple


class Cookie(NamedTuple):
    """What a browser reads in a Set-Cookie field; attributes under their lower-case names, a flag as ``True``."""

    name: str
    value: str
    attributes: dict[str, str | bool]


def parse(field: str) -> Cookie:
    """Return what *field* says, by the syntax for servers (RFC 6265bis, Section 4.1.1): the narrow one."""
    assert re.fullmatch(r"[\x20-\x7e]+", field), field
    pair, *rest = field.split("; ")
    name, equals, value = pair.partition("=")
    assert equals
    assert re.fullmatch(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", name)
    attributes: dict[str, str | bool] = {}
    for attribute in rest:
        label, equals, text = attribute.partition("=")
        assert label in {"Domain", "Expires", "HttpOnly", "Max-Age", "Partitioned", "Path", "SameSite", "Secure"}
        assert label.lower() not in attributes
        assert bool(equals) == (label not in {"HttpOnly", "Partitioned", "Secure"})
        assert text == text.strip()
        assert ";" not in text
        assert len(text) <= 1024
        attributes[label.lower()] = text if equals else True
    return Cookie(name, unquoted(value), attributes)


def unquoted(value: str) -> str:
    """Return the text that a server has put in *value*: as it stands, or within quotes, octets in octal or escaped."""
    if not value.startswith('"'):
        assert re.fullmatch(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*", value)  # cookie-octet
        return value
    assert re.fullmatch(r'"(?:[\x20\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]|\\[0-3][0-7]{2}|\\["\\])*"', value)
    octets = re.sub(
        rb'\\([0-3][0-7]{2})|\\(["\\])',
        lambda match: bytes([int(match[1], 8)]) if match[1] else match[2],
        value[1:-1].encode(),
    )
    return octets.decode()


def kept(cookie: Cookie) -> bool:
    """Return whether a browser keeps *cookie*, set over https (RFC 6265bis, Section 5.7)."""
    name, attributes = cookie.name.lower(), cookie.attributes
    rules = [
        "secure" in attributes or attributes.get("samesite") != "None",
        "secure" in attributes or "partitioned" not in attributes,
        "secure" in attributes or not name.startswith(("__secure-", "__host-", "__http-")),
        "httponly" in attributes or not name.startswith(("__http-", "__host-http-")),
        not name.startswith("__host-") or (attributes.get("path") == "/" and "domain" not in attributes),
        str(attributes.get("path", "/")).startswith("/"),
    ]
    return all(rules)
