"""One part of a stream that fails, for want of memory: the stream ends, and all the rest of it is given back."""

from __future__ import annotations

import asyncio
import contextvars

import pytest
from greenlet import greenlet
from responses.wsgi_calls import start
from runtime.runners import in_greenlet, wait_until
from streams.fake_sources import RecordingSource
from streams.producer_kinds import ProducerReader, in_hub, in_own_thread
from streams.stream_bodies import EVENTS, begun_body

from wsgiresp._runtime.asyncio_runtime import AsyncioRuntime
from wsgiresp._runtime.gevent_runtime import GeventRuntime
from wsgiresp._runtime.process import part
from wsgiresp._streams import asgi_stream, greenlet_producer, open_streams
from wsgiresp._streams.asgi_body import ASGIStreamBody
from wsgiresp._streams.open_streams import OpenStreams
from wsgiresp._streams.stream_source import StreamSource
from wsgiresp._streams.wsgi_stream import WSGIStream
from wsgiresp.responses import EventSourceResponse

pytestmark = pytest.mark.usefixtures("fresh_streams")


def failing(*_, **__):
    raise MemoryError("no memory")


class NoStack(greenlet):
    """A greenlet that cannot be started."""

    def switch(self, *_):
        raise MemoryError("no memory")


class Closable:
    """A source that notes its closes."""

    def __init__(self):
        self.closes = 0

    def __iter__(self):
        return iter([b"a"])

    def close(self):
        self.closes += 1


@pytest.mark.parametrize("make", [in_hub, in_own_thread], ids=["hub", "own thread"])
def test_a_producer_whose_greenlet_cannot_start_ends_with_the_error(make, monkeypatch):
    monkeypatch.setattr(GeventRuntime, "new_greenlet", lambda runtime, run: NoStack(run, runtime.hub))
    source = Closable()
    reader = ProducerReader(make, source)
    reader.producer.begin()
    assert reader.next() is None
    assert (type(reader.buffer.error), source.closes) == (MemoryError, 1)
    reader.close()


def test_a_producer_in_its_own_thread_ends_with_the_error_of_its_hub(monkeypatch):
    monkeypatch.setattr(greenlet_producer.GreenletProducer, "begin", failing)
    source = Closable()
    reader = ProducerReader(in_own_thread, source)
    reader.producer.begin()
    assert reader.next() is None
    assert (type(reader.buffer.error), source.closes) == (MemoryError, 1)
    reader.close()


def test_an_error_of_a_greenlet_that_has_started_is_raised_in_the_hub(monkeypatch):
    reader = ProducerReader(in_hub, [b"a"])

    class Ending(NoStack):
        def switch(self, producer):
            producer.stop()
            raise MemoryError

    monkeypatch.setattr(reader.producer, "_greenlet", Ending())
    with pytest.raises(MemoryError):
        reader.producer.start()
    reader.close()


def test_a_stream_that_cannot_be_told_of_the_end_does_not_keep_the_others_from_it(caplog):
    told = []

    class Stream:
        def end_with_worker(self):
            told.append("end")
            raise MemoryError

        def abort(self):
            told.append("abort")
            raise MemoryError

        def __str__(self):
            return "numbers"

    for _ in range(2):
        open_streams.register(Stream())
    assert open_streams.finish_streams() == 2
    open_streams.abort_streams(0)
    assert told == ["end", "end", "abort", "abort"]
    assert caplog.text.count("stream numbers cannot be told") == 4


def test_an_abort_breaks_the_transfer_off_though_the_loop_takes_no_callback(monkeypatch):
    broken = []

    def serve():
        body = begun_body(RecordingSource(waits_at=2).generator())
        next(body)
        stream = body.stream
        with monkeypatch.context() as patch:
            patch.setattr(stream.runtime, "_loop", None)
            patch.setattr(type(stream.transfer), "break_off", lambda transfer: broken.append("off"))
            with pytest.raises(AttributeError):
                stream.abort()
        body.close()

    in_greenlet(serve)
    assert broken == ["off"]


def test_a_dropped_stream_that_its_hub_cannot_release_is_released_with_the_next(monkeypatch, caplog):
    source, ran = RecordingSource(waits_at=2), []

    def serve():
        body = begun_body(source.generator(), EVENTS, steps=[lambda: ran.append("step")])
        body.note_answered()
        next(body)
        with monkeypatch.context() as patch:
            patch.setattr(WSGIStream, "release_soon", failing)
            del body
            wait_until(lambda: part(OpenStreams).lost)
        before = len(part(OpenStreams).lost), list(ran)
        begun_body([b"a"]).close()
        wait_until(lambda: ran)
        return before

    assert in_greenlet(serve) == (1, [])
    assert (source.ends, ran, part(OpenStreams).streams) == (["GreenletExit"], ["step"], set())
    assert "is released with the next stream" in caplog.text


def test_what_a_callable_returned_is_closed_if_no_stream_is_made(monkeypatch):
    source = Closable()

    def content(last_event_id):
        monkeypatch.setattr(contextvars, "copy_context", fail_once)
        return source

    def fail_once():
        monkeypatch.undo()
        raise MemoryError

    with pytest.raises(MemoryError):
        start(EventSourceResponse(content))
    assert source.closes == 1


async def letters(closed):
    try:
        while True:
            yield "a"
            await asyncio.sleep(0)
    finally:
        closed.append("closed")


def asgi_body(closed, steps=()):
    return ASGIStreamBody(StreamSource(letters(closed), str.encode, contextvars.copy_context()), steps)


@pytest.mark.parametrize("name", ["copy_context", "create_task"])
def test_a_close_on_the_loop_without_memory_leaves_no_stream_open(name, monkeypatch, caplog):
    closed, ran = [], []

    async def read():
        body = asgi_body(closed, [lambda: ran.append("step")])
        await anext(body)
        with monkeypatch.context() as patch:
            patch.setattr(*((asgi_stream, name) if name == "copy_context" else (AsyncioRuntime, name)), failing)
            body.close()
        found = list(ran), set(part(OpenStreams).streams)
        while not closed:
            await asyncio.sleep(0)
        return found

    assert asyncio.run(asyncio.wait_for(read(), 10)) == (["step"], set())
    assert "MemoryError" in caplog.text


def test_the_source_is_closed_and_the_stream_released_though_its_buffer_fails(monkeypatch):
    closed = []

    async def read():
        body = asgi_body(closed)
        await anext(body)
        buffer = body.stream.machine.buffer
        monkeypatch.setattr(type(buffer), "discard", failing)
        with pytest.raises(MemoryError):
            await body.aclose()
        monkeypatch.undo()
        return set(part(OpenStreams).streams)

    assert asyncio.run(asyncio.wait_for(read(), 10)) == set()
    assert closed == ["closed"]
