"""Content that a class cannot send: a TypeError of the constructor that names the class and the cure."""

from __future__ import annotations

import asyncio
import functools
import io
import re
import warnings

import flask
import pytest
from django.http import HttpResponse, StreamingHttpResponse
from responses.wsgi_calls import call
from werkzeug.exceptions import NotFound
from werkzeug.local import LocalProxy
from werkzeug.wrappers import Response as WerkzeugResponse

from wsgiresp import HTTPException
from wsgiresp.responses import (
    EventSourceResponse,
    HTMLResponse,
    JSONLinesResponse,
    JSONResponse,
    ORJSONResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)
from wsgiresp.responses.wrong_content import require_streamable

STREAMS = [StreamingResponse, JSONLinesResponse, EventSourceResponse]
KNOWN = [Response, PlainTextResponse, HTMLResponse, JSONResponse, ORJSONResponse]

each_class = pytest.mark.parametrize("response_class", STREAMS + KNOWN)


async def asynchronous():
    yield b"a"


def generate():
    yield b"a"


async def answer(last_id=None):
    return [b"a"]


class Awaited:
    def __await__(self):
        return iter(())


class AwaitedOrIterated(Awaited):
    """As the cursors of database drivers are, which can be awaited or iterated."""

    async def __aiter__(self):
        yield b"a"


RESPONSES = [
    pytest.param(lambda: HTMLResponse("a"), id="ours"),
    pytest.param(lambda: JSONLinesResponse([1]), id="our stream"),
    pytest.param(lambda: flask.Response("a"), id="Flask's"),
    pytest.param(lambda: WerkzeugResponse("a"), id="werkzeug's"),
    pytest.param(lambda: HttpResponse("a"), id="Django's"),
    pytest.param(lambda: StreamingHttpResponse(["a"]), id="Django's stream"),
    pytest.param(lambda: LocalProxy(lambda: WerkzeugResponse("a")), id="a proxy of werkzeug's"),
]


@pytest.fixture(autouse=True)
def settings():
    import django_apps  # noqa: F401 - it configures Django, whose responses read the settings


class TestAResponse:
    @pytest.mark.parametrize("make", RESPONSES)
    @each_class
    def test_is_no_content(self, response_class, make):
        name = response_class.__name__
        with pytest.raises(TypeError, match=f"content of {name} must not be a response, got .*: give its content"):
            response_class(make())

    @pytest.mark.parametrize("make", RESPONSES)
    def test_of_the_callable_of_an_event_stream_is_no_content(self, make):
        response = EventSourceResponse(lambda last_id: make())
        with pytest.raises(TypeError, match="EventSourceResponse, as the callable gave it, must not be a response"):
            call(response)

    def test_is_no_content_by_werkzeugs_word_either(self):
        with pytest.raises(TypeError, match="content of Response must not be a response, got Response"):
            Response(response=WerkzeugResponse("a"))

    def test_is_no_data(self):
        with pytest.raises(TypeError, match="content of Response must not be a response"):
            Response().set_data(HTMLResponse("a"))


@pytest.mark.parametrize("error", [HTTPException(404), NotFound(), ValueError("a")], ids=["ours", "werkzeug's", "any"])
@each_class
def test_an_exception_is_to_be_raised(response_class, error):
    with pytest.raises(TypeError, match=r"must not be an exception, got .*: raise it instead"):
        response_class(error)


class TestACoroutine:
    @each_class
    def test_is_to_be_awaited_and_gives_no_warning(self, response_class):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(TypeError, match=r"must not be awaitable, got answer: await it first"):
                response_class(answer())

    def test_of_the_callable_of_an_event_stream_is_closed(self):
        def ask(last_id):
            return answer()

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(TypeError, match="as the callable gave it, must not be awaitable"):
                call(EventSourceResponse(ask))

    def test_that_was_begun_is_left_alone(self):
        async def pause():
            await asyncio.sleep(0)

        begun = pause()
        begun.send(None)
        with pytest.raises(TypeError, match="await it first"):
            StreamingResponse(begun)
        with pytest.raises(StopIteration):
            begun.send(None)

    def test_that_is_a_task_is_to_be_awaited(self):
        async def run():
            task = asyncio.ensure_future(asyncio.sleep(0))
            with pytest.raises(TypeError, match="got Task: await it first"):
                StreamingResponse(task)
            await task

        asyncio.run(run())

    def test_that_can_be_iterated_too_is_content(self):
        assert call(StreamingResponse(AwaitedOrIterated())).body == b"a"


class TestAFunction:
    @pytest.mark.parametrize(
        ("function", "cure"),
        [
            pytest.param(generate, "call the generator function", id="a generator function"),
            pytest.param(asynchronous, "call the generator function", id="an asynchronous generator function"),
            pytest.param(answer, "call the coroutine function and await the result", id="a coroutine function"),
            pytest.param(len, "call it", id="another function"),
        ],
    )
    @pytest.mark.parametrize("response_class", [StreamingResponse, JSONLinesResponse, Response, HTMLResponse])
    def test_is_to_be_called(self, response_class, function, cure):
        with pytest.raises(TypeError, match=f"content of {response_class.__name__} must be .*{cure}"):
            response_class(function)

    @pytest.mark.parametrize("function", [answer, functools.partial(answer, 1)], ids=["a function", "a partial"])
    def test_for_events_that_is_a_coroutine_function_is_to_yield(self, function):
        with pytest.raises(TypeError, match=r"EventSourceResponse must return events .*: yield the events in it"):
            EventSourceResponse(function)


@pytest.mark.parametrize("content", [[], (), iter(()), generate(), asynchronous(), io.BytesIO(), io.StringIO(), {1}])
def test_an_iterable_or_a_file_is_streamable(content):
    require_streamable("Some", content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, "got NoneType", id="None"),
        pytest.param(5, "got int", id="a number"),
        pytest.param({"a": 1}, "got dict", id="a dict"),
        pytest.param(generate, "got function (call the generator function)", id="a generator function"),
        pytest.param(object(), "got object", id="an object"),
    ],
)
def test_content_that_yields_no_chunks_is_refused(content, message):
    expected = f"content of Some must be an iterable, an async iterable or a file, {message}"
    with pytest.raises(TypeError, match=f"^{re.escape(expected)}$"):
        require_streamable("Some", content)


def test_the_error_of_a_document_that_json_cannot_hold_is_its_own():
    for response_class in (JSONResponse, ORJSONResponse):
        with pytest.raises(TypeError, match="object"):
            response_class({"a": object()})
