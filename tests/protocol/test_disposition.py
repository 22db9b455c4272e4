from __future__ import annotations

import re
import sys
import unicodedata
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol.case_tables import cases
from werkzeug.http import parse_options_header

from wsgiresp._protocol.disposition import content_disposition
from wsgiresp._protocol.header_validation import field

TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
QUOTED = r'"(?:[\t \x21\x23-\x5b\x5d-\x7e]|\\[\t\x20-\x7e])*"'
EXT_VALUE = r"UTF-8''(?:[!#$&+\-.^_`|~0-9A-Za-z]|%[0-9A-F]{2})+"
PARAMETER = rf"; (?:filename=(?P<plain>{QUOTED})|filename\*=(?P<extended>{EXT_VALUE}))"

NAMES = st.text(max_size=30) | st.text("ab.é\u0301\u202e%4=?\"\\/; \r\n\udce9'", max_size=30)


def read(value):
    """Return kind, ``filename`` and ``filename*`` (None where absent) of *value*, by RFC 6266 and 8187, strictly."""
    match = re.fullmatch(rf"({TOKEN})((?:{PARAMETER})*)", value)
    assert match is not None, value
    parameters = {}
    for parameter in re.finditer(PARAMETER, match[2]):
        assert parameters.keys().isdisjoint([parameter.lastgroup]), "a parameter stands twice"
        parameters[parameter.lastgroup] = parameter[parameter.lastgroup]
    plain, extended = parameters.get("plain"), parameters.get("extended")
    return (
        match[1],
        plain and re.sub(r"\\(.)", r"\1", plain[1:-1]),
        extended and unquote_to_bytes(extended.removeprefix("UTF-8''")).decode("utf-8", "strict"),
    )


def cleaned(filename):
    """Return what is to be left of *filename*, letter by letter."""
    name = ""
    for letter in filename:
        if letter in "/\\":
            name = ""
        elif unicodedata.category(letter) != "Cc":
            name += "\N{REPLACEMENT CHARACTER}" if unicodedata.category(letter) == "Cs" else letter
    return name if set(name) - {".", " "} else None


@pytest.mark.parametrize("case", cases("disposition.toml", "values"))
def test_the_value_of_a_name(case):
    assert content_disposition("attachment", case["filename"]) == case["value"]


@given(filename=NAMES)
def test_a_strict_reader_gets_the_cleaned_name(filename):
    _, plain, extended = read(content_disposition("attachment", filename))
    assert (extended or plain) == cleaned(filename)


@given(filename=NAMES)
def test_werkzeug_reads_the_cleaned_name(filename):
    kind, parameters = parse_options_header(content_disposition("attachment", filename))
    assert (kind, parameters.get("filename")) == ("attachment", cleaned(filename))


@given(filename=NAMES)
def test_the_kind_stays_what_it_is(filename):
    kind, _, _ = read(content_disposition("inline", filename))
    assert kind == "inline"


@given(filename=NAMES)
def test_the_value_passes_header_validation(filename):
    value = content_disposition("attachment", filename)
    assert field("Content-Disposition", value) == ("Content-Disposition", value)


@given(filename=NAMES)
def test_the_value_is_ascii(filename):
    assert content_disposition("attachment", filename).isascii()


@given(filename=NAMES)
def test_the_fallback_holds_nothing_that_readers_take_differently(filename):
    _, plain, _ = read(content_disposition("attachment", filename))
    assert plain is None or re.search(r'[/\\"]|%[0-9A-Fa-f]{2}|=\?', plain) is None


@given(filename=NAMES)
def test_the_fallback_names_no_folder(filename):
    _, plain, _ = read(content_disposition("attachment", filename))
    assert plain is None or plain.strip(". ")


def test_no_letter_turns_into_a_path_or_a_quote():
    letters = [chr(code) for code in range(0x80, sys.maxunicode + 1) if unicodedata.decomposition(chr(code))]
    fallbacks = [read(content_disposition("attachment", f"a{letter}b"))[1] for letter in letters]
    assert not any(set(fallback) & set('/\\"') for fallback in fallbacks)


@pytest.mark.parametrize(
    "filename",
    [
        pytest.param("caf\udce9.txt", id="a name on disk that is no UTF-8"),
        pytest.param("caf\ud83d.txt", id="half of a pair"),
    ],
)
def test_a_lone_surrogate_is_replaced(filename):
    assert content_disposition("attachment", filename) == (
        "attachment; filename=\"caf_.txt\"; filename*=UTF-8''caf%EF%BF%BD.txt"
    )


def test_a_million_characters_are_cleaned():
    assert content_disposition("attachment", "/\\\r" * 333_333 + "a") == 'attachment; filename="a"'


@pytest.mark.parametrize("kind", ["attachment", "inline", "form-data", "X-Token!"])
def test_a_token_is_a_kind(kind):
    assert content_disposition(kind, "a") == f'{kind}; filename="a"'


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("", id="nothing"),
        pytest.param("in line", id="a blank"),
        pytest.param("inline;", id="a semicolon"),
        pytest.param("inline\r\nSet-Cookie: a=b", id="a line end"),
        pytest.param("inline\n", id="a line end at the end"),
        pytest.param('"inline"', id="quotes"),
        pytest.param("anhänge", id="a letter beyond ASCII"),
    ],
)
def test_a_kind_that_is_no_token_is_refused(kind):
    with pytest.raises(ValueError, match="content disposition type must be a token"):
        content_disposition(kind, "a.txt")


def test_a_kind_that_is_no_text_is_refused():
    with pytest.raises(TypeError, match="content disposition type must be a str, got None"):
        content_disposition(None, "a.txt")


def test_a_name_that_is_no_text_is_refused():
    with pytest.raises(TypeError, match=r"filename must be a str, got b'a\.txt'"):
        content_disposition("attachment", b"a.txt")
