"""Background tasks run before the request is over, or look after their connections themselves."""

from __future__ import annotations

import threading

import gevent.event
import pytest
from asgiref.sync import sync_to_async
from django.core.signals import got_request_exception, request_finished
from django.db import connection, connections
from django.utils import translation
from django_apps import OURS, asked, asked_in_greenlet, greenlets_as_threads

from wsgiresp.responses import BackgroundTask, BackgroundTasks, EventSourceResponse, FileResponse, JSONResponse


@pytest.fixture(autouse=True)
def nothing_is_left_set():
    yield
    translation.deactivate_all()
    connections.close_all()


def connected():
    """Return the connection of this thread or greenlet, open."""
    connection.ensure_connection()
    return connections["default"]


def answering(task, made=JSONResponse):
    return lambda request: made({}, background=task)


def test_a_task_runs_before_the_request_is_over():
    said = []

    def tell(**_):
        said.append("over")

    request_finished.connect(tell)
    try:
        asked(answering(BackgroundTask(said.append, "task")))
    finally:
        request_finished.disconnect(tell)
    assert said == ["task", "over"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_task_runs_once(method):
    ran = []
    asked(answering(BackgroundTask(ran.append, 1)), method=method)
    assert ran == [1]


def test_a_task_of_a_file_runs_after_it_is_closed(tmp_path):
    (tmp_path / "a").write_bytes(b"a")
    handle = (tmp_path / "a").open("rb")
    seen = []
    task = BackgroundTask(lambda: seen.append(handle.closed))
    asked(lambda request: FileResponse(handle, background=task))
    assert seen == [True]


async def tell_later(said):
    said.append(translation.get_language())


@pytest.mark.parametrize(
    "task",
    [
        pytest.param(lambda said: BackgroundTask(lambda: said.append(translation.get_language())), id="a task"),
        pytest.param(lambda said: BackgroundTask(tell_later, said), id="an async task"),
        pytest.param(lambda said: lambda: said.append(translation.get_language()), id="a function"),
    ],
)
@pytest.mark.parametrize("place", [asked, asked_in_greenlet], ids=["in a thread", "in a greenlet"])
def test_a_task_has_the_thread_locals_of_the_view(task, place):
    said = []

    def view(request):
        translation.activate("de")
        return JSONResponse({}, background=task(said))

    place(view)
    until(lambda: said)
    assert said == ["de"]


def until(claim):
    """Let others run until *claim* holds."""
    for _ in range(1000):
        if claim():
            return
        gevent.sleep(0.001)


def test_a_task_in_the_thread_of_the_request_leaves_its_connection():
    seen = []
    asked(answering(BackgroundTask(lambda: seen.append(connected()))))
    assert seen[0].connection is not None


def test_a_task_in_a_greenlet_closes_its_connection():
    with greenlets_as_threads():
        seen = []
        is_done = gevent.event.Event()

        def query():
            seen.append((threading.get_ident(), connected()))

        tasks = BackgroundTasks([BackgroundTask(query), BackgroundTask(is_done.set)])
        asked_in_greenlet(answering(tasks))
        assert is_done.wait(10)
        ((place, used),) = seen
        assert place != threading.get_ident()
        assert used.connection is None


@pytest.mark.parametrize("place", [asked, asked_in_greenlet], ids=["in a thread", "in a greenlet"])
def test_the_queries_of_an_async_task_are_made_in_the_waiting_thread(place):
    with greenlets_as_threads():
        seen = []

        async def query():
            seen.append(await sync_to_async(lambda: (threading.get_ident(), connected()))())

        is_done = gevent.event.Event()
        tasks = BackgroundTasks([BackgroundTask(query), BackgroundTask(is_done.set)])
        place(answering(tasks))
        assert is_done.wait(10)
        ((who, used),) = seen
        if place is asked:
            assert (who, used.connection is None) == (threading.get_ident(), False)
        else:
            assert used.connection is None


def fail(error=LookupError):
    raise error


def test_a_failure_is_logged_and_signalled_and_the_next_task_runs(caplog):
    told, ran = [], []

    def tell(request, **_):
        told.append(request.path)

    got_request_exception.connect(tell)
    try:
        tasks = BackgroundTasks([BackgroundTask(fail), BackgroundTask(ran.append, 1)])
        answer = asked(answering(tasks), raise_request_exception=False)
    finally:
        got_request_exception.disconnect(tell)
    assert (answer.status_code, told, ran) == (200, ["/"], [1])
    (record,) = (record for record in caplog.records if record.name == "wsgiresp")
    assert record.getMessage() == "<BackgroundTask fail> failed after a response"


def test_a_failure_is_raised_by_the_test_client():
    with pytest.raises(LookupError):
        asked(answering(BackgroundTask(fail)))


def test_an_exit_is_logged_and_no_error_of_a_request(caplog):
    assert asked(answering(BackgroundTask(fail, SystemExit))).status_code == 200
    assert "failed after a response" in caplog.text


def test_a_task_of_an_event_stream_runs_after_it():
    said = []

    def steps():
        try:
            yield "a"
        finally:
            said.append("closed")

    asked(lambda request: EventSourceResponse(steps(), background=BackgroundTask(said.append, "task")))
    assert said == ["closed", "task"]


def test_a_task_of_a_response_that_a_middleware_replaced_runs():
    ran = []
    asked(
        answering(BackgroundTask(ran.append, 1)),
        middleware=["django_apps.Replacing", OURS],
    )
    assert ran == [1]
