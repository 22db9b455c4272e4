"""The names that werkzeug has for the body of a StreamingResponse."""

from __future__ import annotations

import copy

import pytest
from responses.wsgi_calls import call, environ
from streams.fake_sources import RecordingSource

from wsgiresp.responses import JSONLinesResponse, StreamingResponse

pytestmark = pytest.mark.usefixtures("fresh")


class TestWerkzeugsNames:
    def test_the_body_can_be_read_instead_of_sent(self):
        assert StreamingResponse(["a", b"b"]).get_data() == b"ab"

    def test_the_chunks_can_be_read(self):
        response = StreamingResponse(iter(["a", b"b"]))
        assert list(response.iter_encoded()) == [b"a", b"b"]
        with pytest.raises(RuntimeError, match="sent already"):
            list(response.response)

    def test_json_lines_are_read_as_json_lines(self):
        assert JSONLinesResponse([1, {"a": 2}]).get_data() == b'1\n{"a":2}\n'

    def test_a_body_that_was_read_is_still_sent(self):
        response = StreamingResponse(iter(["a", b"b"]))
        response.freeze()
        answer = call(response)
        assert (answer.body, answer.values("Content-Length")) == (b"ab", ["2"])

    def test_another_body_may_be_assigned(self):
        response = StreamingResponse(iter(["a"]))
        response.response = [b"another"]
        assert list(response.iter_encoded()) == [b"another"]
        answer = call(response)
        assert (answer.body, answer.values("Content-Length")) == (b"another", ["7"])

    def test_it_is_streamed(self):
        response = StreamingResponse([b"a"])
        assert (response.is_streamed, response.is_sequence) == (True, False)

    def test_reading_asynchronous_content_raises_and_does_not_use_it_up(self):
        response = StreamingResponse(RecordingSource().async_generator())
        with pytest.raises(RuntimeError, match="can be sent, but not be read from here"):
            response.get_data()
        assert call(response).body == b"abc"

    def test_a_copy_shares_an_iterator(self):
        response = StreamingResponse(iter([b"a"]))
        twin = copy.copy(response)
        assert call(twin).body == b"a"
        with pytest.raises(RuntimeError, match="sent already"):
            call(response)


def test_reading_the_headers_does_not_start_the_stream():
    steps: list[str] = []

    def rows():
        steps.append("begun")
        yield "a"

    response = StreamingResponse(rows(), media_type="text/csv")
    assert list(response.get_wsgi_headers(environ())) == [("Content-Type", "text/csv; charset=utf-8")]
    assert steps == []
    assert call(response).body == b"a"


def test_the_headers_are_those_of_an_assigned_body():
    response = StreamingResponse(iter(["a"]), media_type="text/csv")
    response.set_data(b"known")
    assert response.get_wsgi_headers(environ())["Content-Length"] == "5"
