from __future__ import annotations

import re
import sys
import unicodedata
from pathlib import PurePosixPath
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

ENDINGS = st.sampled_from(["", ".odt", ".tar.gz", ".größe", ".日本", ".7z"])
LONG_NAMES = st.builds(
    "{0}{1}".format, st.builds(str.__mul__, st.text(min_size=1, max_size=20), st.integers(1, 3000)), ENDINGS
)


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
    assert content_disposition(case["filename"]) == case["value"]


@given(filename=NAMES)
def test_a_strict_reader_gets_the_cleaned_name(filename):
    _, plain, extended = read(content_disposition(filename))
    assert (extended or plain) == cleaned(filename)


@given(filename=NAMES | LONG_NAMES)
def test_werkzeug_reads_the_cleaned_name(filename):
    value = content_disposition(filename)
    _, plain, extended = read(value)
    kind, parameters = parse_options_header(value)
    assert (kind, parameters.get("filename")) == ("attachment", extended or plain)


@given(filename=NAMES)
def test_the_kind_stays_what_it_is(filename):
    kind, _, _ = read(content_disposition(filename, "inline"))
    assert kind == "inline"


@given(filename=NAMES)
def test_the_value_passes_header_validation(filename):
    value = content_disposition(filename)
    assert field("Content-Disposition", value) == ("Content-Disposition", value)


@given(filename=NAMES)
def test_the_value_is_ascii(filename):
    assert content_disposition(filename).isascii()


@given(filename=NAMES)
def test_the_fallback_holds_nothing_that_readers_take_differently(filename):
    _, plain, _ = read(content_disposition(filename))
    assert plain is None or re.search(r'[/\\"]|%[0-9A-Fa-f]{2}|=\?', plain) is None


@given(filename=NAMES)
def test_the_fallback_names_no_folder(filename):
    _, plain, _ = read(content_disposition(filename))
    assert plain is None or plain.strip(". ")


def test_no_letter_turns_into_a_path_or_a_quote():
    letters = [chr(code) for code in range(0x80, sys.maxunicode + 1) if unicodedata.decomposition(chr(code))]
    fallbacks = [read(content_disposition(f"a{letter}b"))[1] for letter in letters]
    assert not any(set(fallback) & set('/\\"') for fallback in fallbacks)


@pytest.mark.parametrize(
    "filename",
    [
        pytest.param("caf\udce9.txt", id="a name on disk that is no UTF-8"),
        pytest.param("caf\ud83d.txt", id="half of a pair"),
    ],
)
def test_a_lone_surrogate_is_replaced(filename):
    assert content_disposition(filename) == ("attachment; filename=\"caf_.txt\"; filename*=UTF-8''caf%EF%BF%BD.txt")


def test_a_million_characters_are_cleaned():
    assert content_disposition("/\\\r" * 333_333 + "a") == 'attachment; filename="a"'


@pytest.mark.parametrize("kind", ["attachment", "inline", "form-data", "X-Token!"])
def test_a_token_is_a_kind(kind):
    assert content_disposition("a", kind) == f'{kind}; filename="a"'


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
        content_disposition("a.txt", kind)


def test_a_kind_that_is_no_text_is_refused():
    with pytest.raises(TypeError, match="content disposition type must be a str, got None"):
        content_disposition("a.txt", None)


@pytest.mark.parametrize(
    ("filename", "message"),
    [
        pytest.param(b"a.txt", r"got b'a\.txt': decode it, by os\.fsdecode\(\) for example", id="bytes"),
        pytest.param(
            PurePosixPath("a.txt"), r"got PurePosixPath\('a\.txt'\): pass its name, which is a str", id="a path"
        ),
        pytest.param(None, r"got None$", id="nothing"),
        pytest.param(7, r"got 7$", id="a number"),
    ],
)
def test_a_name_that_is_no_text_is_refused(filename, message):
    with pytest.raises(TypeError, match=f"filename must be a str, {message}"):
        content_disposition(filename)


@pytest.mark.parametrize(
    ("filename", "plain", "extended"),
    [
        pytest.param("p" * 255, "p" * 255, None, id="255 letters of ASCII are no long name"),
        pytest.param("p" * 252 + ".odt", "p" * 251 + ".odt", "p" * 252 + ".odt", id="256 are in the coded name"),
        pytest.param("p" * 800 + ".odt", "p" * 251 + ".odt", "p" * 761 + ".odt", id="both are cut"),
        pytest.param("p" * 800 + ".tar.gz", "p" * 248 + ".tar.gz", "p" * 758 + ".tar.gz", id="two endings stay"),
        pytest.param("p" * 800 + ".a.b.c", "p" * 251 + ".b.c", "p" * 761 + ".b.c", id="three do not"),
        pytest.param("p" * 800, "p" * 255, "p" * 765, id="without an ending"),
        pytest.param("p." + "q" * 800, "p." + "q" * 253, "p." + "q" * 763, id="what is long is no ending"),
        pytest.param("p" * 800 + ". 1", "p" * 255, "p" * 765, id="what has a blank is no ending"),
        pytest.param("日" * 300 + ".本", "_" * 253 + "._", "日" * 253 + ".本", id="no letter is cut through"),
        pytest.param("é" * 400 + ".pdf", "e" * 251 + ".pdf", "é" * 380 + ".pdf", id="two bytes for a letter"),
    ],
)
def test_a_long_name_is_cut_before_its_ending(filename, plain, extended):
    assert read(content_disposition(filename)) == ("attachment", plain, extended)


def test_a_name_whose_blanks_alone_are_left_is_none():
    assert content_disposition(" " * 800 + "x") == "attachment"


@given(filename=LONG_NAMES)
def test_no_reader_gets_a_longer_name_than_file_systems_have(filename):
    _, plain, extended = read(content_disposition(filename))
    assert plain is None or len(plain) <= 255
    assert extended is None or len(extended.encode()) <= 765


@given(stem=LONG_NAMES, ending=ENDINGS)
def test_a_long_name_is_the_beginning_and_the_ending_of_the_cleaned_name(stem, ending):
    whole = cleaned(stem + ending) or ""
    _, plain, extended = read(content_disposition(stem + ending))
    name = extended or plain or ""
    assert name == whole or (name.endswith(ending) and whole.startswith(name.removesuffix(ending)[:-20]))


@pytest.mark.parametrize(
    ("marks", "fallback"),
    [
        pytest.param("o" + "\u0302\u0331" * 16384, "o", id="behind a letter"),
        pytest.param("\u0302\u0331" * 16384 + ".pdf", ".pdf", id="before an ending"),
        pytest.param("\u0302\u0331" * 16384, "_", id="alone"),
    ],
)
def test_a_name_of_64_kib_of_accents_takes_little_of_the_head(marks, fallback):
    # python/cpython#149079: to put so many accents in order takes seconds.
    value = content_disposition(marks)
    assert (read(value)[1], len(value) < 2600) == (fallback, True)
