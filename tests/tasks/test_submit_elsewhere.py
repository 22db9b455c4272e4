"""Tasks of bodies that nobody has closed: run soon, never in the caller, and the caller does not wait."""

from __future__ import annotations

import contextvars
import threading

import gevent
import pytest
from gevent.event import Event
from gevent.hub import Hub
from runtime.runners import PATIENCE, in_greenlet, in_main_greenlet, in_thread, run_others
from tasks.fake_tasks import BlockingTask, submit

from wsgiresp._tasks import worker_pool
from wsgiresp.background import AfterResponse, BackgroundTask

pytestmark = pytest.mark.usefixtures("fresh_pool")


def in_hub(function, *arguments):
    """Call *function* in the hub, as the callback of a finaliser's message is."""
    gevent.get_hub().loop.run_callback(function, *arguments)
    run_others()


def elsewhere(step):
    worker_pool.submit_elsewhere(step, contextvars.copy_context())


class Recorded:
    """A task that records the thread and the greenlet in which it runs."""

    def __init__(self):
        self.is_done = threading.Event()

    def __call__(self):
        self.thread, self.greenlet = threading.get_ident(), gevent.getcurrent()
        self.is_done.set()


@pytest.mark.parametrize("run", [in_hub, in_greenlet], ids=["in the hub", "in a greenlet"])
def test_under_a_hub_a_greenlet_of_the_pool_runs_the_task(run):
    task = Recorded()
    run(elsewhere, task)
    run_others()
    assert task.is_done.is_set()
    assert task.thread == threading.get_ident()
    assert isinstance(task.greenlet, gevent.Greenlet)
    assert not isinstance(task.greenlet, Hub)


@pytest.mark.parametrize("run", [in_main_greenlet, in_thread], ids=["in the main greenlet", "in a thread"])
def test_without_a_hub_a_worker_thread_runs_the_task(run):
    task, caller = Recorded(), []

    def call():
        caller.append(threading.get_ident())
        elsewhere(task)

    run(call)
    assert task.is_done.wait(PATIENCE)
    assert task.thread not in (caller[0], threading.get_ident())


def test_the_hub_does_not_wait_for_a_full_pool(blocking):
    worker_pool.configure(limit=1)
    in_greenlet(submit, blocking)
    second = BlockingTask()
    in_hub(elsewhere, second)
    assert worker_pool.task_counts() == (1, 1)
    assert not second.has_begun.is_set()
    blocking.may_end.set()
    second.may_end.set()
    assert second.has_begun.wait(PATIENCE)


@pytest.mark.parametrize("run", [in_hub, in_greenlet, in_main_greenlet])
def test_after_a_drain_the_task_is_not_run_and_its_name_is_logged(caplog, run):
    worker_pool.drain(0)
    run(elsewhere, BackgroundTask(print))
    run_others()
    assert caplog.messages == ["<BackgroundTask print()> was not run: the process is shutting down"]


def test_the_background_of_a_body_runs_elsewhere_in_the_context_of_its_view():
    name = contextvars.ContextVar("name", default="none")
    seen: list[str] = []
    is_done = Event()

    def task():
        seen.append(name.get())
        is_done.set()

    def view():
        name.set("view")
        AfterResponse(BackgroundTask(task)).run_elsewhere()

    in_greenlet(view)
    assert is_done.wait(PATIENCE)
    assert seen == ["view"]


def test_the_error_of_the_task_is_logged(caplog):
    in_greenlet(elsewhere, BackgroundTask(lambda: 1 / 0))
    run_others()
    (record,) = caplog.records
    assert record.exc_info[0] is ZeroDivisionError
