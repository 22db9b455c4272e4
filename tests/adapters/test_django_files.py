"""Files as Django's: decided for the request that middleware passes on, given to the server's wrapper, and closed."""

from __future__ import annotations

import contextlib
import gc
import os
import socket
import weakref

import django_apps
import pytest
from django.http import FileResponse as DjangosFileResponse
from django.http import HttpRequest
from django.test import AsyncRequestFactory, RequestFactory
from django.views.decorators import http
from django_apps import OURS, asked
from werkzeug.test import create_environ

from wsgiresp.adapters.django import to_django
from wsgiresp.responses import BackgroundTask, FileResponse, PlainTextResponse, StreamingResponse, XAccelRedirect

DATA = bytes(range(256)) * 2048


@pytest.fixture
def path(tmp_path):
    (tmp_path / "a.bin").write_bytes(DATA)
    return tmp_path / "a.bin"


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
def test_a_request_with_an_attribute_named_scope_is_no_asgi_request(content):
    answer = asked(lambda request: StreamingResponse(content()), middleware=CHANGING, headers={"set-scope": "tenant"})
    assert (answer.is_async, answer.data) == (False, b"a")


@pytest.mark.parametrize("made", [FileResponse, lambda path: StreamingResponse(iter([DATA]))], ids=["file", "stream"])
def test_a_bare_http_request_is_accepted(path, made):
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


def test_the_descriptor_is_given_for_sendfile(path):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        environ = {"wsgi.file_wrapper": Wrapper, "gunicorn.socket": ours}
        body = served(lambda request: FileResponse(path), **environ)
        assert os.fstat(body.file.fileno()).st_ino == path.stat().st_ino
        body.file.seek(len(DATA))
        body.file.close()


def test_a_file_that_shrinks_during_sendfile_ends_the_transfer(path):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        environ = {"wsgi.file_wrapper": Wrapper, "gunicorn.socket": ours}
        body = served(lambda request: FileResponse(path), **environ)

        def sendfile():
            """Ask for the descriptor, as the method of that name of a server does."""
            body.file.fileno()

        sendfile()
        with pytest.raises(EOFError, match="524288 were announced"):
            body.file.close()


def test_a_file_of_no_known_length_is_streamed():
    reader, writer = os.pipe()
    os.write(writer, b"abc")
    os.close(writer)
    answer = asked(lambda request: FileResponse(os.fdopen(reader, "rb")))
    assert (answer.streaming, answer.data) == (True, b"abc")


def test_a_file_that_a_middleware_replaces_is_closed(path):
    handle = path.open("rb")
    ran = []
    task = BackgroundTask(lambda: ran.append(handle.closed))
    replacing = ["django.middleware.http.ConditionalGetMiddleware", OURS]
    view = http.condition(etag_func=lambda request: '"own"')(
        lambda request: FileResponse(handle, headers={"ETag": '"own"'}, background=task)
    )
    answer = asked(view, middleware=["django_apps.Replacing", *replacing])
    assert (answer.data, ran) == (b"replaced", [True])


def test_a_file_is_closed_if_a_middleware_fails(path):
    handle = path.open("rb")
    ran = []
    task = BackgroundTask(lambda: ran.append(handle.closed))
    answer = asked(
        lambda request: FileResponse(handle, background=task),
        middleware=["django_apps.Failing", OURS],
        raise_request_exception=False,
    )
    assert (answer.status_code, ran) == (500, [True])
