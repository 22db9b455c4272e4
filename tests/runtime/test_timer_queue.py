"""Timeouts of one duration in the timer queue of a hub."""

from __future__ import annotations

import gc

import gevent
import pytest
from gevent.event import Event
from runtime.runners import PATIENCE, in_thread, turns

from wsgiresp._runtime import timer_queue as timer_queue_module
from wsgiresp._runtime.process import hub_part
from wsgiresp._runtime.timer_queue import TimerQueue, timer_queue


class Clock:
    """A clock that stands still unless it is set."""

    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    found = Clock()
    monkeypatch.setattr(timer_queue_module, "time", found)
    return found


class Callback:
    """Notes how often it was called."""

    def __init__(self):
        self.count = 0
        self.was_called = Event()

    def __call__(self):
        self.count += 1
        self.was_called.set()


def made(after=0.001):
    return TimerQueue(gevent.get_hub(), after)


def test_an_alarm_rings_after_its_time_and_once():
    found, callback = made(), Callback()
    found.arm(callback)
    assert callback.was_called.wait(PATIENCE)
    found._fire()
    assert callback.count == 1


def test_an_alarm_does_not_ring_before_its_time(clock):
    found, callback = made(), Callback()
    found.arm(callback)
    found._fire()
    assert callback.count == 0
    clock.now += 0.001
    assert callback.was_called.wait(PATIENCE)


def test_an_alarm_that_is_set_anew_rings_later(clock):
    found, early, late = made(), Callback(), Callback()
    found.arm(late)
    found.arm(early)
    clock.now += 0.0006
    found.arm(late)
    clock.now += 0.0005
    assert early.was_called.wait(PATIENCE)
    assert late.count == 0
    clock.now += 0.0006
    assert late.was_called.wait(PATIENCE)


def test_an_alarm_that_is_cleared_does_not_ring(clock):
    found, callback, other = made(), Callback(), Callback()
    found.arm(callback)
    found.arm(other)
    found.cancel(callback)
    clock.now += 1
    assert other.was_called.wait(PATIENCE)
    assert callback.count == 0


def test_the_last_that_is_cleared_lets_the_loop_end():
    def end():
        callback = Callback()
        found = made(PATIENCE * 10)
        found.arm(callback)
        found.cancel(callback)
        return gevent.get_hub().join(timeout=PATIENCE)

    assert in_thread(end)


def test_an_alarm_that_was_never_set_can_be_cleared():
    found, callback = made(), Callback()
    found.cancel(callback)
    found.arm(callback)
    assert callback.was_called.wait(PATIENCE)


def test_alarms_that_are_due_soon_ring_together(clock):
    found, first, second = made(), Callback(), Callback()
    found.arm(first)
    clock.now += 0.00004  # a twenty-fifth of their time
    found.arm(second)
    clock.now += 0.00096
    assert first.was_called.wait(PATIENCE)
    assert second.count == 1


def test_the_slack_is_small_also_for_a_long_time(clock):
    found, first, second = made(100), Callback(), Callback()
    found.arm(first)
    clock.now += 0.06
    found.arm(second)
    clock.now += 99.94
    found._start(0.001)
    assert first.was_called.wait(PATIENCE)
    assert second.count == 0
    found.cancel(second)


def test_an_alarm_may_be_set_by_one_that_rings():
    found, done = made(), Callback()

    def again():
        found.arm(done)

    found.arm(again)
    assert done.was_called.wait(PATIENCE)


def test_those_who_ask_for_the_same_time_share_its_alarms():
    hub = gevent.get_hub()
    found = timer_queue(hub, 15.0)
    assert timer_queue(hub, 15.0) is found
    assert timer_queue(hub, 16.0) is not found


def test_alarms_that_nobody_has_are_gone():
    hub = gevent.get_hub()
    timer_queue(hub, 15.5)
    gc.collect()
    assert 15.5 not in hub_part(hub, timer_queue_module.TimerQueues)


def test_each_hub_has_alarms_of_its_own():
    ours = timer_queue(gevent.get_hub(), 15.0)

    def theirs():
        found = timer_queue(gevent.get_hub(), 15.0)
        gevent.get_hub().destroy(destroy_loop=True)
        return found

    assert in_thread(theirs) is not ours
    turns()
