"""Timeouts of one duration in the timer queue of a hub."""

from __future__ import annotations

import gc

import gevent
import pytest
from gevent.event import Event
from runtime.runners import PATIENCE, in_thread, run_others

from wsgiresp._runtime import timer_queue as timer_queue_module
from wsgiresp._runtime.process import hub_part
from wsgiresp._runtime.timer_queue import TimerQueue, timer_queue


class Clock:
    """A fake clock that advances only when a test sets it."""

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


def queue_of(after=0.001):
    return TimerQueue(gevent.get_hub(), after)


def test_a_timeout_fires_after_its_duration_and_once():
    found, callback = queue_of(), Callback()
    found.arm(callback)
    assert callback.was_called.wait(PATIENCE)
    found._fire()
    assert callback.count == 1


def test_a_timeout_does_not_fire_before_its_duration(clock):
    found, callback = queue_of(), Callback()
    found.arm(callback)
    found._fire()
    assert callback.count == 0
    clock.now += 0.001
    assert callback.was_called.wait(PATIENCE)


def test_a_timeout_that_is_armed_again_fires_later(clock):
    found, early, late = queue_of(), Callback(), Callback()
    found.arm(late)
    found.arm(early)
    clock.now += 0.0006
    found.arm(late)
    clock.now += 0.0005
    assert early.was_called.wait(PATIENCE)
    assert late.count == 0
    clock.now += 0.0006
    assert late.was_called.wait(PATIENCE)


def test_a_cancelled_timeout_does_not_fire(clock):
    found, callback, other = queue_of(), Callback(), Callback()
    found.arm(callback)
    found.arm(other)
    found.cancel(callback)
    clock.now += 1
    assert other.was_called.wait(PATIENCE)
    assert callback.count == 0


def test_cancelling_the_last_timeout_lets_the_loop_end():
    def end():
        callback = Callback()
        found = queue_of(PATIENCE * 10)
        found.arm(callback)
        found.cancel(callback)
        return gevent.get_hub().join(timeout=PATIENCE)

    assert in_thread(end)


def test_a_timeout_that_was_never_armed_can_be_cancelled():
    found, callback = queue_of(), Callback()
    found.cancel(callback)
    found.arm(callback)
    assert callback.was_called.wait(PATIENCE)


def test_timeouts_that_are_due_within_the_slack_fire_together(clock):
    found, first, second = queue_of(), Callback(), Callback()
    found.arm(first)
    clock.now += 0.00004  # a twenty-fifth of the duration
    found.arm(second)
    clock.now += 0.00096
    assert first.was_called.wait(PATIENCE)
    assert second.count == 1


def test_the_slack_is_small_also_for_a_long_duration(clock):
    found, first, second = queue_of(100), Callback(), Callback()
    found.arm(first)
    clock.now += 0.06
    found.arm(second)
    clock.now += 99.94
    found._start(0.001)
    assert first.was_called.wait(PATIENCE)
    assert second.count == 0
    found.cancel(second)


def test_a_callback_may_arm_another_timeout():
    found, done = queue_of(), Callback()

    def again():
        found.arm(done)

    found.arm(again)
    assert done.was_called.wait(PATIENCE)


def test_timeouts_of_the_same_duration_share_a_queue():
    hub = gevent.get_hub()
    found = timer_queue(hub, 15.0)
    assert timer_queue(hub, 15.0) is found
    assert timer_queue(hub, 16.0) is not found


def test_an_unreferenced_queue_is_removed_from_the_hub():
    hub = gevent.get_hub()
    timer_queue(hub, 15.5)
    gc.collect()
    assert 15.5 not in hub_part(hub, timer_queue_module.TimerQueues)


def test_each_hub_has_queues_of_its_own():
    ours = timer_queue(gevent.get_hub(), 15.0)

    def theirs():
        found = timer_queue(gevent.get_hub(), 15.0)
        gevent.get_hub().destroy(destroy_loop=True)
        return found

    assert in_thread(theirs) is not ours
    run_others()


def test_a_callback_that_fails_stops_no_other(clock, caplog):
    found, callback = queue_of(), Callback()

    def fail():
        raise MemoryError

    found.arm(fail)
    found.arm(callback)
    clock.now += 1
    assert callback.was_called.wait(PATIENCE)
    assert "failed" in caplog.text


def test_a_timer_that_cannot_be_made_is_made_again(clock, monkeypatch):
    found, early, late, starts = queue_of(), Callback(), Callback(), []
    found.arm(early)
    clock.now += 0.0006
    found.arm(late)
    start = TimerQueue._start

    def start_second_time(self, seconds):
        starts.append(seconds)
        if len(starts) == 1:
            raise MemoryError
        start(self, seconds)

    monkeypatch.setattr(TimerQueue, "_start", start_second_time)
    clock.now += 0.0005
    assert early.was_called.wait(PATIENCE)
    clock.now += 1
    assert late.was_called.wait(PATIENCE)
