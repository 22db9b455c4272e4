"""Wakeup event: an auto-reset event with one waiter, set in its hub or from any thread."""

from __future__ import annotations

import gevent
import pytest
from gevent.exceptions import ConcurrentObjectUseError
from runtime.runners import PATIENCE, in_greenlet, in_thread, run_others, throw

from wsgiresp._runtime.wakeup_event import WakeupEvent


@pytest.fixture
def event():
    return WakeupEvent(gevent.get_hub())


@pytest.mark.parametrize("method", ["set", "set_threadsafe"])
def test_set_wakes_the_waiter(event, method):
    waiting = gevent.spawn(event.wait)
    run_others()
    getattr(event, method)()
    waiting.get(timeout=PATIENCE)


@pytest.mark.parametrize("method", ["set", "set_threadsafe"])
def test_a_set_before_the_wait_is_not_lost(event, method):
    getattr(event, method)()
    run_others()
    in_greenlet(event.wait)


def test_set_threadsafe_in_another_thread_wakes_the_waiter(event):
    waiting = gevent.spawn(event.wait)
    run_others()
    in_thread(event.set_threadsafe)
    waiting.get(timeout=PATIENCE)


def test_several_sets_before_the_wait_returns_count_as_one(event):
    event.set()
    event.set()
    event.set_threadsafe()
    in_greenlet(event.wait)
    waiting = gevent.spawn(event.wait)
    run_others()
    assert not waiting.dead
    event.set()
    waiting.get(timeout=PATIENCE)


def test_the_event_can_be_waited_for_repeatedly(event):
    def wait_thrice():
        for _ in range(3):
            event.wait()

    waiting = gevent.spawn(wait_thrice)
    for _ in range(3):
        run_others()
        event.set()
    waiting.get(timeout=PATIENCE)


def test_a_second_waiter_raises_concurrent_object_use_error(event):
    waiting = gevent.spawn(event.wait)
    run_others()
    with pytest.raises(ConcurrentObjectUseError):
        in_greenlet(event.wait)
    event.set()
    waiting.get(timeout=PATIENCE)


def test_a_waiter_that_was_interrupted_by_an_exception_can_wait_again(event):
    def wait_twice():
        with pytest.raises(LookupError):
            event.wait()
        event.wait()

    waiting = gevent.spawn(wait_twice)
    run_others()
    throw(waiting, LookupError)
    event.set()
    waiting.get(timeout=PATIENCE)


def test_set_threadsafe_after_the_hub_is_destroyed_does_nothing():
    def make():
        hub = gevent.get_hub()
        event = WakeupEvent(hub)
        hub.destroy(destroy_loop=True)
        return event

    event = in_thread(make)
    event.set_threadsafe()


def test_wake_and_yield_lets_the_waiter_return_before_another_waits(event):
    order: list[str] = []

    def wait():
        event.wait()
        order.append("the first")

    def wake_first_and_wait():
        event.wake_and_yield()
        order.append("the second")
        event.wait()

    first = gevent.spawn(wait)
    run_others()
    second = gevent.spawn(wake_first_and_wait)
    run_others()
    event.set()
    gevent.joinall([first, second], timeout=PATIENCE, raise_error=True)
    assert order == ["the first", "the second"]


def test_wake_and_yield_without_a_waiter_does_not_set_the_event(event):
    event.wake_and_yield()
    waiting = gevent.spawn(event.wait)
    run_others()
    assert not waiting.dead
    event.set()
    waiting.get(timeout=PATIENCE)


class ShortLoop:
    """A loop that has no memory for another callback while ``is_short``."""

    def __init__(self, loop):
        self._loop = loop
        self.is_short = True

    def run_callback(self, *arguments):
        if self.is_short:
            raise MemoryError
        self._loop.run_callback(*arguments)

    def run_callback_threadsafe(self, *arguments):
        if self.is_short:
            raise MemoryError
        self._loop.run_callback_threadsafe(*arguments)


@pytest.mark.parametrize("method", ["set", "set_threadsafe"])
def test_an_event_that_the_loop_could_not_take_can_be_set_again(event, method):
    event._loop = loop = ShortLoop(event._loop)
    waiting = gevent.spawn(event.wait)
    run_others()
    with pytest.raises(MemoryError):
        getattr(event, method)()
    loop.is_short = False
    getattr(event, method)()
    waiting.get(timeout=PATIENCE)
    assert not event._queue


def test_an_event_that_the_hub_has_taken_meanwhile_stays_set(event):
    class TakingLoop(ShortLoop):
        def run_callback_threadsafe(self, *arguments):
            event._queue.popleft().deliver()
            raise MemoryError

    event._loop = TakingLoop(event._loop)
    event.set_threadsafe()
    in_greenlet(event.wait)
