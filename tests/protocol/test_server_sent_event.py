"""Events as objects of Python: their fields, equality, copies and form."""

from __future__ import annotations

import copy
import pickle

import pytest
from protocol.event_samples import Tagged, to_json
from werkzeug.local import LocalProxy

from wsgiresp._protocol.event_stream import FIELDS, ServerSentEvent, encode
from wsgiresp._protocol.json_encoding import json_encoder

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


@pytest.mark.parametrize("name", ["data", "raw_data", "event", "id", "comment"])
def test_a_proxy_of_text_is_that_text(name):
    proxied = ServerSentEvent(**{name: LocalProxy(lambda: "text")})
    assert encode(proxied, to_json) == encode(ServerSentEvent(**{name: "text"}), to_json)


@pytest.mark.parametrize(
    "item",
    [
        pytest.param("text", id="text"),
        pytest.param([1], id="a list"),
        pytest.param({"data": [1], "id": "5"}, id="a dict of fields"),
        pytest.param(ServerSentEvent(data="text"), id="an event"),
        pytest.param(None, id="None"),
    ],
)
def test_a_proxy_of_an_item_is_that_item(item):
    to_json = json_encoder().encode
    assert encode(LocalProxy(lambda: item), to_json) == encode(item, to_json)


def test_a_proxy_of_bytes_is_refused_as_bytes():
    with pytest.raises(TypeError, match=r"^an event must not be bytes: decode it"):
        encode(LocalProxy(lambda: b"octets"), to_json)
