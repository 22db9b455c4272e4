from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from protocol import whatwg_event_parser as whatwg

from wsgiresp._protocol.event_reader import EventReader, ReceivedEvent

MARKS = st.sampled_from([b"\n", b"\r", b"\r\n", b"\n\n", b":", b" ", b"\0", b"\xef\xbb\xbf"])
WORDS = st.sampled_from([b"data", b"event", b"id", b"retry", b"x", b"12", "é€😀\u2028\x85²".encode()])
BROKEN = st.sampled_from([b"\xff", b"\xe2\x82", b"\xf0\x9f", b"\xed\xa0\x80"])
PIECES = MARKS | WORDS | BROKEN
BODIES = st.lists(PIECES | st.binary(max_size=3), max_size=40).map(b"".join)


def read(chunks):
    """Return what a reader that is fed with *chunks* makes of them."""
    reader = EventReader()
    events = [tuple(event) for chunk in chunks for event in reader.feed(chunk)]
    return whatwg.Stream(events, reader.last_event_id, reader.retry, reader.comments)


def cut(body, places):
    """Return *body* as chunks, cut at *places*, which may be the same."""
    bounds = [0, *sorted(place % (len(body) + 1) for place in places), len(body)]
    return [body[start:stop] for start, stop in pairwise(bounds)]


@given(body=BODIES | st.binary(), places=st.lists(st.integers(0, 200), max_size=12))
@example(body=b"\xef\xbb\xbfdata: x\r\n\r\n", places=list(range(20)))
@example(body=b"\xef\xbb\xbf\xef\xbb\xbfdata: x\n\n", places=[])
@example(body=b"data: \xe2\x82\xac\xf0\x9f\n\n", places=list(range(20)))
def test_a_stream_cut_anywhere_is_read_as_the_standard_has_it(body, places):
    assert read(cut(body, places)) == whatwg.read(body)


@pytest.mark.parametrize(
    ("body", "events"),
    [
        pytest.param(
            b"data: YHOO\ndata: +2\ndata: 10\n\n",
            [("message", "YHOO\n+2\n10", "")],
            id="three lines of data",
        ),
        pytest.param(
            b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n",
            [("message", "first event", "1"), ("message", "second event", "")],
            id="a comment, an id, no id, and a block that never ends",
        ),
        pytest.param(
            b"data\n\ndata\ndata\n\ndata:",
            [("message", "", ""), ("message", "\n", "")],
            id="fields without a colon",
        ),
        pytest.param(
            b"data:test\n\ndata: test\n\n",
            [("message", "test", ""), ("message", "test", "")],
            id="a blank after the colon",
        ),
        pytest.param(
            b"event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\nevent: add\ndata: 113411\n\n",
            [("add", "73857293", ""), ("remove", "2153", ""), ("add", "113411", "")],
            id="types",
        ),
    ],
)
@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"], ids=["LF", "CR", "CRLF"])
@pytest.mark.parametrize("parse", [whatwg.parse, lambda body: read([body]).events], ids=["the standard", "ours"])
def test_an_example_of_the_standard(parse, body, events, end):
    assert parse(body.replace(b"\n", end)) == events


def test_an_event_has_a_type_data_and_an_id():
    assert EventReader().feed(b"event: add\nid: 1\ndata: 2\n\n") == [ReceivedEvent(event="add", data="2", id="1")]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"], ids=["LF", "CR", "CRLF"])
def test_an_event_is_there_with_the_end_of_its_blank_line(end):
    assert len(EventReader().feed(b"data: x" + end + end)) == 1


def test_an_event_ended_by_cr_does_not_wait_for_the_lf_that_may_follow():
    reader = EventReader()
    assert [len(reader.feed(chunk)) for chunk in (b"data: x\r\n\r", b"\n", b"data: y\n", b"\n")] == [1, 0, 0, 1]


def test_an_id_holds_for_the_events_after_it():
    assert [event.id for event in EventReader().feed(b"id: 7\ndata: a\n\ndata: b\n\n")] == ["7", "7"]


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        pytest.param(b"id: 7\n\n", "7", id="a block without data"),
        pytest.param(b"id: 7\n", "", id="a block that has not ended"),
        pytest.param(b"id: 7\n\nid: 8\0\n\n", "7", id="an id with NUL"),
        pytest.param(b"id: 7\n\nid\n\n", "", id="an empty id"),
        pytest.param(b"Id: 7\n\n", "", id="a name in other letters"),
    ],
)
def test_the_last_event_id(body, seen):
    assert read([body]).last_event_id == seen


@pytest.mark.parametrize(
    ("line", "retry"),
    [
        pytest.param(b"retry: 3000", 3000, id="a number"),
        pytest.param(b"retry:0", 0, id="zero"),
        pytest.param(b"retry: 007", 7, id="zeros before it"),
        pytest.param(b"retry: -1", None, id="a sign"),
        pytest.param(b"retry: 1.5", None, id="a fraction"),
        pytest.param(b"retry: 1_0", None, id="a number of Python"),
        pytest.param("retry: ٣".encode(), None, id="digits of another script"),
        pytest.param(b"retry", None, id="nothing"),
        pytest.param(b"retry: " + b"9" * 4301, None, id="more digits than Python reads"),
    ],
)
def test_retry(line, retry):
    assert read([line + b"\n"]).retry == retry


def test_comments_are_kept():
    assert read([b": a\n:b\n:\n:  c\n"]).comments == ["a", "b", "", " c"]


def test_a_long_line_in_small_chunks_takes_no_longer_than_it_is():
    reader = EventReader()
    for _ in range(100_000):
        reader.feed(b"data: 0123")
    assert [len(event.data) for event in reader.feed(b"\n\n")] == [999_994]


def test_the_data_is_read_as_json():
    [event] = EventReader().feed(b'data: {"a":\ndata: [1.5, null]}\n\n')
    assert event.json() == {"a": [1.5, None]}


def test_data_that_is_no_json_is_a_value_error():
    with pytest.raises(ValueError, match="Expecting value"):
        ReceivedEvent("message", "hi", "").json()
