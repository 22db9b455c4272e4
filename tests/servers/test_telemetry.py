"""sentry-sdk and OpenTelemetry on gunicorn's gevent worker: what they report of streams, files and tasks."""

from __future__ import annotations

import contextlib
import re
import secrets

import pytest
from servers.http_client import TruncatedError
from servers.server_processes import cases, serve

APP = "telemetry_views:app"
GEVENT = cases("gunicorn:gevent")


@pytest.fixture(autouse=True)
def tools():
    """Skip the test where the tools are not installed."""
    for module in ("flask", "sentry_sdk", "opentelemetry"):
        pytest.importorskip(module)


def traced():
    """Return a new id of a trace, and the header field that names it."""
    trace = secrets.token_hex(16)
    return trace, ("traceparent", f"00-{trace}-{trace[:16]}-01")


def reported(log):
    """Return the lines about errors that sentry-sdk reported."""
    return re.findall(r"^event .*$", log, re.M)


def complaints(log):
    """Return the lines about contexts that could not be left."""
    return re.findall(r"^.*Failed to detach context.*$", log, re.M)


@pytest.mark.parametrize("name", GEVENT)
@pytest.mark.parametrize(
    ("target", "places"),
    [
        pytest.param("text", ["view", "task"], id="a text"),
        pytest.param("text-async", ["view", "task"], id="an asynchronous task"),
        pytest.param("file", ["view", "task"], id="a file"),
        pytest.param("events", ["view", "step 0", "step 1", "span source", "task"], id="an event stream"),
        pytest.param(
            "events-async", ["view", "step 0", "step 1", "span source", "task"], id="an asynchronous event stream"
        ),
        pytest.param("lines", ["view", "step 0", "step 1", "span source", "task"], id="JSON lines"),
        pytest.param("lines-async", ["view", "step 0", "step 1", "span source", "task"], id="asynchronous JSON lines"),
    ],
)
def test_all_of_a_request_is_in_its_trace_and_in_one_span(served, name, target, places):
    server = served(name, APP)
    trace, field = traced()
    assert server.exchange("GET", f"/{target}", field).status == 200
    server.log.wait_for(f"note task {trace}")
    server.log.wait_for(f"span .* {trace}")
    lines = re.findall(rf"^(?:note )?(.*) {trace}$", server.log.text, re.M)
    assert sorted(lines) == sorted([*places, f"span GET /{target}"])
    assert complaints(server.log.text) == []


@pytest.mark.parametrize("name", GEVENT)
def test_a_range_of_a_file_arrives(served, name):
    answer = served(name, APP).exchange("GET", "/file", ("Range", "bytes=10-19"))
    assert (answer.status, answer.body) == (206, bytes(range(10, 20)))


@pytest.mark.parametrize("name", GEVENT)
def test_each_error_is_reported_once(name):
    with serve(name, APP) as server:
        for target in ("failing-task", "failing-task-async", "failing-first"):
            server.exchange("GET", f"/{target}")
        for target in ("failing-lines", "failing-lines-async"):
            with pytest.raises(TruncatedError):
                server.exchange("GET", f"/{target}")
        log = server.stop()
    events = reported(log)
    assert [event.split()[1] for event in events] == ["ZeroDivisionError"] * 5
    for task in ("Views.fail_task", "Views.fail_task_async"):
        assert sum(f"<BackgroundTask {task}>" in event for event in events) == 1
    assert complaints(log) == []


@pytest.mark.parametrize("name", GEVENT)
def test_a_client_that_leaves_is_no_error(name):
    with serve(name, APP) as server:
        for target in ("endless", "endless-async"):
            trace, field = traced()
            with server.connect() as connection:
                connection.request("GET", f"/{target}", field)
                next(connection.pieces(connection.head()))
            server.log.wait_for(f"note closed {trace}")
            server.log.wait_for(f"note task {trace}")
        log = server.stop()
    assert (reported(log), complaints(log)) == ([], [])


@pytest.mark.parametrize("name", GEVENT)
def test_a_stream_that_is_aborted_with_its_worker_is_no_error(name):
    with contextlib.ExitStack() as stack:
        # Long enough for the tasks of the streams, which begin once these are aborted.
        server = stack.enter_context(serve(name, APP, "--graceful-timeout", "5"))
        for target in ("endless-lines", "endless-lines-async"):
            connection = stack.enter_context(server.connect())
            connection.request("GET", f"/{target}")
            next(connection.pieces(connection.head()))
        log = server.stop()
    assert "open streams are aborted" in log
    assert log.count("note closed") == 2
    assert (reported(log), complaints(log)) == ([], [])
