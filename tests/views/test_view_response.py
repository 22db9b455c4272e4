"""The response that becomes of what a view returned."""

from __future__ import annotations

import pytest
from werkzeug.exceptions import NotFound
from werkzeug.local import LocalProxy
from werkzeug.wrappers import Response as WerkzeugResponse

from wsgiresp import HTTPException
from wsgiresp._views.injection import Injected
from wsgiresp._views.view_response import view_response
from wsgiresp.responses import (
    BackgroundTasks,
    HTMLResponse,
    JSONLinesResponse,
    JSONResponse,
    Response,
    StreamingResponse,
)


def answered(returned, default=JSONResponse, injected=None):
    return view_response(returned, default, injected, stream_type="text/html")


def test_a_response_is_itself():
    response = Response("a")
    assert answered(response) is response


def test_a_response_of_werkzeugs_becomes_ours():
    found = answered(WerkzeugResponse("a", 201))
    assert (isinstance(found, Response), found.status_code, found.body) == (True, 201, b"a")


@pytest.mark.parametrize("error", [HTTPException(404, "no"), NotFound()], ids=["ours", "werkzeug's"])
def test_an_exception_is_its_answer(error):
    assert answered(error).status_code == 404


def test_a_document_is_of_the_default_class():
    assert (type(answered({"a": 1})), answered([]).body) == (JSONResponse, b"[]")


def test_text_is_of_a_default_class_for_text():
    assert answered("<p>", HTMLResponse).media_type == "text/html"


@pytest.mark.parametrize(("returned", "default"), [("text", JSONResponse), ({"a": 1}, None), (1, HTMLResponse)])
def test_what_the_default_class_does_not_take_makes_none(returned, default):
    assert answered(returned, default) is None


@pytest.mark.parametrize("default", [None, JSONResponse])
def test_an_iterator_is_a_stream(default):
    found = answered(iter(["a"]), default)
    assert (type(found), found.mimetype) == (StreamingResponse, "text/html")


def test_an_iterator_is_of_a_default_class_that_streams():
    assert type(answered(iter([{}]), JSONLinesResponse)) is JSONLinesResponse


def test_the_parts_of_a_tuple_are_taken():
    found = answered(({"a": 1}, 202, {"X-A": "1"}))
    assert (found.status_code, found.headers["X-A"], found.body) == (202, "1", b'{"a":1}')


def test_what_was_injected_is_merged():
    injected = Injected({"response": Response, "tasks": BackgroundTasks})
    injected.response.headers["X-A"] = "1"
    injected.tasks.add_task(print)
    found = answered({}, injected=injected)
    assert (found.headers["X-A"], len(found.background.tasks)) == ("1", 1)


@pytest.mark.parametrize("returned", [{"a": 1}, [1], 41, None], ids=repr)
def test_a_proxy_is_what_it_stands_for(returned):
    assert answered(LocalProxy(lambda: returned)).body == answered(returned).body


def test_a_proxy_in_a_tuple_is_what_it_stands_for():
    found = answered((LocalProxy(lambda: [1]), 201))
    assert (found.status_code, found.body) == (201, b"[1]")


def test_a_proxy_of_a_generator_is_a_stream():
    assert type(answered(LocalProxy(lambda: (n for n in ["a"])))) is StreamingResponse
