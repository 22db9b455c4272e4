"""Content-Type and Content-Length."""

from __future__ import annotations

from enum import Enum

import pytest

from wsgiresp._protocol.content import (
    LENGTHS,
    TYPES,
    TypeFields,
    announced_length,
    content_length,
    settle_length,
    without_content,
)


@pytest.mark.parametrize(
    ("media_type", "value"),
    [
        pytest.param("text/plain", "text/plain; charset=utf-8", id="text gets the charset"),
        pytest.param("TEXT/html", "TEXT/html; charset=utf-8", id="in any case"),
        pytest.param("text/plain; Charset=latin-1", "text/plain; Charset=latin-1", id="one that is named stays"),
        pytest.param("text/plain; format=flowed", "text/plain; format=flowed; charset=utf-8", id="parameters stay"),
        pytest.param("image/png", "image/png", id="what is no text has none"),
        pytest.param("application/vnd.api+json", "application/vnd.api+json", id="JSON has none"),
    ],
)
def test_a_media_type(media_type, value):
    assert TypeFields("utf-8")[media_type] == ("Content-Type", value)


class Media(str, Enum):  # noqa: UP042 - which is how many a code base spells it
    """Media types as many a code base spells them."""

    CSV = "text/csv"


def test_an_enum_does_not_spoil_the_media_type_for_others():
    types = TypeFields("utf-8")
    assert types[Media.CSV] == types["text/csv"] == ("Content-Type", "text/csv; charset=utf-8")
    assert type(types[Media.CSV][1]) is str


@pytest.mark.parametrize("charset", ["nope", 'utf-8"; a="b', "utf 8"])
def test_what_is_no_charset_is_refused(charset):
    with pytest.raises(ValueError, match="charset must be"):
        TYPES[charset]


def test_a_charset_is_looked_up_once():
    assert TYPES["ascii"] is TYPES["ascii"]


def test_another_charset_is_announced():
    assert TypeFields("latin-1")["text/plain"] == ("Content-Type", "text/plain; charset=latin-1")


@pytest.mark.parametrize(
    "media_type", ["", "html", "text/", "/html", "text/html\r\nX: y", "text/ht ml", "text/html; a=\n", "text/é"]
)
def test_what_is_no_media_type_is_refused(media_type):
    with pytest.raises(ValueError, match=r"media_type must be|control"):
        TypeFields("utf-8")[media_type]


def test_a_media_type_is_a_str():
    with pytest.raises(TypeError, match="media_type must be a str"):
        TypeFields("utf-8")[b"text/plain"]  # type: ignore[index]


def test_media_types_of_clients_do_not_fill_the_memo():
    types = TypeFields("utf-8")
    for number in range(2000):
        assert types[f"a/{number}"] == ("Content-Type", f"a/{number}")
    assert len(types) == 1024


@pytest.mark.parametrize("length", [0, 13, 1023, 1024, 10**12])
def test_a_length_is_a_field(length):
    assert LENGTHS[length] == ("Content-Length", str(length))


@pytest.mark.parametrize("value", ["", "-1", "+1", "1.0", "1_0", " 1", "\u0661", "1, 1", "9" * 19])
def test_what_is_no_length_is_refused(value):
    with pytest.raises(ValueError, match="Content-Length must be a number of bytes"):
        content_length(value)


def test_a_length_that_is_announced_twice_alike_is_one():
    assert announced_length([("Content-Length", "5"), ("content-length", "5")]) == 5


def test_two_lengths_are_refused():
    with pytest.raises(ValueError, match="must be given once, got 5 and 6"):
        announced_length([("Content-Length", "5"), ("content-length", "6")])


def test_a_missing_length_is_added():
    fields = [("A", "1")]
    settle_length(fields, 5)
    assert fields == [("A", "1"), ("Content-Length", "5")]


def test_a_true_length_stays_as_it_is():
    fields = [("content-length", "05")]
    settle_length(fields, 5)
    assert fields == [("content-length", "05")]


def test_a_false_length_is_refused():
    with pytest.raises(ValueError, match="must be the 5 bytes of the body, got 6"):
        settle_length([("Content-Length", "6")], 5)


def test_an_answer_without_content_says_nothing_of_it():
    fields = [("content-type", "a/b"), ("X", "1"), ("Content-Length", "5"), ("Content-Encoding", "gzip")]
    assert without_content(fields, 304) == [("X", "1")]


def test_a_205_ends_with_a_length_of_zero():
    assert without_content([("Content-Type", "a/b"), ("Content-Encoding", "gzip"), ("Content-Length", "5")], 205) == [
        ("Content-Type", "a/b"),
        ("Content-Length", "0"),
    ]
