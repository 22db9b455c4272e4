"""JSON of what applications return: each type, each option, and what is said of what has no form in JSON."""

from __future__ import annotations

import array
import dataclasses
import json
from collections import ChainMap, OrderedDict, UserDict, UserList, UserString, deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Flag
from pathlib import PurePosixPath, PureWindowsPath
from types import MappingProxyType, SimpleNamespace
from typing import Any
from uuid import UUID

import gevent
import pytest
from hypothesis import given
from protocol.json_samples import (
    AMSTERDAM,
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

from wsgiresp._protocol.json_encoding import json_encoder, orjson_encode

ID = UUID("12345678-1234-5678-1234-567812345678")
NAN = float("nan")
INFINITY = float("inf")


class Bits(Flag):
    A = 1
    B = 2


class Array:
    """Stands for NumPy's arrays and scalars."""

    def tolist(self) -> list[int]:
        return [1, 2]


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
        pytest.param(Color.RED, "red", id="Enum"),
        pytest.param(Level.LOW, "1", id="IntEnum"),
        pytest.param(Mood.GOOD, "good", id="StrEnum"),
        pytest.param("\ud800", "\\ud800", id="a lone surrogate"),
    ],
)
def test_a_key_becomes(key, name):
    assert json_encoder().encode({key: [1]}) == f'{{"{name}":[1]}}'.encode()


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(NAN, id="NaN"),
        pytest.param(INFINITY, id="infinity"),
        pytest.param(-INFINITY, id="negative infinity"),
        pytest.param(Decimal("NaN"), id="a Decimal NaN"),
        pytest.param(Decimal("sNaN"), id="a signalling NaN"),
        pytest.param(Decimal("-Infinity"), id="a Decimal infinity"),
    ],
)
class TestANumberThatIsNotFinite:
    def test_is_null(self, number):
        assert json_encoder().encode([number]) == b"[null]"

    def test_is_an_error_where_that_is_asked_for(self, number):
        with pytest.raises(ValueError, match=r"^items\[1\]\.price must be finite, got -?(nan|inf)$"):
            json_encoder(nan="error").encode({"items": [{}, {"price": number}]})


@pytest.mark.parametrize(
    ("content", "path"),
    [
        pytest.param(NAN, "content", id="the content itself"),
        pytest.param([Real("nan")], "[0]", id="a subclass of float"),
        pytest.param(iter([1.5, INFINITY]), "[1]", id="within an iterator"),
        pytest.param({1: {"a": Point(NAN)}}, "[1].a.x", id="within a dataclass"),
    ],
)
def test_the_path_to_a_number_that_is_not_finite_is_said(content, path):
    with pytest.raises(ValueError, match="must be finite") as caught:
        json_encoder(nan="error").encode(content)
    assert str(caught.value).startswith(f"{path} must")


def test_finite_numbers_pass_where_others_are_an_error():
    content = {"a": iter([1.5, Real(2.5), Decimal("1.10")]), 0.5: 1}
    assert json_encoder(nan="error").encode(content) == b'{"a":[1.5,2.5,1.10],"0.5":1}'


def test_a_key_that_is_not_finite_is_an_error_where_that_is_asked_for():
    with pytest.raises(ValueError, match=r"^a\.b has the key nan: it must be finite$"):
        json_encoder(nan="error").encode({"a": {"b": {NAN: 1}}})


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


def nested(depth: int) -> Any:
    content: Any = 0
    for _ in range(depth):
        content = [content]
    return content


def circular_list() -> Any:
    content: list[Any] = []
    content.append(content)
    return content


def circular_dict() -> Any:
    content: dict[Any, Any] = {"a": []}
    content["a"].append({ID: content})
    return content


def circular_point() -> Any:
    content = Point(1)
    content.x = [content]
    return content


class Ouroboros:
    def for_json(self) -> Ouroboros:
        return self


CIRCLES = [
    pytest.param(circular_list, id="a list in itself"),
    pytest.param(circular_dict, id="a dict in itself, with odd keys"),
    pytest.param(circular_point, id="a dataclass in itself"),
    pytest.param(Ouroboros, id="an object that stands for itself"),
    pytest.param(lambda: [Ouroboros(), iter([])], id="the same, next to an iterator"),
    pytest.param(lambda: nested(100_000), id="lists without end"),
    pytest.param(lambda: [nested(100_000), iter([])], id="lists without end, next to an iterator"),
]


@pytest.mark.parametrize("content", CIRCLES)
@pytest.mark.parametrize("encode", [json_encoder().encode, orjson_encode], ids=["simplejson", "orjson"])
class TestACircle:
    def test_is_a_value_error(self, content, encode):
        with pytest.raises(ValueError, match=r"^content is circular or nested too deeply for JSON$"):
            encode(content())

    def test_is_a_value_error_in_a_thread(self, content, encode):
        with ThreadPoolExecutor(1) as pool, pytest.raises(ValueError, match="circular"):
            pool.submit(encode, content()).result()

    def test_is_a_value_error_in_a_greenlet(self, content, encode):
        greenlet = gevent.spawn(encode, content())
        with pytest.raises(ValueError, match="circular"):
            greenlet.get()


def test_a_hundred_levels_are_not_too_deep():
    assert json_encoder().encode([nested(100), iter([])]) == b"[" + b"[" * 100 + b"0" + b"]" * 100 + b",[]]"


class TestDefault:
    def test_stands_in_for_what_has_no_form(self):
        assert json_encoder(default=str).encode([1j, {"a": b"b"}]) == b"""["1j",{"a":"b'b'"}]"""

    def test_is_not_asked_for_what_has_one(self):
        assert json_encoder(default=str).encode([{1}, Decimal("1.10"), iter([1])]) == b"[[1],1.10,[1]]"

    def test_may_return_what_needs_a_form(self):
        assert json_encoder(default=lambda value: {ID: value.real}).encode(1j) == f'{{"{ID}":0.0}}'.encode()

    def test_is_asked_once_for_each_value(self):
        asked = []

        def default(value: object) -> str:
            asked.append(value)
            return "x"

        json_encoder(default=default).encode([1j, {ID: 2j}, iter([3j])])
        assert asked == [1j, 2j, 3j]

    def test_that_raises_type_error_gets_the_path_said(self):
        def default(value: object) -> object:
            raise TypeError("unknown to me")

        with pytest.raises(TypeError, match=r"^a\[0\] is of type complex, which has no form in JSON$") as caught:
            json_encoder(default=default).encode({"a": [1j]})
        assert str(caught.value.__cause__) == "unknown to me"

    def test_that_raises_otherwise_is_not_disguised(self):
        with pytest.raises(ZeroDivisionError):
            json_encoder(default=lambda value: 1 / 0).encode([object()])

    def test_that_returns_the_value_itself_is_circular(self):
        with pytest.raises(ValueError, match="circular"):
            json_encoder(default=lambda value: value).encode(object())


class TestOptions:
    def test_indent_of_two(self):
        assert json_encoder(indent=2).encode({"a": [1, Point(2)], "b": {}}) == (
            b'{\n  "a": [\n    1,\n    {\n      "x": 2,\n      "_y": null\n    }\n  ],\n  "b": {}\n}'
        )

    def test_indent_by_a_tab(self):
        assert json_encoder(indent="\t").encode([1]) == b"[\n\t1\n]"

    def test_sorted_keys_of_many_types(self):
        content = {"b": 1, 2: iter([]), date(2024, 1, 1): 3, "a": 4}
        assert json_encoder(sort_keys=True).encode(content) == b'{"2":[],"2024-01-01":3,"a":4,"b":1}'

    def test_ascii_only(self):
        assert json_encoder(ensure_ascii=True).encode("é😀\ud800") == rb'"\u00e9\ud83d\ude00\ud800"'

    def test_separators(self):
        assert json_encoder(separators=(", ", ": ")).encode({"a": 1, "b": 2}) == b'{"a": 1, "b": 2}'

    def test_replace_leaves_the_first_encoder_as_it_is(self):
        first = json_encoder(sort_keys=True)
        second = first.replace(indent=0)
        assert (first.encode({"b": 1, "a": 2}), second.encode({"b": 1, "a": 2})) == (
            b'{"a":2,"b":1}',
            b'{\n"a": 2,\n"b": 1\n}',
        )

    def test_an_encoder_cannot_be_changed(self):
        with pytest.raises(dataclasses.FrozenInstanceError):
            json_encoder().indent = 2  # type: ignore[misc]

    def test_encoders_of_the_same_options_are_equal(self):
        assert json_encoder(indent=2) == json_encoder().replace(indent=2)

    @pytest.mark.parametrize(
        ("options", "error", "message"),
        [
            pytest.param({"indent": -1}, ValueError, "indent must not be negative, got -1", id="indent below 0"),
            pytest.param(
                {"indent": "--"}, ValueError, "indent must be of blanks only, got '--'", id="a visible indent"
            ),
            pytest.param(
                {"separators": (";", ":")},
                ValueError,
                "separators must be a comma and a colon, blanks aside, got (';', ':')",
                id="separators that are not JSON's",
            ),
            pytest.param({"nan": "NaN"}, ValueError, 'nan must be "null" or "error", got \'NaN\'', id="nan"),
            pytest.param({"default": "str"}, TypeError, "default must be callable, got 'str'", id="default"),
        ],
    )
    @pytest.mark.parametrize("make", [json_encoder, json_encoder().replace], ids=["made", "replaced"])
    def test_a_bad_option_is_refused(self, make, options, error, message):
        with pytest.raises(error) as caught:
            make(**options)
        assert str(caught.value) == message


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
