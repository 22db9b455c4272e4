"""The headers of a response: werkzeug's interface, and header validation in every method that changes a field."""

from __future__ import annotations

import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import Headers as WerkzeugHeaders
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException

from wsgiresp._protocol.headers import Headers

NAMES, VALUES = st.sampled_from(["A", "a", "B", "b", "C"]), st.sampled_from("123")
FIELDS = st.lists(st.tuples(NAMES, VALUES | st.lists(VALUES, max_size=3)), max_size=6)
PAIRS = st.lists(st.tuples(NAMES, VALUES), max_size=6)
UPDATES = st.none() | PAIRS | FIELDS.map(dict) | PAIRS.map(WerkzeugHeaders) | PAIRS.map(MultiDict)

WAYS_IN = {
    "add": lambda headers, name, value: headers.add(name, value),
    "add_header": lambda headers, name, value: headers.add_header(name, value),
    "append": lambda headers, name, value: headers.append(name, value),
    "set": lambda headers, name, value: headers.set(name, value),
    "setlist": lambda headers, name, value: headers.setlist(name, ["fine", value]),
    "setdefault": lambda headers, name, value: headers.setdefault(name, value),
    "setlistdefault": lambda headers, name, value: headers.setlistdefault(name, ["fine", value]),
    "an item": lambda headers, name, value: operator.setitem(headers, name, value),
    "a position": lambda headers, name, value: operator.setitem(headers, 0, (name, value)),
    "a slice": lambda headers, name, value: operator.setitem(headers, slice(0, 1), [("B", "fine"), (name, value)]),
    "extend with pairs": lambda headers, name, value: headers.extend([("B", "fine"), (name, value)]),
    "extend with a mapping": lambda headers, name, value: headers.extend({"B": "fine", name: [value]}),
    "update with pairs": lambda headers, name, value: headers.update([("B", "fine"), (name, value)]),
    "update with a mapping": lambda headers, name, value: headers.update({"B": "fine", name: value}),
    "update with a multi dict": lambda headers, name, value: headers.update(MultiDict([(name, value)])),
    "|=": lambda headers, name, value: operator.ior(headers, {"B": "fine", name: value}),
    "|": lambda headers, name, value: headers | {"B": "fine", name: value},
    "the constructor": lambda headers, name, value: Headers([("B", "fine"), (name, value)]),
}

BAD = [("X\r\nY", "value"), ("", "value"), ("Connection", "close"), ("X-Name", "a\r\nB: c"), ("X-Name", "€")]


@pytest.mark.parametrize("way", WAYS_IN)
@pytest.mark.parametrize(("name", "value"), BAD)
def test_every_way_in_refuses_what_is_no_field(way, name, value):
    headers = Headers([("A", "1")])
    with pytest.raises(ValueError, match="header"):
        WAYS_IN[way](headers, name, value)
    assert list(headers) == [("A", "1")]


@pytest.mark.parametrize("way", WAYS_IN)
def test_every_way_in_takes_a_field(way):
    headers = Headers([("A", "1")])
    result = WAYS_IN[way](headers, "X-Name", "value")
    assert ("X-Name", "value") in list(result if isinstance(result, Headers) else headers)


@given(st.sampled_from(sorted(WAYS_IN)), st.text(max_size=20), st.text(max_size=20))
def test_nothing_but_whole_fields_ever_gets_in(way, name, value):
    headers = Headers([("A", "1")])
    try:
        result = WAYS_IN[way](headers, name, value)
    except ValueError:
        assert list(headers) == [("A", "1")]
        return
    for known, text in result if isinstance(result, Headers) else headers:
        assert known.isascii()
        assert not set(text) & {*map(chr, range(9)), "\r", "\n", "\x7f", "\x85"}


@pytest.mark.parametrize("vary", [None, 5])
def test_vary_is_a_str(vary):
    with pytest.raises(TypeError, match="vary must be a str"):
        Headers().add_vary_header(vary)


def test_parameters_are_quoted():
    headers = Headers()
    headers.set("Content-Disposition", "attachment", filename='a "b".txt')
    headers.add("X-Options", "value", max_age=5)
    assert list(headers) == [
        ("Content-Disposition", 'attachment; filename="a \\"b\\".txt"'),
        ("X-Options", "value; max-age=5"),
    ]


def test_a_parameter_with_a_line_break_is_refused():
    with pytest.raises(ValueError, match="control character"):
        Headers().add("X-Options", "value", name="a\r\nb")


def test_update_replaces_and_extend_adds():
    headers = Headers([("A", "1"), ("B", "2")])
    headers.update({"a": "3"}, C="4")
    headers.extend({"B": "5"}, D="6")
    assert list(headers) == [("a", "3"), ("B", "2"), ("C", "4"), ("B", "5"), ("D", "6")]


@given(before=st.lists(st.tuples(NAMES, VALUES), max_size=6), given=UPDATES, named=FIELDS.map(dict))
def test_update_gives_each_name_the_values_that_werkzeugs_gives_it(before, given, named):
    ours, werkzeugs = Headers(before), WerkzeugHeaders(before)
    ours.update(given, **named)
    werkzeugs.update(given, **named)
    assert [ours.getlist(name) for name in "ABC"] == [werkzeugs.getlist(name) for name in "ABC"]


def test_update_puts_the_first_value_in_the_place_of_the_first_field():
    headers = Headers([("A", "1"), ("B", "2"), ("A", "3")])
    headers.update({"D": "4", "a": ["5", "6"]}, C="7")
    assert list(headers) == [("a", "5"), ("B", "2"), ("D", "4"), ("a", "6"), ("C", "7")]


def test_setlist_of_nothing_removes():
    headers = Headers([("A", "1"), ("B", "2")])
    headers.setlist("a", [])
    assert list(headers) == [("B", "2")]


def test_extend_and_update_with_nothing_change_nothing():
    headers = Headers([("A", "1")])
    headers.extend()
    headers.update()
    assert list(headers) == [("A", "1")]


def test_a_view_and_its_fields_are_one():
    fields = [("A", "1")]
    headers = Headers.over(fields)
    headers["B"] = "2"
    headers.remove("A")
    assert fields == [("B", "2")]


@pytest.mark.parametrize(
    ("present", "added", "merged"),
    [
        pytest.param([], "Accept", "Accept", id="the first name"),
        pytest.param(["Accept"], "Origin", "Accept, Origin", id="one more name"),
        pytest.param(["Accept , Origin"], "ORIGIN", "Accept, Origin", id="a name that is there in other letters"),
        pytest.param(["Accept", "Origin"], "Cookie", "Accept, Origin, Cookie", id="two fields become one"),
        pytest.param(["*"], "Origin", "*", id="a star covers it"),
        pytest.param(["Accept"], "*", "*", id="a star covers all"),
        pytest.param([], "a, b", "a, b", id="two names at once"),
        pytest.param(["a,, b"], "", "a, b", id="an empty member is none"),
    ],
)
def test_add_vary_header(present, added, merged):
    headers = Headers([("Vary", value) for value in present])
    headers.add_vary_header(added)
    assert headers.getlist("Vary") == [merged]


@pytest.mark.parametrize("read", [lambda headers: headers["X"], lambda headers: headers.pop("X")], ids=["item", "pop"])
def test_a_missing_header_is_no_mistake_of_the_client(read):
    with pytest.raises(KeyError, match="X") as caught:
        read(Headers([("Y", "1")]))
    assert not isinstance(caught.value, HTTPException)


def test_a_header_is_read_by_its_name_in_any_case_and_by_its_place():
    headers = Headers([("X", "1"), ("Y", "2"), ("x", "3")])
    assert headers["x"] == "1"
    assert headers[1] == ("Y", "2")
    assert list(headers[1:]) == [("Y", "2"), ("x", "3")]
    assert headers.pop("X") == "1"
