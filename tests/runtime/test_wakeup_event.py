"""A bell, and the one who waits for it."""

from __future__ import annotations

import threading

import gevent
import pytest
from gevent.exceptions import ConcurrentObjectUseError
from runtime.runners import PATIENCE, in_greenlet, in_thread, throw, turns

from wsgiresp._runtime.wakeup_event import WakeupEvent


@pytest.fixture
def bell():
    return WakeupEvent(gevent.get_hub())


def in_other_thread(function):
    """Call *function* in another thread; a thread that only calls it has no hub."""
    thread = threading.Thread(target=function)
    thread.start()
    thread.join(PATIENCE)


@pytest.mark.parametrize("ring", ["ring", "ring_from_afar"])
def test_a_ring_wakes_the_one_who_waits(bell, ring):
    waiting = gevent.spawn(bell.wait)
    turns()
    getattr(bell, ring)()
    waiting.get(timeout=PATIENCE)


@pytest.mark.parametrize("ring", ["ring", "ring_from_afar"])
def test_a_ring_that_nobody_waited_for_is_not_lost(bell, ring):
    getattr(bell, ring)()
    turns()
    in_greenlet(bell.wait)


def test_a_ring_of_another_thread_wakes_the_one_who_waits(bell):
    waiting = gevent.spawn(bell.wait)
    turns()
    in_other_thread(bell.set_threadsafe)
    waiting.get(timeout=PATIENCE)


def test_rings_before_the_wait_is_over_are_one(bell):
    bell.set()
    bell.set()
    bell.set_threadsafe()
    in_greenlet(bell.wait)
    waiting = gevent.spawn(bell.wait)
    turns()
    assert not waiting.dead
    bell.set()
    waiting.get(timeout=PATIENCE)


def test_it_can_be_waited_for_again_and_again(bell):
    def wait_thrice():
        for _ in range(3):
            bell.wait()

    waiting = gevent.spawn(wait_thrice)
    for _ in range(3):
        turns()
        bell.set()
    waiting.get(timeout=PATIENCE)


def test_a_second_who_waits_is_refused(bell):
    waiting = gevent.spawn(bell.wait)
    turns()
    with pytest.raises(ConcurrentObjectUseError):
        in_greenlet(bell.wait)
    bell.set()
    waiting.get(timeout=PATIENCE)


def test_one_who_is_thrown_out_may_wait_again(bell):
    def wait_twice():
        with pytest.raises(LookupError):
            bell.wait()
        bell.wait()

    waiting = gevent.spawn(wait_twice)
    turns()
    throw(waiting, LookupError)
    bell.set()
    waiting.get(timeout=PATIENCE)


def test_a_ring_for_a_hub_that_is_gone_is_for_nobody():
    def make():
        hub = gevent.get_hub()
        bell = WakeupEvent(hub)
        hub.destroy(destroy_loop=True)
        return bell

    bell = in_thread(make)
    bell.set_threadsafe()


def test_whoever_waits_can_be_let_go_before_another_waits(bell):
    order: list[str] = []

    def wait():
        bell.wait()
        order.append("the first")

    def evict_and_wait():
        bell.wake_and_yield()
        order.append("the second")
        bell.wait()

    first = gevent.spawn(wait)
    turns()
    second = gevent.spawn(evict_and_wait)
    turns()
    bell.set()
    gevent.joinall([first, second], timeout=PATIENCE, raise_error=True)
    assert order == ["the first", "the second"]


def test_where_nobody_waits_nobody_is_let_go(bell):
    bell.wake_and_yield()
    waiting = gevent.spawn(bell.wait)
    turns()
    assert not waiting.dead
    bell.set()
    waiting.get(timeout=PATIENCE)
