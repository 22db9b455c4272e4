"""Cookies as a browser takes them: what is written, and what is refused since a browser would drop it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from typing import Any

import pytest
from protocol.cookie_parser import parse

from wsgiresp._protocol.set_cookie import set_cookie_value


class Level(str, Enum):  # noqa: UP042  # format() of a StrEnum would hide what is tested: here it is "Level.HIGH"
    HIGH = "high"


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        pytest.param({}, "k=v; Path=/; SameSite=Lax", id="the defaults are Starlette's"),
        pytest.param({"value": ""}, "k=; Path=/; SameSite=Lax", id="an empty value"),
        pytest.param({"value": "a b"}, 'k="a b"; Path=/; SameSite=Lax', id="a blank is quoted"),
        pytest.param({"value": "a;b,c"}, r'k="a\073b\054c"; Path=/; SameSite=Lax', id="delimiters are escaped"),
        pytest.param({"value": "é"}, r'k="\303\251"; Path=/; SameSite=Lax', id="other letters are octets in octal"),
        pytest.param({"value": "\x1f"}, r'k="\037"; Path=/; SameSite=Lax', id="the last control is escaped"),
        pytest.param({"value": Level.HIGH}, "k=high; Path=/; SameSite=Lax", id="a str subclass is its characters"),
        pytest.param({"max_age": 0}, "k=v; Max-Age=0; Path=/; SameSite=Lax", id="max_age of 0 is said"),
        pytest.param({"max_age": -1}, "k=v; Max-Age=-1; Path=/; SameSite=Lax", id="a negative max_age"),
        pytest.param({"max_age": 1.9}, "k=v; Max-Age=1; Path=/; SameSite=Lax", id="max_age is cut to whole seconds"),
        pytest.param(
            {"max_age": timedelta(hours=1, milliseconds=1)},
            "k=v; Max-Age=3600; Path=/; SameSite=Lax",
            id="max_age as a timedelta",
        ),
        pytest.param(
            {"max_age": sys.maxsize},
            f"k=v; Max-Age={sys.maxsize}; Path=/; SameSite=Lax",
            id="the largest integer of 64 bits",
        ),
        pytest.param({"path": None}, "k=v; SameSite=Lax", id="path None is no attribute"),
        pytest.param({"path": ""}, "k=v; SameSite=Lax", id="an empty path is no attribute"),
        pytest.param({"path": "/ä b"}, "k=v; Path=/%C3%A4%20b; SameSite=Lax", id="a path is percent-encoded"),
        pytest.param({"path": "/a%20b"}, "k=v; Path=/a%20b; SameSite=Lax", id="an encoded path stays as it is"),
        pytest.param({"domain": ""}, "k=v; Path=/; SameSite=Lax", id="an empty domain is no attribute"),
        pytest.param(
            {"domain": ".example.com"}, "k=v; Domain=example.com; Path=/; SameSite=Lax", id="a leading dot is dropped"
        ),
        pytest.param(
            {"domain": "bücher.example"},
            "k=v; Domain=xn--bcher-kva.example; Path=/; SameSite=Lax",
            id="an international domain",
        ),
        pytest.param({"samesite": None}, "k=v; Path=/", id="samesite None leaves it to the browser"),
        pytest.param({"samesite": "STRICT"}, "k=v; Path=/; SameSite=Strict", id="samesite in any case"),
        pytest.param(
            {"samesite": "None", "secure": True}, "k=v; Secure; Path=/; SameSite=None", id="samesite none when secure"
        ),
        pytest.param(
            {"secure": 1, "httponly": "yes"}, "k=v; Secure; HttpOnly; Path=/; SameSite=Lax", id="flags by their truth"
        ),
        pytest.param({"secure": 0, "httponly": ""}, "k=v; Path=/; SameSite=Lax", id="false flags are no attributes"),
        pytest.param(
            {"httponly": "; Domain=evil.example"},
            "k=v; HttpOnly; Path=/; SameSite=Lax",
            id="the text of a flag is never written",
        ),
        pytest.param(
            {"partitioned": True, "secure": True},
            "k=v; Secure; Path=/; SameSite=Lax; Partitioned",
            id="partitioned when secure",
        ),
    ],
)
def test_a_cookie_is_written_with_what_was_given_and_no_more(arguments: dict[str, Any], field: str) -> None:
    assert set_cookie_value("k", **({"value": "v"} | arguments)) == field


@pytest.mark.parametrize(
    "expires",
    [
        pytest.param(datetime(2030, 1, 2, 3, 4, 5), id="a naive moment is UTC"),
        pytest.param(datetime(2030, 1, 2, 3, 4, 5, 999999, UTC), id="parts of a second are cut"),
        pytest.param(datetime(2030, 1, 2, 5, 4, 5, tzinfo=timezone(timedelta(hours=2))), id="another time zone"),
        pytest.param("Wed, 02 Jan 2030 03:04:05 GMT", id="an HTTP date"),
        pytest.param("Wed, 02 Jan 2030 03:04:05 -0000", id="a date without a zone"),
        pytest.param("Wednesday, 02-Jan-30 03:04:05 GMT", id="the date of RFC 850"),
        pytest.param("Wed Jan  2 03:04:05 2030", id="the date of asctime"),
    ],
)
def test_expires_is_written_as_an_imf_fixdate(expires: datetime | str) -> None:
    field = set_cookie_value("k", "v", expires=expires)
    assert parse(field).attributes["expires"] == "Wed, 02 Jan 2030 03:04:05 GMT"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"key": ""}, id="an empty key"),
        pytest.param({"key": "a b"}, id="a key with a blank"),
        pytest.param({"key": "a=b"}, id="a key with an equals sign"),
        pytest.param({"key": "a;b"}, id="a key with a semicolon"),
        pytest.param({"key": "a\r\nb"}, id="a key with a line end"),
        pytest.param({"key": "k\n"}, id="a key that ends with a line end"),
        pytest.param({"key": "clé"}, id="a key outside ASCII"),
        pytest.param({"value": "\ud800"}, id="a lone surrogate in the value"),
        pytest.param({"path": "/a; Domain=evil.example"}, id="an attribute in the path"),
        pytest.param({"path": "/a\r\nX: y"}, id="a line end in the path"),
        pytest.param({"path": "/a\tb"}, id="a tab in the path"),
        pytest.param({"path": "/a\x1fb"}, id="the last C0 control in the path"),
        pytest.param({"path": "/a\x85b"}, id="a C1 control in the path"),
        pytest.param({"path": "/\ud800"}, id="a lone surrogate in the path"),
        pytest.param({"path": "admin"}, id="a path that does not begin with a slash"),
        pytest.param({"path": "/" + "é" * 171}, id="a path of more than 1024 octets once encoded"),
        pytest.param({"domain": "a.example; Path=/x"}, id="an attribute in the domain"),
        pytest.param({"domain": "a.example\n"}, id="a line end in the domain"),
        pytest.param({"domain": "a.example\x7f"}, id="DEL in the domain"),
        pytest.param({"domain": "a.example:8000"}, id="a port in the domain"),
        pytest.param({"domain": "[::1]"}, id="an IPv6 address as the domain"),
        pytest.param({"domain": "https://a.example"}, id="a URL as the domain"),
        pytest.param({"domain": "."}, id="a domain of a dot"),
        pytest.param({"domain": "..a.example"}, id="a domain with two leading dots"),
        pytest.param({"domain": "a..example"}, id="a domain with an empty label"),
        pytest.param({"domain": "a.example."}, id="a domain with a dot at its end"),
        pytest.param({"domain": "é。"}, id="a domain with an ideographic full stop at its end"),
        pytest.param({"domain": "a" * 64}, id="a domain with too long a label"),
        pytest.param({"domain": "é" * 64}, id="an international domain with too long a label"),
        pytest.param({"domain": "a." * 127 + "a"}, id="a domain that is too long"),
        pytest.param({"domain": "a\uff1bb"}, id="a domain that normalises to a semicolon"),
        pytest.param({"domain": "\ud800.example"}, id="a lone surrogate in the domain"),
        pytest.param({"domain": "faß.example"}, id="a domain that versions of IDNA read as two"),
        pytest.param({"samesite": ""}, id="an empty samesite"),
        pytest.param({"samesite": "lax; Secure"}, id="an attribute in samesite"),
        pytest.param({"samesite": "None"}, id="samesite none that is not secure"),
        pytest.param({"partitioned": True}, id="partitioned that is not secure"),
        pytest.param({"max_age": float("nan")}, id="max_age that is no number"),
        pytest.param({"max_age": float("inf")}, id="an infinite max_age"),
        pytest.param({"max_age": 1e300}, id="a float max_age beyond 64 bits"),
        pytest.param({"max_age": -(2**64)}, id="a negative max_age beyond 64 bits"),
        pytest.param({"expires": "tomorrow"}, id="expires that is no date"),
        pytest.param({"expires": "Wed, 02 Jan 2030 03:04:05 GMT; Secure"}, id="an attribute in expires"),
        pytest.param({"expires": "Mon, 01 Jan " + "9" * 30 + " 00:00:00 GMT"}, id="expires in a year of many digits"),
        pytest.param({"expires": datetime.min}, id="expires in a year that browsers ignore"),
        pytest.param(
            {"expires": datetime.max.replace(tzinfo=timezone(timedelta(hours=-1)))}, id="expires in the year 10000"
        ),
        pytest.param({"key": "__Secure-k"}, id="__Secure- that is not secure"),
        pytest.param({"key": "__SECURE-k"}, id="__Secure- in another case"),
        pytest.param({"key": "__Host-k"}, id="__Host- that is not secure"),
        pytest.param({"key": "__host-k", "secure": True, "path": "/a"}, id="__Host- with a path"),
        pytest.param({"key": "__Host-k", "secure": True, "path": None}, id="__Host- without a path"),
        pytest.param({"key": "__Host-k", "secure": True, "domain": "a.example"}, id="__Host- with a domain"),
        pytest.param({"key": "__Http-k", "secure": True}, id="__Http- that scripts can read"),
        pytest.param({"key": "__Host-Http-k", "secure": True}, id="__Host-Http- that scripts can read"),
        pytest.param(
            {"key": "__Host-Http-k", "secure": True, "httponly": True, "path": "/a"}, id="__Host-Http- with a path"
        ),
    ],
)
def test_what_a_browser_would_drop_or_misread_is_a_value_error(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="cookie") as caught:
        set_cookie_value(**({"key": "k", "value": "v"} | arguments))
    assert type(caught.value) is ValueError


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"key": 1}, id="a number as the key"),
        pytest.param({"key": b"k"}, id="bytes as the key"),
        pytest.param({"key": ["k"]}, id="a list as the key"),
        pytest.param({"value": 1}, id="a number as the value"),
        pytest.param({"value": None}, id="None as the value"),
        pytest.param({"max_age": True}, id="a truth value as max_age"),
        pytest.param({"max_age": "60"}, id="a text as max_age"),
        pytest.param({"expires": 60}, id="seconds as expires"),
        pytest.param({"path": b"/"}, id="bytes as the path"),
        pytest.param({"domain": b"a.example"}, id="bytes as the domain"),
        pytest.param({"samesite": ["lax"]}, id="a list as samesite"),
    ],
)
def test_an_argument_of_another_type_is_a_type_error(arguments: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="cookie"):
        set_cookie_value(**({"key": "k", "value": "v"} | arguments))


def test_a_cookie_over_the_size_of_browsers_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="too large"):
        set_cookie_value("k", "v" * 5000)


def test_the_warning_of_size_can_be_turned_off() -> None:
    assert set_cookie_value("k", "v" * 5000, max_size=0).startswith("k=vvv")
