"""The demo under the server that ``examples/serve`` starts answers what its README says."""

from __future__ import annotations

import pytest
from examples.test_plain_app import EXAMPLES, OF_THE_CHECKOUT, bytes_of, rows
from servers.serving import cases, serve

OF_THE_SERVER = {"connection", "date", "server"}


@pytest.fixture(scope="module", params=cases("gunicorn:gevent"))
def demo(request):
    with serve(request.param, "plain_app:app", folder=EXAMPLES) as server:
        yield server


@pytest.mark.parametrize("row", list(rows()), ids=lambda row: row.request)
def test_an_answer_is_that_of_the_readme(demo, row):
    answer = demo.exchange(row.method, row.target)
    shown, more, _ = row.body.partition("…")
    listed = [f"Content-Type: {row.content_type}", *(row.headers.split("<br>") if row.headers else [])]
    left_out = OF_THE_SERVER | OF_THE_CHECKOUT
    if "Content-Length" not in row.headers:
        left_out.add("content-length")
    assert answer.status == int(row.status)
    assert sorted(f"{k}: {v}" for k, v in answer.fields if k.lower() not in left_out) == sorted(listed)
    assert (answer.body[: len(bytes_of(shown))] if more else answer.body) == bytes_of(shown)


def test_every_length_is_that_of_the_body(demo):
    for row in rows():
        if row.method != "HEAD":
            answer = demo.exchange(row.method, row.target)
            assert answer.values("Content-Length") == [str(len(answer.body))]


def test_one_connection_serves_every_row(demo):
    with demo.connect() as connection:
        statuses = [connection.exchange(row.method, row.target).status for row in rows()]
    assert statuses == [int(row.status) for row in rows()]


def test_the_log_tells_of_the_background_task(demo):
    demo.exchange("GET", "/background")
    assert demo.log.wait_for("plain_app: answered GET /background\n")
