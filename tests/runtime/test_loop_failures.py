"""Failures of the asyncio loop: whoever waits for a callback on it is ended, and nothing stays behind."""

from __future__ import annotations

import asyncio
import threading

import pytest
from runtime.runners import PATIENCE, everywhere, in_thread

from wsgiresp._runtime import asyncio_thread
from wsgiresp._runtime.asyncio_runtime import AsyncioRuntime
from wsgiresp._runtime.asyncio_thread import AsyncioThread
from wsgiresp._runtime.process import part
from wsgiresp.responses import JSONLinesResponse
from wsgiresp.testing import visit


@pytest.fixture
def failing_tasks(monkeypatch):
    """Have the loop fail to make the next tasks, as many as the fixture is called with."""
    loop = asyncio_thread.loop()
    make, left = loop.create_task, []

    def create_task(*args, **kwargs):
        if left:
            raise left.pop()
        return make(*args, **kwargs)

    monkeypatch.setattr(loop, "create_task", create_task)
    return lambda *errors: left.extend(errors)


class Source:
    """An asynchronous source that notes whether it was closed."""

    def __init__(self):
        self.is_closed = False

    def __aiter__(self):
        return self

    async def __anext__(self):
        raise StopAsyncIteration

    async def aclose(self):
        self.is_closed = True


async def nothing():
    """Return at once."""


@everywhere
@pytest.mark.parametrize("error", [MemoryError(), SystemExit(3)])
def test_run_raises_the_error_of_a_task_that_cannot_be_made(run, failing_tasks, error):
    failing_tasks(error)
    coroutine = nothing()
    with pytest.raises(type(error)):
        run(asyncio_thread.run, coroutine)
    assert coroutine.cr_frame is None, "it was not closed"
    run(asyncio_thread.run, nothing())


def test_run_raises_the_error_of_a_callback_that_cannot_be_added(monkeypatch):
    def refuse(*_):
        raise MemoryError

    class Task:
        add_done_callback = refuse
        is_cancelled = False

        def cancel(self):
            self.is_cancelled = True

    task = Task()

    def create_task(coroutine, context):
        coroutine.close()
        return task

    with monkeypatch.context() as patch:
        patch.setattr(asyncio_thread.loop(), "create_task", create_task)
        with pytest.raises(MemoryError):
            in_thread(asyncio_thread.run, nothing())
    assert task.is_cancelled


@everywhere
@pytest.mark.parametrize("error", [MemoryError, RuntimeError])
def test_run_raises_the_error_of_a_loop_that_takes_no_callback(run, monkeypatch, error):
    def refuse(*_):
        raise error("closed")

    coroutine = nothing()
    loop = asyncio_thread.loop()
    with monkeypatch.context() as patch:
        patch.setattr(loop, "call_soon_threadsafe", refuse)
        with pytest.raises(error):
            run(asyncio_thread.run, coroutine)
    coroutine.close()


def test_a_coroutine_that_was_given_up_before_it_started_is_closed(monkeypatch):
    posted = []
    loop = asyncio_thread.loop()

    def post(callback):
        posted.append(callback)
        if len(posted) == 1:
            raise KeyboardInterrupt

    coroutine = nothing()
    with monkeypatch.context() as patch:
        patch.setattr(loop, "call_soon_threadsafe", post)
        with pytest.raises(KeyboardInterrupt):
            in_thread(asyncio_thread.run, coroutine)
    for callback in posted:
        callback()
    assert coroutine.cr_frame is None


def test_run_or_schedule_closes_what_it_cannot_schedule(monkeypatch):
    coroutine = nothing()

    async def main():
        def refuse(_):
            raise MemoryError

        with monkeypatch.context() as patch:
            patch.setattr(asyncio.get_running_loop(), "create_task", refuse)
            with pytest.raises(MemoryError):
                asyncio_thread.run_or_schedule(coroutine)

    asyncio.run(main())
    assert coroutine.cr_frame is None


def test_run_from_thread_raises_the_error_of_a_task_that_cannot_be_made(failing_tasks):
    failing_tasks(MemoryError())
    with pytest.raises(MemoryError):
        in_thread(AsyncioRuntime(asyncio_thread.loop()).run_from_thread, nothing, PATIENCE)


@everywhere
@pytest.mark.parametrize("count", [1, 2], ids=["once", "twice"])
def test_a_stream_whose_task_cannot_be_made_raises_the_error_and_closes_its_source(run, failing_tasks, count):
    source = Source()
    failing_tasks(*(MemoryError() for _ in range(count)))

    def read():
        with visit(JSONLinesResponse(source)) as visitor:
            return visitor.read_all()

    with pytest.raises(MemoryError):
        run(read)
    assert source.is_closed


def test_a_source_whose_close_waits_is_closed_up_to_there(failing_tasks):
    class Waiting(Source):
        async def aclose(self):
            await super().aclose()
            await asyncio.Event().wait()

    source = Waiting()
    failing_tasks(MemoryError(), MemoryError())
    with pytest.raises(MemoryError), visit(JSONLinesResponse(source)) as visitor:
        visitor.read_all()
    assert source.is_closed


def test_a_callback_that_exits_does_not_end_the_loop(caplog):
    loop = asyncio_thread.loop()

    def leave():
        raise SystemExit(3)

    loop.call_soon_threadsafe(leave)
    asyncio_thread.run(nothing())
    assert asyncio_thread.loop() is loop
    assert "requested the exit of the process" in caplog.text


@pytest.mark.parametrize("error", [MemoryError(), OSError(24, "no descriptor"), KeyboardInterrupt()])
def test_any_failure_to_make_the_loop_is_raised_and_leaves_no_thread(monkeypatch, error):
    def refuse():
        raise error

    part(AsyncioThread).at_exit()
    threads = threading.active_count()
    with monkeypatch.context() as patch:
        patch.setattr(asyncio, "new_event_loop", refuse)
        with pytest.raises(type(error)):
            asyncio_thread.loop()
    for _ in range(1000):
        if threading.active_count() <= threads:
            break
        threading.Event().wait(0.01)
    assert threading.active_count() <= threads
    asyncio_thread.run(nothing())


def test_a_thread_that_cannot_be_started_is_an_error_of_the_caller(monkeypatch):
    def refuse(*_):
        raise RuntimeError("can't start new thread")

    part(AsyncioThread).at_exit()
    with monkeypatch.context() as patch:
        patch.setattr(asyncio_thread, "start_thread", refuse)
        with pytest.raises(RuntimeError, match="can't start"):
            asyncio_thread.loop()
    asyncio_thread.run(nothing())


def test_an_exit_does_not_wait_for_ever_for_a_start_that_hangs(monkeypatch):
    monkeypatch.setattr(asyncio_thread, "_STOP_TIMEOUT", 0.01)
    one = AsyncioThread()
    one._lock.acquire()
    one.at_exit()
    assert not one._lock.acquire(timeout=0)


def test_a_start_that_is_interrupted_leaves_no_thread(monkeypatch):
    part(AsyncioThread).at_exit()
    real, begun, locks = asyncio_thread.allocate_lock, threading.Event(), []

    class Interrupted:
        """A lock at which the starter waits, and is interrupted once the loop is made."""

        def __init__(self):
            self.calls = 0

        def acquire(self):
            self.calls += 1
            if self.calls == 2:
                assert begun.wait(PATIENCE)
                raise KeyboardInterrupt

        def release(self):
            begun.set()

    def allocate():
        locks.append(Interrupted() if not locks else real())
        return locks[-1]

    with monkeypatch.context() as patch:
        patch.setattr(asyncio_thread, "allocate_lock", allocate)
        with pytest.raises(KeyboardInterrupt):
            asyncio_thread._LoopThread()
    assert locks[1].acquire(timeout=PATIENCE), "the thread has not ended"


def test_a_failure_at_the_end_of_the_thread_is_logged(monkeypatch, caplog):
    part(AsyncioThread).at_exit()
    loop = asyncio_thread.loop()
    close = loop.close

    def fail():
        close()
        raise LookupError("at the end")

    monkeypatch.setattr(loop, "close", fail)
    part(AsyncioThread).at_exit()
    assert "the asyncio thread failed while it ended" in caplog.text
