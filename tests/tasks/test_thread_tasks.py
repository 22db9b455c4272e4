"""Tasks in threads: in the thread of the caller, or in a worker thread for a caller that must not wait."""

from __future__ import annotations

import contextvars
import threading
import time

import gevent
import pytest
from gevent._hub_local import get_hub_if_exists
from runtime.runners import PATIENCE, in_thread, live_hubs, wait_until

from wsgiresp import worker_status
from wsgiresp._runtime.process import part
from wsgiresp._tasks import thread_tasks, worker_pool
from wsgiresp._tasks.thread_tasks import MAX_THREADS, ThreadTasks, run_here, run_in_worker_thread

pytestmark = pytest.mark.usefixtures("fresh_pool")


def counts():
    status = worker_status()
    return status.tasks_running, status.tasks_waiting


def in_worker_thread(step):
    run_in_worker_thread(step, contextvars.copy_context())


def await_idle():
    deadline = time.monotonic() + PATIENCE
    tasks = part(ThreadTasks)
    while len(tasks.free) < MAX_THREADS:
        assert time.monotonic() < deadline
        time.sleep(0.001)


class HeldTask:
    """A task that holds its thread until ``may_end`` is set."""

    def __init__(self):
        self.has_begun = threading.Event()
        self.may_end = threading.Event()
        self.is_done = threading.Event()
        self.thread = None

    def __call__(self):
        self.thread = threading.get_ident()
        self.has_begun.set()
        self.may_end.wait(PATIENCE)
        self.is_done.set()

    def __repr__(self):
        return "held"


@pytest.fixture
def held():
    task = HeldTask()
    yield task
    task.may_end.set()
    await_idle()


def test_a_task_runs_in_another_thread_and_the_caller_does_not_wait(held):
    in_worker_thread(held)
    assert held.has_begun.wait(PATIENCE)
    assert held.thread != threading.get_ident()
    assert not held.is_done.is_set()


def test_a_task_runs_in_its_context():
    name = contextvars.ContextVar("name", default="none")
    seen: list[str] = []
    context = contextvars.copy_context()
    context.run(name.set, "view")
    run_in_worker_thread(lambda: seen.append(name.get()), context)
    await_idle()
    assert seen == ["view"]


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3)])
def test_an_error_is_logged_and_the_next_task_still_runs(caplog, error):
    seen: list[str] = []

    def fail():
        raise error

    in_worker_thread(fail)
    in_worker_thread(lambda: seen.append("next"))
    await_idle()
    assert seen == ["next"]
    (record,) = caplog.records
    assert record.exc_info[1] is error


@pytest.mark.parametrize("error", [KeyboardInterrupt, gevent.GreenletExit])
def test_an_exit_request_ends_its_task_alone(caplog, error):
    seen: list[str] = []

    def leave():
        raise error

    in_worker_thread(leave)
    in_worker_thread(lambda: seen.append("next"))
    await_idle()
    assert seen == ["next"]
    assert caplog.messages == []


def test_more_tasks_than_threads_wait_and_all_run():
    held = [HeldTask() for _ in range(MAX_THREADS + 3)]
    for task in held:
        in_worker_thread(task)
    for task in held[:MAX_THREADS]:
        assert task.has_begun.wait(PATIENCE)
    assert counts() == (MAX_THREADS, 3)
    for task in held:
        task.may_end.set()
    assert all(task.is_done.wait(PATIENCE) for task in held)
    await_idle()
    assert counts() == (0, 0)


def test_threads_that_end_while_tasks_arrive_lose_none():
    done: list[int] = []

    def submit_many(first):
        for number in range(first, first + 300):
            in_worker_thread(lambda number=number: done.append(number))

    callers = [threading.Thread(target=submit_many, args=[first]) for first in (0, 300, 600)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(PATIENCE)
    await_idle()
    assert sorted(done) == list(range(900))


def test_a_hub_that_a_task_has_created_is_destroyed():
    before = live_hubs()
    seen: list[object] = []

    def step():
        gevent.sleep(0)
        seen.append(get_hub_if_exists() is not None)

    in_worker_thread(step)
    await_idle()
    assert seen == [True]
    assert live_hubs() == before


def no_thread(run):
    raise RuntimeError("can't start new thread")


def test_a_task_whose_thread_cannot_be_started_waits_for_the_next_call(monkeypatch):
    seen: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(thread_tasks, "start_thread_at_once", no_thread)
        in_worker_thread(lambda: seen.append("first"))
    assert (seen, counts()) == ([], (0, 1))
    run_here(lambda: seen.append("second"), contextvars.copy_context())
    await_idle()
    assert sorted(seen) == ["first", "second"]


def test_a_drain_logs_the_tasks_for_which_no_thread_could_be_started(caplog, monkeypatch):
    monkeypatch.setattr(thread_tasks, "start_thread_at_once", no_thread)
    in_worker_thread(HeldTask())
    worker_pool.drain(0)
    worker_pool.drain(0)
    assert caplog.messages == ["held was not run: the process is shutting down"]


def test_a_drain_waits_for_a_worker_thread(held, caplog):
    in_worker_thread(held)
    assert held.has_begun.wait(PATIENCE)
    threading.Timer(0.05, held.may_end.set).start()
    worker_pool.drain(PATIENCE)
    assert held.is_done.is_set()
    assert caplog.messages == []


def test_a_drain_logs_a_worker_thread_that_is_not_done(held, caplog):
    in_worker_thread(held)
    assert held.has_begun.wait(PATIENCE)
    worker_pool.drain(0)
    assert [message.split(":")[0] for message in caplog.messages] == ["held is still running"]


def test_after_a_fork_no_task_of_the_parent_is_left(monkeypatch):
    monkeypatch.setattr(thread_tasks, "start_thread_at_once", no_thread)
    in_worker_thread(HeldTask())
    part(ThreadTasks).after_fork()
    assert not part(ThreadTasks).has_others()


def test_the_exit_waits_for_threads_that_are_ending(held):
    in_worker_thread(held)
    assert held.has_begun.wait(PATIENCE)
    threading.Timer(0.02, held.may_end.set).start()
    part(ThreadTasks).at_exit()
    assert held.is_done.is_set()


def test_the_exit_drains_a_task_in_another_thread(held):
    in_worker_thread(held)
    assert held.has_begun.wait(PATIENCE)
    worker_pool.configure(drain=0)
    part(worker_pool.PoolState).at_exit()
    assert part(worker_pool.PoolState).is_draining


def test_the_thread_of_the_caller_raises_the_error_of_its_task():
    with pytest.raises(ZeroDivisionError):
        in_thread(run_here, lambda: 1 / 0, contextvars.copy_context())
    assert counts() == (0, 0)


def test_a_thread_that_finds_no_place_to_go_on_ends(monkeypatch):
    tasks = part(ThreadTasks)
    tasks.free.clear()
    seen: list[str] = []

    class Waiting:
        """Waiting tasks to which another thread adds one while this one ends, and takes the place."""

        def popleft(self):
            raise IndexError

        def __bool__(self):
            tasks.free.clear()
            seen.append("looked again")
            return True

    monkeypatch.setattr(tasks, "waiting", Waiting())
    tasks._run_waiting()
    assert seen == ["looked again"]
    monkeypatch.undo()
    tasks.free.extend([None] * MAX_THREADS)


def test_a_worker_thread_runs_all_tasks_that_wait_and_gives_its_place_back(caplog):
    # In a thread of the test, since no tracer follows threads that were started without the threading module.
    tasks = part(ThreadTasks)
    tasks.free.pop()
    seen: list[str] = []

    def leave():
        raise gevent.GreenletExit

    for step in (leave, lambda: 1 / 0, lambda: seen.append("last")):
        tasks.waiting.append((step, contextvars.copy_context()))
    in_thread(tasks._run_waiting)
    wait_until(lambda: len(tasks.free) == MAX_THREADS)  # a step may have started a thread for those behind it
    assert seen == ["last"]
    assert [record.exc_info[0] for record in caplog.records] == [ZeroDivisionError]
