"""Unwrapping of Flask's ``stream_with_context``: the generator in it is stepped directly."""

from __future__ import annotations

import flask
import pytest

from wsgiresp._streams.stream_source import unwrap_stream_with_context


@pytest.fixture
def request_context():
    with flask.Flask("tested").test_request_context():
        yield


def generator():
    yield "a"


def test_the_wrapped_generator_is_returned(request_context):
    inner = generator()
    assert unwrap_stream_with_context(flask.stream_with_context(inner)) is inner
    assert list(inner) == ["a"]


def test_the_generator_of_a_decorated_function_is_returned(request_context):
    assert list(unwrap_stream_with_context(flask.stream_with_context(generator)())) == ["a"]


def test_the_request_context_can_be_popped_after_the_unwrapping():
    with flask.Flask("tested").test_request_context():
        unwrap_stream_with_context(flask.stream_with_context(generator()))
    assert not flask.has_request_context()


def stream_with_context():
    def generator():
        yield "a"

    return generator()


@pytest.mark.parametrize(
    "content",
    [generator(), iter(["a"]), ["a"], stream_with_context(), (item for item in "a")],
    ids=["a generator", "an iterator", "a list", "one that only has the name", "an expression"],
)
def test_other_content_is_returned_unchanged(content):
    assert unwrap_stream_with_context(content) is content


def test_an_exhausted_generator_is_returned_unchanged():
    done = generator()
    list(done)
    assert unwrap_stream_with_context(done) is done


def test_the_frame_of_another_generator_is_not_read():
    class Plain:
        gi_code = generator.__code__

        @property
        def gi_frame(self):
            raise AssertionError("it would keep the frame from now on")

    plain = Plain()
    assert unwrap_stream_with_context(plain) is plain
