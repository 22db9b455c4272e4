"""The body of a request to Django is read in its greenlet or thread, for async views, sources and tasks."""

from __future__ import annotations

import asyncio
import json
import threading
from io import BytesIO

import pytest
from django.core.exceptions import SynchronousOnlyOperation
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.db import connection, connections
from django_apps import Client, asked_in_greenlet, in_greenlets, project
from greenlet import getcurrent
from request_inputs import NotedInput

from wsgiresp import BackgroundTask
from wsgiresp.adapters._django.request_body import reads_of_body
from wsgiresp.responses import JSONResponse, PlainTextResponse, StreamingResponse

CONTENT = b'{"parts": [3, 4, 5]}'
TYPE = "application/octet-stream"


@pytest.fixture(autouse=True)
def nothing_is_left_open():
    yield
    connections.close_all()


class NotingMiddleware:
    """Puts a noted input into the request, before anything of it is read."""

    inputs: list[NotedInput] = []  # noqa: RUF012 - emptied by each test

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        noted = NotedInput(request.META["wsgi.input"].read())
        self.inputs.append((noted, getcurrent()))
        request.META["wsgi.input"] = noted
        request._stream._read, request._stream._readline = noted.read, noted.readline
        return self.get_response(request)


NOTING = f"{__name__}.NotingMiddleware"
OURS = "wsgiresp.adapters.django.ResponseMiddleware"


def post(view, body=CONTENT, content_type=TYPE):
    """Return the answer of *view* to a POST; its body must have been read by the greenlet of the request alone."""
    NotingMiddleware.inputs.clear()
    answers = []

    def ask():
        answer = Client().post("/", body, content_type=content_type)
        answers.append((answer.status_code, answer.getvalue()))

    with project(view, middleware=[NOTING, OURS]):
        in_greenlets(ask)
    (noted, _), *_ = NotingMiddleware.inputs
    assert {thread for thread, _ in noted.readers} == {threading.get_ident()}
    return answers[0]


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(lambda request: request.body, id="body"),
        pytest.param(lambda request: request.read(), id="read"),
        pytest.param(lambda request: b"".join(request), id="iteration"),
    ],
)
@pytest.mark.parametrize("place", ["view", "child", "thread"])
def test_an_async_view_reads_the_body(read, place):
    async def as_child(request):
        return read(request)

    async def view(request):
        if place == "thread":
            return PlainTextResponse(await asyncio.to_thread(read, request))
        return PlainTextResponse(await asyncio.create_task(as_child(request)) if place == "child" else read(request))

    assert post(view) == (200, CONTENT)


def test_an_async_view_reads_a_form():
    async def view(request):
        return PlainTextResponse(request.POST["a"])

    assert post(view, "a=text", "application/x-www-form-urlencoded") == (200, b"text")


class QueryingHandler(MemoryFileUploadHandler):
    """An upload handler that queries the database, which Django refuses to do on a loop."""

    def new_file(self, *args, **kwargs):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        super().new_file(*args, **kwargs)


UPLOAD = b'--part\r\nContent-Disposition: form-data; name="a"; filename="a.txt"\r\n\r\ntext\r\n--part--\r\n'


def test_an_upload_handler_may_query_the_database():
    async def view(request):
        request.upload_handlers = [QueryingHandler(request)]
        return PlainTextResponse(request.FILES["a"].read())

    assert post(view, UPLOAD, "multipart/form-data; boundary=part") == (200, b"text")


def test_the_request_is_left_as_it_was():
    async def view(request):
        return PlainTextResponse(request.POST.get("a", "none"))

    def ask():
        request = Client().post("/", "a=1", content_type="application/x-www-form-urlencoded").wsgi_request
        return "_load_post_and_files" in vars(request)

    with project(view):
        assert in_greenlets(ask) == [False]


@pytest.mark.parametrize("is_async", [False, True])
def test_an_async_source_reads_the_body(is_async):
    def view(request):
        async def content():
            yield request.read(4)
            await asyncio.sleep(0)
            yield request.read()

        return StreamingResponse(content())

    async def view_later(request):
        return view(request)

    assert post(view_later if is_async else view) == (200, CONTENT)


def test_a_child_task_that_a_source_makes_after_its_first_chunk_reads_the_body():
    def view(request):
        async def read():
            return request.read()

        async def content():
            yield b"first: "
            await asyncio.sleep(0)
            yield await asyncio.create_task(read())

        return StreamingResponse(content())

    assert post(view) == (200, b"first: " + CONTENT)


def test_an_async_task_that_was_given_the_request_reads_the_body():
    seen = []

    async def task(request):
        seen.append(json.loads(request.body))

    def view(request):
        return JSONResponse({}, background=BackgroundTask(task, request))

    answer = None
    with project(view):
        answer = Client().post("/", CONTENT, content_type=TYPE)
    assert (answer.status_code, seen) == (200, [{"parts": [3, 4, 5]}])


def test_a_request_without_a_body_is_left_alone():
    async def view(request):
        return PlainTextResponse(str("_load_post_and_files" in vars(request)) + request.body.decode())

    assert asked_in_greenlet(view).content == b"False"


def test_a_request_object_without_a_stream_is_shared():
    class Request:
        META = {"wsgi.input": BytesIO(CONTENT), "CONTENT_LENGTH": "5"}  # noqa: RUF012 - nobody changes it

    assert reads_of_body(Request)()


def test_without_the_adapter_an_upload_handler_may_not_query_on_a_loop():
    async def query():
        with pytest.raises(SynchronousOnlyOperation):
            connection.cursor()

    asyncio.run(query())
