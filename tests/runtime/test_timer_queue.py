"""Alarms that all ring after the same time."""

from __future__ import annotations

import gc

import gevent
import pytest
from gevent.event import Event
from runtime.runners import PATIENCE, in_thread, turns

from wsgiresp._runtime import timer_queue as alarms_module
from wsgiresp._runtime.timer_queue import Alarms, alarms


class Clock:
    """A clock that stands still unless it is set."""

    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    found = Clock()
    monkeypatch.setattr(alarms_module, "time", found)
    return found


class Ring:
    """Notes how often it was called."""

    def __init__(self):
        self.count = 0
        self.has_rung = Event()

    def __call__(self):
        self.count += 1
        self.has_rung.set()


def made(after=0.001):
    return Alarms(gevent.get_hub(), after)


def test_an_alarm_rings_after_its_time_and_once():
    found, ring = made(), Ring()
    found.set(ring)
    assert ring.has_rung.wait(PATIENCE)
    found._fire()
    assert ring.count == 1


def test_an_alarm_does_not_ring_before_its_time(clock):
    found, ring = made(), Ring()
    found.set(ring)
    found._fire()
    assert ring.count == 0
    clock.now += 0.001
    assert ring.has_rung.wait(PATIENCE)


def test_an_alarm_that_is_set_anew_rings_later(clock):
    found, early, late = made(), Ring(), Ring()
    found.set(late)
    found.set(early)
    clock.now += 0.0006
    found.set(late)
    clock.now += 0.0005
    assert early.has_rung.wait(PATIENCE)
    assert late.count == 0
    clock.now += 0.0006
    assert late.has_rung.wait(PATIENCE)


def test_an_alarm_that_is_cleared_does_not_ring(clock):
    found, ring, other = made(), Ring(), Ring()
    found.set(ring)
    found.set(other)
    found.clear(ring)
    clock.now += 1
    assert other.has_rung.wait(PATIENCE)
    assert ring.count == 0


def test_the_last_that_is_cleared_lets_the_loop_end():
    def end():
        ring = Ring()
        found = made(PATIENCE * 10)
        found.set(ring)
        found.clear(ring)
        return gevent.get_hub().join(timeout=PATIENCE)

    assert in_thread(end)


def test_an_alarm_that_was_never_set_can_be_cleared():
    found, ring = made(), Ring()
    found.clear(ring)
    found.set(ring)
    assert ring.has_rung.wait(PATIENCE)


def test_alarms_that_are_due_soon_ring_together(clock):
    found, first, second = made(), Ring(), Ring()
    found.set(first)
    clock.now += 0.00004  # a twenty-fifth of their time
    found.set(second)
    clock.now += 0.00096
    assert first.has_rung.wait(PATIENCE)
    assert second.count == 1


def test_the_slack_is_small_also_for_a_long_time(clock):
    found, first, second = made(100), Ring(), Ring()
    found.set(first)
    clock.now += 0.06
    found.set(second)
    clock.now += 99.94
    found._run(0.001)
    assert first.has_rung.wait(PATIENCE)
    assert second.count == 0
    found.clear(second)


def test_an_alarm_may_be_set_by_one_that_rings():
    found, done = made(), Ring()

    def again():
        found.set(done)

    found.set(again)
    assert done.has_rung.wait(PATIENCE)


def test_those_who_ask_for_the_same_time_share_its_alarms():
    hub = gevent.get_hub()
    found = alarms(hub, 15.0)
    assert alarms(hub, 15.0) is found
    assert alarms(hub, 16.0) is not found


def test_alarms_that_nobody_has_are_gone():
    hub = gevent.get_hub()
    alarms(hub, 15.5)
    gc.collect()
    assert 15.5 not in alarms_module._alarms[hub]


def test_each_hub_has_alarms_of_its_own():
    ours = alarms(gevent.get_hub(), 15.0)

    def theirs():
        found = alarms(gevent.get_hub(), 15.0)
        gevent.get_hub().destroy(destroy_loop=True)
        return found

    assert in_thread(theirs) is not ours
    turns()
