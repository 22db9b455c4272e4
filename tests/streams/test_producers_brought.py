"""Content that brings its own producer: no greenlet, thread or task steps it, under WSGI and under ASGI."""

from __future__ import annotations

import asyncio

import pytest
from responses.wsgi_calls import environ
from runtime.runners import PATIENCE
from streams.fake_producer import ManualContent

from wsgiresp._streams import asgi_stream
from wsgiresp._streams.asgi_body import ASGIStreamBody
from wsgiresp._streams.wsgi_body import WSGIStreamBody
from wsgiresp.responses import EventSourceResponse, StreamingResponse
from wsgiresp.testing import visit

pytestmark = pytest.mark.usefixtures("fresh_streams")


def test_its_chunks_are_the_body_under_wsgi():
    with visit(StreamingResponse(ManualContent(chunks=[b"a", b"b"]))) as visitor:
        assert visitor.read_all() == b"ab"


def test_it_can_be_the_content_of_events():
    with visit(EventSourceResponse(ManualContent(chunks=[b"data: 1\n\n"]))) as visitor:
        assert [event.data for event in visitor.events()] == ["1"]


def test_its_chunks_are_the_body_on_the_loop_of_an_asgi_server():
    async def read():
        body = StreamingResponse(ManualContent(chunks=[b"a", b"b"])).prepare_for_loop(environ()).body
        assert type(body) is ASGIStreamBody
        chunks = [chunk async for chunk in body]
        await body.aclose()
        body.close()
        return chunks

    assert asyncio.run(asyncio.wait_for(read(), 10)) == [b"ab"]


def test_a_ready_chunk_and_the_preamble_need_no_wait_on_the_loop_of_an_asgi_server(monkeypatch):
    monkeypatch.setattr(asgi_stream, "FIRST_STEP_GRACE", 4 * PATIENCE)

    async def read():
        body = EventSourceResponse(ManualContent(chunks=[b"data: 1\n\n"])).prepare_for_loop(environ()).body
        first = await anext(body)
        await body.aclose()
        return first

    assert asyncio.run(asyncio.wait_for(read(), PATIENCE)).endswith(b"data: 1\n\n")


def test_under_asgi_it_needs_no_thread():
    assert not StreamingResponse(ManualContent()).needs_thread(environ())


def test_one_response_serves_two_requests_with_a_producer_each():
    response = StreamingResponse(ManualContent(chunks=[b"a"]))
    bodies = []
    for _ in range(2):
        body = response.prepare(environ()).body
        assert type(body) is WSGIStreamBody
        bodies.append(list(body))
        body.close()
    assert bodies == [[b"a"], [b"a"]]


def test_an_instance_attribute_of_that_name_brings_nothing():
    class Content(list):
        pass

    content = Content([b"a"])
    content.__wsgiresp_producer__ = None
    with visit(StreamingResponse(content)) as visitor:
        assert visitor.read_all() == b"a"
