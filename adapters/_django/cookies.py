"""Cookies of a Django response, made of Set-Cookie fields, for code that reads or changes them."""

from __future__ import annotations

from http.cookies import Morsel, SimpleCookie, _unquote
from typing import Any

_WITHOUT_VALUE = {"httponly", "partitioned", "secure"}


class _Names(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return key  # an attribute that only newer browsers know


class _Cookie(Morsel[Any]):
    """A cookie that keeps every attribute of its header field; Python before 3.14 does not know ``Partitioned``."""

    # Two tables of the standard library's, which typeshed leaves out: no public name adds an attribute to them.
    _reserved = _Names({**Morsel._reserved, "partitioned": "Partitioned"})  # type: ignore[attr-defined]
    _flags = {*Morsel._flags, "partitioned"}  # type: ignore[attr-defined]  # noqa: RUF012 - as in the standard library

    def __setitem__(self, key: str, value: Any) -> None:
        if key.lower() in self._reserved:
            super().__setitem__(key, value)
        else:
            dict.__setitem__(self, key.lower(), value)

    def OutputString(self, attrs: Any = None) -> str:  # noqa: N802 - its name there
        """Return the text of the field."""
        return super().OutputString(self if attrs is None else attrs)


def add_cookie(cookies: SimpleCookie, text: str) -> None:
    """Add the cookie of a Set-Cookie field to *cookies*: one of the same name, for another path say, stays there.

    Not by ``cookies.load()``, which reads the fields that clients send: it drops what it does not know.
    """
    pair, *attributes = text.split(";")
    name, _, value = pair.strip().partition("=")
    cookie: Any = _Cookie()
    cookie.__setstate__({"key": name, "value": _unquote(value), "coded_value": value})
    for attribute in attributes:
        key, _, given = attribute.strip().partition("=")
        key = key.lower()
        # A number, as Django's own set_cookie() has it: there are middlewares that compare it.
        number = int(given) if key == "max-age" and given.lstrip("-").isdigit() else given
        cookie[key] = True if key in _WITHOUT_VALUE else number
    place = name
    while place in cookies:
        # Of those that are sent nobody looks at the keys.
        place += ";"
    dict.__setitem__(cookies, place, cookie)
