"""The hub of a thread, and who drives it."""

from __future__ import annotations

import gc
import os
import threading
import weakref

import gevent
import pytest
from gevent.event import Event
from greenlet import greenlet
from runtime.runners import PATIENCE, in_greenlet, in_thread, turns

from wsgiresp._runtime import hubs
from wsgiresp._runtime.hubs import HubLease, is_under_hub, may_block_thread


@pytest.fixture
def patched(monkeypatch):
    """What ``gevent.monkey`` says once it has patched all."""
    monkeypatch.setattr(hubs.monkey, "is_module_patched", lambda name: True)


def test_the_main_greenlet_is_not_under_a_hub_though_there_is_one():
    gevent.get_hub()
    assert not is_under_hub()


def test_a_greenlet_of_the_hub_is_under_it():
    assert in_greenlet(is_under_hub)


def test_a_greenlet_of_somebody_else_is_not_under_the_hub():
    assert not greenlet(is_under_hub).switch()


def test_a_thread_that_nothing_shares_can_be_blocked():
    assert may_block_thread()


def test_a_thread_that_others_share_must_not_be_blocked():
    assert not in_greenlet(may_block_thread)


def test_nothing_blocks_where_sleep_is_gevents(patched):
    assert not may_block_thread()


def wait_with_nothing_else():
    Event().wait()


def test_a_hub_with_nothing_to_wait_for_gives_up():
    with pytest.raises(gevent.exceptions.LoopExit):
        in_thread(wait_with_nothing_else)


def test_a_lease_keeps_the_hub_waiting_for_another_thread():
    def wait_for_another_thread():
        lease = HubLease()
        event = Event()
        ring = lease.hub.loop.run_callback_threadsafe
        timer = threading.Timer(0.005, ring, (event.set,))
        timer.start()
        assert event.wait()
        timer.join(PATIENCE)
        lease.close()

    in_thread(wait_for_another_thread)


def test_the_hub_of_a_thread_goes_with_the_last_lease():
    def lease_twice():
        first, second = HubLease(), HubLease()
        hub = first.hub
        first.close()
        first.close()
        was_there = hub.loop is not None
        second.close()
        return was_there, hub.loop is None

    assert in_thread(lease_twice) == (True, True)


def test_a_thread_that_takes_a_lease_again_has_a_new_hub():
    def lease_again():
        first = HubLease()
        first.close()
        second = HubLease()
        second.close()
        return first.hub is second.hub

    assert not in_thread(lease_again)


def test_the_hub_of_the_main_thread_stays():
    lease = HubLease()
    lease.close()
    assert lease.hub.loop is not None
    turns()


def test_a_hub_that_drives_the_one_who_closes_stays():
    def close_in_greenlet():
        def use():
            lease = HubLease()
            lease.close()
            return lease.hub.loop is not None

        found = gevent.spawn(use).get()
        gevent.get_hub().destroy(destroy_loop=True)
        return found

    assert in_thread(close_in_greenlet)


def test_a_hub_that_somebody_else_has_made_stays_his():
    def spawn_and_lease():
        hub = gevent.get_hub()
        work = gevent.spawn(lambda: "done")
        HubLease().close()
        found = work.get(timeout=PATIENCE), hub.loop is not None
        hub.destroy(destroy_loop=True)
        return found

    assert in_thread(spawn_and_lease) == ("done", True)


def test_what_is_still_to_be_called_is_called_before_the_hub_goes():
    called: list[str] = []

    def schedule():
        lease = HubLease()
        lease.hub.loop.run_callback(called.append, "called")
        lease.close()

    in_thread(schedule)
    assert called == ["called"]


def test_a_hub_that_goes_holds_nothing_of_its_thread():
    class Local:
        pass

    held: list[weakref.ref[Local]] = []

    def use(wait):
        local = Local()
        held.append(weakref.ref(local))
        lease = HubLease()
        if wait:
            gevent.sleep(0)
        lease.close()

    in_thread(use, True)
    in_thread(use, False)
    gc.collect()
    assert [one() for one in held] == [None, None]


def test_leases_of_threads_leave_no_descriptor():
    def use():
        HubLease().close()

    in_thread(use)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        in_thread(use)
    assert len(os.listdir("/proc/self/fd")) <= before
