"""What a source raises, as the server of its stream and its client get to know of it."""

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
from streams.fake_sources import Story
from streams.stream_bodies import EVENTS, begun, policies, read, told

from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._streams import wsgi_body
from wsgiresp._streams.stream_source import StreamSource
from wsgiresp._streams.wsgi_body import WSGIStreamBody

pytestmark = pytest.mark.usefixtures("fresh_streams")


class TestErrors:
    @pytest.fixture
    def moment(self, monkeypatch):
        """As long for a source to fail in as a busy machine may take."""
        monkeypatch.setattr(wsgi_body, "FIRST_STEP_GRACE", PATIENCE)

    @pytest.mark.usefixtures("moment")
    @everywhere
    @told
    @policies
    @pytest.mark.parametrize("error", [LookupError("no"), OSError("no"), SystemExit(3), gevent.Timeout()])
    def test_one_before_the_first_chunk_is_raised_at_the_beginning(self, run, tell, policy, error):
        taken: list[str] = []

        def begin():
            with pytest.raises(type(error)) as raised:
                begun(tell(Story([], error=error)), policy, steps=[lambda: taken.append("step")])
            return raised.value

        assert run(begin) is error
        assert taken == ["step"]

    @everywhere
    @told
    @policies
    def test_a_later_one_is_raised_where_it_is_read_and_once(self, run, tell, policy, caplog):
        error = LookupError("no")

        def read_on():
            body = begun(tell(Story(error=error)), policy)
            made: list[bytes] = []
            with pytest.raises(LookupError) as raised:
                made.extend(body)
            rest = list(body)
            body.close()
            return raised.value, b"".join(made), rest

        assert run(read_on) == (error, policy.preamble + b"abc", [])
        assert caplog.records == []

    @everywhere
    @told
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
    def test_one_that_servers_take_for_something_else_is_the_cause_of_one_that_they_do_not(self, run, tell, error):
        def read_on():
            body = begun(tell(Story([b"a"], error=error)))
            with contextlib.closing(body), pytest.raises(RuntimeError) as raised:
                list(body)
            return raised.value

        raised = run(read_on)
        assert str(raised) == f"a stream ended early: its source raised {error!r}"
        assert raised.__cause__ is error

    @told
    def test_an_interrupt_is_raised_as_it_is(self, tell):
        with pytest.raises(KeyboardInterrupt):
            read(tell(Story([b"a"], error=KeyboardInterrupt())))

    def test_a_stop_iteration_of_a_source_is_no_end(self):
        class Stopping:
            def __iter__(self):
                return self

            def __next__(self):
                raise StopAsyncIteration

        with pytest.raises(StopAsyncIteration):
            read(Stopping())

    @pytest.mark.usefixtures("moment")
    def test_an_encoder_that_raises_stop_iteration_does_not_end_the_stream_as_if_it_were_whole(self):
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

    def test_without_a_length_or_chunks_the_connection_is_reset(self, client):
        def break_off():
            body = begun(Story([b"a"], error=LookupError()).told(), SERVER_PROTOCOL="HTTP/1.0", **client.shown)
            with contextlib.closing(body), pytest.raises(LookupError):
                list(body)

        break_off()
        # Its descriptor is that of a connection whose other end is gone.
        assert client.here.recv(1) == b""

    @pytest.mark.parametrize("more", [{"SERVER_PROTOCOL": "HTTP/1.1"}, {"SERVER_PROTOCOL": "HTTP/1.0", "length": 5}])
    def test_a_transfer_that_tells_its_end_needs_no_reset(self, client, more):
        body = begun(Story([b"a"], error=LookupError()).told(), **client.shown, **more)
        with contextlib.closing(body), pytest.raises(LookupError):
            list(body)
        linger = client.here.getsockopt(gevent_socket.SOL_SOCKET, gevent_socket.SO_LINGER, 8)
        assert linger == b"\0\0\0\0\0\0\0\0"
