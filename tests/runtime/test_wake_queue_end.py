"""Wake queue: what happens to the pending events of a hub that is destroyed, and to its lock after a fork."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import gevent
from runtime.runners import PATIENCE, in_thread, live_hubs

from wsgiresp._runtime.gevent_runtime import GeventRuntime
from wsgiresp._runtime.process import hub_part, part
from wsgiresp._runtime.wakeup_event import SLICE_LENGTH, LoopLocks, WakeQueue, WakeupEvent, destroy_hub

MANY = 3 * SLICE_LENGTH
"""Those in the loop, and two slices."""


def close_with_events_in_the_queue():
    runtime = GeventRuntime()
    for _ in range(MANY):
        runtime.wakeup().set()
    runtime.close()


def test_a_hub_whose_runtime_is_closed_while_events_are_in_the_queue_is_freed():
    with ThreadPoolExecutor(1) as pool:
        before = live_hubs()
        for _ in range(10):
            pool.submit(close_with_events_in_the_queue).result()
        assert live_hubs() == before


def test_a_waiter_that_destroys_the_hub_in_a_slice_drops_the_rest():
    def run():
        hub = gevent.get_hub()
        events = [WakeupEvent(hub) for _ in range(MANY)]
        for event in events:
            event.set()
        pending = hub_part(hub, WakeQueue)
        events[SLICE_LENGTH].wait()
        assert pending
        hub.destroy(destroy_loop=True)
        return len(pending), pending.is_sliced

    assert in_thread(run) == (0, False)


def test_events_that_a_thread_sets_after_the_hub_is_destroyed_are_dropped():
    def make():
        hub = gevent.get_hub()
        event = WakeupEvent(hub)
        pending = hub_part(hub, WakeQueue)
        hub.destroy(destroy_loop=True)
        return event, pending

    event, pending = in_thread(make)
    event.set_threadsafe()
    assert not pending


def test_an_event_that_a_thread_sets_while_its_hub_is_destroyed_does_not_keep_the_hub():
    def run():
        hub = gevent.get_hub()
        event = WakeupEvent(hub)
        queue = hub_part(hub, WakeQueue)
        with queue.loop_lock:
            setter = threading.Thread(target=event.set_threadsafe)
            setter.start()  # waits for the lock, whenever it comes to it
            destroy_hub(hub)
        setter.join(PATIENCE)
        return len(queue)

    assert in_thread(run) == 0


def test_a_child_process_does_not_inherit_a_lock_that_another_thread_held():
    def run():
        event = WakeupEvent(gevent.get_hub())
        queue = hub_part(gevent.get_hub(), WakeQueue)
        in_thread(queue.loop_lock.acquire)
        part(LoopLocks).after_fork()
        event.set_threadsafe()
        event.wait()
        gevent.get_hub().destroy(destroy_loop=True)
        return "woken"

    assert in_thread(run) == "woken"
