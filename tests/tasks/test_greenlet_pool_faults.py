"""Faults of the greenlet pool: what a slot needs cannot be made, and still no task is lost and no caller waits."""

from __future__ import annotations

import contextvars

import gevent
import pytest
from runtime.runners import PATIENCE, in_greenlet, run_others
from tasks.fake_tasks import BlockingTask, submit

from wsgiresp import worker_status
from wsgiresp._runtime.process import hub_part
from wsgiresp._tasks import greenlet_pool, worker_pool
from wsgiresp._tasks.greenlet_pool import WorkerPool
from wsgiresp.background import BackgroundTask

pytestmark = pytest.mark.usefixtures("fresh_pool")

PARTS = ["_PooledTask", "rawlink", "start"]


class Fault:
    """Lets one part of the start of a greenlet fail, *times* times."""

    def __init__(self, monkeypatch, name, times):
        self.left = times
        owner = greenlet_pool if name == "_PooledTask" else greenlet_pool._PooledTask
        if name == "_PooledTask":
            original = greenlet_pool._PooledTask.__init__
            owner, name = greenlet_pool._PooledTask, "__init__"
        else:
            original = getattr(owner, name)

        def failing(*arguments):
            if self.left:
                self.left -= 1
                raise MemoryError
            return original(*arguments)

        monkeypatch.setattr(owner, name, failing)


def counts():
    status = worker_status()
    return status.tasks_running, status.tasks_waiting


def wait_without_caller(step):
    """Have *step* wait for a slot, as that of a caller that was killed."""
    pool = hub_part(gevent.get_hub(), greenlet_pool.WorkerPool)
    pool._waiting.append(greenlet_pool._WaitingTask(step, contextvars.copy_context(), None))
    pool._start_waiting()


@pytest.mark.parametrize("name", PARTS)
def test_a_task_whose_greenlet_cannot_be_started_is_run_by_its_caller(monkeypatch, caplog, name):
    Fault(monkeypatch, name, 1)
    seen: list[object] = []
    caller = gevent.spawn(submit, BackgroundTask(lambda: seen.append(gevent.getcurrent())))
    caller.get(timeout=PATIENCE)
    run_others()
    assert seen == [caller]
    assert counts() == (0, 0)
    (record,) = caplog.records
    assert record.getMessage().endswith("was run without a greenlet: none could be started")
    assert record.exc_info[0] is MemoryError


def test_a_greenlet_that_was_scheduled_although_its_start_failed_runs_nothing(monkeypatch):
    start = greenlet_pool._PooledTask.start

    def failing(task):
        start(task)
        raise MemoryError

    monkeypatch.setattr(greenlet_pool._PooledTask, "start", failing)
    seen: list[str] = []
    in_greenlet(submit, lambda: seen.append("run"))
    run_others()
    assert seen == ["run"]


def test_the_error_of_a_task_that_its_caller_runs_is_raised_there(monkeypatch):
    Fault(monkeypatch, "start", 1)
    with pytest.raises(ZeroDivisionError):
        in_greenlet(submit, lambda: 1 / 0)


@pytest.mark.parametrize("name", PARTS)
def test_a_task_that_has_waited_for_a_slot_is_run_by_its_caller_where_no_greenlet_can_be_started(
    monkeypatch, blocking, name
):
    worker_pool.configure(limit=1)
    in_greenlet(submit, blocking)
    Fault(monkeypatch, name, 1)
    seen: list[object] = []
    caller = gevent.spawn(submit, lambda: seen.append(gevent.getcurrent()))
    run_others()
    assert counts() == (1, 1)
    blocking.may_end.set()
    caller.get(timeout=PATIENCE)
    assert seen == [caller]
    assert counts() == (0, 0)


def test_a_caller_whose_event_cannot_be_made_runs_its_task(monkeypatch, blocking):
    worker_pool.configure(limit=1)
    in_greenlet(submit, blocking)

    def no_event():
        raise MemoryError

    monkeypatch.setattr(greenlet_pool, "Event", no_event)
    seen: list[str] = []
    in_greenlet(submit, lambda: seen.append("run"))
    assert seen == ["run"]
    assert counts() == (1, 0)


def test_a_task_without_a_caller_waits_until_a_greenlet_can_be_started(monkeypatch, blocking):
    worker_pool.configure(limit=1)
    in_greenlet(submit, blocking)
    second, third = BlockingTask(), BlockingTask()
    for task in (second, third):
        in_greenlet(wait_without_caller, task)
    Fault(monkeypatch, "start", 1)
    blocking.may_end.set()
    run_others()
    assert counts() == (0, 2)
    for task in (second, third):
        task.may_end.set()
    in_greenlet(submit, lambda: None)
    assert second.has_begun.wait(PATIENCE)
    assert third.has_begun.wait(PATIENCE)


def test_a_drain_starts_what_could_not_be_started_before(monkeypatch):
    Fault(monkeypatch, "start", 1)
    seen: list[str] = []
    in_greenlet(wait_without_caller, lambda: seen.append("run"))
    run_others()
    assert seen == []
    worker_pool.drain(PATIENCE)
    assert seen == ["run"]


def test_a_drain_logs_what_cannot_be_started_and_returns(monkeypatch, caplog):
    Fault(monkeypatch, "start", 100)
    in_greenlet(wait_without_caller, BackgroundTask(print))
    worker_pool.drain(PATIENCE)
    assert caplog.messages == ["<BackgroundTask print()> was not run: the process is shutting down"]
    assert counts() == (0, 0)


def test_a_task_whose_caller_was_killed_waits_until_a_greenlet_can_be_started(monkeypatch, blocking):
    worker_pool.configure(limit=1)
    in_greenlet(submit, blocking)
    seen: list[str] = []
    caller = gevent.spawn(submit, lambda: seen.append("run"))
    run_others()
    caller.kill()
    Fault(monkeypatch, "start", 1)
    blocking.may_end.set()
    run_others()
    assert (seen, counts()) == ([], (0, 1))
    in_greenlet(submit, lambda: None)
    run_others()
    assert seen == ["run"]


def test_a_slot_whose_link_never_runs_is_found(monkeypatch):
    worker_pool.configure(limit=1)
    with monkeypatch.context() as patch:
        patch.setattr(greenlet_pool._PooledTask, "rawlink", lambda *_: None)
        in_greenlet(submit, lambda: None)
        run_others()
    assert counts() == (0, 0)
    seen: list[str] = []
    in_greenlet(submit, lambda: seen.append("run"))
    run_others()
    assert seen == ["run"]


def test_a_caller_whose_wake_up_is_lost_looks_again(monkeypatch, blocking):
    monkeypatch.setattr(greenlet_pool, "_SLOT_CHECK", 0.01)
    worker_pool.configure(limit=1)
    with monkeypatch.context() as patch:
        patch.setattr(greenlet_pool._PooledTask, "rawlink", lambda *_: None)
        in_greenlet(submit, blocking)
    seen: list[str] = []
    caller = gevent.spawn(submit, lambda: seen.append("run"))
    run_others()
    blocking.may_end.set()
    caller.get(timeout=PATIENCE)
    run_others()
    assert seen == ["run"]


def test_the_pool_holds_the_slots_of_running_tasks_alone(monkeypatch):
    for name in PARTS:
        with monkeypatch.context() as patch:
            Fault(patch, name, 1)
            in_greenlet(submit, lambda: None)
    run_others()
    pool = hub_part(gevent.get_hub(), WorkerPool)
    assert not pool._running
    assert not pool._waiting
