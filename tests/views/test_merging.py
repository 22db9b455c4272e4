"""What is set on an injected object becomes part of the answer, and of that alone."""

from __future__ import annotations

import pytest
from responses.wsgi_calls import call
from werkzeug.wrappers import Response as WerkzeugResponse

from wsgiresp._views.injection import Injected
from wsgiresp._views.merging import additions, is_made_later, is_used, merged
from wsgiresp.responses import (
    BackgroundTask,
    BackgroundTasks,
    FileResponse,
    JSONResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)


@pytest.fixture
def injected():
    return Injected({"response": Response, "tasks": BackgroundTasks})


def test_an_untouched_object_changes_nothing(injected):
    response = PlainTextResponse("a")
    assert merged(response, injected) is response
    assert not is_used(injected)


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(StreamingResponse, id="ours"),
        pytest.param(WerkzeugResponse, id="werkzeug's"),
    ],
)
def test_tasks_that_a_stream_adds_are_run(injected, made):
    ran = []

    def chunks():
        yield b"a"
        injected.tasks.add_task(ran.append, 1)

    assert call(merged(made(chunks()), injected)).body == b"a"
    assert ran == [1]


@pytest.mark.parametrize(
    ("content", "claim"),
    [
        pytest.param(iter(()), True, id="an iterator"),
        pytest.param(StreamingResponse(["a"]), True, id="a stream"),
        pytest.param(WerkzeugResponse(iter(())), True, id="a stream of werkzeug's"),
        pytest.param(WerkzeugResponse("a"), False, id="text of werkzeug's"),
        pytest.param(WerkzeugResponse(iter(()), direct_passthrough=True), False, id="a file of werkzeug's"),
        pytest.param(FileResponse(__file__), False, id="a file"),
        pytest.param(JSONResponse({}), False, id="a document"),
        pytest.param({}, False, id="a dict"),
    ],
)
def test_what_is_made_later_is_known(content, claim):
    assert is_made_later(content) is claim


def test_without_objects_nothing_is_changed():
    response = PlainTextResponse("a")
    assert merged(response, Injected({})) is response


def test_a_status_is_that_of_the_answer(injected):
    injected.response.status_code = 202
    assert call(merged(PlainTextResponse("a"), injected)).status == "202 Accepted"


def test_a_status_that_was_set_to_200_counts(injected):
    injected.response.status_code = 200
    assert call(merged(PlainTextResponse("a", 201), injected)).status == "200 OK"


def test_a_status_line_is_kept(injected):
    injected.response.status = "299 Own"
    assert call(merged(PlainTextResponse("a"), injected)).status == "299 Own"


def test_a_field_replaces_those_of_its_name(injected):
    injected.response.headers["X-A"] = "2"
    assert call(merged(PlainTextResponse("a", headers=[("x-a", "0"), ("x-a", "1")]), injected)).values("X-A") == ["2"]


def test_a_field_may_stand_more_than_once(injected):
    injected.response.headers.append("Link", "</a>")
    injected.response.headers.append("link", "</b>")
    assert call(merged(PlainTextResponse("a"), injected)).values("Link") == ["</a>", "</b>"]


def test_cookies_are_added(injected):
    response = PlainTextResponse("a")
    response.set_cookie("a", "1")
    injected.response.set_cookie("b", "2")
    injected.response.delete_cookie("c")
    cookies = call(merged(response, injected)).values("Set-Cookie")
    assert [cookie.partition("=")[0] for cookie in cookies] == ["a", "b", "c"]


def test_vary_is_added(injected):
    injected.response.headers["Vary"] = "Accept"
    assert call(merged(PlainTextResponse("a", headers={"Vary": "Cookie"}), injected)).values("Vary") == [
        "Cookie",
        "Accept",
    ]


def test_a_content_type_replaces_that_of_the_answer(injected):
    injected.response.headers["Content-Type"] = "application/problem+json"
    assert call(merged(JSONResponse({}), injected)).values("Content-Type") == ["application/problem+json"]


def test_a_content_length_is_left_out(injected):
    injected.response.headers["Content-Length"] = "5"
    assert call(merged(PlainTextResponse("a"), injected)).values("Content-Length") == ["1"]


def test_one_of_ours_is_copied(injected):
    constant = PlainTextResponse("a")
    injected.response.headers["X-A"] = "1"
    assert merged(constant, injected) is not constant
    assert call(constant).values("X-A") == []


def test_one_of_werkzeugs_is_changed(injected):
    response = WerkzeugResponse("a")
    injected.response.headers["X-A"] = "1"
    injected.response.status_code = 201
    assert merged(response, injected) is response
    assert (response.headers["X-A"], response.status_code) == ("1", 201)


def test_callbacks_are_called_on_close(injected):
    closed = []
    injected.response.call_on_close(lambda: closed.append(1))
    call(merged(PlainTextResponse("a"), injected))
    assert closed == [1]


@pytest.mark.parametrize("kind", [PlainTextResponse, WerkzeugResponse])
def test_tasks_are_run_once(injected, kind):
    ran = []
    injected.tasks.add_task(ran.append, 1)
    call(merged(kind("a"), injected))
    assert ran == [1]


@pytest.mark.parametrize(
    "own",
    [
        pytest.param(lambda ran: BackgroundTask(ran.append, 1), id="a task"),
        pytest.param(lambda ran: BackgroundTasks([BackgroundTask(ran.append, 1)]), id="tasks"),
        pytest.param(lambda ran: lambda: ran.append(1), id="a function"),
    ],
)
def test_tasks_come_behind_those_of_the_answer(injected, own):
    ran = []
    response = PlainTextResponse("a", background=own(ran))
    injected.response.background = BackgroundTask(ran.append, 2)
    injected.tasks.add_task(ran.append, 3)
    call(merged(response, injected))
    assert ran == [1, 2, 3]


def test_a_task_that_fails_stops_none_of_the_others(injected, caplog):
    ran = []

    def fail():
        raise LookupError

    injected.tasks.add_task(ran.append, 1)
    call(merged(PlainTextResponse("a", background=fail), injected))
    assert ran == [1]


def test_tasks_that_are_added_meanwhile_are_run(injected):
    ran = []
    injected.tasks.add_task(lambda: injected.tasks.add_task(ran.append, 1))
    call(merged(PlainTextResponse("a", background=lambda: None), injected))
    assert ran == [1]


def test_a_passed_through_body_runs_tasks_too(injected):
    ran = []
    injected.tasks.add_task(ran.append, 1)
    answer = call(merged(WerkzeugResponse([b"a"], direct_passthrough=True), injected))
    assert (answer.body, ran) == (b"a", [1])


@pytest.mark.parametrize(
    ("body", "content_type"),
    [(b"", "text/plain; charset=utf-8"), (b"\xff", "application/octet-stream")],
    ids=["without a body", "with a body"],
)
def test_the_object_itself_may_be_the_answer(injected, body, content_type):
    injected.response.status_code = 202
    if body:
        injected.response.body = body
    answer = call(merged(injected.response, injected))
    assert (answer.status, answer.body, answer.values("Content-Type")) == ("202 Accepted", body, [content_type])


def test_the_content_type_of_the_object_itself_is_kept(injected):
    injected.response.headers["Content-Type"] = "text/csv"
    assert call(merged(injected.response, injected)).values("Content-Type") == ["text/csv"]


def test_additions_are_what_was_set_and_nothing_else():
    injected = Injected({"response": Response, "tasks": BackgroundTasks})
    injected.response.headers["X-A"] = "1"
    injected.response.headers["Content-Length"] = "7"
    injected.response.status_code = 201
    injected.tasks.add_task(print)
    added = additions(injected)
    assert (added.chosen_status, list(added.headers)) == ("201 Created", [("X-A", "1")])
    assert len(added.background.tasks) == 1


def test_additions_of_tasks_alone_have_no_status():
    added = additions(Injected({"tasks": BackgroundTasks}))
    assert (added.chosen_status, list(added.headers), added.background) == (None, [], None)
