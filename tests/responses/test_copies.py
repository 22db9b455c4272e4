"""Copies and pickles of responses, adopted by an application or not: as caches make them."""

from __future__ import annotations

import copy
import pickle

import flask
import pytest
from responses.wsgi_calls import call

from wsgiresp.responses import (
    BackgroundTask,
    BackgroundTasks,
    EventSourceResponse,
    HTMLResponse,
    JSONLinesResponse,
    JSONResponse,
    ORJSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
    UJSONResponse,
)


class Application(flask.Response):
    """The response class of an application."""


class Extension(flask.Response):
    """Another one, for a response that goes through two applications."""


class CSVResponse(Response):
    media_type = "text/csv"


def with_cookies():
    response = PlainTextResponse("cookies")
    response.set_cookie("theme", "dark")
    response.set_cookie("session", "1", max_age=60)
    return response


def unfolded():
    response = Response(b"<a/>", 404, media_type="application/xml")
    response.headers["X-Late"] = "1"
    return response


MAKERS = [
    pytest.param(lambda: Response("text"), id="Response"),
    pytest.param(lambda: PlainTextResponse("ü", 201), id="PlainTextResponse"),
    pytest.param(lambda: HTMLResponse("<p>", headers={"X-A": "b"}), id="HTMLResponse"),
    pytest.param(lambda: JSONResponse({"a": [1]}), id="JSONResponse"),
    pytest.param(lambda: ORJSONResponse({"a": [1]}), id="ORJSONResponse"),
    pytest.param(lambda: UJSONResponse({"a": [1]}), id="UJSONResponse"),
    pytest.param(lambda: RedirectResponse("/ü"), id="RedirectResponse"),
    pytest.param(lambda: CSVResponse("a,b", media_type="text/tab-separated-values"), id="a subclass"),
    pytest.param(lambda: Response(status=204), id="without content"),
    pytest.param(lambda: Response(response=[b"a", "ü"]), id="in chunks"),
    pytest.param(lambda: StreamingResponse([b"a", "ü"], 201, {"X-A": "b"}, "text/csv"), id="StreamingResponse"),
    pytest.param(lambda: JSONLinesResponse([{"a": 1}, 2]), id="JSONLinesResponse"),
    pytest.param(lambda: EventSourceResponse(["a", {"data": 1}], retry=5), id="EventSourceResponse"),
    pytest.param(with_cookies, id="with cookies"),
    pytest.param(unfolded, id="with headers that were asked for"),
]
ADOPTIONS = [
    pytest.param((), id="not adopted"),
    pytest.param((Application,), id="adopted"),
    pytest.param((Application, Extension), id="adopted twice"),
]
COPIERS = [
    pytest.param(copy.copy, id="copy"),
    pytest.param(copy.deepcopy, id="deep copy"),
    *(
        pytest.param(
            lambda response, p=protocol: pickle.loads(pickle.dumps(response, p)), id=f"pickle protocol {protocol}"
        )
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)
    ),
]


def adopted(response, applications):
    """Return *response* as each of *applications* takes it in turn, as Flask does."""
    for application in applications:
        response.__class__ = application
    return response


def told(response):
    answer = call(response)
    return answer.status, answer.headers, answer.body


@pytest.mark.parametrize("copied", COPIERS)
@pytest.mark.parametrize("applications", ADOPTIONS)
@pytest.mark.parametrize("make", MAKERS)
def test_a_copy_answers_the_same(make, applications, copied):
    response = adopted(make(), applications)
    assert told(copied(response)) == told(response)


@pytest.mark.parametrize("copied", COPIERS)
@pytest.mark.parametrize("applications", ADOPTIONS)
@pytest.mark.parametrize("make", MAKERS)
def test_a_copy_is_of_the_same_classes(make, applications, copied):
    response = adopted(make(), applications)
    twin = copied(response)
    assert type(twin) is type(response)
    assert isinstance(twin, (*applications, type(make())))
    assert all(isinstance(twin, application) for application in applications)


@pytest.mark.parametrize("copied", COPIERS)
@pytest.mark.parametrize("applications", ADOPTIONS)
@pytest.mark.parametrize("make", MAKERS)
def test_a_change_of_a_copy_does_not_change_the_response(make, applications, copied):
    response = adopted(make(), applications)
    before = told(response)
    twin = copied(response)
    twin.headers["X-Twin"] = "1"
    twin.set_cookie("twin", "1")
    twin.body = b"another"
    twin.status_code = 500
    assert told(response) == before


@pytest.mark.parametrize("copied", COPIERS)
def test_a_copy_has_the_background(copied):
    tasks = BackgroundTasks([BackgroundTask(print, "sent", sep="")])
    twin = copied(PlainTextResponse("x", background=tasks))
    ((task),) = twin.background.tasks
    assert (task.func, task.args, task.kwargs) == (print, ("sent",), {"sep": ""})


@pytest.mark.parametrize("applications", ADOPTIONS)
def test_a_response_that_was_called_can_be_pickled(applications):
    response = adopted(JSONResponse({}, background=BackgroundTask(print, end="")), applications)
    before = told(response)
    assert told(pickle.loads(pickle.dumps(response))) == before
