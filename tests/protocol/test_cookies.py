"""Cookies as a browser takes them: what is set is read back, what a browser would drop is refused."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol.cookie_parser import Cookie, kept, parse

from wsgiresp._protocol.cookies import deletion_value, set_cookie_value


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


@pytest.mark.parametrize(
    "key", [f"{prefix}k" for prefix in ("", "__Secure-", "__secure-", "__Host-", "__HOST-", "__Http-", "__host-http-")]
)
def test_the_deletion_of_any_name_is_kept_by_browsers(key: str) -> None:
    cookie = parse(deletion_value(key))
    assert kept(cookie)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        pytest.param(
            {},
            "k=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax",
            id="the defaults are Starlette's",
        ),
        pytest.param(
            {"path": "/a", "domain": ".a.example", "httponly": True, "samesite": None},
            "k=; Domain=a.example; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Path=/a",
            id="the attributes of the cookie",
        ),
        pytest.param(
            {"samesite": "none"},
            "k=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Secure; Path=/; SameSite=None",
            id="samesite none is secure",
        ),
        pytest.param(
            {"partitioned": True},
            "k=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Secure; Path=/; SameSite=Lax; Partitioned",
            id="partitioned is secure",
        ),
    ],
)
def test_a_deletion_has_the_attributes_of_the_cookie_and_ended_at_the_epoch(
    arguments: dict[str, Any], field: str
) -> None:
    assert deletion_value("k", **arguments) == field


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"path": "/a"}, id="another path"),
        pytest.param({"path": None}, id="no path"),
        pytest.param({"domain": "a.example"}, id="a domain"),
    ],
)
def test_the_deletion_of_a_host_cookie_elsewhere_is_a_value_error(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="__Host-"):
        deletion_value("__Host-k", **arguments)


def test_the_deletion_of_a_key_that_is_no_text_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="cookie name"):
        deletion_value(["k"])  # type: ignore[arg-type]


# What could end a pair, an attribute, a field or a codec; and a few plain characters, so that some of it is accepted.
HOSTILE = st.text(
    st.sampled_from('aZ09/.-_ =;,:"\\\t\r\n\0\x19\x1a\x1f\x7f\x85%@[]é\uff1bß\u200d\ud800\u2028\U00010400'), max_size=12
)
ANYTHING = st.one_of(HOSTILE, st.text(max_size=12), st.none(), st.integers(), st.floats(), st.booleans(), st.binary())
ZONES: Any = st.one_of(st.none(), st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes))))
PATH_CHARACTERS = st.characters(exclude_categories=("Cc", "Cs"), exclude_characters=";")
PREFIXES = st.sampled_from(["", "__Secure-", "__hOst-", "__Http-", "__Host-Http-", "__"])

GOOD = {
    "key": st.text(st.sampled_from("azAZ09!#$%&'*+-.^_`|~"), min_size=1).map("k{}".format),
    "path": st.one_of(st.none(), st.just(""), st.text(PATH_CHARACTERS, max_size=40).map("/{}".format)),
    "domain": st.sampled_from([None, "", "localhost", "a.example", ".B.example", "ä.example", "127.0.0.1"]),
    "secure": st.just(True),
    "httponly": st.booleans(),
    "samesite": st.sampled_from([None, "strict", "LAX", "None"]),
    "partitioned": st.booleans(),
}
BAD = {
    "key": st.one_of(ANYTHING, st.tuples(PREFIXES, HOSTILE).map("".join), PREFIXES.map("{}k".format)),
    "path": st.one_of(ANYTHING, HOSTILE.map("/{}".format), st.just("/")),
    "domain": st.one_of(ANYTHING, HOSTILE.map("a.{}".format), st.none()),
    "secure": ANYTHING,
    "httponly": ANYTHING,
    "samesite": ANYTHING,
    "partitioned": ANYTHING,
}
GOOD_VALUES = GOOD | {
    "value": st.text(max_size=40),
    "max_age": st.one_of(st.none(), st.integers(-(2**63) + 1, 2**63 - 1), st.timedeltas()),
    "expires": st.one_of(st.none(), st.datetimes(datetime(1601, 1, 2), datetime(9999, 12, 30), timezones=ZONES)),
}
BAD_VALUES = BAD | {
    "value": ANYTHING,
    "max_age": ANYTHING,
    "expires": st.one_of(ANYTHING, st.datetimes(timezones=ZONES), HOSTILE.map("Wed, 02 Jan 2030 03:04:05 {}".format)),
}


@st.composite
def mixed(draw: st.DrawFn, good: dict[str, Any], bad: dict[str, Any]) -> dict[str, Any]:
    """Draw arguments that are all *good* but a few that are *bad*, or else all that is drawn would be refused."""
    names = draw(st.lists(st.sampled_from(sorted(bad)), max_size=3))
    return {name: draw(bad[name] if name in names else good[name]) for name in good}


@given(arguments=st.fixed_dictionaries(GOOD_VALUES))
def test_whatever_a_cookie_can_hold_is_read_back_exactly(arguments: dict[str, Any]) -> None:
    assert as_read(set_cookie_value(**arguments)) == as_given(arguments)


@given(arguments=mixed(GOOD_VALUES, BAD_VALUES))
def test_whatever_is_given_is_refused_or_read_back_exactly(arguments: dict[str, Any]) -> None:
    field = accepted(set_cookie_value, arguments)
    if field is not None:
        assert as_read(field) == as_given(arguments)
        assert kept(parse(field))


@given(arguments=mixed(GOOD, BAD))
def test_whatever_is_deleted_is_refused_or_forgotten_by_browsers(arguments: dict[str, Any]) -> None:
    field = accepted(deletion_value, arguments)
    if field is not None:
        asked = as_given(arguments | {"value": "", "max_age": 0, "expires": datetime(1970, 1, 1)})
        demanded = {"secure": True, "httponly": True}
        assert asked.attributes.items() <= as_read(field).attributes.items() <= (asked.attributes | demanded).items()
        assert kept(parse(field))


def accepted(make: Callable[..., str], arguments: dict[str, Any]) -> str | None:
    """Return the field that *make* gives, None if it refuses *arguments* by name and not by the error of a codec."""
    try:
        return make(**arguments)
    except (ValueError, TypeError) as error:
        if type(error) not in (ValueError, TypeError):
            raise
        return None


def as_read(field: str) -> Cookie:
    """Return what a browser reads in *field*, its path decoded, since there is more than one way to encode it."""
    cookie = parse(field)
    decoded: dict[str, str | bool] = {
        name: unquote(str(text)) for name, text in cookie.attributes.items() if name == "path"
    }
    return cookie._replace(attributes=cookie.attributes | decoded)


def as_given(arguments: dict[str, Any]) -> Cookie:
    """Return what a browser ought to read in the field for *arguments*."""
    flags = ("secure", "httponly", "partitioned")
    attributes: dict[str, str | bool] = {flag: True for flag in flags if arguments[flag]}
    if arguments["path"]:
        attributes["path"] = unquote(arguments["path"])
    if arguments["domain"]:
        attributes["domain"] = arguments["domain"].removeprefix(".").encode("idna").decode()
    if arguments["samesite"] is not None:
        attributes["samesite"] = arguments["samesite"].capitalize()
    if (max_age := arguments.get("max_age")) is not None:
        attributes["max-age"] = str(int(max_age.total_seconds() if isinstance(max_age, timedelta) else max_age))
    if (expires := arguments.get("expires")) is not None:
        moment = parsedate_to_datetime(expires) if isinstance(expires, str) else expires
        moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
        attributes["expires"] = f"{moment:%a, %d %b} {moment.year:04} {moment:%H:%M:%S} GMT"
    return Cookie(arguments["key"], arguments["value"], attributes)
