"""Header validation: names and values of fields."""

from __future__ import annotations

from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import Headers, MultiDict

from wsgiresp._protocol import header_validation
from wsgiresp._protocol.header_validation import extend, field, lowered, pairs


@pytest.mark.parametrize("name", ["X-Custom", "content-type", "x.y", "!#$%&'*+-.^_`|~09azAZ"])
def test_a_token_is_a_name(name):
    assert lowered(name) == name.lower()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="nothing"),
        pytest.param("X Y", id="a blank"),
        pytest.param("X:", id="a colon"),
        pytest.param("X\r\nY", id="a line break"),
        pytest.param("X\n", id="a line break at the end"),
        pytest.param("Xé", id="outside ASCII"),
        pytest.param("Status", id="CGI's Status"),
        pytest.param("sTATUS", id="CGI's Status in other letters"),
        pytest.param("Connection", id="Connection"),
        pytest.param("keep-alive", id="Keep-Alive"),
        pytest.param("Transfer-Encoding", id="Transfer-Encoding"),
        pytest.param("TE", id="TE"),
        pytest.param("Upgrade", id="Upgrade"),
    ],
)
def test_what_is_no_name_of_an_application_is_refused(name):
    with pytest.raises(ValueError, match=r"header (name|')"):
        lowered(name)


class Names(StrEnum):
    """Names and values that are more than text."""

    X_NAME = "X-Name"
    NO_STORE = "no-store"


@pytest.mark.parametrize("make", [lambda n, v: field(n, v), lambda n, v: next(iter(extended({n: v})))])
def test_a_str_of_another_class_becomes_a_plain_one(make):
    made = make(Names.X_NAME, Names.NO_STORE)
    assert made == ("X-Name", "no-store")
    assert [type(text) for text in made] == [str, str]


def extended(headers):
    found: list[tuple[str, str]] = []
    extend(found, headers)
    return found


@pytest.mark.parametrize("name", [None, 5, b"X-Name", ["X-Name"]])
def test_a_name_is_a_str(name):
    with pytest.raises(TypeError, match="header name must be a str"):
        lowered(name)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("plain", "plain", id="text"),
        pytest.param("", "", id="nothing"),
        pytest.param("a b\tc", "a b\tc", id="blanks within"),
        pytest.param("Käse\xa0", "Käse\xa0", id="latin-1"),
        pytest.param(b"caf\xe9", "café", id="bytes are latin-1"),
        pytest.param(120, "120", id="a number"),
    ],
)
def test_a_value(value, text):
    assert field("X-Name", value) == ("X-Name", text)


@pytest.mark.parametrize("control", [*map(chr, range(9)), "\n", "\r", "\x0b", "\x1f", "\x7f", "\x80", "\x85", "\x9f"])
def test_a_control_character_is_refused_by_name_and_value(control):
    with pytest.raises(ValueError, match=r"header 'X-Name' must not hold the control character"):
        field("X-Name", f"a{control}b")


@pytest.mark.parametrize("value", [" a", "a ", "\ta", "a\t"])
def test_a_blank_at_an_end_is_refused(value):
    with pytest.raises(ValueError, match="must not begin or end with a blank"):
        field("X-Name", value)


@pytest.mark.parametrize("value", ["€", "日本", "\ud800"])
def test_a_value_outside_latin_1_is_refused(value):
    with pytest.raises(ValueError, match="must be latin-1"):
        field("X-Name", value)


@pytest.mark.parametrize("value", [["a"], ("a",), {"a"}, {"a": "b"}])
def test_a_container_is_no_value(value):
    with pytest.raises(TypeError, match="header 'X-Name' must be a str"):
        field("X-Name", value)


def test_a_name_that_only_looks_like_a_known_one_is_looked_at():
    class Evil(str):
        def __eq__(self, other):
            return True

        def __hash__(self):
            return hash("X-Known")

    lowered("X-Known")
    with pytest.raises(ValueError, match="must be a token"):
        lowered(Evil("X\r\nX-Injected: 1"))


def test_the_str_of_an_object_becomes_a_plain_one():
    class Markup:
        def __str__(self):
            return Names.NO_STORE

    assert type(field("X-Name", Markup())[1]) is str


def test_no_value_is_refused():
    with pytest.raises(TypeError, match="must be a str, got None"):
        field("X-Name", None)


@pytest.mark.parametrize("name", ["Location", "content-location"])
def test_a_location_becomes_a_uri(name):
    assert field(name, "/Käse/日本") == (name, "/K%C3%A4se/%E6%97%A5%E6%9C%AC")


def test_a_location_keeps_its_slashes():
    assert field("Location", "////a.example") == ("Location", "////a.example")


def test_a_backslash_in_a_location_is_encoded():
    assert field("Location", "/\\a.example") == ("Location", "/%5Ca.example")


def test_a_host_of_a_location_becomes_ascii():
    assert field("Location", "http://☃.example/") == ("Location", "http://xn--n3h.example/")


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"A": "1", "B": "2"}, id="a dict"),
        pytest.param([("A", "1"), ("B", "2")], id="pairs"),
        pytest.param([["A", "1"], ["B", "2"]], id="pairs as lists"),
        pytest.param(iter([("A", "1"), ("B", "2")]), id="an iterator"),
        pytest.param(Headers([("A", "1"), ("B", "2")]), id="werkzeug's headers"),
        pytest.param(MultiDict([("A", "1"), ("B", "2")]), id="a multi dict"),
    ],
)
def test_headers_come_in_many_shapes(headers):
    assert pairs(headers) == [("A", "1"), ("B", "2")]


def test_a_list_in_a_mapping_is_as_many_fields():
    assert pairs({"A": ["1", "2"], "B": "3"}) == [("A", "1"), ("A", "2"), ("B", "3")]


@pytest.mark.parametrize("item", ["ab", b"ab", ("A", "1", "2")])
def test_what_is_no_pair_is_refused(item):
    with pytest.raises(ValueError, match="pairs of name and value"):
        pairs([item])


def test_extend_keeps_what_speaks_of_the_content_apart():
    found: list[tuple[str, str]] = []
    apart = extend(found, {"X-A": "1", "Content-Type": "a/b", "X-B": ["2", "c d"], "content-length": "5"})
    assert found == [("X-A", "1"), ("X-B", "2"), ("X-B", "c d")]
    assert apart == {"content-type": ("Content-Type", "a/b"), "content-length": ("content-length", "5")}


def test_extend_makes_a_location_a_uri():
    found: list[tuple[str, str]] = []
    extend(found, {"Location": "/é"})
    assert found == [("Location", "/%C3%A9")]


def test_names_of_clients_do_not_fill_the_memo(monkeypatch):
    monkeypatch.setattr(header_validation, "_ORDINARY_LIMIT", 0)
    lowered("X-Never-Seen-Before")
    assert "X-Never-Seen-Before" not in header_validation._ordinary


NAMES = st.text(alphabet=st.one_of(st.sampled_from("abX-_:"), st.characters()), max_size=8)


@given(NAMES, st.text())
def test_extend_and_field_say_the_same(name, value):
    found: list[tuple[str, str]] = []
    try:
        expected = field(name, value)
    except ValueError:
        with pytest.raises(ValueError, match=r"header|Location"):
            extend(found, {name: value})
        return
    apart = extend(found, {name: value})
    assert [*found, *apart.values()] == [expected]
