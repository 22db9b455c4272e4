"""Cookies of a Django response, made of Set-Cookie fields, for code that reads or changes them."""

from __future__ import annotations

import itertools
import re
from http.cookies import Morsel, SimpleCookie
from typing import Any

_ESCAPE = re.compile(r"\\(?:([0-3][0-7]{2})|(.))")
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
    cookie.__setstate__({"key": name, "value": _unquoted(value), "coded_value": value})
    for attribute in attributes:
        key, _, given = attribute.strip().partition("=")
        key = key.lower()
        # A number, as Django's own set_cookie() has it: there are middlewares that compare it.
        number = int(given) if key == "max-age" and given.lstrip("-").isdigit() else given
        cookie[key] = True if key in _WITHOUT_VALUE else number
    dict.__setitem__(cookies, _free_place(name, cookies), cookie)


def _unquoted(value: str) -> str:
    """Return *value* without its quotes, and without the backslashes in them.

    Not by ``http.cookies``: before Python 3.11.10 and 3.12.6 that takes quadratic time (CVE-2024-7592).
    """
    if len(value) < 2 or value[0] != '"' or value[-1] != '"':
        return value
    return _ESCAPE.sub(lambda found: found[2] or chr(int(found[1], 8)), value[1:-1])


def _free_place(name: str, cookies: SimpleCookie) -> str:
    """Return *name* if it is free, else a key that no cookie can have as its name; the keys are not sent."""
    if name not in cookies:
        return name
    keys = (f"{name};{number}" for number in itertools.count(len(cookies)))
    return next(key for key in keys if key not in cookies)
