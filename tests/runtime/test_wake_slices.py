"""Slices: events that are set at once wake their waiters a few at a time, and the hub polls its sockets in between."""

from __future__ import annotations

import gc
import sys
import threading
import weakref

import gevent
import pytest
from gevent.exceptions import BlockingSwitchOutError
from greenlet import GreenletExit
from runtime.runners import PATIENCE, run_others, throw, wait_until

from wsgiresp._runtime import wakeup_event
from wsgiresp._runtime.process import hub_part
from wsgiresp._runtime.wakeup_event import SLICE_LENGTH, WakeQueue, WakeupEvent

MANY = 4 * SLICE_LENGTH
"""Those in the loop, and three slices."""


@pytest.fixture(autouse=True)
def no_limit_of_time(monkeypatch):
    """A slice ends by its length alone, so that a busy machine changes nothing."""
    monkeypatch.setattr(wakeup_event, "SLICE_TIME", PATIENCE)


class Crowd:
    """So many greenlets, each of which waits for an event of its own.

    *woken*: the numbers of those that were woken, in order; *then*: what one does after it was woken, by its number.
    """

    def __init__(self, count):
        self.woken = []
        self.then = {}
        self.events = [WakeupEvent(gevent.get_hub()) for _ in range(count)]
        self.waiting = [gevent.spawn(self.wait, number) for number in range(count)]
        run_others()

    def wait(self, number):
        self.events[number].wait()
        self.woken.append(number)
        self.then.get(number, lambda: None)()

    def set(self, method="set"):
        for event in self.events:
            getattr(event, method)()

    def join(self):
        gevent.joinall(self.waiting, timeout=PATIENCE)
        assert all(greenlet.dead for greenlet in self.waiting)


class Polls:
    """How many of *crowd* had been woken each time the hub polled its sockets."""

    def __init__(self, crowd):
        self.counts = []
        self.watcher = gevent.get_hub().loop.check()
        self.watcher.start(lambda: self.counts.append(len(crowd.woken)))

    def __enter__(self):
        return self.counts

    def __exit__(self, *raised):
        self.watcher.close()


def queue():
    return hub_part(gevent.get_hub(), WakeQueue)


@pytest.mark.parametrize("method", ["set", "set_threadsafe"])
def test_a_crowd_is_woken_in_the_order_in_which_it_was_set(method):
    crowd = Crowd(MANY)
    crowd.set(method)
    crowd.join()
    assert crowd.woken == list(range(MANY))


def test_the_hub_polls_its_sockets_before_the_51st_is_woken():
    crowd = Crowd(SLICE_LENGTH + 1)
    with Polls(crowd) as counts:
        crowd.set()
        crowd.join()
    assert SLICE_LENGTH in counts


@pytest.mark.parametrize("method", ["set", "set_threadsafe"])
def test_the_hub_polls_its_sockets_between_two_slices(method):
    crowd = Crowd(MANY)
    with Polls(crowd) as counts:
        crowd.set(method)
        crowd.join()
    assert all(later - earlier <= SLICE_LENGTH for earlier, later in zip([0, *counts], counts, strict=False))


def test_fifty_are_woken_without_a_timer():
    crowd = Crowd(SLICE_LENGTH)
    crowd.set()
    gevent.sleep(0)
    assert len(crowd.woken) == SLICE_LENGTH


def test_a_greenlet_that_is_started_meanwhile_runs_before_the_next_slice():
    crowd = Crowd(MANY)
    crowd.set()
    gevent.sleep(0)  # those in the loop, and on a busy machine a slice
    before = len(crowd.woken)
    gevent.spawn(lambda: crowd.woken.append("new"))
    crowd.join()
    assert crowd.woken.index("new") <= before + SLICE_LENGTH + 1


def test_a_slice_ends_when_its_time_is_over(monkeypatch):
    monkeypatch.setattr(wakeup_event, "SLICE_TIME", -1.0)
    crowd = Crowd(SLICE_LENGTH + 3)
    with Polls(crowd) as counts:
        crowd.set()
        crowd.join()
    assert {SLICE_LENGTH, SLICE_LENGTH + 1, SLICE_LENGTH + 2} <= set(counts)


def test_an_event_that_is_set_during_a_slice_waits_for_the_next():
    crowd = Crowd(SLICE_LENGTH + 3)
    *others, late = crowd.events
    crowd.then[SLICE_LENGTH] = late.set
    with Polls(crowd) as counts:
        for event in others:
            event.set()
        crowd.join()
    assert crowd.woken == list(range(SLICE_LENGTH + 3))
    assert SLICE_LENGTH + 2 in counts


def test_an_event_that_is_set_while_others_are_in_the_queue_does_not_overtake_them():
    crowd = Crowd(MANY + 1)
    *others, last = crowd.events
    for event in others:
        event.set()
    gevent.sleep(0)  # those in the loop have been called: there is room
    last.set()
    crowd.join()
    assert crowd.woken == list(range(MANY + 1))


def test_the_rest_of_a_slice_is_woken_when_a_waiter_is_killed():
    crowd = Crowd(MANY)
    crowd.set()
    for greenlet in crowd.waiting[SLICE_LENGTH::2]:
        greenlet.kill(block=False)
    crowd.join()
    assert set(range(SLICE_LENGTH)) <= set(crowd.woken)
    assert set(range(SLICE_LENGTH + 1, MANY, 2)) <= set(crowd.woken)


def test_an_event_whose_waiter_was_killed_in_the_queue_can_be_waited_for_again():
    crowd = Crowd(MANY)
    crowd.set()
    throw(crowd.waiting[-1], GreenletExit)
    crowd.join()
    again = gevent.spawn(crowd.events[-1].wait)
    run_others()
    crowd.events[-1].set()
    again.get(timeout=PATIENCE)


def raise_lookup_error(event):
    event.wait()
    raise LookupError


@pytest.mark.parametrize("number", [0, SLICE_LENGTH, MANY - 1], ids=["in the loop", "in a slice", "at the end"])
def test_the_rest_is_woken_when_an_exception_reaches_the_hub(number, monkeypatch):
    told = []
    monkeypatch.setattr(gevent.get_hub(), "handle_error", lambda context, kind, *_: told.append(kind))
    crowd = Crowd(MANY)
    throw(crowd.waiting[number], GreenletExit)
    # Not one of gevent's, which catches what it ends by.
    failing = wakeup_event.greenlet(raise_lookup_error, gevent.get_hub())
    gevent.get_hub().loop.run_callback(failing.switch, crowd.events[number])
    run_others()
    crowd.set()
    crowd.join()
    wait_until(lambda: failing.dead)
    assert crowd.woken == [other for other in range(MANY) if other != number]
    assert told == [LookupError]


def test_events_that_another_thread_sets_at_once_are_woken_in_slices():
    crowd = Crowd(MANY)
    with Polls(crowd) as counts:
        thread = threading.Thread(target=crowd.set, args=("set_threadsafe",))
        thread.start()
        thread.join(PATIENCE)  # it blocks the hub, so all have arrived
        crowd.join()
    assert crowd.woken == list(range(MANY))
    assert all(later - earlier <= SLICE_LENGTH for earlier, later in zip([0, *counts], counts, strict=False))


def test_events_of_another_thread_are_woken_behind_those_in_the_loop():
    crowd = Crowd(4)
    for number, method in enumerate(["set", "set_threadsafe", "set", "set_threadsafe"]):
        getattr(crowd.events[number], method)()
    crowd.join()
    assert crowd.woken == [0, 1, 2, 3]


def test_an_event_in_the_loop_changes_nothing_for_the_queue_behind_it():
    crowd = Crowd(SLICE_LENGTH + 3)
    *others, near, far = crowd.events

    def set_both():
        near.set()
        far.set_threadsafe()

    crowd.then[SLICE_LENGTH] = set_both
    for event in others:
        event.set()
    crowd.join()
    assert crowd.woken == list(range(SLICE_LENGTH + 3))


def test_a_slice_does_not_overtake_events_in_the_loop_that_polls_early():
    crowd = Crowd(2 * MANY)
    first, then = crowd.events[: SLICE_LENGTH + 1], crowd.events[SLICE_LENGTH + 1 :]
    loop = gevent.get_hub().loop

    def set_all():
        for _ in range(SLICE_LENGTH // 2):
            loop.run_callback(lambda: None)
        for event in then:
            event.set()

    crowd.then[SLICE_LENGTH] = set_all  # in a slice: the timer runs
    for event in first:
        event.set()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # after which gevent's loop polls, once it has called fifty
    try:
        with Polls(crowd) as counts:
            crowd.join()
    finally:
        sys.setswitchinterval(interval)
    assert crowd.woken == list(range(2 * MANY))
    assert any(SLICE_LENGTH + 1 < count < 2 * SLICE_LENGTH + 1 for count in counts)


def test_a_queue_that_is_empty_has_no_timer():
    crowd, seen = Crowd(MANY), []
    crowd.then[SLICE_LENGTH] = lambda: seen.append(queue().is_sliced)  # the first that a slice wakes
    crowd.set()
    crowd.join()
    run_others()
    assert (seen, queue().is_sliced) == ([True], False)


def test_wake_and_yield_does_not_wait_for_the_queue():
    crowd = Crowd(MANY)
    crowd.set()
    crowd.events[-1].wake_and_yield()
    assert crowd.woken[-1] == MANY - 1
    crowd.join()


def test_a_wait_in_the_hub_itself_raises(monkeypatch):
    told = []
    monkeypatch.setattr(gevent.get_hub(), "handle_error", lambda context, kind, *_: told.append(kind))
    gevent.get_hub().loop.run_callback(WakeupEvent(gevent.get_hub()).wait)
    run_others()
    assert told == [BlockingSwitchOutError]


def test_an_event_that_was_woken_in_a_slice_is_freed():
    crowd = Crowd(MANY)
    crowd.set()
    crowd.join()
    run_others()
    known = weakref.ref(crowd.waiting[-1])
    del crowd
    gc.collect()
    assert known() is None
