"""Streams of views in rare conditions: freed before their request ends, or made outside of a request."""

from __future__ import annotations

import contextvars
import gc

import flask
import pytest
from responses.wsgi_calls import environ
from streams.fake_producer import ManualContent
from streams.fake_runtime import FakeRuntime

from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._streams.stream_source import StreamSource
from wsgiresp._streams.wsgi_body import WSGIStreamBody
from wsgiresp._types import Prepared
from wsgiresp.adapters._flask.contexts import bind_stream
from wsgiresp.responses import StreamingResponse

pytestmark = pytest.mark.usefixtures("fresh_streams")


def test_the_end_of_a_request_closes_no_stream_that_was_freed():
    conversion = pytest.importorskip("wsgiresp.adapters._django.conversion")
    source = StreamSource(ManualContent(), bytes, contextvars.copy_context())
    prepared = Prepared("200 OK", [], WSGIStreamBody(ServerProfile(environ()), source, [], runtime=FakeRuntime()))
    close = conversion._closing(prepared)
    del prepared
    gc.collect()
    assert close() is None


def test_a_stream_outside_of_a_request_has_no_contexts_of_one():
    response = StreamingResponse([b"a"])
    bind_stream(flask.Flask(__name__), response, None)
    assert response._adapter_around is None


class Descriptor:
    """Computes ``around`` for each response."""

    def __get__(self, response, owner=None):
        return None


@pytest.mark.parametrize("found", [property(lambda self: None), Descriptor()], ids=["a property", "another descriptor"])
def test_a_descriptor_named_around_is_left_as_it_is(found):
    kind = type("Response", (StreamingResponse,), {"around": found})
    assert vars(kind)["around"] is found
