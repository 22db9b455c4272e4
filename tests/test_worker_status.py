"""``worker_status()``: what this process holds, read from any thread or greenlet."""

from __future__ import annotations

import os
import sys
import threading

import gevent
import pytest
from process_fixtures import forget
from runtime.runners import PATIENCE, everywhere, in_greenlet, in_thread, run_others, wait_until
from tasks.fake_tasks import BlockingTask, submit
from werkzeug.test import Client, create_environ

from wsgiresp import WorkerStatus, worker_status
from wsgiresp._runtime.process import PROCESS, ProcessPart, part
from wsgiresp._tasks.worker_pool import configure
from wsgiresp.responses import EventSourceResponse, JSONResponse, StreamingResponse
from wsgiresp.testing import visit

pytestmark = pytest.mark.usefixtures("fresh_streams", "fresh_pool")


@pytest.fixture
def started():
    """Return ``started(count)``: that many new tasks, submitted each by a greenlet of its own."""
    tasks: list[BlockingTask] = []

    def start(count):
        new = [BlockingTask(f"task {number}") for number in range(count)]
        for task in new:
            gevent.spawn(submit, task)
        tasks.extend(new)
        run_others()
        return new

    yield start
    for task in tasks:
        task.may_end.set()
    wait_until(lambda: worker_status().tasks_waiting == 0)


def endless():
    while True:
        yield "tick"
        gevent.sleep(PATIENCE)


@everywhere
def test_a_process_that_has_done_nothing_holds_nothing(run, monkeypatch):
    monkeypatch.setattr(PROCESS, "parts", {})
    assert run(worker_status) == WorkerStatus(0, 0, 0, 0, 0)
    assert PROCESS.parts == {}


@everywhere
def test_an_open_stream_is_counted_until_it_is_closed(run):
    with visit(EventSourceResponse(endless())) as visitor:
        visitor.next_event()
        assert run(worker_status) == WorkerStatus(streams=1)
    assert run(worker_status) == WorkerStatus()


def test_a_stream_of_another_thread_is_counted():
    counted = []
    environ = create_environ()

    def read():
        body = StreamingResponse(iter([b"a", b"b"]))(environ, lambda *_: None)
        next(body)
        counted.append(worker_status().streams)
        body.close()

    in_thread(read)
    assert (counted, worker_status().streams) == ([1], 0)


def test_tasks_that_run_and_tasks_that_wait_for_a_slot_are_told_apart(started):
    configure(limit=2)
    first, *_ = started(5)
    assert worker_status() == WorkerStatus(tasks_running=2, tasks_waiting=3)
    first.may_end.set()
    wait_until(lambda: worker_status() == WorkerStatus(tasks_running=2, tasks_waiting=2))


def test_the_tasks_of_every_hub_are_counted(started, blocking):
    started(1)
    counted = []

    def other_hub():
        in_greenlet(submit, blocking)
        counted.append(worker_status().tasks_running)
        blocking.may_end.set()
        run_others()

    in_thread(other_hub)
    assert (counted, worker_status().tasks_running) == ([2], 1)


def test_a_task_in_the_thread_of_its_request_runs():
    counted = []
    in_thread(submit, lambda: counted.append(worker_status()))
    assert counted == [WorkerStatus(tasks_running=1)]


def test_a_task_may_ask_and_counts_itself():
    counted = []
    in_greenlet(submit, lambda: counted.append(worker_status().tasks_running))
    run_others()
    assert counted == [1]


def test_a_failed_task_is_not_counted(caplog):
    in_greenlet(submit, lambda: 1 / 0)
    run_others()
    assert worker_status() == WorkerStatus()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_holds_nothing(started):
    configure(limit=1)
    started(2)
    with visit(EventSourceResponse(endless())) as visitor:
        visitor.next_event()
        assert worker_status() == WorkerStatus(streams=1, tasks_running=1, tasks_waiting=1)
        child = os.fork()
        if child == 0:
            os._exit(worker_status() != WorkerStatus())
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_another_layer_contributes_by_a_part_of_its_own():
    class Subscriptions(ProcessPart):
        def counts(self):
            return {"subscribers": 3, "subscribers_direct": 2}

    part(Subscriptions)
    try:
        assert worker_status() == WorkerStatus(subscribers=3, subscribers_direct=2)
    finally:
        forget(Subscriptions)


def test_a_count_without_a_field_is_refused():
    class Misspelt(ProcessPart):
        def counts(self):
            return {"subscriber": 1}

    part(Misspelt)
    try:
        with pytest.raises(TypeError, match="subscriber"):
            worker_status()
    finally:
        forget(Misspelt)


def test_another_thread_may_start_and_end_tasks_meanwhile():
    before = sys.getswitchinterval()
    is_over = threading.Event()

    def churn():
        while not is_over.is_set():
            in_greenlet(submit, lambda: None)

    thread = threading.Thread(target=churn)
    sys.setswitchinterval(1e-6)
    thread.start()
    try:
        seen = [worker_status() for _ in range(500)]
    finally:
        is_over.set()
        thread.join(PATIENCE)
        sys.setswitchinterval(before)
    assert {type(status) for status in seen} == {WorkerStatus}


def test_a_status_cannot_be_changed():
    with pytest.raises(AttributeError):
        worker_status().streams = 1


def test_a_status_is_a_json_object():
    answer = Client(JSONResponse(worker_status())).get("/")
    assert answer.json == {
        "streams": 0,
        "subscribers": 0,
        "subscribers_direct": 0,
        "tasks_running": 0,
        "tasks_waiting": 0,
    }
