"""Cookies on a response; what the texts look like is told in tests/protocol."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum

import pytest
from responses.wsgi_calls import call

from wsgiresp.responses import PlainTextResponse


def cookies(response):
    return call(response).values("Set-Cookie")


def test_the_cookie_of_fastapis_page():
    response = PlainTextResponse("a")
    response.set_cookie("session_id", "abc123", httponly=True, max_age=3600, secure=True, samesite="lax")
    assert cookies(response) == ["session_id=abc123; Max-Age=3600; Secure; HttpOnly; Path=/; SameSite=Lax"]


def test_the_defaults_are_starlettes():
    response = PlainTextResponse("a")
    response.set_cookie("a")
    assert cookies(response) == ["a=; Path=/; SameSite=Lax"]


class Place(str, Enum):  # noqa: UP042 - which is how many a code base spells it
    """Paths as many a code base spells them."""

    ROOT = "/"


def test_an_enum_is_its_characters():
    response = PlainTextResponse("a")
    response.set_cookie("a", "b", path=Place.ROOT)
    assert cookies(response) == ["a=b; Path=/; SameSite=Lax"]


def test_several_cookies_are_several_fields():
    response = PlainTextResponse("a", headers={"X-A": "1"})
    response.set_cookie("a", "1")
    response.set_cookie("a", "2", path="/b")
    response.delete_cookie("c")
    assert len(cookies(response)) == 3


def test_a_cookie_is_seen_among_the_headers():
    response = PlainTextResponse("a")
    response.headers["X-A"] = "1"
    response.set_cookie("a", "1")
    assert response.headers.getlist("Set-Cookie") == ["a=1; Path=/; SameSite=Lax"]


@pytest.mark.parametrize("seconds", [60, 60.5, -60])
def test_a_number_of_seconds_counts_from_now(seconds):
    response = PlainTextResponse("a")
    before = datetime.now(UTC).replace(microsecond=0)
    response.set_cookie("a", "1", expires=seconds)
    (text,) = cookies(response)
    expires = parsedate_to_datetime(text.partition("Expires=")[2].partition(";")[0])
    margin = timedelta(seconds=2)
    assert (
        before + timedelta(seconds=seconds) - margin < expires < datetime.now(UTC) + timedelta(seconds=seconds) + margin
    )


@pytest.mark.parametrize("seconds", [1e300, -1e300, float("inf"), float("nan"), 10**400, True])
def test_seconds_that_lead_to_no_date_are_refused(seconds):
    with pytest.raises((ValueError, TypeError), match="expires"):
        PlainTextResponse("a").set_cookie("a", "1", expires=seconds)


@pytest.mark.parametrize(
    "arguments",
    [
        {"key": ""},
        {"key": "a b"},
        {"key": "a", "path": "/a; Domain=evil.example"},
        {"key": "a", "domain": "a.example; Secure"},
        {"key": "a", "path": "/\x7f"},
        {"key": "__Secure-a"},
        {"key": "__host-a", "secure": True, "path": "/b"},
        {"key": "a", "samesite": "none"},
        {"key": "a", "partitioned": True},
    ],
)
def test_what_a_browser_would_drop_or_misread_is_refused(arguments):
    response = PlainTextResponse("a")
    with pytest.raises(ValueError, match="cookie"):
        response.set_cookie(**arguments)
    assert cookies(response) == []


@pytest.mark.parametrize("key", ["__Host-a", "__Secure-a"])
def test_the_deletion_of_a_prefixed_cookie_is_one_that_browsers_take(key):
    response = PlainTextResponse("a")
    response.delete_cookie(key)
    (text,) = cookies(response)
    assert text == f"{key}=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Secure; Path=/; SameSite=Lax"


def test_a_cookie_that_browsers_may_drop_for_its_size_is_warned_of():
    with pytest.warns(UserWarning, match="cookie"):
        PlainTextResponse("a").set_cookie("a", "b" * 5000)
