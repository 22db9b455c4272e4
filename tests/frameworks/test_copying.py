"""What frameworks with responses of their own make those of."""

from __future__ import annotations

import asyncio

import pytest
from werkzeug.test import create_environ

from wsgiresp._frameworks.copying import FileToWrap, environ_without_wrapper, known_bytes, prepared_copy, simple_answer
from wsgiresp._streams.asgi_body import ASGIStreamBody
from wsgiresp._streams.wsgi_body import WSGIStreamBody
from wsgiresp.responses import EventSourceResponse, FileResponse, JSONResponse, Response, StreamingResponse


def test_a_plain_response_is_its_line_its_fields_and_its_body():
    assert simple_answer(JSONResponse({"a": 1}, 201)) == (
        "201 Created",
        [("Content-Type", "application/json"), ("Content-Length", "7")],
        b'{"a":1}',
    )


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(lambda: Response("a", background=print), id="tasks"),
        pytest.param(lambda: Response(status_code=204), id="no content"),
        pytest.param(lambda: StreamingResponse([]), id="a stream"),
        pytest.param(lambda: FileResponse(__file__), id="a file"),
    ],
)
def test_there_may_be_more_to_an_answer(made):
    assert simple_answer(made()) is None


def test_fields_that_were_set_are_among_them():
    response = Response("a", headers={"X-A": "1"})
    assert simple_answer(response)[1][-1] == ("X-A", "1")


def test_a_file_is_shown_to_who_calls_the_wrapper():
    environ = create_environ()
    environ["wsgi.file_wrapper"] = list
    body = FileResponse(__file__).prepare(environ_without_wrapper(environ)).body
    assert isinstance(body, FileToWrap)
    body.file.close()


def test_a_server_without_a_wrapper_gets_none():
    environ = create_environ()
    assert environ_without_wrapper(environ) is environ


def test_the_copy_is_prepared_with_what_was_changed():
    response = Response("a")
    inner, prepared = prepared_copy(response, create_environ(), lambda twin: twin.headers.set("X-A", "1"))
    assert ("X-A", "1") in prepared.headers
    assert (type(inner), "X-A" in response.headers) == (Response, False)


@pytest.mark.parametrize(
    ("made", "known"),
    [
        pytest.param(lambda: Response("ab"), b"ab", id="a body"),
        pytest.param(lambda: Response("ab", background=print), b"ab", id="a body with tasks"),
        pytest.param(lambda: Response(status_code=204), b"", id="none"),
        pytest.param(lambda: StreamingResponse(["a"]), None, id="a stream"),
    ],
)
def test_the_whole_of_a_body_is_told_where_it_is_known(made, known):
    prepared = made().prepare(create_environ())
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
def test_a_stream_is_prepared_for_a_loop_by_its_content(content, kind, needs_thread):
    response = StreamingResponse(content())
    assert response.needs_thread(create_environ()) is needs_thread
    prepared = response.prepare_for_loop(create_environ())
    assert type(prepared.body) is kind
    prepared.close()


def test_events_are_those_of_the_callable_on_a_loop_too():
    async def events(last_id):
        yield f"after {last_id}"

    environ = create_environ(headers={"Last-Event-ID": "7"})

    async def read():
        body = EventSourceResponse(events).prepare_for_loop(environ).body
        chunks = [chunk async for chunk in body]
        await body.aclose()
        return b"".join(chunks)

    assert b"data: after 7\n" in asyncio.run(read())


def test_head_starts_nothing_on_a_loop():
    prepared = StreamingResponse(letters()).prepare_for_loop(create_environ(method="HEAD"))
    assert known_bytes(prepared.body) == b""
    prepared.close()


def test_a_stream_that_was_prepared_for_a_loop_is_sent_once():
    response = StreamingResponse(letters())
    response.prepare_for_loop(create_environ()).close()
    with pytest.raises(RuntimeError, match="sent already"):
        response.prepare_for_loop(create_environ())
