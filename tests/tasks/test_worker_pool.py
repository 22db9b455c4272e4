"""The worker pool: greenlets that run the tasks after the response."""

from __future__ import annotations

import contextvars

import gevent
import pytest
from gevent.event import Event
from runtime.runners import PATIENCE, in_greenlet, run_others
from tasks.fake_tasks import submit

from wsgiresp._tasks import worker_pool
from wsgiresp.background import BackgroundTask, BackgroundTasks

pytestmark = pytest.mark.usefixtures("fresh_pool")


NAME = contextvars.ContextVar("name", default="none")


def test_the_main_greenlet_runs_a_task_itself_even_if_there_is_a_hub():
    gevent.get_hub()
    seen: list[str] = []
    submit(lambda: seen.append("done"))
    assert seen == ["done"]


def test_the_error_of_a_task_is_raised_in_the_main_greenlet():
    with pytest.raises(ZeroDivisionError):
        submit(lambda: 1 / 0)


def test_a_greenlet_of_the_hub_does_not_wait_for_its_task(blocking):
    in_greenlet(submit, blocking)
    assert blocking.has_begun.wait(PATIENCE)
    assert blocking.outcome == "not done"


@pytest.mark.parametrize("run", [lambda function: function(), in_greenlet], ids=["in the caller", "in the pool"])
def test_a_task_runs_in_the_context_it_was_submitted_with(run):
    seen: list[str] = []
    is_done = Event()

    def step():
        seen.append(NAME.get())
        NAME.set("task")
        gevent.sleep(0)
        seen.append(NAME.get())
        is_done.set()

    def close():
        NAME.set("view")
        context = contextvars.copy_context()
        NAME.set("next request")
        worker_pool.submit(step, context)

    run(close)
    assert is_done.wait(PATIENCE)
    assert seen == ["view", "task"]


def test_the_error_of_a_task_in_the_pool_is_logged(caplog):
    in_greenlet(submit, BackgroundTask(lambda: 1 / 0))
    run_others()
    (record,) = caplog.records
    assert (record.name, record.exc_info[0]) == ("wsgiresp", ZeroDivisionError)
    assert record.getMessage().endswith("<lambda>> failed after a response")


def test_a_keyboard_interrupt_in_the_pool_is_raised_in_the_main_greenlet(monkeypatch):
    # Keep the traceback off stderr.
    monkeypatch.setattr(gevent.get_hub(), "print_exception", lambda *_: None)

    def interrupt():
        raise KeyboardInterrupt

    def close_and_wait():
        in_greenlet(submit, interrupt)
        gevent.sleep(PATIENCE)

    with pytest.raises(KeyboardInterrupt):
        close_and_wait()


def test_tasks_run_in_order_and_those_that_a_task_adds_run_last():
    seen: list[int] = []
    is_done = Event()
    tasks = BackgroundTasks([BackgroundTask(seen.append, 1)])

    def add():
        seen.append(2)
        tasks.add_task(seen.append, 4)
        tasks.add_task(is_done.set)

    tasks.add_task(add)
    tasks.add_task(seen.append, 3)
    in_greenlet(submit, tasks)
    assert is_done.wait(PATIENCE)
    assert seen == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        pytest.param({"limit": 0}, "limit must be at least 1, got 0", id="no task"),
        pytest.param({"drain": -1}, "drain must be a number of seconds, 0 or more, got -1", id="less than 0 seconds"),
        pytest.param({"drain": float("nan")}, "drain must be .*, got nan", id="not a number"),
    ],
)
def test_an_invalid_setting_is_refused(settings, fault):
    with pytest.raises(ValueError, match=fault):
        worker_pool.configure(**settings)
