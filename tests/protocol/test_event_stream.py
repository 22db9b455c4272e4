from __future__ import annotations

import copy
import json
import pickle
from collections import OrderedDict
from enum import IntEnum, StrEnum

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from protocol import whatwg

from wsgiresp._protocol.event_stream import (
    FIELDS,
    PING,
    ServerSentEvent,
    encode,
    farewell,
    last_event_id,
    opening,
)
from wsgiresp._protocol.json_encoding import json_encoder

TEXTS = st.text() | st.text(" \t\r\n\0:ab\x0b\x0c\x1c\x85\u2028\u2029\ufeff")
LINES = TEXTS.map(lambda text: text.translate({ord(mark): None for mark in "\r\n\0"}))
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "data": TEXTS,
        "event": LINES,
        "id": LINES,
        "retry": st.integers(0, 10**9),
        "comment": TEXTS,
    },
)

to_json = json_encoder().encode


class Kind(StrEnum):
    """Texts that are more than text."""

    TICK = "tick"


class Number(IntEnum):
    """A number that is more than one."""

    SEVEN = 7


def encoded(*args, **fields):
    return encode(ServerSentEvent(*args, **fields), to_json)


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


class Tagged(ServerSentEvent):
    """An application's own event."""

    def __init__(self, number):
        super().__init__({"number": number}, event="tagged")


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


LINE_ENDS = [
    pytest.param("a\nb", id="LF"),
    pytest.param("a\rb", id="CR"),
    pytest.param("a\r\nb", id="CRLF"),
    pytest.param("\n", id="LF alone"),
    pytest.param("a\n\ndata: injected", id="a whole event"),
    pytest.param("a\0", id="NUL"),
]


@pytest.mark.parametrize("name", ["event", "id"])
@pytest.mark.parametrize("value", LINE_ENDS)
def test_more_than_a_line_is_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} must be one line without NUL .*, got '"):
        ServerSentEvent("x", **{name: value})


@pytest.mark.parametrize("name", ["data", "raw_data", "event", "id", "comment"])
def test_a_lone_surrogate_is_refused(name):
    with pytest.raises(ValueError, match=f"^{name} must not hold a lone surrogate, got '.ud800' at 1$"):
        ServerSentEvent(**{name: "a\ud800"})


def test_the_place_of_a_lone_surrogate_is_that_in_the_text_as_given():
    with pytest.raises(ValueError, match=r"at 3$"):
        ServerSentEvent("a\r\n\udc00", id="1")


def test_a_lone_surrogate_in_a_bare_text_is_refused():
    with pytest.raises(ValueError, match="data must not hold a lone surrogate"):
        encode("\udfff", to_json)


@pytest.mark.parametrize(
    ("fields", "claim"),
    [
        pytest.param({"event": 5}, "event must be a str, got 5", id="a number as event"),
        pytest.param({"event": b"tick"}, "event must be a str, got b'tick'", id="bytes as event"),
        pytest.param({"id": True}, "id must be a str, got True", id="a bool as id"),
        pytest.param({"id": 1.5}, "id must be a str, got 1.5", id="a float as id"),
        pytest.param({"retry": True}, "retry must be an int, in milliseconds, got True", id="a bool as retry"),
        pytest.param({"retry": 1.5}, "retry must be an int, in milliseconds, got 1.5", id="a float as retry"),
        pytest.param({"retry": "5\ndata: x"}, r"retry must be an int, .* got '5\\ndata: x'", id="a text as retry"),
        pytest.param({"comment": 5}, "comment must be a str, got 5", id="a number as comment"),
        pytest.param({"raw_data": 5}, "raw_data must be a str, got 5", id="a number as raw data"),
        pytest.param({"raw_data": b"x"}, "raw_data must be a str, got b'x'", id="bytes as raw data"),
    ],
)
@pytest.mark.parametrize(
    "make", [lambda fields: ServerSentEvent(**fields), lambda fields: encode(fields, to_json)], ids=["made", "a dict"]
)
def test_a_field_of_another_type_is_refused(make, fields, claim):
    with pytest.raises(TypeError, match=f"^{claim}$"):
        make(fields)


def test_a_negative_retry_is_refused():
    with pytest.raises(ValueError, match=r"^retry must not be negative, got -1$"):
        ServerSentEvent(retry=-1)


@pytest.mark.parametrize(
    ("data", "raw_data"),
    [
        pytest.param("a", "b", id="two texts"),
        pytest.param({}, "", id="both false"),
    ],
)
def test_data_beside_raw_data_is_refused(data, raw_data):
    with pytest.raises(ValueError, match=f"^data and raw_data must not both be given, got {data!r} and {raw_data!r}$"):
        ServerSentEvent(data, raw_data=raw_data)


@pytest.mark.parametrize(
    ("item", "key"),
    [
        pytest.param({"progress": 5}, "'progress'", id="another key"),
        pytest.param({"data": 1, "type": "x"}, "'type'", id="another key beside data"),
        pytest.param({"retry": "x", "more": 1}, "'more'", id="another key beside a wrong value"),
        pytest.param({"self": 1}, "'self'", id="the name of an argument that is none"),
        pytest.param({5: 1}, "5", id="a number as key"),
        pytest.param({"Data": 1}, "'Data'", id="other letters"),
    ],
)
def test_a_dict_with_another_key_is_refused(item, key):
    with pytest.raises(ValueError, match=rf"^an event has the fields .*, got {key}: .* goes into {{\"data\": ...}}$"):
        encode(item, to_json)


def test_an_empty_dict_is_refused():
    with pytest.raises(ValueError, match=r"^an event must have a field, got {}: .* goes into {\"data\": ...}$"):
        encode({}, to_json)


def test_what_has_no_form_in_json_is_refused():
    with pytest.raises(TypeError, match="object, which has no form in JSON"):
        encode(object(), to_json)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes_are_refused_with_what_to_do_instead(kind):
    claim = rf"^an event must not be {kind.__name__}: decode it, or send whole blocks by StreamingResponse"
    with pytest.raises(TypeError, match=claim):
        encode(kind(b"data: hi\n\n"), to_json)


FULL = {"event": "tick", "id": "41", "retry": 5, "comment": "c"}


@pytest.mark.parametrize("data", [{"data": [1]}, {"data": "x"}, {"raw_data": "x"}, {}], ids=["JSON", "text", "raw", ""])
def test_an_event_shows_its_fields(data):
    fields = {**dict.fromkeys(FIELDS), **FULL, **data}
    event = ServerSentEvent(**fields)
    assert {name: getattr(event, name) for name in FIELDS} == fields


@pytest.mark.parametrize("name", [*FIELDS, "more"])
def test_an_event_does_not_change(name):
    with pytest.raises(AttributeError):
        setattr(ServerSentEvent("x"), name, "y")


@pytest.mark.parametrize("name", [*FIELDS])
def test_events_with_different_fields_differ(name):
    fields = dict.fromkeys(FIELDS)
    assert ServerSentEvent(**fields | {name: 1 if name == "retry" else "1"}) != ServerSentEvent(**fields)


def test_events_with_the_same_fields_are_equal():
    assert ServerSentEvent([1], id=4) == ServerSentEvent([1], id="4")


def test_an_event_is_no_other_thing():
    assert ServerSentEvent("x") != "x"


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda event: pickle.loads(pickle.dumps(event))])
@pytest.mark.parametrize("data", ["x", [1], None], ids=["text", "JSON", "no data"])
def test_a_copy_of_an_event_is_sent_as_the_event(duplicate, data):
    event = ServerSentEvent(data, **FULL)
    assert encode(duplicate(event), to_json) == encode(event, to_json)


@pytest.mark.parametrize(
    ("event", "text"),
    [
        pytest.param(ServerSentEvent(), "ServerSentEvent()", id="nothing"),
        pytest.param(ServerSentEvent("x", id=5), "ServerSentEvent(data='x', id='5')", id="two fields"),
        pytest.param(Tagged(5), "Tagged(data={'number': 5}, event='tagged')", id="a subclass"),
    ],
)
def test_the_repr_shows_the_fields_that_were_given(event, text):
    assert repr(event) == text


@pytest.mark.parametrize(
    ("first", "stream"),
    [
        pytest.param(opening(None), whatwg.Stream(comments=["open"]), id="an opening"),
        pytest.param(opening(3000), whatwg.Stream(comments=["open"], retry=3000), id="an opening with retry"),
        pytest.param(opening(0), whatwg.Stream(comments=["open"], retry=0), id="an opening with retry at once"),
        pytest.param(farewell(5000), whatwg.Stream(retry=5000), id="a farewell"),
        pytest.param(PING, whatwg.Stream(comments=["ping"]), id="a ping"),
    ],
)
def test_what_is_said_between_events_is_no_event(first, stream):
    assert whatwg.read(first) == stream


@pytest.mark.parametrize("said", [opening(None), opening(5), farewell(5), PING])
def test_what_is_said_between_events_is_whole_lines_and_no_blank_one(said):
    assert said.endswith(b"\n")
    assert b"" not in said.splitlines()


@pytest.mark.parametrize("said", [opening(5), farewell(5), PING])
def test_what_is_said_between_events_changes_none(said):
    event = encoded("x", event="tick", id="41")
    assert whatwg.parse(event + said + event) == whatwg.parse(event + event)


@pytest.mark.parametrize("say", [opening, farewell])
@pytest.mark.parametrize("retry", [True, 1.5, "5", -1])
def test_a_retry_that_is_no_time_is_refused(say, retry):
    with pytest.raises((TypeError, ValueError), match="retry must"):
        say(retry)


@given(text=TEXTS.filter(lambda text: text.isprintable()))
def test_the_id_of_a_browser_comes_back(text):
    assert last_event_id(text.encode().decode("latin-1")) == text


@pytest.mark.parametrize(
    ("value", "found"),
    [
        pytest.param(None, None, id="none"),
        pytest.param("41", "41", id="ASCII"),
        pytest.param("", "", id="nothing"),
        pytest.param("caf\xc3\xa9", "café", id="UTF-8"),
        pytest.param("caf\xe9", "café", id="latin-1"),
        pytest.param("caf\xe9 \u20ac", "caf\xe9 \u20ac", id="what WSGI does not allow"),
    ],
)
def test_the_last_event_id_of_an_environ(value, found):
    assert last_event_id(value) == found
