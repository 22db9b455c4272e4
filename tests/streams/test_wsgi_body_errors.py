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
from runtime.runners import everywhere
from streams.fake_sources import RecordingSource
from streams.stream_bodies import begun_body, encode, policies, read, sync_and_async

from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._streams.stream_source import StreamSource
from wsgiresp._streams.wsgi_body import WSGIStreamBody

pytestmark = pytest.mark.usefixtures("fresh_streams")


class Steps:
    """An iterator, each step of which calls *step*."""

    def __init__(self, step):
        self._step = step

    def __iter__(self):
        return self

    def __next__(self):
        return self._step()


class WithoutIterator:
    """An iterable that raises *error* instead of returning an iterator."""

    def __init__(self, error):
        self._error = error

    def __iter__(self):
        raise self._error


def raising(error):
    """Return a function that raises *error*, whatever its arguments."""

    def raise_it(*arguments):
        raise error

    return raise_it


def encoded_body(content, encode, policy):
    """Return the begun body of a stream of *content*, whose chunks are all encoded by *encode*."""
    body = WSGIStreamBody(
        ServerProfile(environ()), StreamSource(content, encode, contextvars.copy_context()), [], policy
    )
    body.begin()
    return body


class TestErrors:
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

    @pytest.mark.usefixtures("long_grace")
    @everywhere
    @policies
    def test_a_stop_async_iteration_before_the_first_chunk_becomes_a_runtime_error(self, run, policy):
        error = StopAsyncIteration()

        def begin():
            with pytest.raises(RuntimeError, match="a stream raised StopAsyncIteration") as raised:
                begun_body(Steps(raising(error)), policy)
            return raised.value.__cause__

        assert run(begin) is error

    @pytest.mark.usefixtures("long_grace")
    @everywhere
    @policies
    @pytest.mark.parametrize(
        "failing",
        [
            pytest.param(lambda error: (WithoutIterator(error), encode), id="iter()"),
            pytest.param(lambda error: (iter("a"), raising(error)), id="the encoder"),
        ],
    )
    def test_a_stop_iteration_before_the_first_chunk_is_the_cause_of_a_runtime_error(self, run, policy, failing):
        # Raised unchanged, it would look like the end of an iteration to whoever iterates what calls us.
        error = StopIteration()

        def begin():
            with pytest.raises(RuntimeError, match="a stream raised StopIteration") as raised:
                encoded_body(*failing(error), policy)
            return raised.value

        assert run(begin).__cause__ is error

    @everywhere
    @policies
    @pytest.mark.parametrize(
        "error", [StopIteration(), StopAsyncIteration()], ids=["StopIteration", "StopAsyncIteration"]
    )
    def test_a_stop_iteration_after_the_first_chunk_is_the_cause_of_a_runtime_error(self, run, policy, error):
        def refuse_second(chunk):
            if chunk == "b":
                raise error
            return encode(chunk)

        def read_on():
            made: list[bytes] = []
            with (
                contextlib.closing(encoded_body(iter("ab"), refuse_second, policy)) as body,
                pytest.raises(RuntimeError) as raised,
            ):
                made.extend(body)
            return b"".join(made), raised.value

        made, raised = run(read_on)
        assert made == policy.preamble + b"a"
        assert raised.__cause__ is error

    @everywhere
    @policies
    def test_a_stop_iteration_of_the_iterator_is_the_end(self, run, policy):
        assert b"".join(run(read, Steps(iter([b"a"]).__next__), policy)) == policy.preamble + b"a"

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
