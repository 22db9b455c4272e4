"""Applications, and responses of werkzeug's own, that become ours."""

from __future__ import annotations

import pytest
from responses.wsgi_calls import call, environ
from werkzeug.wrappers import Response as WerkzeugResponse

from wsgiresp.responses import JSONResponse, Response


def test_a_foreign_application_becomes_a_response():
    def app(environ, start_response):
        start_response("201 Created", [("X-A", "1")])
        return [b"a", b"b"]

    response = Response.from_app(app, environ())
    answer = call(response)
    assert (answer.status, answer.body, answer.values("X-A")) == ("201 Created", b"ab", ["1"])


def test_werkzeugs_own_response_may_be_forced_to_be_ours():
    closed: list[str] = []
    foreign = WerkzeugResponse("abc", "404 Gone Fishing", {"X-A": "1"})
    foreign.call_on_close(lambda: closed.append("callback"))
    foreign.extra = "kept"
    forced = JSONResponse.force_type(foreign)
    answer = call(forced)
    assert isinstance(forced, JSONResponse)
    assert forced.extra == "kept"
    assert (answer.status, answer.body, answer.values("X-A")) == ("404 Gone Fishing", b"abc", ["1"])
    assert closed == ["callback"]


def test_werkzeugs_own_response_is_validated_when_it_is_forced():
    foreign = WerkzeugResponse("abc")
    foreign.headers._list.append(("X-A", "1\r\nX-Injected: 1"))
    with pytest.raises(ValueError, match="control character"):
        Response.force_type(foreign)


def test_any_application_may_be_forced_to_be_a_response():
    def app(environ, start_response):
        start_response("201 Created", [("Content-Type", "a/b")])
        return [b"abc"]

    answer = call(Response.force_type(app, environ()))
    assert (answer.status, answer.body) == ("201 Created", b"abc")


def test_an_application_cannot_be_forced_without_an_environ():
    with pytest.raises(TypeError, match="environ"):
        Response.force_type(lambda environ, start_response: [])


def test_forcing_a_response_of_ours_returns_it_unchanged():
    response = JSONResponse({})
    assert Response.force_type(response) is response
    assert type(response) is JSONResponse
