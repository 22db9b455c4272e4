"""Names and objects as one line of the log: nothing in them begins a line, or commands a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgiresp._protocol.one_line import keyword_text, one_line, qualified_name, repr_line, str_line

CONTROLS = ["\r", "\n", "\x1b", "\x00", "\x7f", "\x85", "\x9b", "\u2028", "\u2029", "\u202e"]
texts = st.text() | st.lists(st.sampled_from([*CONTROLS, "a", " "])).map("".join)


class Described:
    def __init__(self, text):
        self.text = text

    def __repr__(self):
        if isinstance(self.text, Exception):
            raise self.text
        return self.text


def is_one_line(text):
    return len(text.splitlines()) <= 1 and not any(unicodedata.category(char) in ("Cc", "Zl", "Zp") for char in text)


@given(texts)
def test_any_text_becomes_one_line_without_control_characters(text):
    assert is_one_line(one_line(text))


@given(texts)
def test_any_keyword_name_becomes_one_line_without_control_characters(text):
    assert is_one_line(keyword_text(text))


@given(texts)
def test_any_repr_becomes_one_line_without_control_characters(text):
    assert is_one_line(repr_line(Described(text)))
    assert is_one_line(str_line(Described(text)))


@given(texts)
def test_any_qualified_name_becomes_one_line_without_control_characters(text):
    named = Described("")
    named.__qualname__ = text
    assert is_one_line(qualified_name(named))


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"]), max_size=1000))
def test_a_printable_text_is_not_changed(text):
    assert one_line(text) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("colour", "colour", id="an identifier"),
        pytest.param("straße", "straße", id="an identifier of another language"),
        pytest.param("x=str)> was cut", "'x=str)> was cut'", id="what looks like a log line"),
        pytest.param("a\nb", "'a\\nb'", id="two lines"),
        pytest.param("", "''", id="an empty name"),
    ],
)
def test_a_keyword_name_that_is_no_identifier_is_its_repr(name, text):
    assert keyword_text(name) == text


def test_a_control_character_is_written_as_its_escape():
    assert one_line("a\r\n\x1b[31m\u2028b") == "a\\r\\n\\x1b[31m\\u2028b"


def test_a_long_text_is_cut():
    assert one_line("a" * 5000) == "a" * 1000 + "..."


@pytest.mark.parametrize(
    ("thing", "name"),
    [
        pytest.param(test_a_long_text_is_cut, "test_a_long_text_is_cut", id="a function"),
        pytest.param(Described, "Described", id="a class"),
        pytest.param(Described(""), "Described", id="an object without a name"),
        pytest.param(type("Odd", (), {"__qualname__": "Odd"})(), "Odd", id="an object of a class with a name"),
    ],
)
def test_the_name_of_a_function_or_of_a_class(thing, name):
    assert qualified_name(thing) == name


def test_a_name_that_is_no_text_is_not_used():
    named = Described("")
    named.__qualname__ = 5
    assert qualified_name(named) == "Described"


def test_a_repr_that_raises_is_replaced_by_the_class():
    assert repr_line(Described(ValueError("no"))) == "<Described, whose repr() fails>"
    assert str_line(Described(ValueError("no"))) == "<Described, whose str() fails>"
