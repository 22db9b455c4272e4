from __future__ import annotations

import re
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol.case_tables import cases
from werkzeug.http import parse_options_header

from wsgiresp._protocol.byteranges import frame
from wsgiresp._protocol.ranges import LIMIT, Span, coalesce, select

BOUNDARY = "5f4dcc3b5aa765d6"


def sent(multipart, content):
    return b"".join(content[slice(*piece)] if isinstance(piece, Span) else piece for piece in multipart.pieces)


def parts_of(content_type, body):
    """Return pairs of fields and content: what a strict reader of RFC 2046, Section 5.1.1, finds, with CRLF alone."""
    boundary = parse_options_header(content_type)[1]["boundary"].encode()
    assert body.endswith(b"\r\n--" + boundary + b"--\r\n")
    first, *parts = (b"\r\n" + body.removesuffix(b"--\r\n")).split(b"\r\n--" + boundary)
    assert first == b""
    assert parts.pop() == b""
    found = []
    for part in parts:
        assert part.startswith(b"\r\n")
        head, _, content = part[2:].partition(b"\r\n\r\n")
        fields = [re.fullmatch(rb"([A-Za-z-]+): ([^\r\n]+)", line).groups() for line in head.split(b"\r\n")]
        found.append(({name.decode(): value.decode("latin-1") for name, value in fields}, content))
    return found


@st.composite
def requests(draw):
    """Return a content and spans of it that are apart from each other: two or more."""
    content = draw(st.binary(min_size=3, max_size=64))
    starts = st.integers(0, len(content) - 1)
    spans = coalesce([Span(start, start + 1) for start in draw(st.lists(starts, min_size=2, max_size=9))])
    return content * 200, spans


@given(request=requests(), part_type=st.sampled_from(["text/plain; charset=utf-8", "video/mp4", "x/\xe9"]))
def test_a_strict_reader_finds_the_spans(request, part_type):
    content, spans = request
    multipart = frame(spans, len(content), part_type, BOUNDARY)
    found = parts_of(multipart.content_type, sent(multipart, content))
    assert found == [
        (
            {"Content-Type": part_type, "Content-Range": f"bytes {start}-{stop - 1}/{len(content)}"},
            content[start:stop],
        )
        for start, stop in spans
    ]


@given(request=requests())
def test_the_email_package_finds_the_spans(request):
    content, spans = request
    multipart = frame(spans, len(content), "application/octet-stream", BOUNDARY)
    head = f"Content-Type: {multipart.content_type}\r\n\r\n".encode()
    message = message_from_bytes(head + sent(multipart, content), policy=policy.HTTP)
    assert [part["Content-Range"] for part in message.iter_parts()] == [
        f"bytes {start}-{stop - 1}/{len(content)}" for start, stop in spans
    ]


@given(request=requests())
def test_the_content_length_is_the_length_of_what_is_sent(request):
    content, spans = request
    multipart = frame(spans, len(content), "text/css", BOUNDARY)
    assert multipart.content_length == len(sent(multipart, content))


@given(
    pairs=st.lists(st.tuples(st.integers(0, 99), st.integers(0, 9)), min_size=2, max_size=LIMIT),
    length=st.integers(100, 9000),
)
def test_no_answer_is_longer_than_the_file(pairs, length):
    spans = select("bytes=" + ",".join(f"{first}-{first + more}" for first, more in pairs), length)
    multipart = frame(spans, length, "text/plain", BOUNDARY)
    assert multipart is None or multipart.content_length <= length


def test_a_hundred_single_bytes_cost_no_more_than_the_whole():
    spans = select("bytes=" + ",".join(f"{n}-{n}" for n in range(0, 2 * LIMIT, 2)), 3000)
    assert frame(spans, 3000, "text/plain", BOUNDARY) is None


def test_an_answer_as_long_as_the_file_is_sent_in_parts():
    spans = [Span(0, 1), Span(2, 3)]
    content_length = frame(spans, 999, "text/plain", BOUNDARY).content_length
    assert frame(spans, content_length, "text/plain", BOUNDARY).content_length == content_length


def test_an_answer_longer_than_the_file_by_a_byte_is_not():
    spans = [Span(0, 1), Span(2, 3)]
    content_length = frame(spans, 999, "text/plain", BOUNDARY).content_length
    assert frame(spans, content_length - 1, "text/plain", BOUNDARY) is None


def test_the_framing_byte_for_byte():
    assert frame([Span(500, 1000), Span(7000, 8000)], 8000, "application/pdf", "THIS_STRING_SEPARATES") == (
        "multipart/byteranges; boundary=THIS_STRING_SEPARATES",
        1719,
        [
            b"--THIS_STRING_SEPARATES\r\nContent-Type: application/pdf\r\nContent-Range: bytes 500-999/8000\r\n\r\n",
            (500, 1000),
            b"\r\n--THIS_STRING_SEPARATES\r\nContent-Type: application/pdf\r\n"
            b"Content-Range: bytes 7000-7999/8000\r\n\r\n",
            (7000, 8000),
            b"\r\n--THIS_STRING_SEPARATES--\r\n",
        ],
    )


@pytest.mark.parametrize("case", cases("byteranges.toml", "boundaries"))
def test_a_boundary_that_needs_no_quotes_is_taken(case):
    assert frame([Span(0, 1), Span(2, 3)], 9999, "text/plain", case["boundary"]).content_type.endswith(
        f"boundary={case['boundary']}"
    )


@pytest.mark.parametrize("case", cases("byteranges.toml", "no_boundaries"))
def test_any_other_boundary_is_refused(case):
    with pytest.raises(ValueError, match="boundary must be 1-70"):
        frame([Span(0, 1), Span(2, 3)], 9999, "text/plain", case["boundary"])


def test_a_type_that_would_add_a_field_is_refused():
    with pytest.raises(ValueError, match="Content-Type"):
        frame([Span(0, 1), Span(2, 3)], 9999, "text/plain\r\nSet-Cookie: a=b", BOUNDARY)
