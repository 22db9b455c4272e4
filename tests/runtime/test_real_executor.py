"""The executor of real threads: how many it starts, what fails, and how it ends."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from runtime.runners import PATIENCE

from wsgiresp._runtime import asyncio_thread, real_executor, thread_hub
from wsgiresp._runtime.real_executor import RealThreadExecutor, default_size


@pytest.fixture
def executor():
    made = RealThreadExecutor(2)
    yield made
    made.shutdown(wait=False)


class Blocked:
    """Calls that wait until they may end."""

    def __init__(self, executor, count):
        self.may_end = threading.Event()
        self.begun = threading.Semaphore(0)
        self.futures = [executor.submit(self.run) for _ in range(count)]

    def run(self):
        self.begun.release()
        self.may_end.wait(PATIENCE)
        return threading.get_ident()

    def end(self):
        self.may_end.set()
        return [future.result(PATIENCE) for future in self.futures]


def test_calls_run_in_other_threads_with_their_arguments(executor):
    assert executor.submit(divmod, 7, 2).result(PATIENCE) == (3, 1)
    assert executor.submit(dict, a=1).result(PATIENCE) == {"a": 1}
    assert executor.submit(threading.get_ident).result(PATIENCE) != threading.get_ident()


def test_a_free_thread_takes_the_next_call(executor):
    idents = set()
    for _ in range(5):
        idents.add(executor.submit(threading.get_ident).result(PATIENCE))
        while executor._free != executor._started:
            time.sleep(0)
    assert len(idents) == 1


def test_no_more_threads_are_started_than_allowed_and_the_other_calls_wait(executor):
    blocked = Blocked(executor, 5)
    for _ in range(2):
        assert blocked.begun.acquire(timeout=PATIENCE)
    assert executor._started == 2
    assert len(set(blocked.end())) == 2


def test_the_default_size_is_that_of_concurrent_futures():
    assert RealThreadExecutor()._max_workers == default_size()


@pytest.mark.parametrize("error", [LookupError("x"), SystemExit(3), KeyboardInterrupt()])
def test_any_exception_of_a_call_ends_its_future_and_the_thread_goes_on(executor, error):
    def fail():
        raise error

    assert executor.submit(fail).exception(PATIENCE) is error
    assert executor.submit(int).result(PATIENCE) == 0


def test_a_coroutine_that_awaits_a_call_that_raises_stop_iteration_gets_an_error():
    async def view():
        await asyncio.wait_for(asyncio.to_thread(next, iter(())), PATIENCE)

    with pytest.raises(RuntimeError, match="has raised StopIteration") as caught:
        asyncio_thread.run(view())
    assert isinstance(caught.value.__cause__, StopIteration)


def test_a_call_that_was_cancelled_before_it_started_does_not_run(executor):
    blocked = Blocked(executor, 2)
    seen = []
    waiting = executor.submit(seen.append, 1)
    assert waiting.cancel()
    blocked.end()
    assert executor.submit(int).result(PATIENCE) == 0
    assert seen == []


def test_without_a_thread_submit_raises_and_the_call_is_not_kept(executor, monkeypatch):
    def refuse(*_):
        raise RuntimeError("can't start new thread")

    seen = []
    with monkeypatch.context() as patch:
        patch.setattr(real_executor, "start_thread", refuse)
        with pytest.raises(RuntimeError, match="can't start"):
            executor.submit(seen.append, 1)
    assert executor.submit(int).result(PATIENCE) == 0
    assert seen == []


def test_the_threads_that_exist_do_the_work_of_one_that_cannot_be_started(executor, monkeypatch):
    def refuse(*_):
        raise MemoryError

    blocked = Blocked(executor, 1)
    assert blocked.begun.acquire(timeout=PATIENCE)
    monkeypatch.setattr(real_executor, "start_thread", refuse)
    second = executor.submit(int)
    blocked.end()
    assert second.result(PATIENCE) == 0


def test_a_thread_without_a_hub_runs_calls(executor, monkeypatch):
    def refuse():
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(thread_hub.monkey, "is_module_patched", lambda name: name == "subprocess")
    monkeypatch.setattr(thread_hub, "_ThreadHub", refuse)
    assert executor.submit(int).result(PATIENCE) == 0


def test_shutdown_waits_for_the_calls_that_were_submitted(executor):
    seen = []
    for number in range(5):
        executor.submit(seen.append, number)
    executor.shutdown()
    executor.shutdown()
    assert sorted(seen) == [0, 1, 2, 3, 4]
    with pytest.raises(RuntimeError, match="after shutdown"):
        executor.submit(int)


def test_shutdown_can_cancel_the_calls_that_wait(executor):
    blocked = Blocked(executor, 2)
    for _ in range(2):
        assert blocked.begun.acquire(timeout=PATIENCE)
    waiting = executor.submit(int)
    executor.shutdown(wait=False, cancel_futures=True)
    blocked.end()
    assert waiting.cancelled()


def test_the_end_waits_no_longer_than_its_deadline_and_says_how_many_are_cut(executor, caplog):
    blocked = Blocked(executor, 1)
    executor.end(time.monotonic() + 0.01)
    assert "1 threads of the asyncio executor are still running" in caplog.text
    blocked.end()


def test_the_end_of_an_idle_executor_logs_nothing(executor, caplog):
    executor.submit(int).result(PATIENCE)
    executor.end(time.monotonic() + PATIENCE)
    assert caplog.text == ""
