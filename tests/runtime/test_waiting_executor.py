"""Waiting executors: calls of a coroutine are made in the thread or the greenlet that waits for it."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future

import gevent
import pytest
from greenlet import getcurrent

from wsgiresp._runtime import asyncio_thread
from wsgiresp._runtime.gevent_runtime import GeventRuntime
from wsgiresp._runtime.waiting_executor import GreenletExecutor, ReaderExecutor, ThreadExecutor, current_executor


async def called(function):
    """Return the result of *function*, called in the thread or greenlet that waits for this coroutine."""
    future: Future[object] = Future()
    current_executor.get().submit(lambda: future.set_result(function()))
    return await asyncio.wrap_future(future)


def here():
    return threading.get_ident(), getcurrent()


def ask(seen):
    async def twice():
        seen.append(await called(here))
        seen.append(await called(here))

    asyncio_thread.run(twice())


def test_calls_are_made_in_the_waiting_thread():
    seen = []
    ask(seen)
    assert seen == [here(), here()]


def test_calls_are_made_in_the_waiting_greenlet():
    seen = []
    greenlet = gevent.spawn(ask, seen)
    gevent.joinall([greenlet], timeout=10, raise_error=True)
    assert seen == [(threading.get_ident(), greenlet)] * 2


def test_each_of_many_waiting_greenlets_makes_its_own_calls():
    seen = []
    greenlets = [gevent.spawn(ask, seen) for _ in range(50)]
    gevent.joinall(greenlets, timeout=20, raise_error=True)
    assert len({greenlet for _, greenlet in seen}) == 50


def test_a_killed_greenlet_makes_no_more_calls():
    waiting = []
    has_begun = gevent.event.Event()

    async def wait():
        waiting.append(current_executor.get())
        await called(has_begun.set)
        await asyncio.sleep(60)

    greenlet = gevent.spawn(asyncio_thread.run, wait())
    assert has_begun.wait(10)
    greenlet.kill(timeout=10)
    waiting[0].submit(lambda: pytest.fail("the call was made"))


def test_outside_of_a_coroutine_there_is_no_current_executor():
    assert current_executor.get() is None


class HubInThread:
    """A hub in another thread, whose main greenlet waits until the ``with`` ends."""

    def __enter__(self):
        self.is_ready = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        assert self.is_ready.wait(10)
        return self

    def run(self):
        self.runtime = GeventRuntime()
        self.is_over = gevent.event.Event()
        self.is_ready.set()
        self.is_over.wait()
        self.runtime.close()

    def __exit__(self, *_):
        self.runtime.call_soon_threadsafe(self.is_over.set)
        self.thread.join(10)


def test_the_calls_of_a_reader_executor_are_made_in_one_greenlet_of_its_hub():
    with HubInThread() as other:
        reader = ReaderExecutor(other.runtime)
        seen = []
        are_made = threading.Semaphore(0)
        for _ in range(2):
            reader.submit(lambda: (seen.append(here()), are_made.release()))
            assert are_made.acquire(timeout=10)
        reader.end()
        assert seen[0] == seen[1]
        assert seen[0][0] == other.thread.ident


def test_a_reader_executor_that_ends_before_its_greenlet_has_started_makes_its_calls_and_ends():
    with HubInThread() as other:
        reader = ReaderExecutor(other.runtime)
        seen = []
        may_go_on, has_ended = threading.Event(), threading.Semaphore(0)
        other.runtime.call_soon_threadsafe(lambda: may_go_on.wait(10))
        reader.submit(lambda: seen.append("called"))
        reader.end()
        may_go_on.set()
        other.runtime.call_soon_threadsafe(lambda: reader._greenlet.rawlink(lambda _: has_ended.release()))
        assert has_ended.acquire(timeout=10)
        assert seen == ["called"]


def test_a_reader_executor_without_calls_has_no_greenlet():
    with HubInThread() as other:
        reader = ReaderExecutor(other.runtime)
        reader.end()
        assert reader._greenlet is None


def test_a_reader_executor_whose_hub_has_ended_makes_no_calls():
    with HubInThread() as other:
        reader = ReaderExecutor(other.runtime)
    reader.submit(lambda: pytest.fail("the call was made"))


def never():
    pytest.fail("the call was made")


def test_a_thread_that_waits_no_more_refuses_calls():
    refused = []
    executor = ThreadExecutor()
    executor.end()
    executor.submit(never, lambda: refused.append("before the end was seen"))
    executor.submit(never)
    executor.wait()
    executor.submit(never, lambda: refused.append("after it"))
    assert refused == ["before the end was seen", "after it"]


def test_a_greenlet_that_was_killed_refuses_calls():
    refused = []
    waiting = []
    has_begun = gevent.event.Event()

    async def wait():
        waiting.append(current_executor.get())
        await called(has_begun.set)
        await asyncio.sleep(60)

    greenlet = gevent.spawn(asyncio_thread.run, wait())
    assert has_begun.wait(10)
    greenlet.kill(timeout=10)
    waiting[0].submit(never, lambda: refused.append("refused"))
    assert refused == ["refused"]


def test_calls_behind_the_end_of_a_greenlet_executor_are_refused():
    refused = []

    def ask():
        executor = GreenletExecutor()
        executor.end()
        executor.submit(never, lambda: refused.append("refused"))
        executor.wait()

    gevent.joinall([gevent.spawn(ask)], timeout=10, raise_error=True)
    assert refused == ["refused"]


def test_an_exception_that_ends_the_greenlet_leaves_the_wait():
    def stop():
        raise gevent.GreenletExit("stop")

    executor = ThreadExecutor()
    executor.submit(stop)
    with pytest.raises(gevent.GreenletExit, match="stop"):
        executor.wait()


def test_a_reader_that_leaves_refuses_what_can_be_refused_and_makes_the_other_calls():
    with HubInThread() as other:
        reader = ReaderExecutor(other.runtime)
        refused, seen = [], []
        may_go_on, is_made = threading.Event(), threading.Event()
        other.runtime.call_soon_threadsafe(lambda: may_go_on.wait(10))
        reader.submit(never, lambda: refused.append("before"))
        reader.submit(lambda: (seen.append("called"), is_made.set()))
        reader.refuse_calls()
        reader.submit(never, lambda: refused.append("after"))
        may_go_on.set()
        assert is_made.wait(10)
        reader.end()
    assert (refused, seen) == (["before", "after"], ["called"])
