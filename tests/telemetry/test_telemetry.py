"""sentry-sdk and OpenTelemetry around responses: traces, reports, and what is left behind.

The requests are made in a process for each tool, by ``scenarios.py``: 17 requests to applications of Flask, Django and
bare WSGI, in a greenlet of a hub and in a thread. Each test makes one claim of all of them.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys

import pytest
from known_faults import Fault

MODULES = {"sentry": "sentry_sdk", "opentelemetry": "opentelemetry.instrumentation.flask"}
# A stream that is aborted, and one that fails before its first chunk, are no complete answers.
# A generator whose close() comes before its first step does nothing, and so does that of the body inside of it.
CLOSES_NOTHING_UNREAD = Fault(
    "opentelemetry-instrumentation-wsgi",
    "tests/telemetry/test_telemetry.py, CLOSES_NOTHING_UNREAD",
    "neither closes a body that is closed before it is read, nor ends its span",
)
WHOLE = {
    "text": "text",
    "text-async": "text",
    "failing-task": "text",
    "failing-task-async": "text",
    "file": "".join(map(chr, range(10, 20))),
    "events": ": open\ndata: 0\n\ndata: 1\n\n",
    "events-async": ": open\ndata: 0\n\ndata: 1\n\n",
    "lines": '{"data":"0"}\n{"data":"1"}\n',
    "lines-async": '{"data":"0"}\n{"data":"1"}\n',
}
FAILING = ("failing-task", "failing-task-async", "failing-lines", "failing-lines-async", "failing-first")


@functools.cache
def outcomes(tool):
    """Return what was seen, by framework, runner and request."""
    for module in ("flask", "django", MODULES[tool].partition(".")[0]):
        pytest.importorskip(module)
    ran = subprocess.run(
        [sys.executable, "-m", "telemetry.scenarios", tool],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert ran.returncode == 0, ran.stderr
    return {tuple(key.split(" ")): outcome for key, outcome in json.loads(ran.stdout).items()}


@pytest.fixture(params=MODULES)
def seen(request):
    """What the tool saw of each request, without the one that shows a known fault."""
    found = outcomes(request.param)
    faulty = ("wsgi", "unread") if request.param == "opentelemetry" else ()
    return {key: outcome for key, outcome in found.items() if (key[0], key[2]) != faulty}


@pytest.fixture
def sentry():
    """What sentry-sdk saw of each request."""
    return outcomes("sentry")


@pytest.fixture
def opentelemetry():
    """What OpenTelemetry saw of each request."""
    return outcomes("opentelemetry")


def test_the_answer_is_that_without_the_tool(seen):
    bodies = {key: outcome["body"] for key, outcome in seen.items() if key[2] in WHOLE}
    assert bodies == {key: WHOLE[key[2]] for key in bodies}
    assert len(bodies) == 6 * len(WHOLE)


def test_a_view_its_source_and_its_task_are_in_the_trace_of_the_request(seen):
    elsewhere = {
        (*key, place): trace
        for key, outcome in seen.items()
        for place, trace in outcome["seen"].items()
        if place != "after" and trace != outcome["trace"]
    }
    assert elsewhere == {}


@pytest.mark.parametrize("place", ["view", "task"])
def test_every_view_and_every_task_ran(seen, place):
    assert [key for key, outcome in seen.items() if place not in outcome["seen"]] == []


def test_a_source_whose_client_has_left_or_that_is_aborted_is_closed_in_the_trace(seen):
    closed = [outcome for key, outcome in seen.items() if key[2].startswith("endless")]
    assert [outcome["seen"]["closed"] for outcome in closed] == [outcome["trace"] for outcome in closed]


def test_nothing_of_a_request_is_left_in_the_context_of_the_server(seen):
    assert {outcome["seen"]["after"] for outcome in seen.values()} == {"unchanged"}


def test_the_tool_complains_of_no_context_that_cannot_be_left(seen):
    assert [line for outcome in seen.values() for line in outcome["logged"]] == []


def test_a_request_has_one_span_in_its_trace(seen):
    assert [key for key, outcome in seen.items() if outcome["spans"] != [outcome["trace"]]] == []


def test_no_stream_stays_open(seen):
    assert [key for key, outcome in seen.items() if outcome["streams"]] == []


def test_a_stream_that_is_aborted_breaks_the_transfer(seen):
    errors = {outcome["error"] for key, outcome in seen.items() if key[2].startswith("endless-lines")}
    assert errors == {"BrokenPipeError"}


def test_sentry_is_told_once_of_what_failed_and_of_nothing_else(sentry):
    reported = {key: [line.partition(":")[0] for line in outcome["reported"]] for key, outcome in sentry.items()}
    assert reported == {key: ["ZeroDivisionError"] if key[2] in FAILING else [] for key in sentry}


@pytest.mark.parametrize(
    ("request_name", "task"), [("failing-task", "Views.fail_task"), ("failing-task-async", "Views.fail_task_async")]
)
def test_sentry_is_told_the_name_of_a_task_that_failed(sentry, request_name, task):
    lines = [line for key, outcome in sentry.items() if key[2] == request_name for line in outcome["reported"]]
    assert len(lines) == 6
    assert [line for line in lines if f"<BackgroundTask {task}>" not in line] == []


def test_a_span_that_a_source_keeps_from_step_to_step_ends_once_in_the_trace(opentelemetry):
    expected = {
        key: [] if key[2].startswith(("text", "unread", "file", "failing-task")) else [outcome["trace"]]
        for key, outcome in opentelemetry.items()
    }
    assert {key: outcome["source_spans"] for key, outcome in opentelemetry.items()} == expected


@pytest.mark.parametrize("runner", ["under_hub", "in_thread"])
def test_a_body_that_is_closed_unread_runs_its_task_and_ends_its_span(opentelemetry, note_fault, runner):
    outcome = opentelemetry["wsgi", runner, "unread"]
    is_whole = ("task" in outcome["seen"], outcome["spans"]) == (True, [outcome["trace"]])
    assert is_whole or ("task" in outcome["seen"], outcome["spans"]) == (False, [])
    note_fault(CLOSES_NOTHING_UNREAD, shows=not is_whole)


def test_the_span_of_the_wsgi_middleware_ends_after_the_last_byte(opentelemetry):
    spans = [outcome for key, outcome in opentelemetry.items() if key[0] == "wsgi" and key[2] != "unread"]
    assert [outcome["span_ended_after_last_byte"] for outcome in spans] == [True] * 32


def test_the_span_of_the_wsgi_middleware_has_the_error_of_a_stream_once(opentelemetry):
    failed = [
        outcome["reported"]
        for (framework, _, name), outcome in opentelemetry.items()
        if framework == "wsgi" and name in ("failing-lines", "failing-lines-async", "failing-first")
    ]
    assert failed == [["ZeroDivisionError"]] * 6


def test_the_file_wrapper_of_the_server_gets_through_the_instrumentations_of_frameworks(opentelemetry):
    files = {key[:2]: outcome["is_wrapped"] for key, outcome in opentelemetry.items() if key[2] == "file"}
    assert {key: files[key] for key in files if key[0] != "wsgi"} == {
        (framework, runner): True for framework in ("flask", "django") for runner in ("under_hub", "in_thread")
    }
