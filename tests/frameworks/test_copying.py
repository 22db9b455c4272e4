"""Copies of our responses, for frameworks that have response classes of their own."""

from __future__ import annotations

import asyncio

import pytest
from werkzeug.test import create_environ

from wsgiresp._frameworks.copying import FileToWrap, environ_without_wrapper, known_bytes, prepared_copy, simple_answer
from wsgiresp._streams.asgi_body import ASGIStreamBody
from wsgiresp._streams.wsgi_body import WSGIStreamBody
from wsgiresp.responses import (
    EventSourceResponse,
    FileResponse,
    JSONResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)


def with_absolute_location():
    response = RedirectResponse("/b")
    response.autocorrect_location_header = True
    return response


def test_a_simple_answer_is_the_status_the_fields_and_the_body():
    assert simple_answer(JSONResponse({"a": 1}, 201)) == (
        "201 Created",
        [("Content-Type", "application/json"), ("Content-Length", "7")],
        b'{"a":1}',
    )


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: Response("a", background=print), id="tasks"),
        pytest.param(lambda: Response(status_code=204), id="no content"),
        pytest.param(with_absolute_location, id="a Location that the request makes absolute"),
        pytest.param(lambda: StreamingResponse([]), id="a stream"),
        pytest.param(lambda: FileResponse(__file__), id="a file"),
    ],
)
def test_a_response_with_more_than_a_body_is_no_simple_answer(make):
    assert simple_answer(make()) is None


def test_a_simple_answer_has_the_headers_that_were_set():
    response = Response("a", headers={"X-A": "1"})
    assert simple_answer(response)[1][-1] == ("X-A", "1")


def test_the_replaced_file_wrapper_keeps_the_file_for_the_framework():
    environ = create_environ()
    environ["wsgi.file_wrapper"] = list
    body = FileResponse(__file__).prepare(environ_without_wrapper(environ)).body
    assert isinstance(body, FileToWrap)
    body.file.close()


def test_an_environ_without_a_file_wrapper_is_unchanged():
    environ = create_environ()
    assert environ_without_wrapper(environ) is environ


def test_the_copy_is_prepared_with_the_changes_and_the_original_is_unchanged():
    response = Response("a")
    inner, prepared = prepared_copy(response, create_environ(), lambda twin: twin.headers.set("X-A", "1"))
    assert ("X-A", "1") in prepared.headers
    assert (type(inner), "X-A" in response.headers) == (Response, False)


@pytest.mark.parametrize(
    ("make", "known"),
    [
        pytest.param(lambda: Response("ab"), b"ab", id="a body"),
        pytest.param(lambda: Response("ab", background=print), b"ab", id="a body with tasks"),
        pytest.param(lambda: Response(status_code=204), b"", id="none"),
        pytest.param(lambda: StreamingResponse(["a"]), None, id="a stream"),
    ],
)
def test_known_bytes_are_those_of_a_known_body(make, known):
    prepared = make().prepare(create_environ())
    assert known_bytes(prepared.body) == known
    prepared.close()


async def letters():
    yield "a"


def sync_letters():
    yield "a"


@pytest.mark.parametrize(
    ("content", "kind", "needs_thread"),
    [
        pytest.param(letters, ASGIStreamBody, False, id="asynchronous"),
        pytest.param(sync_letters, WSGIStreamBody, True, id="synchronous"),
    ],
)
def test_asynchronous_content_alone_is_prepared_for_a_loop(content, kind, needs_thread):
    response = StreamingResponse(content())
    assert response.needs_thread(create_environ()) is needs_thread
    prepared = response.prepare_for_loop(create_environ())
    assert type(prepared.body) is kind
    prepared.close()


def test_on_a_loop_a_callable_gets_the_last_event_id():
    async def events(last_id):
        yield f"after {last_id}"

    environ = create_environ(headers={"Last-Event-ID": "7"})

    async def read():
        body = EventSourceResponse(events).prepare_for_loop(environ).body
        chunks = [chunk async for chunk in body]
        await body.aclose()
        return b"".join(chunks)

    assert b"data: after 7\n" in asyncio.run(read())


def test_head_on_a_loop_has_an_empty_body():
    prepared = StreamingResponse(letters()).prepare_for_loop(create_environ(method="HEAD"))
    assert known_bytes(prepared.body) == b""
    prepared.close()


def test_a_stream_that_was_prepared_for_a_loop_is_sent_once():
    response = StreamingResponse(letters())
    response.prepare_for_loop(create_environ()).close()
    with pytest.raises(RuntimeError, match="sent already"):
        response.prepare_for_loop(create_environ())
