"""Operations of the event loop that fail once, for want of memory or descriptors: nobody waits for ever."""

from __future__ import annotations

import asyncio
import contextvars
import errno
import os

import gevent
import pytest
from gevent import socket as gevent_socket
from gevent.event import Event
from responses.wsgi_calls import environ
from runtime.runners import PATIENCE, in_greenlet

from wsgiresp._runtime import asyncio_thread, disconnect
from wsgiresp._runtime.asyncio_runtime import AsyncioRuntime
from wsgiresp._runtime.disconnect import _DisconnectWatcher, watch_disconnect
from wsgiresp._runtime.gevent_runtime import GeventRuntime, _Leases
from wsgiresp._runtime.hubs import let_hub_poll
from wsgiresp._runtime.process import PROCESS, hub_part, hub_parts
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._runtime.sockets import shut_connection
from wsgiresp._runtime.timer_queue import TimerQueue, TimerQueues
from wsgiresp._runtime.waiting_executor import ReaderExecutor
from wsgiresp._runtime.wakeup_event import WakeupEvent


class FailingOnce:
    """*target*, whose method *name* raises ``MemoryError`` at its first calls, *times* of them."""

    def __init__(self, target, name, times=1):
        self._target = target
        self._name = name
        self.left = times

    def __getattr__(self, name):
        method = getattr(self._target, name)
        return self._failing(method) if name == self._name else method

    def _failing(self, method):
        def call(*args, **kwargs):
            if self.left:
                self.left -= 1
                raise MemoryError
            return method(*args, **kwargs)

        return call


@pytest.mark.parametrize(
    ("method", "name"),
    [("set", "run_callback"), ("set_threadsafe", "run_callback_threadsafe")],
    ids=["hub", "any thread"],
)
def test_an_event_wakes_its_waiter_though_the_loop_takes_it_at_the_second_time(method, name):
    def wait():
        event = WakeupEvent(gevent.get_hub())
        event._loop = loop = FailingOnce(event._loop, name)
        waiting = gevent.spawn(event.wait)
        gevent.sleep(0)
        getattr(event, method)()
        waiting.get(timeout=PATIENCE)
        return loop.left

    assert in_greenlet(wait) == 0


@pytest.mark.parametrize("times", [1, 2])
def test_queued_events_wake_their_waiters_though_no_timer_can_be_made(times):
    def wait():
        events = [WakeupEvent(gevent.get_hub()) for _ in range(3)]
        for event in events:
            event._loop = FailingOnce(event._loop, "timer", times)
        waiting = [gevent.spawn(event.wait) for event in events]
        gevent.sleep(0)
        for event in events:
            event.set_threadsafe()
        gevent.joinall(waiting, timeout=PATIENCE)
        return [greenlet.ready() for greenlet in waiting]

    assert in_greenlet(wait) == [True] * 3


@pytest.mark.parametrize(
    ("method", "name"),
    [("call_soon", "run_callback"), ("call_soon_threadsafe", "run_callback_threadsafe")],
    ids=["hub", "any thread"],
)
def test_a_callback_is_called_though_the_hub_takes_it_at_the_second_time(method, name):
    def call():
        runtime, called = GeventRuntime(), Event()
        runtime._loop = FailingOnce(runtime._loop, name)
        getattr(runtime, method)(called.set)
        found = called.wait(PATIENCE)
        runtime.close()
        return found

    assert in_greenlet(call)


def test_a_loop_of_asyncio_that_fails_once_is_asked_again():
    async def call():
        loop = asyncio.get_running_loop()
        called, fired = asyncio.Event(), asyncio.Event()
        AsyncioRuntime(FailingOnce(loop, "call_soon_threadsafe")).call_soon_threadsafe(called.set)
        AsyncioRuntime(FailingOnce(loop, "call_later")).timers(0.001).arm(fired.set)
        await asyncio.wait_for(asyncio.gather(called.wait(), fired.wait()), PATIENCE)

    asyncio.run(call())


def test_a_timeout_that_cannot_be_started_is_not_armed():
    queue = TimerQueue(gevent.get_hub(), 0.001)
    queue._loop = FailingOnce(queue._loop, "timer", 2)
    called = Event()
    with pytest.raises(MemoryError):
        queue.arm(called.set)
    assert not queue._due
    queue.arm(called.set)
    assert called.wait(PATIENCE)


@pytest.fixture
def connections():
    pairs = [gevent_socket.socketpair() for _ in range(2)]
    yield pairs
    for here, there in pairs:
        here.close()
        there.close()


def watched(here, callback):
    return watch_disconnect(ServerProfile(environ(**{"gunicorn.socket": here})), gevent.get_hub(), callback)


def test_a_disconnect_is_noticed_though_the_callback_of_another_client_fails(connections, caplog):
    called = Event()

    def fail():
        raise MemoryError

    callbacks = [fail, called.set]
    for (here, there), callback in zip(connections, callbacks, strict=True):
        watched(here, callback)
        there.close()
    assert called.wait(PATIENCE)
    assert "disconnect callback" in caplog.text


def test_an_entry_of_epoll_that_cannot_be_removed_is_ignored_after_its_first_event(connections):
    (stale, gone), (here, there) = connections
    called = Event()
    watched(stale, bool)
    end = watched(here, called.set)
    copy = os.dup(stale.fileno())  # as in a child process
    try:
        watcher = hub_part(gevent.get_hub(), _DisconnectWatcher)
        number = stale.fileno()
        stale.close()
        watcher.forget(number, bool)
        gone.close()
        watcher._look()
        assert not watcher._epoll.poll(0)
        there.close()
        assert called.wait(PATIENCE)
    finally:
        os.close(copy)
        end()


@pytest.mark.parametrize(("number", "is_logged"), [(errno.EMFILE, True), (errno.EBADF, False)], ids=["EMFILE", "EBADF"])
def test_a_client_that_cannot_be_watched_is_logged_once_for_want_of_resources(
    number, is_logged, connections, monkeypatch, caplog
):
    def fail():
        raise OSError(number, os.strerror(number))

    PROCESS.told.discard("disconnect")
    monkeypatch.setattr(disconnect, "_epoll", fail)
    for here, _ in connections:
        watched(here, bool)()
    assert caplog.text.count("cannot be watched") == is_logged


class Channel:
    """A fake channel of waitress."""

    def __init__(self, connection):
        self.socket = connection

    def check_client_disconnected(self):
        return False


def test_a_watcher_that_the_hub_cannot_make_leaves_nothing(connections, monkeypatch):
    (here, _), _ = connections
    hub = gevent.get_hub()
    opened, make = [], disconnect._epoll

    def epoll():
        opened.append(make())
        return opened[0]

    monkeypatch.setattr(disconnect, "_epoll", epoll)
    monkeypatch.setattr(hub, "loop", FailingOnce(hub.loop, "io"))
    server = ServerProfile(environ(**{"waitress.client_disconnected": Channel(here).check_client_disconnected}))
    with pytest.raises(MemoryError):
        watch_disconnect(server, hub, bool)
    assert opened[0].closed
    assert not any(queue._due for queue in hub_part(hub, TimerQueues).values())


def leases():
    return sum(found.count for _, found in hub_parts(_Leases))


@pytest.mark.parametrize("failing", ["context", "queue"])
def test_a_call_that_cannot_begin_gives_the_hub_back(failing, monkeypatch):
    closed = []

    async def nothing():
        """Return at once."""

    def fail(*_):
        raise MemoryError

    def call():
        before = leases()
        coroutine = nothing()
        if failing == "context":
            monkeypatch.setattr(contextvars, "copy_context", fail)
        else:
            monkeypatch.setattr(GeventRuntime, "wakeup", fail)
        with pytest.raises(MemoryError):
            asyncio_thread.run(coroutine)
        monkeypatch.undo()
        closed.append(coroutine.cr_frame is None)
        return leases() - before

    asyncio_thread.loop()
    assert in_greenlet(call) == 0
    assert closed == [True]


def test_a_greenlet_for_functions_that_are_refused_meanwhile_is_not_started():
    def serve():
        runtime, refused = GeventRuntime(), []
        executor = ReaderExecutor(runtime)
        executor.submit(bool, lambda: refused.append("read"))
        executor.end()
        let_hub_poll()
        runtime.close()
        return refused, executor._greenlet

    assert in_greenlet(serve) == (["read"], None)


def test_a_greenlet_that_starts_while_the_stream_ends_is_ended():
    def serve():
        runtime = GeventRuntime()
        executor = ReaderExecutor(runtime)
        executor._has_ended = True  # as between the two looks of end()
        executor.submit(bool)
        executor._ensure_greenlet()
        executor._greenlet.join(PATIENCE)
        runtime.close()
        return executor._greenlet.ready()

    assert in_greenlet(serve)


class Opaque:
    """A connection that is no socket."""

    def fileno(self):
        return 0


def test_a_connection_that_cannot_be_shut_down_without_descriptors_is_logged_once(monkeypatch, caplog):
    def fail(_):
        raise OSError(errno.EMFILE, "none left")

    PROCESS.told.discard("shutdown of a connection")
    monkeypatch.setattr(os, "dup", fail)
    for _ in range(2):
        shut_connection(Opaque())
    assert caplog.text.count("could not be shut down") == 1
