"""Answers that name another place."""

from __future__ import annotations

from enum import Enum

import pytest
from responses.wsgi_calls import call

from wsgiresp import BackgroundTask
from wsgiresp.responses import RedirectResponse


class Url:
    """An object that knows its URL, as a router's does."""

    def __str__(self):
        return "/from/an/object"


@pytest.mark.parametrize(
    ("url", "location"),
    [
        pytest.param("/new-path", "/new-path", id="a path"),
        pytest.param("https://example.com", "https://example.com", id="a URL"),
        pytest.param("../up?a=b#c", "../up?a=b#c", id="a relative reference stays relative"),
        pytest.param(Url(), "/from/an/object", id="an object is its str()"),
        pytest.param("/I ♥ Asterisk®/", "/I%20%E2%99%A5%20Asterisk%C2%AE/", id="an IRI becomes a URI"),
    ],
)
def test_a_redirect(url, location):
    answer = call(RedirectResponse(url))
    assert answer.status == "307 Temporary Redirect"
    assert answer.values("Location") == [location]
    assert answer.values("Content-Length") == ["0"]
    assert answer.values("Content-Type") == ["text/plain; charset=utf-8"]


@pytest.mark.parametrize("status_code", [201, 300, 301, 302, 303, 305, 307, 308])
def test_a_status_that_redirects(status_code):
    assert call(RedirectResponse("/b", status_code)).status.startswith(str(status_code))


@pytest.mark.parametrize("status_code", [200, 202, 204, 304, 400, 500])
def test_a_status_that_does_not_redirect_is_refused(status_code):
    with pytest.raises(ValueError, match=f"status_code of a redirect must be .*, got {status_code}"):
        RedirectResponse("/b", status_code)


def test_a_status_may_be_a_line():
    assert call(RedirectResponse("/b", "302 Over There")).status == "302 Over There"


class Route(str, Enum):  # noqa: UP042 - which is how many a code base spells it
    """Places as many a code base spells them."""

    HOME = "/home"


def test_an_enum_is_its_characters():
    assert call(RedirectResponse(Route.HOME)).values("Location") == ["/home"]


def test_the_headers_and_the_background_are_kept():
    ran: list[str] = []
    headers = {"X-A": "1", "Location": "/not-this"}
    answer = call(RedirectResponse("/b", 303, headers, BackgroundTask(ran.append, "background")))
    assert answer.values("X-A") == ["1"]
    assert answer.values("Location") == ["/b"]
    assert ran == ["background"]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", " /b", "/b\r\nX: y"])
def test_a_harmful_target_is_refused(url):
    with pytest.raises(ValueError, match="url must"):
        RedirectResponse(url)


def test_a_subclass_may_allow_the_scheme_of_an_app():
    class AppRedirect(RedirectResponse):
        allowed_schemes = ("https", "myapp")

    assert call(AppRedirect("myapp://callback")).values("Location") == ["myapp://callback"]


@pytest.mark.parametrize("url", ["//evil.example", "/\\evil.example", "https://good.example@evil.example/"])
def test_a_target_off_the_allowed_hosts_is_refused(url):
    with pytest.raises(ValueError, match="url must"):
        RedirectResponse(url, allowed_hosts={"good.example"})


def test_a_target_on_an_allowed_host_is_taken():
    answer = call(RedirectResponse("https://good.example/", allowed_hosts={"GOOD.example"}))
    assert answer.values("Location") == ["https://good.example/"]
