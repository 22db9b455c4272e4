"""Calls that a coroutine has made in the thread or the greenlet that waits for it."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future

import gevent
import pytest
from greenlet import getcurrent

from wsgiresp._runtime import asyncio_thread
from wsgiresp._runtime.hubs import HubLease
from wsgiresp._runtime.waiting_executor import ReaderExecutor, current_executor


async def called(function):
    """Return what *function* returns, called by who waits for this."""
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


def test_a_thread_that_waits_makes_the_calls():
    seen = []
    ask(seen)
    assert seen == [here(), here()]


def test_a_greenlet_that_waits_makes_the_calls():
    seen = []
    greenlet = gevent.spawn(ask, seen)
    gevent.joinall([greenlet], timeout=10, raise_error=True)
    assert seen == [(threading.get_ident(), greenlet)] * 2


def test_many_greenlets_wait_side_by_side():
    seen = []
    greenlets = [gevent.spawn(ask, seen) for _ in range(50)]
    gevent.joinall(greenlets, timeout=20, raise_error=True)
    assert len({greenlet for _, greenlet in seen}) == 50


def test_a_greenlet_that_was_killed_takes_no_more_calls():
    waiting = []
    has_begun = gevent.event.Event()

    async def wait():
        waiting.append(current_executor.get())
        await called(has_begun.set)
        await asyncio.sleep(60)

    greenlet = gevent.spawn(asyncio_thread.run, wait())
    assert has_begun.wait(10)
    greenlet.kill(timeout=10)
    waiting[0].submit(lambda: pytest.fail("nobody makes it"))


def test_nobody_waits_outside_of_a_coroutine():
    assert current_executor.get() is None


class Away:
    """A hub in a thread of its own, whose main greenlet waits until it is let go."""

    def __enter__(self):
        self.is_ready = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        assert self.is_ready.wait(10)
        return self

    def run(self):
        lease = HubLease()
        self.hub = lease.hub
        self.is_over = gevent.event.Event()
        self.is_ready.set()
        self.is_over.wait()
        lease.close()

    def __exit__(self, *_):
        self.hub.loop.run_callback_threadsafe(self.is_over.set)
        self.thread.join(10)


def test_a_greenlet_beside_the_reader_makes_the_calls():
    with Away() as away:
        reader = ReaderExecutor(away.hub)
        seen = []
        are_made = threading.Semaphore(0)
        for _ in range(2):
            reader.submit(lambda: (seen.append(here()), are_made.release()))
            assert are_made.acquire(timeout=10)
        reader.end()
        assert seen[0] == seen[1]
        assert seen[0][0] == away.thread.ident


def test_a_reader_without_calls_has_nothing_to_end():
    with Away() as away:
        reader = ReaderExecutor(away.hub)
        reader.end()
        assert reader._greenlet is None


def test_a_reader_that_is_gone_takes_no_calls():
    with Away() as away:
        reader = ReaderExecutor(away.hub)
    reader.submit(lambda: pytest.fail("nobody makes it"))
