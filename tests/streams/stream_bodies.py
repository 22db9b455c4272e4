"""Bodies of streams that have begun, as a server iterates them, and the connection of their client."""

from __future__ import annotations

import contextlib
import contextvars
import time

import pytest
from gevent import socket as gevent_socket
from responses.wsgi_calls import environ
from runtime.runners import PATIENCE
from streams.fake_sources import RecordingSource

from wsgiresp._runtime.process import part
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._streams.open_streams import OpenStreams
from wsgiresp._streams.policy import RUN_TO_END, StreamPolicy
from wsgiresp._streams.stream_source import StreamSource
from wsgiresp._streams.wsgi_body import WSGIStreamBody

# With pings, a source in a thread server is stepped in a thread of its own; none is due within a test.
EVENTS = StreamPolicy(
    preamble=b"open|", ping=b"ping|", ping_interval=1000.0, closing_bytes=lambda: b"bye|", ends_with_worker=True
)


def encode(chunk):
    return chunk if isinstance(chunk, bytes) else chunk.encode()


def begun_body(content, policy=RUN_TO_END, *, steps=(), length=None, **more):
    """Return the begun body of a stream of *content*."""
    body = WSGIStreamBody(ServerProfile(environ(**more)), source_of(content), steps, policy, length)
    body.begin()
    return body


def source_of(content):
    return StreamSource(content, encode, contextvars.copy_context(), raw=bytes)


def read(content, policy=RUN_TO_END, **more):
    """Return all chunks of a stream of *content*, and close it."""
    body = begun_body(content, policy, **more)
    with contextlib.closing(body):
        return list(body)


def open_count():
    return len(part(OpenStreams).streams)


def await_steps(ran, expected):
    """Wait, blocking this thread only, until *ran* has *expected* items."""
    deadline = time.monotonic() + PATIENCE
    while len(ran) < expected and time.monotonic() < deadline:
        time.sleep(0.001)


def dropped_body(content, policy=EVENTS, steps=(), *, is_answered=True, read=1):
    """Begin a body, read some chunks and drop it."""
    body = begun_body(content, policy, steps=steps)
    if is_answered:
        body.note_answered()
    for _ in range(read):
        next(body)


class Client:
    """The connection of a client; ``environ`` has the key by which gunicorn shows it."""

    def __init__(self):
        self.here, self.there = gevent_socket.socketpair()
        self.environ = {"gunicorn.socket": self.here}

    def disconnect(self):
        self.there.close()

    def close(self):
        self.here.close()
        self.there.close()


sync_and_async = pytest.mark.parametrize(
    "content_of",
    [
        pytest.param(RecordingSource.generator, id="sync"),
        pytest.param(RecordingSource.async_generator, id="async"),
    ],
)
policies = pytest.mark.parametrize("policy", [pytest.param(RUN_TO_END, id="plain"), pytest.param(EVENTS, id="events")])
