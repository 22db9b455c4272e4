"""Iterators as the body of a response of werkzeug's: their length, that they are sent once and closed."""

from __future__ import annotations

import io

import pytest
from responses.wsgi_calls import call, start
from werkzeug.wsgi import FileWrapper

from wsgiresp import BackgroundTask
from wsgiresp.responses import Response


def test_an_iterator_of_chunks_announces_no_length_and_is_closed():
    closed: list[str] = []

    def chunks():
        try:
            yield "a"
            yield b"b"
        finally:
            closed.append("source")

    response = Response(response=chunks(), background=BackgroundTask(closed.append, "background"))
    answer = start(response)
    assert next(iter(answer.iterable)) == b"a"
    answer.close()
    assert answer.values("Content-Length") == []
    assert closed == ["source", "background"]


@pytest.mark.parametrize(
    ("length", "fault"), [("5", "5 bytes, got 2 less"), ("2", "2 bytes, got 1 more")], ids=["too short", "too long"]
)
@pytest.mark.parametrize("again", [iter, lambda chunks: Repeated(chunks)], ids=["an iterator", "an iterable"])
def test_an_iterator_is_held_to_the_length_that_was_announced(again, length, fault):
    answer = start(Response(response=again(["ab", b"c"]), headers={"Content-Length": length}))
    taken: list[bytes] = []
    with pytest.raises(ValueError, match=f"Content-Length must be that of the body: {fault}"):
        taken.extend(answer.iterable)
    answer.close()
    assert answer.values("Content-Length") == [length]
    assert len(b"".join(taken)) <= int(length)


def test_an_iterator_of_the_length_that_was_announced_is_sent_and_closed():
    closed: list[str] = []

    def chunks():
        try:
            yield "ab"
            yield b"c"
        finally:
            closed.append("source")

    response = Response(response=chunks(), headers={"Content-Length": "3"})
    response.background = BackgroundTask(closed.append, "background")
    assert call(response).body == b"abc"
    assert closed == ["source", "background"]


def test_an_iterator_with_a_length_that_is_not_read_to_its_end_is_closed():
    closed: list[str] = []

    def chunks():
        try:
            yield "ab"
            yield b"c"
        finally:
            closed.append("source")

    answer = start(Response(response=chunks(), headers={"Content-Length": "3"}))
    assert next(iter(answer.iterable)) == b"ab"
    answer.close()
    answer.close()
    assert closed == ["source"]


def test_a_body_passed_through_is_not_checked_for_its_length():
    wrapper = FileWrapper(io.BytesIO(b"abc"))
    response = Response(response=wrapper, direct_passthrough=True, headers={"Content-Length": "5"})
    assert start(response).iterable is wrapper
    response.close()


class Repeated:
    """An iterable that is no iterator."""

    def __init__(self, chunks):
        self._chunks = chunks

    def __iter__(self):
        return iter(self._chunks)


def test_an_iterator_is_sent_once():
    response = Response(response=iter([b"a"]))
    assert call(response).body == b"a"
    with pytest.raises(RuntimeError, match="iterator that was sent already"):
        call(response)


def test_another_iterator_may_be_assigned():
    response = Response(response=iter([b"a"]))
    call(response)
    response.response = iter([b"b"])
    assert call(response).body == b"b"


def test_an_iterable_that_is_no_iterator_is_sent_again_and_again():
    class Chunks:
        def __iter__(self):
            return iter([b"a"])

    response = Response(response=Chunks())
    assert [call(response).body, call(response).body] == [b"a", b"a"]


def test_head_does_not_start_an_iterator():
    started: list[str] = []

    def chunks():
        started.append("source")
        yield b"a"

    assert call(Response(response=chunks()), "HEAD").body == b""
    assert started == []


def test_in_direct_passthrough_the_server_gets_the_very_object():
    wrapper = FileWrapper(io.BytesIO(b"abc"))
    answer = start(Response(response=wrapper, direct_passthrough=True))
    assert answer.iterable is wrapper
    answer.close()
    assert wrapper.file.closed


def test_direct_passthrough_loses_no_callback():
    ran: list[str] = []
    wrapper = FileWrapper(io.BytesIO(b"abc"))
    response = Response(response=wrapper, direct_passthrough=True)
    response.call_on_close(lambda: ran.append("callback"))
    response.background = BackgroundTask(ran.append, "background")
    assert call(response).body == b"abc"
    assert ran == ["callback", "background"]
    assert wrapper.file.closed


def test_an_iterator_is_streamed_and_no_sequence():
    response = Response(response=iter([b"a"]))
    assert response.is_streamed
    assert not response.is_sequence


def test_freeze_makes_an_iterator_a_sequence_with_an_etag():
    response = Response(response=iter(["a", "b"]))
    response.freeze()
    answer = call(response)
    assert (answer.body, answer.values("Content-Length")) == (b"ab", ["2"])
    assert response.get_etag() != (None, None)
