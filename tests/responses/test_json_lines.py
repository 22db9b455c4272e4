"""A stream of JSON documents, a line each."""

from __future__ import annotations

import json

from werkzeug.test import Client

from wsgiresp.responses import JSONLinesResponse


def test_a_reader_that_knows_every_end_of_a_line_gets_the_documents():
    documents = ["a\u2028b", {"\x85": "\u2029"}, []]
    text = Client(JSONLinesResponse(documents)).get("/").text
    assert [json.loads(line) for line in text.splitlines()] == documents
