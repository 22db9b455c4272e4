"""The demo under the server that ``examples/serve`` starts answers what its README says."""

from __future__ import annotations

import pytest
from examples.readme import EXAMPLES, OF_THE_CHECKOUT, rows, shows
from servers.serving import cases, serve

OF_THE_SERVER = {"connection", "date", "server", "transfer-encoding"}


@pytest.fixture(scope="module", params=cases("gunicorn:gevent"))
def demo(request):
    with serve(request.param, "demo:app", folder=EXAMPLES) as server:
        yield server


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.request)
def test_an_answer_is_that_of_the_readme(demo, row):
    answer = demo.exchange(row.method, row.target)
    listed = [f"Content-Type: {row.content_type}", *row.fields()]
    left_out = OF_THE_SERVER | OF_THE_CHECKOUT
    if "Content-Length" not in row.headers:
        left_out.add("content-length")
    assert answer.status == int(row.status)
    assert sorted(f"{k}: {v}" for k, v in answer.fields if k.lower() not in left_out) == sorted(listed)
    assert shows(row.body, answer.body)


def test_every_length_is_that_of_the_body(demo):
    for row in rows():
        if row.method != "HEAD":
            answer = demo.exchange(row.method, row.target)
            # A stream has none, and is chunked.
            assert answer.values("Content-Length") + answer.values("Transfer-Encoding") in (
                [str(len(answer.body))],
                ["chunked"],
            )


def test_one_connection_serves_every_row(demo):
    with demo.connect() as connection:
        statuses = [connection.exchange(row.method, row.target).status for row in rows()]
    assert statuses == [int(row.status) for row in rows()]


def test_the_log_tells_of_the_background_task(demo):
    demo.exchange("GET", "/background")
    assert demo.log.wait_for("plain_app: answered GET /background\n")


@pytest.mark.parametrize("framework", ["flask", "django"])
def test_the_views_of_a_framework_stand_below_a_path_of_their_own(demo, framework):
    answer = demo.exchange("GET", f"/{framework}/custom")
    assert (answer.status, answer.body, answer.values("X-Custom-Header")) == (200, b"Custom content", ["value"])


def test_nothing_is_left_of_the_files_of_the_demo(tmp_path):
    with serve("gunicorn:gevent", "demo:app", folder=EXAMPLES, environ={"TMPDIR": str(tmp_path)}) as server:
        server.exchange("GET", "/text")
        made = [path.name.partition("-")[0] for path in tmp_path.iterdir() if "_app-" in path.name]
    assert (sorted(made), list(tmp_path.iterdir())) == (["django_app", "flask_app"], [])
