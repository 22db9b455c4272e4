"""Another class assigned to a response, as werkzeug and Flask do it."""

from __future__ import annotations

import pickle

import pytest
from responses.wsgi_calls import call
from werkzeug.wrappers import Response as WerkzeugResponse

from wsgiresp import BackgroundTask
from wsgiresp.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response


class Foreign(WerkzeugResponse):
    """The response class of an application."""

    default_mimetype = "text/html"
    extra = "theirs"


class Other(WerkzeugResponse):
    """That of another."""


def adopted():
    response = JSONResponse({"a": 1}, headers={"X-A": "1"})
    response.__class__ = Foreign
    return response


def test_an_adopted_response_is_of_both_classes():
    response = adopted()
    assert isinstance(response, JSONResponse)
    assert isinstance(response, Foreign)
    assert response.extra == "theirs"
    assert type(response).__name__ == "JSONResponse"


def test_an_adopted_response_stays_what_it_was():
    ran: list[str] = []
    response = adopted()
    response.background = BackgroundTask(ran.append, "background")
    answer = call(response)
    assert (answer.body, answer.values("X-A"), ran) == (b'{"a":1}', ["1"], ["background"])


def test_its_own_class_changes_nothing():
    response = JSONResponse({})
    for known in (JSONResponse, Response, WerkzeugResponse):
        response.__class__ = known
        assert type(response) is JSONResponse


def test_a_sibling_of_ours_is_added_and_does_not_replace():
    class Stamp(JSONResponse):
        def prepare(self, environ):
            prepared = super().prepare(environ)
            prepared.headers.append(("X-Stamp", "1"))
            return prepared

    class App(HTMLResponse, Foreign):
        pass

    response = Stamp({})
    response.__class__ = App
    assert isinstance(response, App)
    assert call(response).values("X-Stamp") == ["1"]


def test_a_subclass_of_its_own_class_is_taken_as_it_is():
    response = Response("a")
    response.__class__ = PlainTextResponse
    assert type(response) is PlainTextResponse


def test_the_same_two_classes_make_one():
    assert type(adopted()) is type(adopted())


def test_force_type_adopts():
    assert isinstance(Foreign.force_type(PlainTextResponse("a")), PlainTextResponse)


def test_a_response_may_be_adopted_twice():
    response = adopted()
    response.__class__ = Other
    assert isinstance(response, JSONResponse)
    assert isinstance(response, Foreign)
    assert isinstance(response, Other)


@pytest.mark.parametrize("times", [0, 1, 2])
def test_a_response_can_be_pickled(times):
    response = JSONResponse({"a": 1})
    response.set_cookie("a", "b")
    for foreign in (Foreign, Other)[:times]:
        response.__class__ = foreign
    twin = pickle.loads(pickle.dumps(response))
    assert type(twin) is type(response)
    assert call(twin).headers == call(response).headers
    assert call(twin).body == b'{"a":1}'
