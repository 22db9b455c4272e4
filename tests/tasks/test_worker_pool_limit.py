"""More tasks than the pool may run at a time: which callers wait for a slot, and which do not."""

from __future__ import annotations

import gevent
import pytest
from gevent.event import Event
from runtime.runners import PATIENCE, in_greenlet, run_others
from tasks.fake_tasks import Blocking, do

from wsgiresp._tasks import worker_pool

pytestmark = pytest.mark.usefixtures("fresh_pool")


def test_a_full_pool_lets_its_callers_wait():
    worker_pool.configure(limit=1)
    steps = [Blocking(), Blocking(), Blocking()]
    callers = [gevent.spawn(do, step) for step in steps]
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


def test_the_work_of_a_caller_that_is_killed_while_it_waits_is_done(blocking):
    worker_pool.configure(limit=1)
    in_greenlet(do, blocking)
    second = Blocking()
    caller = gevent.spawn(do, second)
    run_others()
    caller.kill()
    blocking.may_end.set()
    assert second.has_begun.wait(PATIENCE)
    second.may_end.set()


def test_a_work_in_a_full_pool_does_its_own_on_the_spot():
    worker_pool.configure(limit=1)
    seen: list[str] = []
    is_done = Event()

    def step():
        do(lambda: seen.append("inner"))
        seen.append("outer")
        is_done.set()

    in_greenlet(do, step)
    assert is_done.wait(PATIENCE)
    assert seen == ["inner", "outer"]


def test_a_work_may_wait_for_a_greenlet_that_has_a_work_of_its_own():
    worker_pool.configure(limit=1)
    seen: list[str] = []
    is_done = Event()

    def step():
        gevent.spawn(do, lambda: seen.append("inner")).join(PATIENCE)
        seen.append("outer")
        is_done.set()

    in_greenlet(do, step)
    assert is_done.wait(PATIENCE)
    assert seen == ["inner", "outer"]


def test_a_work_in_a_pool_with_room_does_not_wait_for_its_own(blocking):
    is_done = Event()

    def step():
        do(blocking)
        is_done.set()

    in_greenlet(do, step)
    assert is_done.wait(PATIENCE)


def test_a_child_of_a_work_that_is_done_waits_for_its_place(blocking):
    worker_pool.configure(limit=1)
    may_go_on = Event()
    children = []

    def child():
        may_go_on.wait(PATIENCE)
        do(lambda: None)

    in_greenlet(do, lambda: children.append(gevent.spawn(child)))
    run_others()
    in_greenlet(do, blocking)
    may_go_on.set()
    run_others()
    assert not children[0].ready()
    blocking.may_end.set()
    children[0].get(timeout=PATIENCE)


def test_a_higher_limit_lets_in_with_the_next(blocking):
    worker_pool.configure(limit=1)
    waiting = Blocking()
    in_greenlet(do, blocking)
    caller = gevent.spawn(do, waiting)
    run_others()
    worker_pool.configure(limit=3)
    in_greenlet(do, lambda: None)
    caller.get(timeout=PATIENCE)
    waiting.may_end.set()
