"""A event, and the one who waits for it."""

from __future__ import annotations

import threading

import gevent
import pytest
from gevent.exceptions import ConcurrentObjectUseError
from runtime.runners import PATIENCE, in_greenlet, in_thread, throw, turns

from wsgiresp._runtime.wakeup_event import WakeupEvent


@pytest.fixture
def event():
    return WakeupEvent(gevent.get_hub())


def in_other_thread(function):
    """Call *function* in another thread; a thread that only calls it has no hub."""
    thread = threading.Thread(target=function)
    thread.start()
    thread.join(PATIENCE)


@pytest.mark.parametrize("method", ["set", "set_threadsafe"])
def test_a_ring_wakes_the_one_who_waits(event, method):
    waiting = gevent.spawn(event.wait)
    turns()
    getattr(event, method)()
    waiting.get(timeout=PATIENCE)


@pytest.mark.parametrize("method", ["set", "set_threadsafe"])
def test_a_ring_that_nobody_waited_for_is_not_lost(event, method):
    getattr(event, method)()
    turns()
    in_greenlet(event.wait)


def test_a_ring_of_another_thread_wakes_the_one_who_waits(event):
    waiting = gevent.spawn(event.wait)
    turns()
    in_other_thread(event.set_threadsafe)
    waiting.get(timeout=PATIENCE)


def test_rings_before_the_wait_is_over_are_one(event):
    event.set()
    event.set()
    event.set_threadsafe()
    in_greenlet(event.wait)
    waiting = gevent.spawn(event.wait)
    turns()
    assert not waiting.dead
    event.set()
    waiting.get(timeout=PATIENCE)


def test_it_can_be_waited_for_again_and_again(event):
    def wait_thrice():
        for _ in range(3):
            event.wait()

    waiting = gevent.spawn(wait_thrice)
    for _ in range(3):
        turns()
        event.set()
    waiting.get(timeout=PATIENCE)


def test_a_second_who_waits_is_refused(event):
    waiting = gevent.spawn(event.wait)
    turns()
    with pytest.raises(ConcurrentObjectUseError):
        in_greenlet(event.wait)
    event.set()
    waiting.get(timeout=PATIENCE)


def test_one_who_is_thrown_out_may_wait_again(event):
    def wait_twice():
        with pytest.raises(LookupError):
            event.wait()
        event.wait()

    waiting = gevent.spawn(wait_twice)
    turns()
    throw(waiting, LookupError)
    event.set()
    waiting.get(timeout=PATIENCE)


def test_a_ring_for_a_hub_that_is_gone_is_for_nobody():
    def make():
        hub = gevent.get_hub()
        event = WakeupEvent(hub)
        hub.destroy(destroy_loop=True)
        return event

    event = in_thread(make)
    event.set_threadsafe()


def test_whoever_waits_can_be_let_go_before_another_waits(event):
    order: list[str] = []

    def wait():
        event.wait()
        order.append("the first")

    def evict_and_wait():
        event.wake_and_yield()
        order.append("the second")
        event.wait()

    first = gevent.spawn(wait)
    turns()
    second = gevent.spawn(evict_and_wait)
    turns()
    event.set()
    gevent.joinall([first, second], timeout=PATIENCE, raise_error=True)
    assert order == ["the first", "the second"]


def test_where_nobody_waits_nobody_is_let_go(event):
    event.wake_and_yield()
    waiting = gevent.spawn(event.wait)
    turns()
    assert not waiting.dead
    event.set()
    waiting.get(timeout=PATIENCE)
