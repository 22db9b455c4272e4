"""Streams that have begun, as a server has them, and the connection of their client."""

from __future__ import annotations

import contextlib
import contextvars

import pytest
from gevent import socket as gevent_socket
from responses.wsgi_calls import environ
from streams.fake_sources import Story

from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._streams.policy import RUN_TO_END, StreamPolicy
from wsgiresp._streams.stream_source import StreamSource
from wsgiresp._streams.wsgi_body import WSGIStreamBody

EVENTS = StreamPolicy(preamble=b"open|", ping=b"ping|", closing_bytes=lambda: b"bye|")


def encode(chunk):
    return chunk if isinstance(chunk, bytes) else chunk.encode()


def begun(content, policy=RUN_TO_END, *, steps=(), length=None, **more):
    """Return a stream of *content* that has begun."""
    body = WSGIStreamBody(ServerProfile(environ(**more)), source_of(content), steps, policy, length)
    body.begin()
    return body


def source_of(content):
    return StreamSource(content, encode, contextvars.copy_context(), raw=bytes)


def read(content, policy=RUN_TO_END, **more):
    """Return all chunks of a stream, which is closed then."""
    body = begun(content, policy, **more)
    with contextlib.closing(body):
        return list(body)


class Client:
    """The connection of a client, as gunicorn shows it."""

    def __init__(self):
        self.here, self.there = gevent_socket.socketpair()
        self.shown = {"gunicorn.socket": self.here}

    def leave(self):
        self.there.close()

    def close(self):
        self.here.close()
        self.there.close()


told = pytest.mark.parametrize(
    "tell", [pytest.param(Story.told, id="sync"), pytest.param(Story.told_async, id="async")]
)
policies = pytest.mark.parametrize("policy", [pytest.param(RUN_TO_END, id="plain"), pytest.param(EVENTS, id="events")])
