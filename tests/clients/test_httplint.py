"""httplint reads each kind of answer as it came over the wire, beside its request, and has nothing to complain of."""

from __future__ import annotations

import pytest
from known_faults import Fault

httplint = pytest.importorskip("httplint", reason="not installed: httplint")

ASKS_FOR_A_RANGE = Fault(
    "httplint", "tests/clients/test_httplint.py, ASKS_FOR_A_RANGE", "asks for a Content-Range beside several parts"
)
PAST = "Thu, 01 Jan 2004 00:00:00 GMT"


@pytest.fixture
def exchange(website):
    (website.folder / "text.txt").write_text("Grüße\n" * 999, "utf-8")
    return website.server.exchange


def complaints(request, answer):
    """Return the names of the notes that httplint takes of *answer* to *request*, but for good and neutral ones."""
    method, target, *fields = request
    asked = httplint.HttpRequestLinter()
    asked.process_request_topline(method.encode(), target.encode(), b"1.1")
    asked.process_headers([(name.encode(), value.encode()) for name, value in fields])
    asked.finish_content(True)
    linter = httplint.HttpResponseLinter(_related=asked)
    linter.is_head_response = method == "HEAD"
    linter.process_response_topline(answer.version.encode(), str(answer.status).encode(), answer.reason.encode())
    linter.process_headers([(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.fields])
    linter.feed_content(answer.body)
    linter.finish_content(True)
    return {type(note).__name__ for note in linter.notes if note.level.name in ("WARN", "BAD")}


@pytest.mark.parametrize(
    ("status", "method", "route", "fields"),
    [
        pytest.param(200, "GET", "files", {}, id="the whole"),
        pytest.param(200, "GET", "saved", {}, id="the whole, to be saved"),
        pytest.param(200, "HEAD", "files", {}, id="its head"),
        pytest.param(200, "HEAD", "files", {"Range": "bytes=0-99"}, id="its head, and a range"),
        pytest.param(200, "GET", "files", {"Range": "lines=0-99"}, id="a range in another unit"),
        pytest.param(206, "GET", "files", {"Range": "bytes=0-99"}, id="a part"),
        pytest.param(206, "GET", "files", {"Range": "bytes=-1"}, id="the last byte"),
        pytest.param(416, "GET", "files", {"Range": "bytes=99999-"}, id="a part that is not there"),
        pytest.param(304, "GET", "files", {"If-None-Match": "*"}, id="not modified"),
        pytest.param(304, "HEAD", "fresh", {"If-None-Match": "*"}, id="not modified, by HEAD"),
        pytest.param(412, "GET", "files", {"If-Match": '"other"'}, id="another version"),
        pytest.param(412, "GET", "files", {"If-Unmodified-Since": PAST}, id="a later version"),
        pytest.param(404, "GET", "files/missing", {}, id="no such file"),
        pytest.param(405, "DELETE", "files", {}, id="another method"),
    ],
)
def test_httplint_has_nothing_to_complain_of(exchange, status, method, route, fields):
    request = (method, f"/{route}/text.txt", *fields.items())
    answer = exchange(*request)
    assert answer.status == status
    assert complaints(request, answer) == set()


def test_httplint_wants_no_more_of_several_parts_than_a_field_that_must_not_be_there(exchange, note_fault):
    request = ("GET", "/files/text.txt", ("Range", "bytes=0-99,900-999"))
    answer = exchange(*request)
    assert answer.values("Content-Type")[0].startswith("multipart/byteranges")
    # RFC 9110, Section 15.3.7.2: MUST NOT generate a Content-Range in the header section of a multipart response.
    complained = complaints(request, answer)
    note_fault(ASKS_FOR_A_RANGE, shows="PARTIAL_WITHOUT_RANGE" in complained)
    assert complained <= {"PARTIAL_WITHOUT_RANGE"}
