"""A generator that Flask has bound to the request is stepped as it was before that."""

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


def test_the_generator_inside_comes_out(request_context):
    inner = generator()
    assert unwrap_stream_with_context(flask.stream_with_context(inner)) is inner
    assert list(inner) == ["a"]


def test_a_decorated_generator_function_gives_the_generator_inside(request_context):
    assert list(unwrap_stream_with_context(flask.stream_with_context(generator)())) == ["a"]


def test_the_context_of_the_request_can_be_left():
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
def test_anything_else_stays(content):
    assert unwrap_stream_with_context(content) is content


def test_one_that_is_done_stays():
    done = generator()
    list(done)
    assert unwrap_stream_with_context(done) is done


def test_the_frame_of_another_generator_is_not_looked_at():
    class Plain:
        gi_code = generator.__code__

        @property
        def gi_frame(self):
            raise AssertionError("it would keep the frame from now on")

    plain = Plain()
    assert unwrap_stream_with_context(plain) is plain
