"""Status lines, and what is none."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgiresp._protocol.status import BODILESS, LINES, LINES_WITH_CONTENT, parse


@pytest.mark.parametrize(
    ("status", "line", "code"),
    [
        pytest.param(200, "200 OK", 200, id="a known code has its phrase"),
        pytest.param(HTTPStatus.NOT_FOUND, "404 Not Found", 404, id="an HTTPStatus is its code"),
        pytest.param(413, "413 Content Too Large", 413, id="a phrase of RFC 9110"),
        pytest.param(599, "599 Unknown", 599, id="an unknown code has a phrase all the same"),
        pytest.param(999, "999 Unknown", 999, id="the last code"),
        pytest.param("200 Fine", "200 Fine", 200, id="a line keeps its phrase"),
        pytest.param("404", "404 Not Found", 404, id="a code as text has its phrase"),
        pytest.param("404 ", "404 Not Found", 404, id="a line without its phrase has the known one"),
        pytest.param("200 Très\tbien", "200 Très\tbien", 200, id="latin-1 and TAB may stand in a phrase"),
    ],
)
def test_a_status_line(status, line, code):
    assert parse(status) == (line, code)


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(99, id="below 100"),
        pytest.param(1000, id="above 999"),
        pytest.param(-200, id="negative"),
        pytest.param(200.0, id="a float"),
        pytest.param(True, id="a bool"),
        pytest.param(None, id="None"),
        pytest.param(b"200 OK", id="bytes"),
        pytest.param("", id="nothing"),
        pytest.param("OK", id="a phrase alone"),
        pytest.param("2000 OK", id="four digits"),
        pytest.param("099 Low", id="a line below 100"),
        pytest.param("200\u0660 OK", id="digits of another script"),
        pytest.param("200 OK\r\nX-Injected: 1", id="a line break"),
        pytest.param("200 OK\n", id="a line break at the end"),
        pytest.param("200 \x85", id="a C1 control"),
        pytest.param("200 €", id="a phrase outside latin-1"),
    ],
)
def test_what_is_no_status_is_refused(status):
    with pytest.raises(ValueError, match="status"):
        parse(status)


@given(st.text())
def test_a_text_is_refused_or_is_one_line(text):
    try:
        line, code = parse(text)
    except ValueError:
        return
    assert line.startswith(f"{code} ")
    assert not set("\r\n\x00\x85") & set(line)


def test_unknown_codes_do_not_make_the_table_grow():
    before = len(LINES)
    assert LINES[777] == "777 Unknown"
    assert len(LINES) == before


def test_codes_without_content_need_a_second_look():
    assert not BODILESS & LINES_WITH_CONTENT.keys()
