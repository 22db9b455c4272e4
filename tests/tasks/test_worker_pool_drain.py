"""Drain of the worker pool: which tasks it waits for, which it aborts, and what is logged."""

from __future__ import annotations

import contextlib
import threading

import gevent
import pytest
from gevent.event import Event
from runtime.runners import PATIENCE, in_greenlet, run_others
from tasks.fake_tasks import BlockingTask, submit

from wsgiresp._runtime.process import part
from wsgiresp._tasks import greenlet_pool, worker_pool
from wsgiresp._tasks.greenlet_pool import WorkerPool
from wsgiresp._tasks.worker_pool import PoolState
from wsgiresp.background import BackgroundTask, BackgroundTasks

pytestmark = pytest.mark.usefixtures("fresh_pool")


@pytest.mark.parametrize("from_greenlet", [False, True], ids=["by the main greenlet", "by a greenlet of the hub"])
def test_a_drain_waits_for_the_running_tasks(blocking, from_greenlet):
    in_greenlet(submit, blocking)
    gevent.spawn_later(0.02, blocking.may_end.set)
    if from_greenlet:
        in_greenlet(worker_pool.drain, PATIENCE)
    else:
        worker_pool.drain(PATIENCE)
    assert blocking.outcome == "done"


def test_a_task_that_is_short_runs_although_the_kill_is_near(blocking):
    in_greenlet(submit, blocking)
    gevent.spawn_later(0.02, blocking.may_end.set)
    in_greenlet(worker_pool._drain_within, 0)
    assert blocking.outcome == "done"


def test_a_drain_of_no_time_aborts_although_the_kill_is_near(blocking):
    worker_pool.configure(drain=0)
    in_greenlet(submit, blocking)
    in_greenlet(worker_pool._drain_within, 0)
    assert blocking.outcome != "done"


def test_a_drain_without_a_timeout_uses_the_configured_one(blocking):
    worker_pool.configure(drain=0)
    in_greenlet(submit, blocking)
    worker_pool.drain()
    run_others()
    assert blocking.outcome != "done"


def test_a_drain_without_tasks_returns():
    worker_pool.drain(PATIENCE)
    assert part(PoolState).is_draining


def test_waiting_tasks_run_during_a_drain():
    worker_pool.configure(limit=1)
    first, second = BlockingTask(), BlockingTask()
    gevent.spawn(submit, first)
    gevent.spawn(submit, second)
    run_others()
    first.may_end.set()
    second.may_end.set()
    worker_pool.drain(PATIENCE)
    assert (first.outcome, second.outcome) == ("done", "done")


def test_no_task_starts_after_a_drain(caplog):
    seen: list[int] = []
    worker_pool.drain(0)
    in_greenlet(submit, BackgroundTask(seen.append, 5))
    run_others()
    assert seen == []
    assert caplog.messages == ["<BackgroundTask list.append(int)> was not run: the process is shutting down"]


def test_an_aborted_task_is_logged_with_its_name_and_the_types_of_its_arguments(caplog, blocking):
    in_greenlet(submit, BackgroundTask(blocking, "secret", to=b"secret"))
    run_others()
    worker_pool.drain(0.01)
    assert blocking.outcome == "TaskAborted"
    assert caplog.messages == ["<BackgroundTask blocking(str, to=bytes)> was aborted: the process is shutting down"]


def test_the_tasks_after_an_aborted_one_are_not_run(caplog, blocking):
    seen: list[str] = []
    inner = BackgroundTasks([BackgroundTask(seen.append, "first"), BackgroundTask(blocking)])
    inner.add_task(seen.append, "third")
    outer = BackgroundTasks([BackgroundTask(seen.append, "zeroth"), inner])
    outer.add_task(seen.append, 4)
    in_greenlet(submit, outer)
    run_others()
    worker_pool.drain(0)
    assert seen == ["zeroth", "first"]
    assert caplog.messages == [
        "<BackgroundTask blocking()> was aborted: the process is shutting down",
        "<BackgroundTask list.append(str)> was not run: the process is shutting down",
        "<BackgroundTask list.append(int)> was not run: the process is shutting down",
    ]


def test_callers_that_wait_for_the_pool_return_when_a_drain_aborts(caplog, blocking):
    worker_pool.configure(limit=1)
    in_greenlet(submit, blocking)
    caller = gevent.spawn(submit, BackgroundTask(print, 5))
    run_others()
    worker_pool.drain(0)
    caller.get(timeout=PATIENCE)
    assert caplog.messages == [
        "blocking was aborted: the process is shutting down",
        "<BackgroundTask print(int)> was not run: the process is shutting down",
    ]


class TaskInThread:
    """A task that runs in another thread, outside of every pool, until ``end()``."""

    def __init__(self):
        self.has_begun = threading.Event()
        self.may_end = threading.Event()
        self.thread = threading.Thread(target=submit, args=[BackgroundTask(self)])
        self.thread.start()
        self.has_begun.wait(PATIENCE)

    def __call__(self):
        self.has_begun.set()
        self.may_end.wait(PATIENCE)

    def end(self):
        self.may_end.set()
        self.thread.join(PATIENCE)


@pytest.fixture
def task_in_thread():
    task = TaskInThread()
    yield task
    task.end()


def test_a_task_in_another_thread_is_logged_by_the_first_drain_alone(task_in_thread, caplog):
    worker_pool.drain(0)
    worker_pool.drain(PATIENCE)
    assert caplog.messages == [
        "<BackgroundTask TaskInThread()> is still running: the process is shutting down, and a thread cannot be aborted"
    ]


@pytest.mark.parametrize("run", [in_greenlet, lambda drain, limit: drain(limit)], ids=["a greenlet", "a thread"])
def test_a_drain_waits_for_a_task_in_another_thread(task_in_thread, caplog, run):
    threading.Timer(0.05, task_in_thread.may_end.set).start()
    run(worker_pool.drain, PATIENCE)
    assert caplog.messages == []


def test_a_task_outside_of_the_pools_may_drain_them(caplog):
    submit(BackgroundTask(worker_pool.drain, 0))
    assert caplog.messages == []


def test_a_task_whose_greenlet_has_not_started_is_aborted(caplog):
    def close_and_drain():
        submit(BackgroundTask(print))
        worker_pool.drain(0)

    in_greenlet(close_and_drain)
    assert caplog.messages == ["<BackgroundTask print()> was aborted: the process is shutting down"]


def submit_uninterruptible_task():
    """Submit a task that suppresses its abort, and return the task whose ``may_end`` lets it end."""
    blocked = BlockingTask()

    def step():
        with contextlib.suppress(gevent.GreenletExit):
            blocked()
        blocked.may_end.wait(PATIENCE)

    in_greenlet(submit, BackgroundTask(step))
    run_others()
    return blocked


def test_a_task_that_suppresses_its_abort_is_abandoned(caplog):
    blocked = submit_uninterruptible_task()
    worker_pool.drain(0)
    blocked.may_end.set()
    seconds = greenlet_pool.CLEANUP_TIMEOUT
    assert caplog.messages[-1].endswith(f"step()> is still running {seconds:g} s after it was aborted")


def test_an_abandoned_task_is_not_waited_for_again(caplog):
    blocked = submit_uninterruptible_task()
    worker_pool.drain(0)
    logged = list(caplog.messages)
    with gevent.Timeout(PATIENCE / 2):
        worker_pool.drain(PATIENCE)
    blocked.may_end.set()
    assert caplog.messages == logged


def test_a_task_that_two_drains_abort_is_logged_once(blocking, caplog):
    in_greenlet(submit, BackgroundTask(blocking))
    run_others()
    gevent.joinall([gevent.spawn(worker_pool.drain, 0), gevent.spawn(worker_pool.drain, 0)], timeout=PATIENCE)
    assert caplog.messages == ["<BackgroundTask blocking()> was aborted: the process is shutting down"]


def test_a_task_that_drains_does_not_wait_for_itself():
    is_done = Event()

    def step():
        worker_pool.drain(PATIENCE)
        is_done.set()

    in_greenlet(submit, step)
    assert is_done.wait(PATIENCE)


def test_a_drain_logs_the_aborted_tasks_of_another_hub(caplog):
    has_begun, may_end = threading.Event(), threading.Event()

    def step(argument):
        has_begun.set()
        while not may_end.is_set():
            gevent.sleep(0.001)

    def serve():
        submit(BackgroundTask(step, "secret"))
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
    assert message.endswith("step(str)> was aborted: the process is shutting down")


def test_a_destroyed_hub_has_no_task_to_abort(caplog):
    seen: list[str] = []

    def thread():
        # The task has ended when this returns, and the hub has not run its links yet.
        gevent.spawn(submit, lambda: seen.append("done")).join()
        gevent.get_hub().destroy(destroy_loop=True)

    other = threading.Thread(target=thread)
    other.start()
    other.join(PATIENCE)
    worker_pool.drain(PATIENCE)
    assert seen == ["done"]
    assert caplog.messages == []


def test_a_pool_can_be_asked_from_another_thread_while_its_tasks_end():
    pool = WorkerPool()

    class Ending:
        """A task that its own thread removes from the pool while another thread looks."""

        def ready(self):
            pool._running.discard(self)
            return True

    pool._running |= {Ending(), Ending()}
    assert pool.is_idle
