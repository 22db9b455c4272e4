"""JSONLinesResponse: one document a line."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from responses.wsgi_calls import call
from runtime.runners import everywhere
from streams.fake_sources import RecordingSource

from wsgiresp.responses import JSONLinesResponse, json_encoder

DOCUMENTS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**60), 2**60), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=6,
)


@everywhere
@pytest.mark.parametrize(
    "content_of", [RecordingSource.generator, RecordingSource.async_generator], ids=["sync", "async"]
)
def test_each_item_is_a_line(run, content_of):
    answer = run(call, JSONLinesResponse(content_of(RecordingSource([{"a": 1}, [1, 2], "ü\n", None]))))
    assert answer.body == '{"a":1}\n[1,2]\n"ü\\n"\nnull\n'.encode()
    assert answer.headers == [("Content-Type", "application/jsonl")]


@settings(max_examples=50, deadline=None)
@given(documents=st.lists(DOCUMENTS, max_size=5))
def test_a_reader_of_lines_gets_back_the_documents(documents):
    lines = call(JSONLinesResponse(documents)).body.split(b"\n")
    assert lines.pop() == b""
    assert list(map(json.loads, lines)) == documents


def test_a_reader_that_knows_every_end_of_a_line_gets_the_documents():
    documents = ["a\u2028b", {"\x85": "\u2029"}, []]
    text = call(JSONLinesResponse(documents)).body.decode()
    assert [json.loads(line) for line in text.splitlines()] == documents


def test_what_json_response_takes_is_taken():
    content = [{"price": Decimal("1.10"), "on": date(2001, 1, 2)}, float("nan")]
    assert call(JSONLinesResponse(content)).body == b'{"price":1.10,"on":"2001-01-02"}\nnull\n'


def test_bytes_are_not_passed_through():
    with pytest.raises(TypeError, match="bytes"):
        call(JSONLinesResponse([b"a"]))


def test_a_text_is_one_document():
    assert call(JSONLinesResponse("abc")).body == b'"abc"\n'


def test_an_error_names_the_place_of_a_value_without_json_form():
    with pytest.raises(TypeError, match="owner"):
        call(JSONLinesResponse([{"owner": object()}]))


def test_a_subclass_may_refuse_nan():
    class Strict(JSONLinesResponse):
        nan = "error"

    with pytest.raises(ValueError, match=r"[Nn]a[Nn]"):
        call(Strict([float("nan")]))


def test_a_subclass_may_have_an_encoder_of_its_own():
    class Sorted(JSONLinesResponse):
        encoder = json_encoder(sort_keys=True)

    assert call(Sorted([{"b": 1, "a": 2}])).body == b'{"a":2,"b":1}\n'


def test_an_encoder_that_writes_several_lines_is_refused():
    with pytest.raises(ValueError, match="encoder of Pretty must write a document on one line"):

        class Pretty(JSONLinesResponse):
            encoder = json_encoder(indent=2)
