"""Hostile text at every way into an answer: it is refused, or read back from the wire exactly as it was set.

The whole module runs a second time under ``python -O``, where an ``assert`` in the library would be gone.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from responses.wsgi_calls import Answer, call

from wsgiresp.responses import (
    EventSourceResponse,
    HTMLResponse,
    JSONLinesResponse,
    JSONResponse,
    ORJSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)

TEXT = st.text(
    st.one_of(st.sampled_from("\r\n\0\t \x7f\x80\x85\xa0\u2028;,=\"'\\%/:@é€\ud800aA-_"), st.characters()), max_size=30
)
VALUES = st.one_of(TEXT, TEXT.map(lambda text: f"fine{text}fine"), st.none(), st.integers(), st.binary(max_size=5))

CLASSES = [Response, PlainTextResponse, HTMLResponse, JSONResponse]
if importlib.util.find_spec("orjson"):
    CLASSES.append(ORJSONResponse)
STREAMS = {StreamingResponse: 1, JSONLinesResponse: 1, EventSourceResponse: 3}  # and how many fields they have

LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ([\t\x20-\x7e\xa0-\xff]*)")


def check(condition: bool, message: object) -> None:
    # Not assert: this module is run under -O too.
    if not condition:
        raise AssertionError(message)


def wire(answer: Answer) -> bytes:
    """The header block as a server writes it that trusts its application."""
    lines = [f"HTTP/1.1 {answer.status}", *(f"{name}: {value}" for name, value in answer.headers)]
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1") + b"\r\n"


def read(block: bytes) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """The status line and the fields of *block*, read as strictly as RFC 9112 allows."""
    lines = block.split(b"\r\n")
    check(lines[-2:] == [b"", b""], lines)
    status = re.fullmatch(rb"HTTP/1\.1 ([1-9][0-9]{2} [\t\x20-\x7e\xa0-\xff]*)", lines[0])
    check(status is not None, lines[0])
    fields = []
    for line in lines[1:-2]:
        match = LINE.fullmatch(line)
        check(match is not None, line)
        name, value = match[1], match[2]
        check(value.strip(b" \t") == value, line)
        fields.append((name, value))
    return status[1], fields


def outcome(make: Callable[[], Response]) -> Answer | None:
    """The answer that *make* leads to, or None where it was refused; any other error is a failure."""
    try:
        answer = call(make())
    except (ValueError, TypeError):
        return None
    status, fields = read(wire(answer))
    check(status == answer.status.encode("latin-1"), status)
    check(fields == [(name.encode(), value.encode("latin-1")) for name, value in answer.headers], fields)
    return answer


@given(st.sampled_from(CLASSES), TEXT, VALUES, st.booleans())
@example(Response, "X\r\nSet-Cookie", "a", False)
@example(Response, "X-A", "a\r\nSet-Cookie: b", True)
def test_a_header(response_class, name, value, as_pairs):
    answer = outcome(lambda: response_class("a", headers=[(name, value)] if as_pairs else {name: value}))
    if answer is not None and isinstance(value, str) and "ocation" not in name:
        check((name, value) in answer.headers, answer.headers)
        check(len(answer.headers) in (2, 3), answer.headers)


@given(st.sampled_from(list(STREAMS)), TEXT, VALUES, st.booleans())
@example(StreamingResponse, "X\r\nSet-Cookie", "a", False)
@example(EventSourceResponse, "X-A", "a\r\nSet-Cookie: b", True)
def test_a_header_of_a_stream(response_class, name, value, as_pairs):
    answer = outcome(lambda: response_class(["a"], headers=[(name, value)] if as_pairs else {name: value}))
    if answer is not None and isinstance(value, str):
        check((name, value) in answer.headers, answer.headers)
        check(len(answer.headers) in (STREAMS[response_class], STREAMS[response_class] + 1), answer.headers)


@given(st.sampled_from(list(STREAMS)), VALUES)
@example(StreamingResponse, "a/b\r\nSet-Cookie: a=b")
def test_a_media_type_of_a_stream(response_class, media_type):
    answer = outcome(lambda: response_class(["a"], media_type=media_type))
    check(answer is None or len(answer.headers) == STREAMS[response_class], media_type)


@given(st.sampled_from(list(STREAMS)), st.lists(st.one_of(VALUES, st.floats(), st.dictionaries(TEXT, TEXT))))
@settings(max_examples=50)
def test_content_of_a_stream(response_class, content):
    outcome(lambda: response_class(content))


@given(TEXT, VALUES, st.sampled_from(["set", "add", "append", "setdefault", "__setitem__"]))
def test_a_header_set_later(name, value, mutator):
    response = PlainTextResponse("a")

    def make():
        getattr(response.headers, mutator)(name, value)
        return response

    if outcome(make) is None and "ength" not in name:
        check(len(call(response).headers) == 2, response.headers)


@given(TEXT, TEXT)
def test_many_headers_at_once(name, value):
    response = PlainTextResponse("a")

    def make():
        response.headers.update({"X-Fine": "1", name: value})
        response.headers.extend([("X-Fine", "2"), (name, value)])
        return response

    answer = outcome(make)
    if answer is not None:
        check(
            {known.lower() for known, _ in answer.headers}
            <= {"content-type", "content-length", "x-fine", name.lower()},
            name,
        )


@given(st.sampled_from(CLASSES), VALUES)
def test_a_media_type(response_class, media_type):
    answer = outcome(lambda: response_class("a", media_type=media_type))
    check(answer is None or len(answer.headers) == 2, media_type)


@given(st.sampled_from(["status", "mimetype", "content_type"]), VALUES)
@example("status", "200 OK\r\nSet-Cookie: a=b")
@example("content_type", "a/b\r\nSet-Cookie: a=b")
def test_the_arguments_of_werkzeug(word, value):
    answer = outcome(lambda: Response("a", **{word: value}))
    check(answer is None or {name for name, _ in answer.headers} <= {"Content-Type", "Content-Length"}, value)


@given(VALUES)
@example("200 OK\r\nSet-Cookie: a=b")
def test_a_status_set_later(status):
    response = PlainTextResponse("a")

    def make():
        response.status = status
        return response

    outcome(make)


@given(st.sampled_from(["key", "value", "path", "domain", "samesite", "expires", "max_age"]), VALUES, st.booleans())
def test_a_cookie(attribute, value, delete):
    response = PlainTextResponse("a")

    def make():
        arguments = {"key": "name", "secure": True, attribute: value}
        if delete and attribute not in ("value", "expires", "max_age"):
            response.delete_cookie(**arguments)
        else:
            response.set_cookie(**arguments)
        return response

    answer = outcome(make)
    if answer is not None:
        check([name for name, _ in answer.headers] == ["Content-Type", "Content-Length", "Set-Cookie"], answer.headers)
        known = {"secure", "path", "domain", "samesite", "expires", "max-age"}
        attributes = {part.partition("=")[0].lower() for part in answer.headers[-1][1].split("; ")[1:]}
        check(attributes <= known or attribute == "value", answer.headers)


@given(VALUES, st.sampled_from([None, (), ("a.example",)]))
@example("/\r\nSet-Cookie: a=b", None)
def test_a_redirect(url, allowed_hosts):
    answer = outcome(lambda: RedirectResponse(url, allowed_hosts=allowed_hosts))
    if answer is not None:
        check([name for name, _ in answer.headers] == ["Content-Type", "Content-Length", "Location"], answer.headers)
        check(answer.headers[-1][1].isascii(), answer.headers)


@given(st.sampled_from(CLASSES), st.one_of(VALUES, st.floats(), st.lists(TEXT, max_size=3)))
@settings(max_examples=50)
def test_content(response_class, content):
    outcome(lambda: response_class(content))


@pytest.mark.skipif(not __debug__, reason="this is the second run")
def test_no_rule_of_header_validation_is_an_assert():
    options = ["-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestConfigWarning"]
    command = [sys.executable, "-O", "-m", "pytest", *options, __file__]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    run = subprocess.run(command, capture_output=True, text=True, timeout=50, env=environment, check=False)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-1000:]
