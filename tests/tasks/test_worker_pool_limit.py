"""More tasks than the pool may run at a time: which callers wait for a slot, and which do not."""

from __future__ import annotations

import gevent
import pytest
from gevent.event import Event
from runtime.runners import PATIENCE, in_greenlet, run_others
from tasks.fake_tasks import BlockingTask, submit

from wsgiresp._tasks import worker_pool

pytestmark = pytest.mark.usefixtures("fresh_pool")


def test_the_callers_of_a_full_pool_wait():
    worker_pool.configure(limit=1)
    steps = [BlockingTask(), BlockingTask(), BlockingTask()]
    callers = [gevent.spawn(submit, step) for step in steps]
    run_others()
    assert [caller.ready() for caller in callers] == [True, False, False]
    steps[0].may_end.set()
    assert steps[1].has_begun.wait(PATIENCE)
    run_others()
    assert [caller.ready() for caller in callers] == [True, True, False]
    for step in steps:
        step.may_end.set()
    gevent.joinall(callers, timeout=PATIENCE)
    assert steps[2].has_begun.wait(PATIENCE)


def test_the_task_of_a_caller_that_is_killed_while_it_waits_is_run(blocking):
    worker_pool.configure(limit=1)
    in_greenlet(submit, blocking)
    second = BlockingTask()
    caller = gevent.spawn(submit, second)
    run_others()
    caller.kill()
    blocking.may_end.set()
    assert second.has_begun.wait(PATIENCE)
    second.may_end.set()


def test_a_task_in_a_full_pool_runs_its_own_tasks_itself():
    worker_pool.configure(limit=1)
    seen: list[str] = []
    is_done = Event()

    def step():
        submit(lambda: seen.append("inner"))
        seen.append("outer")
        is_done.set()

    in_greenlet(submit, step)
    assert is_done.wait(PATIENCE)
    assert seen == ["inner", "outer"]


def test_a_task_may_wait_for_a_greenlet_that_submits_a_task():
    worker_pool.configure(limit=1)
    seen: list[str] = []
    is_done = Event()

    def step():
        gevent.spawn(submit, lambda: seen.append("inner")).join(PATIENCE)
        seen.append("outer")
        is_done.set()

    in_greenlet(submit, step)
    assert is_done.wait(PATIENCE)
    assert seen == ["inner", "outer"]


def test_a_task_in_a_pool_below_its_limit_does_not_wait_for_its_own_task(blocking):
    is_done = Event()

    def step():
        submit(blocking)
        is_done.set()

    in_greenlet(submit, step)
    assert is_done.wait(PATIENCE)


def test_a_greenlet_of_an_ended_task_waits_for_a_full_pool(blocking):
    worker_pool.configure(limit=1)
    may_go_on = Event()
    children = []

    def child():
        may_go_on.wait(PATIENCE)
        submit(lambda: None)

    in_greenlet(submit, lambda: children.append(gevent.spawn(child)))
    run_others()
    in_greenlet(submit, blocking)
    may_go_on.set()
    run_others()
    assert not children[0].ready()
    blocking.may_end.set()
    children[0].get(timeout=PATIENCE)


def test_a_raised_limit_takes_effect_at_the_next_submission(blocking):
    worker_pool.configure(limit=1)
    waiting = BlockingTask()
    in_greenlet(submit, blocking)
    caller = gevent.spawn(submit, waiting)
    run_others()
    worker_pool.configure(limit=3)
    in_greenlet(submit, lambda: None)
    caller.get(timeout=PATIENCE)
    waiting.may_end.set()
