"""The error messages for content that is not JSON serializable: words, path and cure."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType, SimpleNamespace

import pytest
from protocol.json_samples import Color, Listing, Point
from werkzeug.local import LocalProxy

from wsgiresp._protocol.json_encoding import json_encoder, orjson_encode


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(object(), "object is not", id="the content itself"),
        pytest.param({"items": [1, 2, 3, {"owner": 1j}]}, "complex at items[3].owner is not", id="in containers"),
        pytest.param([[object()]], "object at [0][0] is not", id="in lists"),
        pytest.param({"a b": {"": [1j]}}, "complex at ['a b'][''][0] is not", id="under keys that are no names"),
        pytest.param({7: {None: 1j}}, "complex at [7][None] is not", id="under keys that are no texts"),
        pytest.param({"a": iter([1, (n for n in [object()])])}, "object at a[1][0] is not", id="in iterators"),
        pytest.param(iter([0, {"a": 1j}]), "complex at [1].a is not", id="in an iterator that is the content"),
        pytest.param(Point(Point(1, 1j)), "complex at x._y is not", id="in dataclasses"),
        pytest.param({"a": MappingProxyType({"b": 1j})}, "complex at a.b is not", id="in a mapping"),
        pytest.param([Listing([0, 1j])], "complex at [0][1] is not", id="in what for_json() returns"),
        pytest.param({"a": SimpleNamespace()}, "types.SimpleNamespace at a is not", id="a type of a module"),
        pytest.param({1, (2, b"")}, "bytes at [", id="in a set"),
        pytest.param(LocalProxy(lambda: {"a": 1j}), "complex at a is not", id="in a proxy"),
        pytest.param([LocalProxy(lambda: 1j)], "complex at [0] is not", id="a proxy, by what it stands for"),
    ],
)
def test_an_unknown_type_is_named_with_its_path(content, message):
    with pytest.raises(TypeError) as caught:
        json_encoder().encode(content)
    assert str(caught.value).startswith(f"Object of type {message}")
    assert " is not JSON serializable" in str(caught.value)


class Rows:
    """Stands for a QuerySet: an iterable that is neither a sequence nor an iterator."""

    def __iter__(self) -> Iterator[int]:
        return iter([1])


class DataFrame(Rows):
    """Stands for that of pandas."""


async def fetch() -> int:
    return 1


async def rows():
    yield 1


AWAIT = "await it"
CALL = "call it"
DECODE = "decode it, or encode it with base64"


@pytest.mark.parametrize(
    ("value", "cure"),
    [
        pytest.param(b"octets", DECODE, id="bytes"),
        pytest.param(bytearray(b"octets"), DECODE, id="bytearray"),
        pytest.param(memoryview(b"octets"), DECODE, id="memoryview"),
        pytest.param(fetch, "await the result of its call", id="a coroutine function"),
        pytest.param(rows, CALL, id="an asynchronous generator function"),
        pytest.param(
            rows(),
            "collect it with [item async for item in ...], or stream it with JSONLinesResponse",
            id="an asynchronous generator",
        ),
        pytest.param(len, CALL, id="a built-in function"),
        pytest.param("text".upper, CALL, id="a built-in method"),
        pytest.param(Rows().__iter__, CALL, id="a method"),
        pytest.param(int, "this is the class, not an instance of it", id="a class"),
        pytest.param(Point, "this is the class, not an instance of it", id="a dataclass"),
        pytest.param(Listing, "this is the class, not an instance of it", id="a class with for_json()"),
        pytest.param(ValueError("wrong"), "use str() of it", id="an exception"),
        pytest.param(Rows(), "make a list of it", id="an iterable"),
        pytest.param(DataFrame(), 'use its to_dict("records")', id="a DataFrame"),
        pytest.param(1j, "give its class a for_json() method, or use json_encoder(default=...)", id="anything else"),
    ],
)
@pytest.mark.parametrize("encode", [json_encoder().encode, orjson_encode], ids=["simplejson", "orjson"])
def test_an_error_leads_to_the_cure(encode, value, cure):
    with pytest.raises(TypeError) as caught:
        encode({"a": [value]})
    assert str(caught.value).endswith(f" at a[0] is not JSON serializable ({cure})")


@pytest.mark.parametrize("encode", [json_encoder().encode, orjson_encode], ids=["simplejson", "orjson"])
def test_a_coroutine_is_to_be_awaited(encode):
    coroutine = fetch()
    try:
        with pytest.raises(TypeError, match=r"^Object of type coroutine at a is not JSON serializable \(await it\)$"):
            encode({"a": coroutine})
    finally:
        coroutine.close()


def test_a_future_is_to_be_awaited():
    loop = asyncio.new_event_loop()
    try:
        with pytest.raises(TypeError, match=r" at \[0\] is not JSON serializable \(await it\)$"):
            json_encoder().encode([loop.create_future()])
    finally:
        loop.close()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param({(1, 2): 3}, "not tuple: content has such a key", id="the content itself"),
        pytest.param({"a": [{b"k": 3}]}, "not bytes: a[0] has such a key", id="in containers"),
        pytest.param({"a": {Decimal(1): 3}}, "not decimal.Decimal: a has such a key", id="a Decimal"),
        pytest.param({Color.PAIR: 3}, "not protocol.json_samples.Color: content has such a key", id="an Enum"),
    ],
)
@pytest.mark.parametrize("encode", [json_encoder().encode, orjson_encode], ids=["simplejson", "orjson"])
def test_what_cannot_be_a_key_is_named_with_its_path(encode, content, message):
    with pytest.raises(TypeError) as caught:
        encode(content)
    assert str(caught.value).startswith(f"keys must be str, int, float, bool or None, {message}")
    assert str(caught.value).endswith(" (date, time, UUID, Enum, IP addresses and scalars of numpy are keys too)")


@dataclass(frozen=True)
class Account:
    password: str


@pytest.mark.parametrize("key", [("hunter2",), b"hunter2", Account("hunter2")], ids=["a tuple", "bytes", "a dataclass"])
@pytest.mark.parametrize("encode", [json_encoder().encode, orjson_encode], ids=["simplejson", "orjson"])
def test_an_error_does_not_tell_what_is_in_a_key(encode, key):
    with pytest.raises(TypeError, match="has such a key; make a str of it") as caught:
        encode({"a": {key: 1}})
    assert "hunter2" not in str(caught.value)


class Liar(str):
    """A text that says about itself what it likes."""

    def __repr__(self):
        return "'a'\nroot logged in"

    __str__ = __format__ = lambda self, *_: repr(self)


@pytest.mark.parametrize(
    ("key", "path"),
    [
        pytest.param("k" * 2000, "k" * 1000 + "...", id="a long name"),
        pytest.param("-" * 2000, "['" + "-" * 999 + "...]", id="a long text"),
        pytest.param("\x1b\n", r"['\x1b\n']", id="a control character"),
        pytest.param(Liar("name"), "name", id="a subclass of str"),
        pytest.param(Liar("a b"), "['a b']", id="a subclass of str that is no name"),
    ],
)
def test_a_path_is_one_line_of_what_the_keys_are(key, path):
    with pytest.raises(TypeError) as caught:
        json_encoder().encode({key: object()})
    assert str(caught.value).startswith(f"Object of type object at {path} is not JSON serializable")


def test_a_type_is_named_on_one_line():
    kind = type("Odd\nname", (), {})
    with pytest.raises(TypeError, match=r"test_json_refusals\.Odd\\nname at \[0\] is not"):
        json_encoder().encode([kind()])


def test_a_refusal_carries_no_trace_of_how_it_was_found():
    with pytest.raises(TypeError) as caught:
        json_encoder().encode([object()])
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
