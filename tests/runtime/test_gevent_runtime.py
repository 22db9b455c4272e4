"""Hub lease: the hub of a thread lives while a lease of it is open, and is freed after the last one is closed."""

from __future__ import annotations

import gc
import socket
from concurrent.futures import ThreadPoolExecutor

import gevent
from gevent.hub import Hub

from wsgiresp._runtime.disconnect import watch_disconnect
from wsgiresp._runtime.gevent_runtime import GeventRuntime
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._runtime.wakeup_event import WakeupEvent


def hubs():
    gc.collect()
    # By type(): a lazy object imports its module when its __class__ is read.
    return sum(issubclass(type(thing), Hub) for thing in gc.get_objects())


def lease_and_wait():
    lease = GeventRuntime()
    gevent.sleep(0)
    lease.close()


def test_a_hub_that_has_run_in_a_thread_is_freed_after_the_last_lease():
    with ThreadPoolExecutor(1) as pool:
        before = hubs()
        for _ in range(10):
            pool.submit(lease_and_wait).result()
        assert hubs() == before


def lease_and_watch():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        lease = GeventRuntime()
        end = watch_disconnect(ServerProfile({"werkzeug.socket": ours}), lease.hub, lambda: None)
        gevent.sleep(0)
        end()
        lease.close()


def test_a_hub_that_has_watched_a_client_is_freed():
    with ThreadPoolExecutor(1) as pool:
        before = hubs()
        for _ in range(10):
            pool.submit(lease_and_watch).result()
        assert hubs() == before


def lease_watch_and_leave_a_callback():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        lease = GeventRuntime()
        end = watch_disconnect(ServerProfile({"werkzeug.socket": ours}), lease.hub, lambda: None)
        gevent.sleep(0)
        end()
        WakeupEvent(lease.hub).set_threadsafe()
        lease.close()


def test_a_hub_with_a_pending_callback_is_freed():
    with ThreadPoolExecutor(1) as pool:
        before = hubs()
        for _ in range(10):
            pool.submit(lease_watch_and_leave_a_callback).result()
        assert hubs() == before


def test_a_hub_that_has_never_run_is_freed():
    with ThreadPoolExecutor(1) as pool:
        before = hubs()
        pool.submit(lambda: GeventRuntime().close()).result()
        assert hubs() == before
