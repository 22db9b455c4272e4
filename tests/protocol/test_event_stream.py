"""Events as blocks of a stream: what is written, and what a reader makes of it."""

from __future__ import annotations

import json
from collections import OrderedDict

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from protocol import whatwg_event_parser as whatwg
from protocol.event_samples import DOCUMENTS, EVENTS, TEXTS, Kind, Number, Tagged, encoded, to_json

from wsgiresp._protocol.event_stream import FIELDS, ServerSentEvent, encode


def with_line_feeds(text):
    return text.replace("\r\n", "\n").replace("\r", "\n")


def received(fields):
    """Return what a reader makes of an event of *fields*, text data."""
    stream = whatwg.Stream(last_event_id=fields.get("id", ""), retry=fields.get("retry"))
    if "comment" in fields:
        stream.comments = with_line_feeds(fields["comment"]).split("\n")
    if "data" in fields:
        stream.events = [(fields.get("event") or "message", with_line_feeds(fields["data"]), stream.last_event_id)]
    return stream


@given(fields=EVENTS)
@example(fields={"data": ""})
@example(fields={"data": "\r\n\n\r"})
@example(fields={"data": " \ufeff", "event": " x", "id": " y ", "comment": "data: z\r\ndata: z\rdata: z\n\n"})
@example(fields={"data": "a\u2028b\x85c\0d", "event": "a\u2028b\x85c", "id": "a\u2028b\x85c"})
def test_a_reader_gets_back_the_event_that_was_sent(fields):
    assert whatwg.read(encoded(**fields)) == received(fields)


@given(fields=EVENTS.filter(bool))
def test_a_dict_of_fields_is_the_event_of_these(fields):
    assert encode(fields, to_json) == encoded(**fields)


@given(text=TEXTS)
def test_a_text_is_an_event_with_that_data(text):
    assert encode(text, to_json) == encoded(text)


@given(text=TEXTS)
def test_raw_data_is_sent_as_data(text):
    assert encoded(raw_data=text, id="1") == encoded(text, id="1")


@given(document=DOCUMENTS.filter(lambda document: not isinstance(document, str | dict)))
def test_what_is_no_text_is_sent_as_json(document):
    [(_, data, _)] = whatwg.parse(encode(document, to_json))
    assert json.loads(data) == document


@given(document=DOCUMENTS.filter(lambda document: not isinstance(document, str | None)))
def test_data_that_is_no_text_is_sent_as_json(document):
    [(event, data, last_id)] = whatwg.parse(encoded(document, event="tick", id="41"))
    assert (event, json.loads(data), last_id) == ("tick", document, "41")


@given(fields=st.lists(EVENTS, max_size=4))
def test_an_event_says_nothing_of_its_neighbours(fields):
    body = b"".join(encoded(**one) for one in fields)
    alone = [whatwg.parse(encoded(**one)) for one in fields]
    assert [event[:2] for event in whatwg.parse(body)] == [event[:2] for events in alone for event in events]


@given(item=DOCUMENTS | st.dictionaries(st.sampled_from([*FIELDS, "self"]), DOCUMENTS))
def test_an_item_becomes_one_event_at_most_or_is_refused(item):
    try:
        block = encode(item, to_json)
    except (TypeError, ValueError):
        return
    assert block[-1:] in (b"\n", b"")
    assert len(whatwg.parse(block)) <= 1


@pytest.mark.parametrize(
    ("event", "block"),
    [
        pytest.param(ServerSentEvent("hi"), b"data: hi\n\n", id="data"),
        pytest.param(ServerSentEvent(""), b"data: \n\n", id="empty data"),
        pytest.param(ServerSentEvent(raw_data=""), b"data: \n\n", id="empty raw data"),
        pytest.param(ServerSentEvent(raw_data=Kind.TICK), b"data: tick\n\n", id="raw data of an Enum"),
        pytest.param(ServerSentEvent(" hi"), b"data:  hi\n\n", id="a leading blank"),
        pytest.param(ServerSentEvent("a\nb\rc\r\nd"), b"data: a\ndata: b\ndata: c\ndata: d\n\n", id="all line ends"),
        pytest.param(ServerSentEvent("a\n"), b"data: a\ndata: \n\n", id="a line end at the end"),
        pytest.param(ServerSentEvent("a\u2028b"), "data: a\u2028b\n\n".encode(), id="a line separator is data"),
        pytest.param(ServerSentEvent("a\x0b\x0c\x1c\x85b"), "data: a\x0b\x0c\x1c\x85b\n\n".encode(), id="so is NEL"),
        pytest.param(ServerSentEvent("a\0b"), b"data: a\0b\n\n", id="NUL is data"),
        pytest.param(ServerSentEvent("\ufeffa"), "data: \ufeffa\n\n".encode(), id="a BOM is data"),
        pytest.param(ServerSentEvent(Kind.TICK), b"data: tick\n\n", id="the text of an Enum"),
        pytest.param(ServerSentEvent({"a": 1}), b'data: {"a":1}\n\n', id="a dict"),
        pytest.param(ServerSentEvent(False), b"data: false\n\n", id="data that is false"),
        pytest.param(ServerSentEvent(event="ping"), b"event: ping\n\n", id="a type alone"),
        pytest.param(ServerSentEvent(id="7"), b"id: 7\n\n", id="an id alone"),
        pytest.param(ServerSentEvent(comment="hi"), b": hi\n", id="a comment alone"),
        pytest.param(ServerSentEvent(retry=0), b"retry: 0\n", id="retry alone"),
        pytest.param(ServerSentEvent(), b"", id="nothing"),
        pytest.param(ServerSentEvent("x", event="", id=""), b"event: \nid: \ndata: x\n\n", id="empty type and id"),
        pytest.param(ServerSentEvent("x", event=Kind.TICK), b"event: tick\ndata: x\n\n", id="a type of an Enum"),
        pytest.param(ServerSentEvent("x", id=5), b"id: 5\ndata: x\n\n", id="a number as id"),
        pytest.param(ServerSentEvent("x", id=Number.SEVEN), b"id: 7\ndata: x\n\n", id="a number of an Enum as id"),
        pytest.param(ServerSentEvent("x", retry=Number.SEVEN), b"retry: 7\ndata: x\n\n", id="one as retry"),
        pytest.param(ServerSentEvent("x", event="a\tb\x7f"), b"event: a\tb\x7f\ndata: x\n\n", id="other controls"),
        pytest.param(
            ServerSentEvent([1], comment="a\r\nb", event="tick", id="41", retry=3000),
            b": a\n: b\nevent: tick\nid: 41\nretry: 3000\ndata: [1]\n\n",
            id="everything",
        ),
    ],
)
def test_the_block_of_an_event(event, block):
    assert encode(event, to_json) == block


@pytest.mark.parametrize(
    ("item", "block"),
    [
        pytest.param("hi", b"data: hi\n\n", id="a text"),
        pytest.param(Kind.TICK, b"data: tick\n\n", id="the text of an Enum"),
        pytest.param(None, b"data: null\n\n", id="None"),
        pytest.param(5, b"data: 5\n\n", id="a number"),
        pytest.param([{"a": "b\n"}], b'data: [{"a":"b\\n"}]\n\n', id="a list"),
        pytest.param(["\ud800"], b'data: ["\\ud800"]\n\n', id="a lone surrogate within JSON"),
        pytest.param({"event": "start", "data": "Go"}, b"event: start\ndata: Go\n\n", id="a dict"),
        pytest.param({"data": {}}, b"data: {}\n\n", id="a dict with an empty one"),
        pytest.param({"data": None}, b"", id="a dict without data"),
        pytest.param({"id": 3, "data": [3]}, b"id: 3\ndata: [3]\n\n", id="a dict with numbers"),
        pytest.param(OrderedDict(data="x"), b"data: x\n\n", id="a dict of another class"),
    ],
)
def test_the_block_of_an_item(item, block):
    assert encode(item, to_json) == block


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"], ids=["LF", "CR", "CRLF"])
def test_json_of_several_lines_is_one_event(end):
    def document(content):
        return f"[{end}{content}{end}]".encode()

    assert encode(1, document) == b"data: [\ndata: 1\ndata: ]\n\n"


def test_an_event_of_a_subclass_is_an_event():
    assert encode(Tagged(5), to_json) == b'event: tagged\ndata: {"number":5}\n\n'


def test_the_bytes_of_text_are_made_once():
    event = ServerSentEvent("hi", id="1")
    assert encode(event, to_json) is encode(event, to_json)


def test_data_that_changes_is_written_as_it_is_at_the_time():
    numbers = [1]
    event = ServerSentEvent(numbers)
    encode(event, to_json)
    numbers.append(2)
    assert encode(event, to_json) == b"data: [1,2]\n\n"
