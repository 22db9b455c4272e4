"""gevent runtime: the hub of a thread lives while a runtime of it is open, and is freed after the last is closed."""

from __future__ import annotations

import errno
import gc
import os
import socket
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import gevent
from gevent._hub_local import get_hub_if_exists
from gevent.event import Event
from runtime.runners import PATIENCE, in_thread, live_hubs, run_others

from wsgiresp._runtime import gevent_runtime
from wsgiresp._runtime.disconnect import watch_disconnect
from wsgiresp._runtime.gevent_runtime import GeventRuntime
from wsgiresp._runtime.process import hub_part, part
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._runtime.wakeup_event import WakeQueue, WakeupEvent


def open_and_wait():
    runtime = GeventRuntime()
    gevent.sleep(0)
    runtime.close()


def test_a_hub_that_has_run_in_a_thread_is_freed_after_the_last_runtime_is_closed():
    with ThreadPoolExecutor(1) as pool:
        before = live_hubs()
        for _ in range(10):
            pool.submit(open_and_wait).result()
        assert live_hubs() == before


def open_and_watch():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        runtime = GeventRuntime()
        end = watch_disconnect(ServerProfile({"werkzeug.socket": ours}), runtime.hub, lambda: None)
        gevent.sleep(0)
        end()
        runtime.close()


def test_a_hub_that_has_watched_a_client_is_freed():
    with ThreadPoolExecutor(1) as pool:
        before = live_hubs()
        for _ in range(10):
            pool.submit(open_and_watch).result()
        assert live_hubs() == before


def open_watch_and_leave_a_callback():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        runtime = GeventRuntime()
        end = watch_disconnect(ServerProfile({"werkzeug.socket": ours}), runtime.hub, lambda: None)
        gevent.sleep(0)
        end()
        WakeupEvent(runtime.hub).set_threadsafe()
        runtime.close()


def test_a_hub_with_a_pending_callback_is_freed():
    with ThreadPoolExecutor(1) as pool:
        before = live_hubs()
        for _ in range(10):
            pool.submit(open_watch_and_leave_a_callback).result()
        assert live_hubs() == before


def test_a_hub_that_has_never_run_is_freed():
    with ThreadPoolExecutor(1) as pool:
        before = live_hubs()
        pool.submit(lambda: GeventRuntime().close()).result()
        assert live_hubs() == before


def test_an_open_runtime_keeps_the_hub_waiting_for_another_thread_to_call():
    def wait_for_another_thread():
        runtime = GeventRuntime()
        event = Event()
        run_in_hub = runtime.hub.loop.run_callback_threadsafe
        timer = threading.Timer(0.005, run_in_hub, (event.set,))
        timer.start()
        assert event.wait()
        timer.join(PATIENCE)
        runtime.close()

    in_thread(wait_for_another_thread)


def test_closing_the_last_runtime_destroys_the_hub():
    def open_twice():
        first, second = GeventRuntime(), GeventRuntime()
        hub = first.hub
        first.close()
        first.close()
        was_there = hub.loop is not None
        second.close()
        return was_there, hub.loop is None

    assert in_thread(open_twice) == (True, True)


def test_a_new_runtime_after_the_last_one_makes_a_new_hub():
    def open_again():
        first = GeventRuntime()
        first.close()
        second = GeventRuntime()
        second.close()
        return first.hub is second.hub

    assert not in_thread(open_again)


def test_the_hub_of_the_main_thread_is_kept():
    runtime = GeventRuntime()
    runtime.close()
    assert runtime.hub.loop is not None
    run_others()


def test_a_hub_is_kept_when_one_of_its_greenlets_closes_the_runtime():
    def close_in_greenlet():
        def use():
            runtime = GeventRuntime()
            runtime.close()
            return runtime.hub.loop is not None

        found = gevent.spawn(use).get()
        gevent.get_hub().destroy(destroy_loop=True)
        return found

    assert in_thread(close_in_greenlet)


def test_a_hub_that_existed_before_the_runtime_is_kept():
    def spawn_and_open():
        hub = gevent.get_hub()
        spawned = gevent.spawn(lambda: "done")
        GeventRuntime().close()
        found = spawned.get(timeout=PATIENCE), hub.loop is not None
        hub.destroy(destroy_loop=True)
        return found

    assert in_thread(spawn_and_open) == ("done", True)


def test_pending_callbacks_run_before_the_hub_is_destroyed():
    called: list[str] = []

    def schedule():
        runtime = GeventRuntime()
        runtime.hub.loop.run_callback(called.append, "called")
        runtime.close()

    in_thread(schedule)
    assert called == ["called"]


def test_a_destroyed_hub_holds_no_local_variable_of_its_thread():
    class Local:
        pass

    held: list[weakref.ref[Local]] = []

    def use(wait):
        local = Local()
        held.append(weakref.ref(local))
        runtime = GeventRuntime()
        if wait:
            gevent.sleep(0)
        runtime.close()

    in_thread(use, True)
    in_thread(use, False)
    gc.collect()
    assert [one() for one in held] == [None, None]


def test_runtimes_leak_no_descriptor():
    def use():
        GeventRuntime().close()

    in_thread(use)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        in_thread(use)
    assert len(os.listdir("/proc/self/fd")) <= before


def test_a_hub_is_kept_for_a_runtime_that_opens_while_the_last_one_closes():
    def close_while_another_opens():
        later = []
        first = GeventRuntime()
        first.call_soon(lambda: later.append(GeventRuntime()))
        first.close()
        (second,) = later
        was_there = second.hub.loop is not None
        second.close()
        return was_there, second.hub.loop is None

    assert in_thread(close_while_another_opens) == (True, True)


def hub_of(function):
    """Return the error of *function*, and the hub that is left in its thread."""
    try:
        function()
    except BaseException as error:
        return type(error), get_hub_if_exists()
    raise AssertionError("no error was raised")


def test_without_free_descriptors_no_hub_is_made(monkeypatch):
    def none_is_left(*arguments):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "open", none_is_left)
    assert in_thread(hub_of, GeventRuntime) == (OSError, None)


def test_a_hub_whose_lease_cannot_be_made_is_destroyed(monkeypatch):
    def keep(self, hub, is_ours):
        raise MemoryError

    monkeypatch.setattr(gevent_runtime._Leases, "keep", keep)
    before = len(os.listdir("/proc/self/fd"))
    assert in_thread(hub_of, GeventRuntime) == (MemoryError, None)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_forked_child_has_another_lock_for_making_hubs():
    lock = part(gevent_runtime.HubMaking).lock
    part(gevent_runtime.HubMaking).after_fork()
    assert part(gevent_runtime.HubMaking).lock is not lock


class TestCallsOfFinalizers:
    def test_another_thread_may_call_the_hub(self):
        def call():
            runtime, called = GeventRuntime(), Event()
            thread = threading.Thread(target=runtime.call_soon_in_finalizer, args=[called.set])
            thread.start()
            found = called.wait(PATIENCE)
            thread.join(PATIENCE)
            runtime.close()
            return found

        assert gevent.spawn(call).get(timeout=PATIENCE)

    def test_a_loop_without_memory_is_not_reached(self):
        class Short:
            def run_callback(self, callback):
                raise MemoryError

        def call():
            runtime = GeventRuntime()
            runtime._loop = Short()
            found = runtime.call_soon_in_finalizer(print)
            runtime.close()
            return found

        assert gevent.spawn(call).get(timeout=PATIENCE) is False

    def test_a_hub_that_the_application_destroyed_is_not_reached(self):
        def call():
            runtime = GeventRuntime()
            gevent.get_hub().destroy(destroy_loop=True)
            return runtime.call_soon_in_finalizer(print)

        assert in_thread(call) is False

    def test_a_closed_runtime_of_a_thread_is_not_reached(self):
        def call():
            runtime = GeventRuntime()
            runtime.close()
            return runtime.call_soon_in_finalizer(print)

        assert in_thread(call) is False

    def test_a_thread_that_has_ended_is_not_reached(self):
        runtime = in_thread(GeventRuntime)
        assert (runtime.has_ended, runtime.call_soon_in_finalizer(print)) == (True, False)
        runtime.close()


def test_a_pending_wake_up_is_delivered_before_the_hub_is_destroyed():
    def close():
        runtime, woken = GeventRuntime(), []
        event = runtime.wakeup()
        gevent.spawn(lambda: (event.wait(), woken.append("woken")))
        gevent.sleep(0)
        pending = hub_part(runtime.hub, WakeQueue)
        pending.append(event)
        pending.start(runtime._loop)
        runtime.close()
        return woken

    assert in_thread(close) == ["woken"]
