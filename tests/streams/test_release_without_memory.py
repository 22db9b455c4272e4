"""The release of a stream while an operation fails for want of memory: all the rest is done, and it is repeated."""

from __future__ import annotations

import contextvars

import pytest
from responses.wsgi_calls import environ
from streams.fake_producer import ManualContent
from streams.fake_runtime import FakeRuntime

from wsgiresp._runtime.process import part
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._streams.open_streams import OpenStreams
from wsgiresp._streams.policy import StreamPolicy
from wsgiresp._streams.stream_source import StreamSource
from wsgiresp._streams.transfer import Transfer
from wsgiresp._streams.wsgi_body import WSGIStreamBody

pytestmark = pytest.mark.usefixtures("fresh_streams")

POLICY = StreamPolicy(ping=b"ping|", ping_interval=15.0, max_age=60.0, closing_bytes=bytes)


class ShortRuntime(FakeRuntime):
    """A runtime one of whose methods raises ``MemoryError``, as often as ``failures`` says, by name."""

    def __init__(self):
        super().__init__()
        self.failures: dict[str, int] = {}

    def fail(self, name):
        if self.failures.get(name):
            self.failures[name] -= 1
            raise MemoryError

    def call_soon(self, callback, *arguments):
        self.fail("call_soon")
        super().call_soon(callback, *arguments)

    def timers(self, seconds):
        self.fail("timers")
        return super().timers(seconds)

    def watch_disconnect(self, server, callback):
        end = super().watch_disconnect(server, callback)

        def end_watch():
            self.fail("end_watch")
            end()

        return end_watch

    def close(self):
        self.fail("close")
        super().close()


def endless(closed):
    try:
        while True:
            yield b"x" * 30_000
    finally:
        closed.append("closed")


@pytest.mark.parametrize("name", ["call_soon", "timers", "end_watch", "close"])
def test_an_operation_that_fails_once_is_repeated(name, caplog):
    runtime, order = ShortRuntime(), []
    source = StreamSource(endless(order), bytes, contextvars.copy_context(), raw=bytes)
    body = WSGIStreamBody(ServerProfile(environ()), source, [lambda: order.append("step")], POLICY, runtime=runtime)
    body.begin()
    runtime.failures[name] = 1
    body.close()
    assert (order, runtime.is_open, runtime.armed, runtime.watched) == (["closed", "step"], False, {}, [])
    assert part(OpenStreams).streams == set()
    assert caplog.records == []


def test_an_operation_that_fails_twice_is_logged_and_stops_no_other(caplog):
    runtime, order = ShortRuntime(), []
    source = StreamSource(ManualContent(), bytes, contextvars.copy_context())
    body = WSGIStreamBody(ServerProfile(environ()), source, [lambda: order.append("step")], POLICY, runtime=runtime)
    body.begin()
    runtime.failures["end_watch"] = 2
    body.close()
    assert (order, runtime.is_open) == (["step"], False)
    assert part(OpenStreams).streams == set()
    assert "MemoryError" in caplog.text


@pytest.mark.parametrize("at", range(3))
def test_a_stream_that_cannot_be_made_gives_everything_back(at):
    runtime, order = ShortRuntime(), []

    class Failing(ShortRuntime):
        def timers(self, seconds):
            if len(order) == at:
                raise MemoryError
            order.append(seconds)
            return super().timers(seconds)

    runtime = Failing()
    source = StreamSource([b"a"], bytes, contextvars.copy_context())
    with pytest.raises(MemoryError):
        WSGIStreamBody(ServerProfile(environ()), source, [], POLICY, runtime=runtime)
    assert (runtime.is_open, runtime.watched) == (False, [])
    assert part(OpenStreams).streams == set()


def test_a_ready_chunk_that_cannot_be_taken_breaks_the_transfer(monkeypatch):
    failed: list[str] = []
    monkeypatch.setattr(Transfer, "fail", lambda transfer: failed.append("failed"))
    runtime, content = ShortRuntime(), ManualContent()
    source = StreamSource(content, bytes, contextvars.copy_context())
    body = WSGIStreamBody(ServerProfile(environ()), source, [], runtime=runtime)
    content.put(b"first")
    body.begin()
    with monkeypatch.context() as patch:
        patch.setattr(type(content.producer.buffer), "take", no_memory)
        with pytest.raises(MemoryError):
            next(body)
    body.close()
    assert failed == ["failed"]


def no_memory(buffer):
    raise MemoryError
