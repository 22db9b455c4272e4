"""Our responses as Django's: what its handlers, middleware and tests find on them, and what a client gets."""

from __future__ import annotations

import contextlib
import gc
import http.client
import os
import pickle
import socket
import weakref

import django_apps
import pytest
from django.http import FileResponse as DjangosFileResponse
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import AsyncRequestFactory, RequestFactory
from django_apps import asked
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import create_environ

from wsgiresp.adapters._django_raw import _OWN
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
    XAccelRedirect,
)

DATA = bytes(range(256)) * 2048


@pytest.fixture
def path(tmp_path):
    (tmp_path / "a.bin").write_bytes(DATA)
    return tmp_path / "a.bin"


def converted(response, method="GET", **headers):
    return to_django(RequestFactory().generic(method, "/", headers=headers), response)


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
def test_there_is_a_length_where_there_may_be_one(method, status):
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
def test_the_phrase_is_kept(status, phrase):
    assert converted(Response("a", status=status)).reason_phrase == phrase


def test_the_usual_phrase_follows_the_status():
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


def test_what_is_no_redirect_has_no_url():
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
def test_what_djangos_constructor_sets_is_set(path, made, native):
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


def cookies(response):
    return [cookie.OutputString() for cookie in converted(response).cookies.values()]


def test_cookies_are_djangos():
    response = Response()
    response.set_cookie("a", "b", max_age=60, httponly=True)
    morsel = converted(response).cookies["a"]
    assert (morsel.value, morsel["max-age"], morsel["path"], morsel["httponly"]) == ("b", 60, "/", True)


def test_a_signed_cookie_is_read_by_django():
    response = Response()
    response.set_signed_cookie("a", "b", salt="salt", httponly=True)
    (made,) = converted(response).cookies.values()
    request = RequestFactory().get("/", headers={"cookie": f"a={made.coded_value}"})
    assert (request.get_signed_cookie("a", salt="salt"), made["httponly"]) == ("b", True)


def test_a_partitioned_cookie_stays_one():
    response = Response()
    response.set_cookie("a", "b", secure=True, partitioned=True)
    assert cookies(response) == ["a=b; Partitioned; Path=/; SameSite=Lax; Secure"]


def test_an_attribute_that_nobody_knows_is_kept():
    assert cookies(Response(headers={"Set-Cookie": "a=b; Priority=High"})) == ["a=b; priority=High"]


def test_two_cookies_of_one_name_are_two():
    response = Response()
    response.set_cookie("a", "1", path="/x")
    response.set_cookie("a", "2", path="/y")
    response.set_cookie("a", "3", path="/z")
    assert [text.partition(";")[0] for text in cookies(response)] == ["a=1", "a=2", "a=3"]


def test_a_cookie_that_middleware_changes_is_sent_as_changed():
    response = Response()
    response.set_cookie("a", "1", secure=True, partitioned=True)
    made = converted(response)
    made.set_cookie("a", "2", samesite="None")
    assert made.cookies["a"].OutputString() == "a=2; Partitioned; Path=/; SameSite=None; Secure"


def test_cookies_are_pickled():
    response = Response(headers=[("Set-Cookie", "a=b; Partitioned; Priority=High"), ("Set-Cookie", "a=c; Path=/x")])
    made = converted(response).cookies
    assert [each.OutputString() for each in pickle.loads(pickle.dumps(made)).values()] == cookies(response)


@given(
    value=st.text(max_size=20),
    options=st.fixed_dictionaries(
        {
            "max_age": st.none() | st.integers(-1, 10**9),
            "path": st.sampled_from(["/", "/a b", "/ü"]),
            "domain": st.sampled_from([None, "example.org"]),
            "httponly": st.booleans(),
            "samesite": st.sampled_from(["lax", "strict", None]),
            "partitioned": st.booleans(),
        }
    ),
)
def test_a_browser_gets_the_cookie_that_was_set(value, options):
    response = Response()
    response.set_cookie("name", value, secure=True, **options)
    (sent,) = cookies(response)

    def parsed(text):
        pair, *attributes = (part.strip() for part in text.split(";"))
        return pair, sorted(attribute.lower() for attribute in attributes)

    assert parsed(sent) == parsed(response.headers["Set-Cookie"])


@pytest.mark.parametrize(
    ("fields", "status", "body"),
    [
        pytest.param({}, 200, DATA, id="whole"),
        pytest.param({"range": "bytes=10-99"}, 206, DATA[10:100], id="a part"),
        pytest.param({"range": "bytes=9999999-"}, 416, b"", id="no part"),
        pytest.param({"if-none-match": "*"}, 304, b"", id="not modified"),
        pytest.param({"if-match": '"x"'}, 412, b"", id="a condition that fails"),
    ],
)
def test_a_file_is_decided_before_middleware_sees_it(path, fields, status, body):
    answer = asked(lambda request: FileResponse(path), headers=fields)
    assert (answer.status_code, answer.data) == (status, body)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("ranges", ["bytes=0-", "bytes=0-1,500000-500009"], ids=["one", "two"])
@pytest.mark.parametrize("background", [None, BackgroundTask(int)], ids=["alone", "with a task"])
@pytest.mark.parametrize("is_asgi", [False, True], ids=["WSGI", "ASGI"])
def test_a_file_is_one_of_djangos_files_whatever_the_server(path, method, ranges, background, is_asgi):
    factory = AsyncRequestFactory() if is_asgi else RequestFactory()
    request = factory.generic(method, "/", headers={"range": ranges})
    response = to_django(request, FileResponse(path, background=background))
    assert isinstance(response, DjangosFileResponse)
    response.close()


def test_head_of_a_file_has_its_length_and_no_body(path):
    answer = asked(lambda request: FileResponse(path), method="HEAD")
    assert (answer.headers["Content-Length"], answer.data) == (str(len(DATA)), b"")


class Changing:
    """A middleware that changes the request: its method, or what a project of its own means by a name of ASGI's."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        for name, value in request.headers.items():
            if name.startswith("Set-"):
                setattr(request, name.removeprefix("Set-").lower(), value)
        return self.get_response(request)


CHANGING = [f"{__name__}.Changing", django_apps.OURS]


@pytest.mark.parametrize(
    ("sent", "meant", "status", "body"),
    [
        pytest.param("POST", "GET", 206, DATA[:10], id="that means GET"),
        pytest.param("GET", "POST", 200, DATA, id="that means POST"),
        pytest.param("HEAD", "GET", 200, b"", id="HEAD, which takes no body whatever views are shown"),
        pytest.param("head", "HEAD", 200, b"", id="HEAD in small letters, as Django takes it"),
    ],
)
def test_a_file_is_decided_for_the_method_that_middleware_says(path, sent, meant, status, body):
    headers = {"range": "bytes=0-9", "set-method": meant}
    answer = asked(lambda request: FileResponse(path), method=sent, middleware=CHANGING, headers=headers)
    assert (answer.status_code, answer.data) == (status, body)


async def later():
    yield "a"


@pytest.mark.parametrize("content", [lambda: iter("a"), later], ids=["synchronous", "asynchronous"])
def test_a_request_that_has_a_scope_of_its_own_is_not_taken_for_one_of_asgi(content):
    answer = asked(lambda request: StreamingResponse(content()), middleware=CHANGING, headers={"set-scope": "tenant"})
    assert (answer.is_async, answer.data) == (False, b"a")


@pytest.mark.parametrize("made", [FileResponse, lambda path: StreamingResponse(iter([DATA]))], ids=["file", "stream"])
def test_a_request_that_was_made_by_hand_is_one_too(path, made):
    answer = to_django(HttpRequest(), made(path))
    assert b"".join(answer) == DATA
    answer.close()


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(lambda path: PlainTextResponse("a", background=BackgroundTask(int)), id="with a task"),
        pytest.param(lambda path: StreamingResponse(iter("ab")), id="a stream"),
        pytest.param(FileResponse, id="a file"),
    ],
)
def test_a_request_is_freed_with_its_answer(path, made):
    seen = []

    def view(request):
        seen.append(weakref.ref(request))
        return made(path)

    gc.collect()
    gc.disable()
    try:
        with contextlib.closing(served(view)) as body:
            b"".join(body)
        del body
        assert seen[0]() is None
    finally:
        gc.enable()


def test_two_parts_come_in_one_answer(path):
    answer = asked(lambda request: FileResponse(path), headers={"range": "bytes=0-1,500000-500009"})
    assert (answer.status_code, DATA[500000:500010] in answer.data) == (206, True)


def test_an_offloaded_file_is_left_to_the_server_in_front(path):
    offload = XAccelRedirect("/protected/", path.parent)
    answer = asked(lambda request: FileResponse(path, offload=offload))
    assert (answer.headers["X-Accel-Redirect"], answer.data) == ("/protected/a.bin", b"")


class Wrapper:
    """A server's file wrapper."""

    def __init__(self, file, block):
        self.file = file
        self.block = block


def served(view, **environ):
    """Return what the handler of a project of *view* gives to a server."""
    with django_apps.project(view):
        return django_apps.application()(create_environ("/", environ_overrides=environ), lambda status, fields: None)


def test_the_servers_wrapper_gets_the_file(path):
    body = served(lambda request: FileResponse(path), **{"wsgi.file_wrapper": Wrapper})
    assert isinstance(body, Wrapper)
    assert (body.file.read(4), body.file.tell(), body.block) == (DATA[:4], 4, 262144)
    body.file.close()


def test_a_part_of_a_file_is_in_the_servers_wrapper(path):
    environ = {"wsgi.file_wrapper": Wrapper, "HTTP_RANGE": "bytes=10-99"}
    body = served(lambda request: FileResponse(path), **environ)
    assert body.file.read() == DATA[10:100]
    body.file.close()


def test_a_file_wrapper_that_closes_ends_the_request_once(path):
    ran = []
    task = BackgroundTask(ran.append, 1)
    body = served(lambda request: FileResponse(path, background=task), **{"wsgi.file_wrapper": Wrapper})
    body.file.close()
    body.file.close()
    assert ran == [1]


def test_a_server_whose_wrapper_closes_elsewhere_does_not_get_a_file_with_tasks(path):
    environ = {"wsgi.file_wrapper": Wrapper, "waitress.client_disconnected": bool}
    body = served(lambda request: FileResponse(path, background=print), **environ)
    assert not isinstance(body, Wrapper)
    assert b"".join(body) == DATA
    body.close()


def test_a_kernel_gets_the_descriptor(path):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        environ = {"wsgi.file_wrapper": Wrapper, "gunicorn.socket": ours}
        body = served(lambda request: FileResponse(path), **environ)
        assert os.fstat(body.file.fileno()).st_ino == path.stat().st_ino
        body.file.seek(len(DATA))
        body.file.close()


def test_a_file_that_was_cut_under_the_kernels_hands_breaks_the_transfer_off(path):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        environ = {"wsgi.file_wrapper": Wrapper, "gunicorn.socket": ours}
        body = served(lambda request: FileResponse(path), **environ)
        body.file.fileno()
        with pytest.raises(EOFError, match="524288 were announced"):
            body.file.close()


def test_a_file_of_no_known_length_is_streamed():
    reader, writer = os.pipe()
    os.write(writer, b"abc")
    os.close(writer)
    answer = asked(lambda request: FileResponse(os.fdopen(reader, "rb")))
    assert (answer.streaming, answer.data) == (True, b"abc")


def test_a_body_that_the_user_put_there_is_sent():
    def view(request):
        response = Response("a")
        response.response = iter([b"b", b"c"])
        return response

    assert asked(view).data == b"bc"


def test_chunks_that_the_user_put_there_are_one_body():
    def view(request):
        response = Response("a", background=print)
        response.response = [b"b", b"c"]
        return response

    answer = asked(view)
    assert (answer.streaming, answer.data) == (False, b"bc")


@pytest.mark.parametrize("made", [lambda: Response("a"), lambda: StreamingResponse(["a"])], ids=["known", "a stream"])
def test_what_was_converted_is_converted(made):
    request = RequestFactory().get("/")
    once = to_django(request, made())
    assert to_django(request, once) is once
    once.close()


def test_what_is_no_response_is_refused():
    with pytest.raises(TypeError, match=r"response must be .* got \{"):
        to_django(RequestFactory().get("/"), {"a": 1})


def test_a_constant_answers_again_and_again():
    ran = []
    constant = PlainTextResponse("ok", background=BackgroundTask(ran.append, 1))
    with django_apps.project(lambda request: constant):
        assert [django_apps.Client().get("/").content for _ in range(2)] == [b"ok", b"ok"]
    assert ran == [1, 1]
    assert type(constant.background) is BackgroundTask


def test_what_can_be_sent_once_is_refused_the_second_time():
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
def test_what_is_ours_is_not_taken_for_a_decorators(response):
    response.set_cookie("a", "b")
    assert vars(response).keys() <= _OWN


def test_what_a_files_response_has_is_not_taken_for_a_decorators(path):
    response = FileResponse(path, delete_after=True, max_age=3, filename="a")
    assert vars(response).keys() <= _OWN
    response.close()


def test_what_a_subclass_keeps_does_not_get_in_the_way():
    class Own(PlainTextResponse):
        def __init__(self, content):
            super().__init__(content)
            self.content = "other"
            self.own = 1

    made = converted(Own("a"))
    assert (made.content, made.own) == (b"a", 1)
