"""Tasks of bodies that nobody has closed: a worker thread runs them, and the caller does not wait."""

from __future__ import annotations

import contextvars
import threading

import gevent
import pytest
from runtime.runners import PATIENCE, everywhere

from wsgiresp._tasks import worker_pool
from wsgiresp.background import AfterResponse, BackgroundTask

pytestmark = pytest.mark.usefixtures("fresh_pool")


@everywhere
def test_a_worker_thread_runs_the_task(run):
    is_done, threads = threading.Event(), []

    def task():
        threads.append(threading.get_ident())
        is_done.set()

    def call():
        worker_pool.submit_to_thread(task, contextvars.copy_context())
        return threading.get_ident()

    caller = run(call)
    assert is_done.wait(PATIENCE)
    assert threads[0] not in (caller, threading.get_ident())


def test_after_a_drain_the_task_is_not_run_and_its_name_is_logged(caplog):
    worker_pool.drain(0)
    worker_pool.submit_to_thread(BackgroundTask(print), contextvars.copy_context())
    assert caplog.messages == ["<BackgroundTask print()> was not run: the process is shutting down"]


def test_the_background_of_a_body_runs_in_the_context_of_its_view():
    name = contextvars.ContextVar("name", default="none")
    seen: list[str] = []
    is_done = threading.Event()

    def task():
        seen.append(name.get())
        is_done.set()

    def view():
        name.set("view")
        AfterResponse(BackgroundTask(task)).run_in_worker_thread()

    gevent.spawn(view).get(timeout=PATIENCE)
    assert is_done.wait(PATIENCE)
    assert seen == ["view"]


def test_the_error_of_the_task_is_logged(caplog):
    worker_pool.submit_to_thread(BackgroundTask(lambda: 1 / 0), contextvars.copy_context())
    worker_pool.drain(PATIENCE)
    (record,) = caplog.records
    assert record.exc_info[0] is ZeroDivisionError
