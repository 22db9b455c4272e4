"""Our responses as Django's: what its handlers, middleware and tests find on them, and what a client gets."""

from __future__ import annotations

import contextlib
import http.client
import pickle

import django_apps
import pytest
from django.http import FileResponse as DjangosFileResponse
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory
from django_apps import asked, converted

from wsgiresp.adapters._django.response_patch import _OWN
from wsgiresp.adapters.django import to_django
from wsgiresp.responses import (
    BackgroundTask,
    EventSourceResponse,
    FileResponse,
    HTMLResponse,
    JSONResponse,
    ORJSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)


@pytest.mark.parametrize(
    ("made", "status", "content_type", "body"),
    [
        pytest.param(lambda: JSONResponse({"a": 1}), 200, "application/json", b'{"a":1}', id="JSON"),
        pytest.param(lambda: ORJSONResponse({"a": 1}), 200, "application/json", b'{"a":1}', id="JSON by orjson"),
        pytest.param(lambda: HTMLResponse("<p>"), 200, "text/html; charset=utf-8", b"<p>", id="HTML"),
        pytest.param(lambda: Response(b"\xff", 201), 201, "application/octet-stream", b"\xff", id="bytes"),
        pytest.param(lambda: Response(status_code=204), 204, None, b"", id="no content"),
        pytest.param(lambda: Response("", 304), 304, None, b"", id="not modified"),
        pytest.param(lambda: RedirectResponse("/a"), 307, "text/plain; charset=utf-8", b"", id="a redirect"),
        pytest.param(lambda: Response("a", 799), 799, "text/plain; charset=utf-8", b"a", id="a status of one's own"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_view_returns_a_response(method, made, status, content_type, body):
    answer = asked(lambda request: made(), method=method)
    assert (answer.status_code, answer.headers.get("Content-Type")) == (status, content_type)
    assert answer.data == (body if method == "GET" else b"")
    assert isinstance(answer, HttpResponse)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("status", [200, 204, 304])
def test_a_length_is_set_where_one_is_allowed(method, status):
    common = ["django.middleware.common.CommonMiddleware", django_apps.OURS]
    answer = asked(lambda request: PlainTextResponse("abc", status), method=method, middleware=common)
    assert answer.headers.get("Content-Length") == ("3" if status == 200 else None)


@pytest.mark.parametrize(
    ("status", "phrase"),
    [
        pytest.param("404 Gone Fishing", "Gone Fishing", id="one's own"),
        pytest.param("413 Content Too Large", "Content Too Large", id="that of RFC 9110, which Python has not yet"),
        pytest.param("200 OK", "OK", id="the usual one"),
    ],
)
def test_the_reason_phrase_is_kept(status, phrase):
    assert converted(Response("a", status=status)).reason_phrase == phrase


def test_a_changed_status_has_its_usual_reason_phrase():
    response = converted(Response("a"))
    response.status_code = 404
    assert response.reason_phrase == http.client.responses[404]


def test_a_field_that_repeats_is_one_line():
    response = converted(Response("a", headers=[("Link", "</a>"), ("link", "</b>"), ("X-A", "1")]))
    assert dict(response.items()) == {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": "1",
        "Link": "</a>, </b>",
        "X-A": "1",
    }


def test_a_redirect_has_a_url():
    assert converted(RedirectResponse("/a?b=ü")).url == "/a?b=%C3%BC"


def test_a_response_that_is_no_redirect_has_no_url():
    assert not hasattr(converted(Response("a")), "url")


def test_the_test_client_follows_a_redirect():
    with django_apps.project({"": lambda request: RedirectResponse("/b"), "b": lambda request: Response("there")}):
        answer = django_apps.Client().get("/", follow=True)
    assert (answer.content, answer.redirect_chain) == (b"there", [("/b", 307)])


def wrapped_request():
    """A request of a server that has a file wrapper."""
    request = RequestFactory().get("/")
    request.META["wsgi.file_wrapper"] = list
    return request


@pytest.mark.parametrize(
    ("made", "native"),
    [
        pytest.param(lambda path: Response("a"), lambda path: HttpResponse("a"), id="a known body"),
        pytest.param(
            lambda path: StreamingResponse(iter(["a"])), lambda path: StreamingHttpResponse(["a"]), id="a stream"
        ),
        pytest.param(FileResponse, lambda path: DjangosFileResponse(path.open("rb")), id="a file"),
    ],
)
def test_every_attribute_of_djangos_response_is_set(path, made, native):
    with (
        contextlib.closing(to_django(wrapped_request(), made(path))) as ours,
        contextlib.closing(native(path)) as theirs,
    ):
        assert isinstance(ours, type(theirs))
        assert [name for name in vars(theirs) if not hasattr(ours, name)] == []


def test_a_response_is_pickled_as_caches_do_it():
    response = converted(PlainTextResponse("a", background=BackgroundTask(print)))
    response.set_cookie("a", "b")
    twin = pickle.loads(pickle.dumps(response))
    assert (twin.content, dict(twin.items()), twin.cookies["a"].value) == (b"a", dict(response.items()), "b")
    response.close()


def test_a_body_that_the_user_assigned_is_sent():
    def view(request):
        response = Response("a")
        response.response = iter([b"b", b"c"])
        return response

    assert asked(view).data == b"bc"


def test_chunks_that_the_user_assigned_are_one_body():
    def view(request):
        response = Response("a", background=print)
        response.response = [b"b", b"c"]
        return response

    answer = asked(view)
    assert (answer.streaming, answer.data) == (False, b"bc")


@pytest.mark.parametrize("made", [lambda: Response("a"), lambda: StreamingResponse(["a"])], ids=["known", "a stream"])
def test_a_converted_response_is_converted_once(made):
    request = RequestFactory().get("/")
    once = to_django(request, made())
    assert to_django(request, once) is once
    once.close()


def test_an_object_that_is_no_response_is_refused():
    with pytest.raises(TypeError, match=r"response must be .* got \{"):
        to_django(RequestFactory().get("/"), {"a": 1})


def test_a_constant_response_can_be_converted_repeatedly():
    ran = []
    constant = PlainTextResponse("ok", background=BackgroundTask(ran.append, 1))
    with django_apps.project(lambda request: constant):
        assert [django_apps.Client().get("/").content for _ in range(2)] == [b"ok", b"ok"]
    assert ran == [1, 1]
    assert type(constant.background) is BackgroundTask


def test_a_response_that_can_be_sent_once_is_refused_the_second_time():
    constant = StreamingResponse(iter(["a"]))
    with django_apps.project(lambda request: constant):
        assert django_apps.read(django_apps.Client().get("/")).data == b"a"
        with pytest.raises(RuntimeError, match="sent already"):
            django_apps.Client().get("/")


@pytest.mark.parametrize(
    "response",
    [
        Response("a"),
        JSONResponse({}),
        StreamingResponse([]),
        EventSourceResponse([], headers={"X-A": "1"}),
        RedirectResponse("/"),
    ],
    ids=lambda response: type(response).__name__,
)
def test_our_attributes_are_not_copied_as_those_of_a_decorator(response):
    response.set_cookie("a", "b")
    assert vars(response).keys() <= _OWN


def test_attributes_of_a_file_response_are_not_copied_as_those_of_a_decorator(path):
    response = FileResponse(path, delete_after=True, max_age=3, filename="a")
    assert vars(response).keys() <= _OWN
    response.close()


def test_attributes_of_a_subclass_do_not_replace_those_of_django():
    class Own(PlainTextResponse):
        def __init__(self, content):
            super().__init__(content)
            self.content = "other"
            self.own = 1

    made = converted(Own("a"))
    assert (made.content, made.own) == (b"a", 1)
