"""Views return documents, tuples, iterators and exceptions, declare a class, or are generators."""

from __future__ import annotations

import dataclasses
from typing import Any

import django_apps
import pytest
from django.http import Http404, HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import include, path
from django.utils import translation
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy
from django_apps import OURS, asked, project
from pydantic import BaseModel

from wsgiresp import HTTPException, Response, respond_with
from wsgiresp.adapters.django import ResponseMiddleware
from wsgiresp.responses import (
    HTMLResponse,
    JSONLinesResponse,
    JSONResponse,
    ORJSONResponse,
    PlainTextResponse,
    StreamingResponse,
)


class Model(BaseModel):
    a: int


@dataclasses.dataclass
class Record:
    a: int


@pytest.mark.parametrize(
    "document", [{"a": 1}, Model(a=1), Record(a=1)], ids=["a dict", "a model of pydantic's", "a dataclass"]
)
def test_a_document_is_json(document):
    answer = asked(lambda request: document)
    assert (answer.headers["Content-Type"], answer.data) == ("application/json", b'{"a":1}')


@pytest.mark.parametrize(
    "lazy", [gettext_lazy("Monday"), SimpleLazyObject(lambda: "Montag")], ids=["a translation", "an object"]
)
@pytest.mark.parametrize("response_class", [JSONResponse, ORJSONResponse])
def test_lazy_text_is_text_in_a_document(lazy, response_class):
    def view(request):
        with translation.override("de"):
            return response_class({"days": [lazy]})

    assert asked(view).json() == {"days": ["Montag"]}


@pytest.mark.parametrize("document", [[], {}, 0, False], ids=repr)
def test_an_empty_document_is_one(document):
    assert asked(lambda request: document).json() == document


@pytest.mark.parametrize(
    ("default", "returned", "content_type"),
    [
        pytest.param("wsgiresp.responses.HTMLResponse", "<p>", "text/html; charset=utf-8", id="text, by its path"),
        pytest.param(PlainTextResponse, "a", "text/plain; charset=utf-8", id="text, by the class"),
        pytest.param(JSONLinesResponse, iter([{}]), "application/jsonl", id="an iterator"),
    ],
)
def test_the_default_class_is_that_of_the_settings(default, returned, content_type):
    answer = asked(lambda request: returned, WSGIRESP={"DEFAULT_RESPONSE_CLASS": default})
    assert answer.headers["Content-Type"] == content_type


@pytest.mark.parametrize(
    ("returned", "settings"),
    [("text", {}), ({"a": 1}, {"DEFAULT_RESPONSE_CLASS": None})],
    ids=["text", "a document without a default class"],
)
def test_a_value_that_makes_no_response_is_an_error_with_advice(returned, settings):
    with pytest.raises(TypeError, match=r"of /here/ returned .*respond_with"):
        asked({"here/": lambda request: returned}, "/here/", WSGIRESP=settings)


def test_a_view_that_returns_none_gets_the_error_of_django():
    with pytest.raises(ValueError, match="returned None"):
        asked(lambda request: None)


def test_a_namespace_has_a_default_class_of_its_own():
    def page(request):
        return "<p>"

    @respond_with()
    def declared(request):
        return "<p>"

    inner = [path("page", page), path("declared", declared)]
    patterns = [
        path("html/", include((inner, "html"))),
        path("outer/", include(([path("html/", include((inner, "html"), namespace="inner"))], "outer"))),
    ]
    namespaces = {"html": HTMLResponse, "outer": JSONResponse, "inner": "wsgiresp.responses.PlainTextResponse"}
    with project(patterns=patterns, WSGIRESP={"NAMESPACES": namespaces}):
        client = django_apps.Client()
        for target, media_type in {
            "/html/page": "text/html",
            "/html/declared": "text/html",
            "/outer/html/page": "text/plain",
            "/outer/html/declared": "text/plain",
        }.items():
            assert client.get(target).headers["Content-Type"].partition(";")[0] == media_type


def test_a_namespace_without_one_has_the_general_one():
    with project(
        patterns=[path("", include(([path("", lambda request: {"a": 1})], "plain")))],
        WSGIRESP={"NAMESPACES": {"html": HTMLResponse}},
    ):
        assert django_apps.Client().get("/").json() == {"a": 1}


@pytest.mark.parametrize(
    ("rest", "status", "value"),
    [
        pytest.param((202,), "202 Accepted", None, id="a status"),
        pytest.param(("299 Own",), "299 Own", None, id="a status line"),
        pytest.param(({"X-A": "1"},), "200 OK", "1", id="headers"),
        pytest.param((202, {"X-A": "1"}), "202 Accepted", "1", id="status and headers"),
    ],
)
def test_a_tuple_sets_status_and_headers(rest, status, value):
    answer = asked(lambda request: ({"a": 1}, *rest))
    assert f"{answer.status_code} {answer.reason_phrase}" == status
    assert (answer.headers.get("X-A"), answer.json()) == (value, {"a": 1})


def finished_by_middleware(returned):
    return ResponseMiddleware(lambda request: returned)(RequestFactory().get("/"))


def test_djangos_own_response_passes_as_it_is():
    native = HttpResponse("a")
    assert finished_by_middleware(native) is native


# HTTPException


def test_an_exception_is_an_answer():
    def view(request):
        raise HTTPException(404, {"name": "a"}, {"X-A": "1"})

    answer = asked(view)
    assert (answer.status_code, answer.json(), answer.headers["X-A"]) == (404, {"detail": {"name": "a"}}, "1")


def test_an_exception_that_is_returned_is_an_answer():
    assert asked(lambda request: HTTPException(409, "taken")).status_code == 409


@pytest.mark.parametrize(
    ("error", "status"),
    [(Http404, 404), (LookupError, 500)],
    ids=["Django's", "any other"],
)
def test_other_exceptions_are_left_to_django(error, status):
    def view(request, response: Response):
        response.headers["X-A"] = "1"
        raise error

    answer = asked(view, raise_request_exception=False)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert "X-A" not in answer.headers


# respond_with


def test_respond_with_declares_the_class():
    @respond_with(HTMLResponse, status_code=201)
    def view(request, response: Response):
        response.headers["X-A"] = "1"
        return "<p>"

    answer = asked(view)
    assert (answer.status_code, answer.headers["X-A"], answer.data) == (201, "1", b"<p>")


def test_respond_with_validates_by_a_model():
    @respond_with(response_model=Model)
    def view(request):
        return {"a": "1", "secret": 2}

    assert asked(view).json() == {"a": 1}


def test_respond_with_lets_djangos_response_pass():
    @respond_with(HTMLResponse)
    def view(request):
        return HttpResponse("a", status=202)

    assert asked(view).status_code == 202


# Generator views


def test_a_generator_may_be_the_view():
    def view(request: HttpRequest, word: str) -> Any:
        yield request.path
        yield word

    answer = asked({"<word>": view}, "/a")
    assert (answer.headers["Content-Type"], answer.data) == ("text/html; charset=utf-8", b"/aa")


def test_an_asynchronous_generator_may_be_the_view():
    async def view(request):
        yield "a"
        yield "b"

    assert asked(view).data == b"ab"


def test_a_generator_view_with_a_class_streams_as_that():
    @respond_with(JSONLinesResponse)
    def view(request):
        yield {"a": 1}

    assert asked(view).data == b'{"a":1}\n'


@pytest.mark.parametrize(
    ("error", "status"), [(HTTPException(409), 409), (Http404(), 404)], ids=["an HTTPException", "Django's"]
)
def test_an_error_before_the_first_chunk_is_one_of_the_view(error, status):
    def view(request):
        raise error
        yield "a"

    assert asked(view).status_code == status


def test_an_error_before_the_first_chunk_of_a_stream_in_a_tuple_is_one_of_the_view():
    def steps():
        raise HTTPException(409)
        yield "a"

    assert asked(lambda request: (steps(), 202)).status_code == 409


def test_middleware_gets_an_error_before_the_first_chunk():
    def steps():
        raise LookupError("early")
        yield "a"

    answer = asked(lambda request: StreamingResponse(steps()), middleware=[f"{__name__}.Catching", OURS])
    assert answer.data == b"caught early"


class Catching:
    """A middleware that answers for a view that fails."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        return HttpResponse(f"caught {exception}")
