"""Drains of the pool: what they wait for, what they cut, and what they tell of it."""

from __future__ import annotations

import contextlib
import threading

import gevent
import pytest
from gevent.event import Event
from runtime.runners import PATIENCE, in_greenlet, run_others
from tasks.fake_tasks import Blocking, do

from wsgiresp._runtime.process import part
from wsgiresp._tasks import worker_pool
from wsgiresp._tasks.worker_pool import PoolState
from wsgiresp.background import BackgroundTask, BackgroundTasks

pytestmark = pytest.mark.usefixtures("fresh_pool")


@pytest.mark.parametrize("from_greenlet", [False, True], ids=["by the main greenlet", "by a greenlet of the hub"])
def test_a_drain_waits_for_what_runs(blocking, from_greenlet):
    in_greenlet(do, blocking)
    gevent.spawn_later(0.02, blocking.may_end.set)
    if from_greenlet:
        in_greenlet(worker_pool.drain, PATIENCE)
    else:
        worker_pool.drain(PATIENCE)
    assert blocking.outcome == "done"


def test_a_drain_without_a_limit_takes_the_one_that_is_configured(blocking):
    worker_pool.configure(drain=0)
    in_greenlet(do, blocking)
    worker_pool.drain()
    run_others()
    assert blocking.outcome != "done"


def test_a_drain_of_nothing_returns():
    worker_pool.drain(PATIENCE)
    assert part(PoolState).is_draining


def test_a_drain_lets_in_those_who_wait():
    worker_pool.configure(limit=1)
    first, second = Blocking(), Blocking()
    gevent.spawn(do, first)
    gevent.spawn(do, second)
    run_others()
    first.may_end.set()
    second.may_end.set()
    worker_pool.drain(PATIENCE)
    assert (first.outcome, second.outcome) == ("done", "done")


def test_nothing_is_begun_after_a_drain(caplog):
    seen: list[int] = []
    worker_pool.drain(0)
    in_greenlet(do, BackgroundTask(seen.append, 5))
    run_others()
    assert seen == []
    assert caplog.messages == ["<BackgroundTask list.append(int)> was not run: the process ends"]


def test_what_a_drain_cuts_is_logged_by_name_and_types(caplog, blocking):
    in_greenlet(do, BackgroundTask(blocking, "secret", to=b"secret"))
    run_others()
    worker_pool.drain(0.01)
    assert blocking.outcome == "TaskAborted"
    assert caplog.messages == ["<BackgroundTask blocking(str, to=bytes)> was cut: the process ends"]


def test_the_tasks_behind_the_one_that_is_cut_are_not_run(caplog, blocking):
    seen: list[str] = []
    inner = BackgroundTasks([BackgroundTask(seen.append, "first"), BackgroundTask(blocking)])
    inner.add_task(seen.append, "third")
    outer = BackgroundTasks([BackgroundTask(seen.append, "zeroth"), inner])
    outer.add_task(seen.append, 4)
    in_greenlet(do, outer)
    run_others()
    worker_pool.drain(0)
    assert seen == ["zeroth", "first"]
    assert caplog.messages == [
        "<BackgroundTask blocking()> was cut: the process ends",
        "<BackgroundTask list.append(str)> was not run: the process ends",
        "<BackgroundTask list.append(int)> was not run: the process ends",
    ]


def test_those_who_still_wait_when_a_drain_cuts_are_let_go(caplog, blocking):
    worker_pool.configure(limit=1)
    in_greenlet(do, blocking)
    caller = gevent.spawn(do, BackgroundTask(print, 5))
    run_others()
    worker_pool.drain(0)
    caller.get(timeout=PATIENCE)
    assert caplog.messages == [
        "blocking was cut: the process ends",
        "<BackgroundTask print(int)> was not run: the process ends",
    ]


class InThread:
    """A work in a thread of its own, outside of every pool, that ends when it is told to."""

    def __init__(self):
        self.has_begun = threading.Event()
        self.may_end = threading.Event()
        self.thread = threading.Thread(target=do, args=[BackgroundTask(self)])
        self.thread.start()
        self.has_begun.wait(PATIENCE)

    def __call__(self):
        self.has_begun.set()
        self.may_end.wait(PATIENCE)

    def end(self):
        self.may_end.set()
        self.thread.join(PATIENCE)


@pytest.fixture
def in_another_thread():
    work = InThread()
    yield work
    work.end()


def test_drains_name_once_what_goes_on_in_another_thread(in_another_thread, caplog):
    worker_pool.drain(0)
    worker_pool.drain(PATIENCE)
    assert caplog.messages == [
        "<BackgroundTask InThread()> is not done: the process ends, and without greenlets it cannot be cut"
    ]


@pytest.mark.parametrize("run", [in_greenlet, lambda drain, limit: drain(limit)], ids=["a greenlet", "a thread"])
def test_a_drain_waits_for_what_goes_on_in_another_thread(in_another_thread, caplog, run):
    threading.Timer(0.05, in_another_thread.may_end.set).start()
    run(worker_pool.drain, PATIENCE)
    assert caplog.messages == []


def test_a_work_outside_of_the_pools_may_drain_them(caplog):
    do(BackgroundTask(worker_pool.drain, 0))
    assert caplog.messages == []


def test_a_work_that_was_not_yet_switched_to_is_cut(caplog):
    def close_and_drain():
        do(BackgroundTask(print))
        worker_pool.drain(0)

    in_greenlet(close_and_drain)
    assert caplog.messages == ["<BackgroundTask print()> was cut: the process ends"]


def stubborn_work():
    """Hand over a work that goes on when it is cut, and return what lets it end."""
    goes_on = Blocking()

    def step():
        with contextlib.suppress(gevent.GreenletExit):
            goes_on()
        goes_on.may_end.wait(PATIENCE)

    in_greenlet(do, BackgroundTask(step))
    run_others()
    return goes_on


def test_a_work_that_goes_on_is_left(caplog):
    goes_on = stubborn_work()
    worker_pool.drain(0)
    goes_on.may_end.set()
    assert caplog.messages[-1].endswith("step()> goes on though it was cut")


def test_a_work_that_goes_on_is_not_waited_for_again(caplog):
    goes_on = stubborn_work()
    worker_pool.drain(0)
    told = list(caplog.messages)
    with gevent.Timeout(PATIENCE / 2):
        worker_pool.drain(PATIENCE)
    goes_on.may_end.set()
    assert caplog.messages == told


def test_what_two_drains_wait_for_is_told_of_once(blocking, caplog):
    in_greenlet(do, BackgroundTask(blocking))
    run_others()
    gevent.joinall([gevent.spawn(worker_pool.drain, 0), gevent.spawn(worker_pool.drain, 0)], timeout=PATIENCE)
    assert caplog.messages == ["<BackgroundTask blocking()> was cut: the process ends"]


def test_a_work_that_drains_does_not_wait_for_itself():
    is_done = Event()

    def step():
        worker_pool.drain(PATIENCE)
        is_done.set()

    in_greenlet(do, step)
    assert is_done.wait(PATIENCE)


def test_a_drain_tells_of_the_works_of_another_hub(caplog):
    has_begun, may_end = threading.Event(), threading.Event()

    def step(argument):
        has_begun.set()
        while not may_end.is_set():
            gevent.sleep(0.001)

    def serve():
        do(BackgroundTask(step, "secret"))
        step("")

    other = threading.Thread(target=lambda: gevent.spawn(serve).join())
    other.start()
    try:
        assert has_begun.wait(PATIENCE)
        worker_pool.drain(PATIENCE)
    finally:
        may_end.set()
        other.join(PATIENCE)
    (message,) = caplog.messages
    assert message.endswith("step(str)> was cut: the process ends")


def test_a_hub_that_was_destroyed_has_left_nothing_undone(caplog):
    seen: list[str] = []

    def thread():
        # The work is done when this returns, and the hub has not yet been told.
        gevent.spawn(do, lambda: seen.append("done")).join()
        gevent.get_hub().destroy(destroy_loop=True)

    other = threading.Thread(target=thread)
    other.start()
    other.join(PATIENCE)
    worker_pool.drain(PATIENCE)
    assert seen == ["done"]
    assert caplog.messages == []
