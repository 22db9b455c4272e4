"""What is said of what has no form in JSON."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType, SimpleNamespace

import pytest
from protocol.json_samples import Color, Listing, Point

from wsgiresp._protocol.json_encoding import json_encoder


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(object(), "content is of type object", id="the content itself"),
        pytest.param({"items": [1, 2, 3, {"owner": 1j}]}, "items[3].owner is of type complex", id="in containers"),
        pytest.param([[object()]], "[0][0] is of type object", id="in lists"),
        pytest.param({"a b": {"": [1j]}}, "['a b'][''][0] is of type complex", id="under keys that are no names"),
        pytest.param({7: {None: 1j}}, "[7][None] is of type complex", id="under keys that are no texts"),
        pytest.param({"a": iter([1, (n for n in [object()])])}, "a[1][0] is of type object", id="in iterators"),
        pytest.param(iter([0, {"a": 1j}]), "[1].a is of type complex", id="in an iterator that is the content"),
        pytest.param(Point(Point(1, 1j)), "x._y is of type complex", id="in dataclasses"),
        pytest.param({"a": MappingProxyType({"b": 1j})}, "a.b is of type complex", id="in a mapping"),
        pytest.param([Listing([0, 1j])], "[0][1] is of type complex", id="in what for_json() returns"),
        pytest.param({"a": b"octets"}, "a is of type bytes", id="bytes"),
        pytest.param([bytearray(b"octets")], "[0] is of type bytearray", id="bytearray"),
        pytest.param([memoryview(b"octets")], "[0] is of type memoryview", id="memoryview"),
        pytest.param([int], "[0] is of type type", id="a class"),
        pytest.param([Point], "[0] is of type type", id="a dataclass that is no instance"),
        pytest.param([Listing], "[0] is of type type", id="a class with for_json()"),
        pytest.param({"a": SimpleNamespace()}, "a is of type types.SimpleNamespace", id="a type of a module"),
        pytest.param({1, (2, b"")}, "[", id="in a set"),
    ],
)
def test_what_has_no_form_in_json_is_named_with_its_path(content, message):
    with pytest.raises(TypeError) as caught:
        json_encoder().encode(content)
    assert str(caught.value).startswith(message)
    assert str(caught.value).endswith(", which has no form in JSON")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param({(1, 2): 3}, "content has the key (1, 2)", id="the content itself"),
        pytest.param({"a": [{b"k": 3}]}, "a[0] has the key b'k'", id="in containers"),
        pytest.param({"a": {Decimal(1): 3}}, "a has the key Decimal('1')", id="a Decimal"),
        pytest.param({Color.PAIR: 3}, "content has the key <Color.PAIR", id="an Enum of no key"),
    ],
)
def test_what_cannot_be_a_key_is_named_with_its_path(content, message):
    with pytest.raises(TypeError) as caught:
        json_encoder().encode(content)
    assert str(caught.value).startswith(message)
    assert "keys are str, number, None, date, time, UUID or Enum" in str(caught.value)


def test_a_refusal_carries_no_trace_of_how_it_was_found():
    with pytest.raises(TypeError) as caught:
        json_encoder().encode([object()])
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
