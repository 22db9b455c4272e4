"""JSON of what applications return: each type of values, of iterators, of keys."""

from __future__ import annotations

import array
import json
import re
from collections import ChainMap, OrderedDict, UserDict, UserList, UserString, deque
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Flag
from ipaddress import IPv4Address, ip_address, ip_interface, ip_network
from pathlib import PurePosixPath, PureWindowsPath
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from protocol.json_samples import (
    AMSTERDAM,
    ID,
    NAN,
    Color,
    Level,
    Listing,
    Mood,
    Number,
    Old,
    Pair,
    Point,
    Ratio,
    Real,
    Text,
    documents,
    plain_documents,
)
from werkzeug.datastructures import MultiDict
from werkzeug.local import LocalProxy

from wsgiresp._protocol.json_encoding import json_encoder


class Bits(Flag):
    A = 1
    B = 2


class Array:
    """Stands for NumPy's arrays and scalars."""

    def tolist(self) -> list[int]:
        return [1, 2]


class OwnProxy(LocalProxy):
    """A proxy whose type is not that of werkzeug."""


class Router(IPv4Address):
    pass


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param(None, "null", id="None"),
        pytest.param(True, "true", id="True"),
        pytest.param(2**100, "1267650600228229401496703205376", id="a long int"),
        pytest.param(0.1, "0.1", id="float"),
        pytest.param('a"\\\n\x00é😀\u2028', '"a\\"\\\\\\n\\u0000é😀\u2028"', id="str"),
        pytest.param("\ud800a\udfff", '"\\ud800a\\udfff"', id="lone surrogates are escaped"),
        pytest.param([1, (2, [])], "[1,[2,[]]]", id="list and tuple"),
        pytest.param({"a": {}, "b": [None]}, '{"a":{},"b":[null]}', id="dict, without blanks"),
        pytest.param(Text("a"), '"a"', id="a subclass of str is its text"),
        pytest.param([Number(1), Real(0.5)], "[1,0.5]", id="subclasses of numbers are their numbers"),
        pytest.param(Pair(1, 2), "[1,2]", id="a namedtuple is an array"),
        pytest.param(MultiDict([("a", "1"), ("a", "2")]), '{"a":"1"}', id="a MultiDict gives its first values"),
        pytest.param(Decimal("1.10"), "1.10", id="a Decimal keeps its zero"),
        pytest.param(Decimal("1E+5"), "1E+5", id="a Decimal keeps its exponent"),
        pytest.param(
            Decimal("0.12345678901234567890123456789"),
            "0.12345678901234567890123456789",
            id="a Decimal keeps its digits",
        ),
        pytest.param(datetime(2024, 2, 29, 1, 2, 3), '"2024-02-29T01:02:03"', id="a naive datetime has no offset"),
        pytest.param(datetime(2024, 2, 29, tzinfo=UTC), '"2024-02-29T00:00:00+00:00"', id="an aware datetime"),
        pytest.param(datetime(1900, 1, 1, tzinfo=AMSTERDAM), '"1900-01-01T00:00:00+00:19:32"', id="an odd offset"),
        pytest.param(date(2024, 2, 29), '"2024-02-29"', id="date"),
        pytest.param(time(1, 2, 3, 4), '"01:02:03.000004"', id="time"),
        pytest.param(timedelta(hours=1, seconds=1.5), '"PT1H1.5S"', id="timedelta"),
        pytest.param(ID, f'"{ID}"', id="UUID"),
        pytest.param(Color.RED, '"red"', id="Enum"),
        pytest.param(Color.PRICE, "1.10", id="an Enum of a Decimal"),
        pytest.param(Color.PAIR, "[1,null]", id="an Enum of a tuple"),
        pytest.param([Level.LOW, Mood.GOOD, Old.YES, Ratio.HALF], '[1,"good","yes",0.5]', id="mixed-in Enums"),
        pytest.param(Bits.A | Bits.B, "3", id="Flag"),
        pytest.param(Point(1, Point(2)), '{"x":1,"_y":{"x":2,"_y":null}}', id="dataclass"),
        pytest.param({1}, "[1]", id="set"),
        pytest.param(frozenset(), "[]", id="frozenset"),
        pytest.param(PurePosixPath("/a/b"), '"/a/b"', id="a path"),
        pytest.param(PureWindowsPath("C:/a"), r'"C:\\a"', id="a path of Windows"),
        pytest.param(PurePosixPath("/\udcff"), r'"/\udcff"', id="a path that is no UTF-8"),
        pytest.param(MappingProxyType({"a": 1}), '{"a":1}', id="a mapping that is no dict"),
        pytest.param(ChainMap({"a": 1}), '{"a":1}', id="ChainMap"),
        pytest.param(UserDict(a=UserList([1])), '{"a":[1]}', id="UserDict and UserList"),
        pytest.param(UserString("a"), '"a"', id="UserString"),
        pytest.param(OrderedDict(b=1, a=2), '{"b":1,"a":2}', id="OrderedDict, in its order"),
        pytest.param({"a": 1}.keys(), '["a"]', id="a view of keys"),
        pytest.param({"a": 1}.values(), "[1]", id="a view of values"),
        pytest.param({"a": 1}.items(), '[["a",1]]', id="a view of items"),
        pytest.param(deque([1, 2]), "[1,2]", id="deque"),
        pytest.param(range(3), "[0,1,2]", id="range"),
        pytest.param(array.array("d", [0.5]), "[0.5]", id="an array of numbers"),
        pytest.param(Array(), "[1,2]", id="an object with tolist()"),
        pytest.param(LocalProxy(lambda: {"a": 1}), '{"a":1}', id="a proxy of a dict"),
        pytest.param(LocalProxy(lambda: Point(1)), '{"x":1,"_y":null}', id="a proxy of a dataclass"),
        pytest.param(LocalProxy(lambda: "text"), '"text"', id="a proxy of text"),
        pytest.param(LocalProxy(lambda: date(2024, 2, 29)), '"2024-02-29"', id="a proxy of a date"),
        pytest.param(LocalProxy(lambda: 41), "41", id="a proxy of a number"),
        pytest.param([LocalProxy(lambda: 2.5), LocalProxy(lambda: True)], "[2.5,true]", id="proxies of numbers"),
        pytest.param([LocalProxy(lambda: None)], "[null]", id="a proxy of None"),
        pytest.param(LocalProxy(lambda: [1, LocalProxy(lambda: (2,))]), "[1,[2]]", id="a proxy of a list with a proxy"),
        pytest.param({"a": LocalProxy(lambda: LocalProxy(lambda: 1))}, '{"a":1}', id="a proxy of a proxy"),
        pytest.param(LocalProxy(lambda: (n for n in [1, 2])), "[1,2]", id="a proxy of a generator"),
        pytest.param([LocalProxy(lambda: Decimal("1.10"))], "[1.10]", id="a proxy of a Decimal"),
        pytest.param([LocalProxy(lambda: timedelta(1))], '["P1D"]', id="a proxy of a timedelta"),
        pytest.param([LocalProxy(lambda: Color.RED)], '["red"]', id="a proxy of an Enum"),
        pytest.param([OwnProxy(lambda: 41), OwnProxy(lambda: {1: 2})], '[41,{"1":2}]', id="a proxy of a subclass"),
        pytest.param(ip_address("203.0.113.4"), '"203.0.113.4"', id="an IP address"),
        pytest.param(ip_address("2001:db8::1"), '"2001:db8::1"', id="an IP address of version 6"),
        pytest.param(ip_network("203.0.113.0/24"), '"203.0.113.0/24"', id="a network"),
        pytest.param(ip_network("2001:db8::/32"), '"2001:db8::/32"', id="a network of version 6"),
        pytest.param(ip_interface("203.0.113.4/24"), '"203.0.113.4/24"', id="an interface"),
        pytest.param(ip_interface("2001:db8::1/32"), '"2001:db8::1/32"', id="an interface of version 6"),
        pytest.param(Router("203.0.113.1"), '"203.0.113.1"', id="a subclass of an IP address"),
        pytest.param(re.compile("a+"), '"a+"', id="a regular expression"),
        pytest.param(Listing([1]), "[1]", id="an object with for_json()"),
    ],
)
def test_a_value_becomes(content, text):
    assert json_encoder().encode(content) == text.encode()


def test_a_subclass_of_a_date_says_its_own_form():
    class Quarter(date):
        def isoformat(self) -> str:
            return f"{self.year}-Q{self.month // 4 + 1}"

    assert json_encoder().encode(Quarter(2024, 5, 1)) == b'"2024-Q2"'


def test_a_subclass_of_a_decimal_is_its_number():
    class Price(Decimal):
        def __str__(self) -> str:
            return "EUR 1.10"

    assert json_encoder().encode([Price("1.10")]) == b"[1.10]"


def test_a_lazy_mapping_is_read_as_a_mapping():
    assert json_encoder().encode({"a": LocalProxy(lambda: {ID: 1})}) == f'{{"a":{{"{ID}":1}}}}'.encode()


@pytest.mark.parametrize(
    ("iterator", "text"),
    [
        pytest.param(lambda: iter([1, "a"]), b'[1,"a"]', id="an iterator"),
        pytest.param(lambda: (n for n in range(3)), b"[0,1,2]", id="a generator"),
        pytest.param(lambda: map(str, [1]), b'["1"]', id="a map"),
        pytest.param(lambda: {"rows": ({"n": n} for n in range(2))}, b'{"rows":[{"n":0},{"n":1}]}', id="one in a dict"),
        pytest.param(lambda: iter([iter([1]), iter([])]), b"[[1],[]]", id="iterators of an iterator"),
        pytest.param(lambda: Point(iter([1])), b'{"x":[1],"_y":null}', id="one in a dataclass"),
    ],
)
def test_an_iterator_is_an_array(iterator, text):
    assert json_encoder().encode(iterator()) == text


@pytest.mark.parametrize(
    ("key", "name"),
    [
        pytest.param("a", "a", id="str"),
        pytest.param(Text("a"), "a", id="a subclass of str"),
        pytest.param(1, "1", id="int"),
        pytest.param(Number(1), "1", id="a subclass of int"),
        pytest.param(1e16, "1e+16", id="float"),
        pytest.param(Real(0.5), "0.5", id="a subclass of float"),
        pytest.param(NAN, "null", id="NaN"),
        pytest.param(True, "true", id="bool"),
        pytest.param(None, "null", id="None"),
        pytest.param(date(2024, 2, 29), "2024-02-29", id="date"),
        pytest.param(datetime(2024, 2, 29, tzinfo=UTC), "2024-02-29T00:00:00+00:00", id="datetime"),
        pytest.param(time(1, 2), "01:02:00", id="time"),
        pytest.param(ID, str(ID), id="UUID"),
        pytest.param(ip_address("203.0.113.4"), "203.0.113.4", id="an IP address"),
        pytest.param(LocalProxy(lambda: 5), "5", id="a proxy of a number"),
        pytest.param(Color.RED, "red", id="Enum"),
        pytest.param(Level.LOW, "1", id="IntEnum"),
        pytest.param(Mood.GOOD, "good", id="StrEnum"),
        pytest.param("\ud800", "\\ud800", id="a lone surrogate"),
    ],
)
def test_a_key_becomes(key, name):
    assert json_encoder().encode({key: [1]}) == f'{{"{name}":[1]}}'.encode()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(lambda rows: {"rows": rows, 1.5: 0, ID: 1}, id="an odd key after it"),
        pytest.param(lambda rows: [{ID: 1}, rows], id="an odd key before it"),
        pytest.param(lambda rows: (item for item in [rows, {ID: 1}]), id="an iterator around it"),
        pytest.param(lambda rows: Point(rows, {ID: 1}), id="a dataclass around it"),
        pytest.param(lambda rows: [SimpleNamespace(), rows], id="a value for default before it"),
    ],
)
def test_an_iterator_is_read_once_and_whole(content: Callable[[Any], Any]):
    rows = iter([1, 2, 3])
    assert b"[1,2,3]" in json_encoder(default=vars).encode(content(rows))


def test_an_error_of_an_iterator_comes_out_unchanged():
    error = ValueError("of the iterator")

    def rows() -> Iterator[int]:
        yield 1
        raise error

    with pytest.raises(ValueError, match="of the iterator") as caught:
        json_encoder().encode({"rows": rows()})
    assert caught.value is error
    assert caught.value.__context__ is None


@given(plain_documents)
def test_a_parser_reads_what_the_standard_library_would_have_written(content):
    expected = json.loads(json.dumps(content), parse_constant=lambda name: None)
    assert json.loads(json_encoder().encode(content)) == expected


@given(documents)
def test_the_way_around_an_iterator_changes_nothing(content):
    encode = json_encoder(sort_keys=True).encode
    assert json.loads(encode([content, iter([])])) == [json.loads(encode(content)), []]


@given(documents)
def test_every_document_is_ascii_where_that_is_asked_for(content):
    assert json_encoder(ensure_ascii=True).encode(content).isascii()


def test_a_proxy_outside_of_its_context_says_so():
    with pytest.raises(RuntimeError, match="object is not bound"):
        json_encoder().encode({"a": LocalProxy(ContextVar("unset"))})
