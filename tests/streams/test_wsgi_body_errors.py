"""Errors of a source: what the server gets, and whether the client can detect them."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import errno

import gevent
import pytest
from gevent import socket as gevent_socket
from responses.wsgi_calls import environ
from runtime.runners import PATIENCE, everywhere
from streams.fake_sources import RecordingSource
from streams.stream_bodies import EVENTS, begun_body, policies, read, sync_and_async

from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._streams import wsgi_body
from wsgiresp._streams.stream_source import StreamSource
from wsgiresp._streams.wsgi_body import WSGIStreamBody

pytestmark = pytest.mark.usefixtures("fresh_streams")


class TestErrors:
    @pytest.fixture
    def long_grace(self, monkeypatch):
        """The wait for an error before the first chunk is long enough for a busy machine."""
        monkeypatch.setattr(wsgi_body, "FIRST_STEP_GRACE", PATIENCE)

    @pytest.mark.usefixtures("long_grace")
    @everywhere
    @sync_and_async
    @policies
    @pytest.mark.parametrize("error", [LookupError("no"), OSError("no"), SystemExit(3), gevent.Timeout()])
    def test_an_error_before_the_first_chunk_is_raised_by_begin(self, run, content_of, policy, error):
        taken: list[str] = []

        def begin():
            with pytest.raises(type(error)) as raised:
                begun_body(content_of(RecordingSource([], error=error)), policy, steps=[lambda: taken.append("step")])
            return raised.value

        assert run(begin) is error
        assert taken == ["step"]

    @everywhere
    @sync_and_async
    @policies
    def test_a_later_error_is_raised_once_to_the_reader(self, run, content_of, policy, caplog):
        error = LookupError("no")

        def read_on():
            body = begun_body(content_of(RecordingSource(error=error)), policy)
            made: list[bytes] = []
            with pytest.raises(LookupError) as raised:
                made.extend(body)
            rest = list(body)
            body.close()
            return raised.value, b"".join(made), rest

        assert run(read_on) == (error, policy.preamble + b"abc", [])
        assert caplog.records == []

    @everywhere
    @sync_and_async
    @pytest.mark.parametrize(
        "error",
        [
            OSError(errno.EPIPE, "a pipe of the source, not of the client"),
            ConnectionResetError(),
            SystemExit(3),
            gevent.GreenletExit(),
            gevent.Timeout(),
            asyncio.CancelledError(),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_an_error_that_servers_would_misread_is_the_cause_of_a_runtime_error(self, run, content_of, error):
        def read_on():
            body = begun_body(content_of(RecordingSource([b"a"], error=error)))
            with contextlib.closing(body), pytest.raises(RuntimeError) as raised:
                list(body)
            return raised.value

        raised = run(read_on)
        assert str(raised) == f"a stream ended early: its source raised {error!r}"
        assert raised.__cause__ is error

    @sync_and_async
    def test_a_keyboard_interrupt_is_raised_unchanged(self, content_of):
        with pytest.raises(KeyboardInterrupt):
            read(content_of(RecordingSource([b"a"], error=KeyboardInterrupt())))

    def test_a_stop_async_iteration_of_a_synchronous_source_is_raised(self):
        class Stopping:
            def __iter__(self):
                return self

            def __next__(self):
                raise StopAsyncIteration

        with pytest.raises(StopAsyncIteration):
            read(Stopping())

    @pytest.mark.usefixtures("long_grace")
    def test_a_stop_iteration_of_the_encoder_is_an_error_and_not_the_end(self):
        def refuse(chunk):
            raise StopIteration

        body = WSGIStreamBody(
            ServerProfile(environ()), StreamSource(iter(["a"]), refuse, contextvars.copy_context()), []
        )
        with pytest.raises(RuntimeError, match="StopIteration"):
            body.begin()
        body = WSGIStreamBody(
            ServerProfile(environ()), StreamSource(iter(["a"]), refuse, contextvars.copy_context()), [], EVENTS
        )
        with pytest.raises(RuntimeError, match="StopIteration"):
            body.begin()

    def test_without_framing_an_error_resets_the_connection(self, client):
        def read_until_the_error():
            body = begun_body(
                RecordingSource([b"a"], error=LookupError()).generator(), SERVER_PROTOCOL="HTTP/1.0", **client.environ
            )
            with contextlib.closing(body), pytest.raises(LookupError):
                list(body)

        read_until_the_error()
        # The descriptor is now that of a socket whose other end is closed.
        assert client.here.recv(1) == b""

    @pytest.mark.parametrize("more", [{"SERVER_PROTOCOL": "HTTP/1.1"}, {"SERVER_PROTOCOL": "HTTP/1.0", "length": 5}])
    def test_with_framing_an_error_does_not_reset_the_connection(self, client, more):
        body = begun_body(RecordingSource([b"a"], error=LookupError()).generator(), **client.environ, **more)
        with contextlib.closing(body), pytest.raises(LookupError):
            list(body)
        linger = client.here.getsockopt(gevent_socket.SOL_SOCKET, gevent_socket.SO_LINGER, 8)
        assert linger == b"\0\0\0\0\0\0\0\0"
