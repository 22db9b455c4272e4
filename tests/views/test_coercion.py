"""What is an answer, which class makes one of the rest, and which tuples are Flask's."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from pydantic import BaseModel
from pydantic.dataclasses import dataclass as pydantic_dataclass
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as WerkzeugResponse

from wsgiresp import HTTPException
from wsgiresp._views import coercion
from wsgiresp.responses import (
    EventSourceResponse,
    HTMLResponse,
    JSONLinesResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)


@dataclass
class Point:
    x: int


@pydantic_dataclass
class CheckedPoint:
    x: int


class Item(BaseModel):
    name: str


class XMLResponse(Response):
    def render(self, content):
        return f"<{content}/>".encode()


async def asynchronous():
    yield 1


@pytest.fixture(autouse=True)
def _registers_are_as_before(monkeypatch):
    monkeypatch.setattr(coercion, "_answers", coercion._answers.copy())
    monkeypatch.setattr(coercion, "_finders", [])


@pytest.mark.parametrize(
    "value", [PlainTextResponse(), WerkzeugResponse(), HTTPException(404), NotFound()], ids=lambda value: repr(value)
)
def test_responses_and_exceptions_are_answers(value):
    assert coercion.is_answer(value)


@pytest.mark.parametrize("value", ["text", {}, [], None, Point(1), (PlainTextResponse(), 201)], ids=repr)
def test_anything_else_is_content(value):
    assert not coercion.is_answer(value)


def test_an_adapter_has_its_frameworks_responses_pass():
    coercion.register_response_type(Point)
    coercion.register_response_type(Point)
    assert coercion.is_answer(Point(1))
    assert coercion._answers.count(Point) == 1


def test_without_an_application_the_class_is_json():
    assert coercion.class_for("text") is JSONResponse


def test_the_first_application_that_runs_has_its_class():
    coercion.register_default_class(lambda: None)
    coercion.register_default_class(lambda: XMLResponse)
    coercion.register_default_class(lambda: JSONResponse)
    assert coercion.class_for({}) is XMLResponse


def test_a_finder_is_asked_once():
    asked = []
    for _ in range(2):
        coercion.register_default_class(asked.append if asked else _nothing)
    coercion.class_for({})
    assert coercion._finders == [_nothing]


def _nothing():
    return None


@pytest.mark.parametrize(
    ("content", "kind"),
    [("text", HTMLResponse), (b"bytes", HTMLResponse), ({}, JSONResponse), (Point(1), JSONResponse)],
    ids=repr,
)
def test_a_class_for_text_is_not_given_documents(content, kind):
    coercion.register_default_class(lambda: HTMLResponse)
    assert coercion.class_for(content) is kind


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (HTMLResponse, "text"),
        (PlainTextResponse, b"bytes"),
        (RedirectResponse, "/new"),
        (JSONResponse, {}),
        (XMLResponse, Point(1)),
        (EventSourceResponse, iter([])),
        (JSONLinesResponse, asynchronous()),
    ],
)
def test_a_default_class_takes_what_is_for_it(kind, content):
    assert coercion.takes(kind, content)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (HTMLResponse, {}),
        (HTMLResponse, iter([])),
        (JSONResponse, "text"),
        (JSONResponse, iter([])),
        (EventSourceResponse, "text"),
        (EventSourceResponse, {}),
    ],
)
def test_a_default_class_leaves_the_rest(kind, content):
    assert not coercion.takes(kind, content)


def test_a_class_for_streams_is_not_given_documents():
    coercion.register_default_class(lambda: EventSourceResponse)
    assert coercion.class_for({}) is JSONResponse


def test_a_class_for_streams_is_given_iterators():
    coercion.register_default_class(lambda: EventSourceResponse)
    assert coercion.class_for(iter([])) is EventSourceResponse


@pytest.mark.parametrize(
    ("response_class", "kind", "content_type"),
    [
        pytest.param(None, StreamingResponse, "application/octet-stream", id="none"),
        pytest.param(StreamingResponse, StreamingResponse, "application/octet-stream", id="a stream"),
        pytest.param(JSONLinesResponse, JSONLinesResponse, "application/jsonl", id="lines"),
        pytest.param(EventSourceResponse, EventSourceResponse, "text/event-stream; charset=utf-8", id="events"),
        pytest.param(HTMLResponse, StreamingResponse, "text/html; charset=utf-8", id="text"),
        pytest.param(Response, StreamingResponse, "application/octet-stream", id="anything"),
    ],
)
def test_an_iterator_is_a_stream(response_class, kind, content_type):
    made = coercion.stream(iter([]), response_class, status_code=201)
    assert (type(made), made.headers["Content-Type"], made.status_code) == (kind, content_type, 201)


@pytest.mark.parametrize("response_class", [JSONResponse, XMLResponse, RedirectResponse])
def test_an_iterator_is_content_for_others(response_class):
    assert coercion.stream(iter([]), response_class) is None


@pytest.mark.parametrize("value", [Point(1), CheckedPoint(1), Item(name="a")], ids=repr)
def test_models_and_dataclasses_are_records(value):
    assert coercion.is_record(value)


@pytest.mark.parametrize("value", [{}, [], "text", 1, None], ids=repr)
def test_these_are_no_records(value):
    assert not coercion.is_record(value)


@pytest.mark.parametrize(
    ("returned", "parts"),
    [
        pytest.param(("a", 201), ("a", 201, None), id="content and status"),
        pytest.param(("a", "201 Made"), ("a", "201 Made", None), id="content and a status line"),
        pytest.param(("a", "404"), ("a", "404", None), id="content and a status as text"),
        pytest.param(("a", {"X": "1"}), ("a", None, {"X": "1"}), id="content and headers"),
        pytest.param(("a", 201, {"X": "1"}), ("a", 201, {"X": "1"}), id="content, status and headers"),
        pytest.param((1, 2), ((1, 2), None, None), id="two numbers"),
        pytest.param(("a", True), (("a", True), None, None), id="a truth is no status"),
        pytest.param(("a", "b"), (("a", "b"), None, None), id="two texts"),
        pytest.param((1, 2, 3), ((1, 2, 3), None, None), id="three numbers"),
        pytest.param((1, 200, 3), ((1, 200, 3), None, None), id="a status and no headers"),
        pytest.param(("a",), (("a",), None, None), id="one"),
        pytest.param([1, 200], ([1, 200], None, None), id="a list"),
        pytest.param("text", ("text", None, None), id="no tuple"),
    ],
)
def test_a_tuple_is_flasks_or_content(returned, parts):
    assert coercion.parts(returned) == parts
