"""The names that werkzeug has for the arguments of a response, and its typed headers."""

from __future__ import annotations

import pytest
from responses.wsgi_calls import call
from werkzeug.wrappers import Response as WerkzeugResponse

from wsgiresp import BackgroundTask
from wsgiresp.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response


def test_a_response_is_werkzeugs():
    assert isinstance(JSONResponse({}), WerkzeugResponse)


@pytest.mark.parametrize(
    ("words", "content_type"),
    [
        pytest.param({"mimetype": "text/css"}, "text/css; charset=utf-8", id="a mimetype gets its charset"),
        pytest.param({"mimetype": "application/xml"}, "application/xml; charset=utf-8", id="XML too, as in werkzeug"),
        pytest.param({"content_type": "text/css"}, "text/css", id="a content type is taken as it is"),
        pytest.param({"mimetype": None, "content_type": None}, "text/plain; charset=utf-8", id="None is not given"),
    ],
)
def test_the_arguments_of_werkzeug_for_the_content_type(words, content_type):
    assert call(Response("abc", **words)).values("Content-Type") == [content_type]


def test_the_argument_of_werkzeug_for_the_status():
    assert call(Response("abc", status="404 Gone Fishing")).status == "404 Gone Fishing"


def test_the_argument_of_werkzeug_for_the_content():
    assert call(Response(response="abc")).body == b"abc"


def test_content_is_given_by_one_argument():
    with pytest.raises(TypeError, match="content and response are two words for one argument"):
        Response("abc", response="def")


def test_werkzeugs_content_is_not_rendered():
    assert call(JSONResponse(response='{"a":1}', mimetype="application/json")).body == b'{"a":1}'


def test_a_background_may_be_given_with_the_arguments_of_werkzeug():
    ran: list[str] = []
    call(Response("abc", status=201, background=BackgroundTask(ran.append, "background")))
    assert ran == ["background"]


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: Response(response=["a", b"b"]), id="response="),
        pytest.param(lambda: Response(["a", b"b"], "200 OK", []), id="a status line"),
        pytest.param(lambda: Response(("a", b"b"), status=None, headers=None), id="status="),
    ],
)
def test_a_list_of_chunks_announces_its_length(make):
    answer = call(make())
    assert (answer.chunks, answer.values("Content-Length")) == ([b"a", b"b"], ["2"])


def test_an_application_may_ask_for_absolute_locations():
    class Absolute(RedirectResponse):
        autocorrect_location_header = True

    assert call(Absolute("/b")).values("Location") == ["http://a.example/b"]
    assert call(Absolute("/b", headers={"X-A": "1"})).values("Location") == ["http://a.example/b"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_view_may_ask_for_an_absolute_location(method):
    response = RedirectResponse("/b")
    response.autocorrect_location_header = True
    assert call(response, method).values("Location") == ["http://a.example/b"]
    response.headers["X-A"] = "1"
    assert call(response, method).values("Location") == ["http://a.example/b"]
    response.response = [b"moved"]
    assert call(response, method).values("Location") == ["http://a.example/b"]


def test_typed_headers_are_werkzeugs():
    response = PlainTextResponse("abc")
    response.cache_control.max_age = 60
    response.vary.add("Accept")
    response.last_modified = 0
    assert response.headers["Cache-Control"] == "max-age=60"
    assert call(response).values("Last-Modified") == ["Thu, 01 Jan 1970 00:00:00 GMT"]
