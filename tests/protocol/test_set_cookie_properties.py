"""Cookies of any arguments: they are read back as they were set, or refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st
from protocol.cookie_parser import Cookie, kept, parse

from wsgiresp._protocol.set_cookie import deletion_value, set_cookie_value

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
