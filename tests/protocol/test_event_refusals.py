"""What is no event, and what is said of it."""

from __future__ import annotations

import pytest
from protocol.event_samples import to_json

from wsgiresp._protocol.event_stream import ServerSentEvent, encode

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


def test_what_is_not_json_serializable_is_refused():
    with pytest.raises(TypeError, match=r"^Object of type object is not JSON serializable"):
        encode(object(), to_json)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes_are_refused_with_what_to_do_instead(kind):
    claim = rf"^an event must not be {kind.__name__}: decode it, or send whole blocks by StreamingResponse"
    with pytest.raises(TypeError, match=claim):
        encode(kind(b"data: hi\n\n"), to_json)
