"""The gevent hub of a thread: whether it runs the current greenlet, whether the thread may block, and its lifetime."""

from __future__ import annotations

import gc
import os
import threading
import weakref

import gevent
import pytest
from gevent.event import Event
from greenlet import greenlet
from runtime.runners import PATIENCE, in_greenlet, in_thread, run_others

from wsgiresp._runtime import hubs
from wsgiresp._runtime.gevent_runtime import GeventRuntime
from wsgiresp._runtime.hubs import is_under_hub, may_block_thread


@pytest.fixture
def patched(monkeypatch):
    """``gevent.monkey`` reports every module as patched."""
    monkeypatch.setattr(hubs.monkey, "is_module_patched", lambda name: True)


def test_the_main_greenlet_is_not_under_a_hub_even_if_one_exists():
    gevent.get_hub()
    assert not is_under_hub()


def test_a_greenlet_spawned_by_gevent_is_under_the_hub():
    assert in_greenlet(is_under_hub)


def test_a_raw_greenlet_is_not_under_the_hub():
    assert not greenlet(is_under_hub).switch()


def test_the_main_greenlet_may_block_its_thread():
    assert may_block_thread()


def test_a_greenlet_of_the_hub_may_not_block_its_thread():
    assert not in_greenlet(may_block_thread)


def test_no_thread_may_block_after_monkey_patching(patched):
    assert not may_block_thread()


def wait_for_an_event_that_nothing_sets():
    Event().wait()


def test_a_hub_without_watchers_raises_loop_exit():
    with pytest.raises(gevent.exceptions.LoopExit):
        in_thread(wait_for_an_event_that_nothing_sets)


def test_a_lease_keeps_the_hub_waiting_for_another_thread_to_call():
    def wait_for_another_thread():
        lease = GeventRuntime()
        event = Event()
        run_in_hub = lease.hub.loop.run_callback_threadsafe
        timer = threading.Timer(0.005, run_in_hub, (event.set,))
        timer.start()
        assert event.wait()
        timer.join(PATIENCE)
        lease.close()

    in_thread(wait_for_another_thread)


def test_closing_the_last_lease_destroys_the_hub():
    def lease_twice():
        first, second = GeventRuntime(), GeventRuntime()
        hub = first.hub
        first.close()
        first.close()
        was_there = hub.loop is not None
        second.close()
        return was_there, hub.loop is None

    assert in_thread(lease_twice) == (True, True)


def test_a_new_lease_after_the_last_one_makes_a_new_hub():
    def lease_again():
        first = GeventRuntime()
        first.close()
        second = GeventRuntime()
        second.close()
        return first.hub is second.hub

    assert not in_thread(lease_again)


def test_the_hub_of_the_main_thread_is_kept():
    lease = GeventRuntime()
    lease.close()
    assert lease.hub.loop is not None
    run_others()


def test_a_hub_is_kept_when_one_of_its_greenlets_closes_the_lease():
    def close_in_greenlet():
        def use():
            lease = GeventRuntime()
            lease.close()
            return lease.hub.loop is not None

        found = gevent.spawn(use).get()
        gevent.get_hub().destroy(destroy_loop=True)
        return found

    assert in_thread(close_in_greenlet)


def test_a_hub_that_existed_before_the_lease_is_kept():
    def spawn_and_lease():
        hub = gevent.get_hub()
        spawned = gevent.spawn(lambda: "done")
        GeventRuntime().close()
        found = spawned.get(timeout=PATIENCE), hub.loop is not None
        hub.destroy(destroy_loop=True)
        return found

    assert in_thread(spawn_and_lease) == ("done", True)


def test_pending_callbacks_run_before_the_hub_is_destroyed():
    called: list[str] = []

    def schedule():
        lease = GeventRuntime()
        lease.hub.loop.run_callback(called.append, "called")
        lease.close()

    in_thread(schedule)
    assert called == ["called"]


def test_a_destroyed_hub_holds_no_local_variable_of_its_thread():
    class Local:
        pass

    held: list[weakref.ref[Local]] = []

    def use(wait):
        local = Local()
        held.append(weakref.ref(local))
        lease = GeventRuntime()
        if wait:
            gevent.sleep(0)
        lease.close()

    in_thread(use, True)
    in_thread(use, False)
    gc.collect()
    assert [one() for one in held] == [None, None]


def test_leases_leak_no_descriptor():
    def use():
        GeventRuntime().close()

    in_thread(use)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        in_thread(use)
    assert len(os.listdir("/proc/self/fd")) <= before
