"""Rare conditions of the runtime: a closed loop, a hub that exists, a handler that Python did not install."""

from __future__ import annotations

import asyncio

import gevent
import pytest
from gevent._hub_local import get_hub_if_exists
from greenlet import getcurrent
from process_fixtures import forget
from runtime.runners import in_greenlet, in_thread

from wsgiresp._runtime import blocked_thread, gevent_runtime, sockets
from wsgiresp._runtime.asyncio_runtime import AsyncioRuntime
from wsgiresp._runtime.asyncio_thread import _LoopThread
from wsgiresp._runtime.awaited_call import AwaitedCall
from wsgiresp._runtime.blocked_thread import interrupting
from wsgiresp._runtime.child_reaper import _ReapedChildren
from wsgiresp._runtime.gevent_runtime import GeventRuntime
from wsgiresp._runtime.process import part


def closed_loop():
    loop = asyncio.new_event_loop()
    loop.close()
    return loop


def test_a_closed_loop_is_not_reached_by_a_finalizer():
    assert AsyncioRuntime(closed_loop()).call_soon_in_finalizer(print) is False


def test_a_thread_that_has_made_no_loop_is_told_to_stop():
    thread = object.__new__(_LoopThread)
    thread._is_made = thread._is_stopping = False
    thread._stop_soon()
    assert thread._is_stopping


def test_a_call_whose_task_has_started_is_left_to_a_loop_that_is_closed():
    call = object.__new__(AwaitedCall)
    call._loop, call._task = closed_loop(), object()
    call.abandon()
    assert call._is_abandoned


def test_a_lease_that_cannot_be_made_leaves_a_hub_that_existed_before(monkeypatch):
    def keep(self, hub, is_ours):
        raise MemoryError

    def lease():
        hub = gevent.get_hub()
        with pytest.raises(MemoryError):
            GeventRuntime()
        return get_hub_if_exists() is hub

    monkeypatch.setattr(gevent_runtime._Leases, "keep", keep)
    assert in_thread(lease)


def test_a_connection_without_a_descriptor_is_left_alone():
    class Closed:
        def fileno(self):
            raise ValueError("closed")

    sockets.shut_connection(Closed())


class TestWaitsOfTheTestClient:
    @pytest.fixture(autouse=True)
    def _fresh(self):
        forget(blocked_thread._Waits)
        yield
        forget(blocked_thread._Waits)

    def test_a_forked_child_has_no_waits(self):
        waits = part(blocked_thread._Waits)
        waits.guards[getcurrent()] = object()
        waits.after_fork()
        assert waits.guards == {}

    def test_nothing_is_interrupted_without_the_signal(self, monkeypatch):
        monkeypatch.setattr(blocked_thread, "_SIGNAL", None)
        with interrupting(1) as guard:
            assert guard is None

    def test_a_handler_that_python_did_not_install_is_replaced_by_the_default(self, monkeypatch):
        monkeypatch.setattr(blocked_thread.signal, "signal", lambda number, handler: None)
        waits = part(blocked_thread._Waits)
        assert blocked_thread._install(waits)
        assert waits.previous is blocked_thread.signal.SIG_DFL

    def test_a_greenlet_that_waits_is_not_interrupted(self):
        def wait():
            part(blocked_thread._Waits).guards[getcurrent()] = object()
            blocked_thread._interrupt(0, None)
            return "not interrupted"

        assert in_greenlet(wait) == "not interrupted"


class TestChildren:
    @pytest.fixture(autouse=True)
    def _fresh(self):
        forget(_ReapedChildren)
        yield
        forget(_ReapedChildren)

    def test_the_main_hub_is_asked_once(self):
        reaped = part(_ReapedChildren)
        reaped._is_asked = True
        reaped.expect()
        reaped.expect()
        reaped.statuses[1] = 0
        reaped.note_made(None)
        assert reaped.statuses == {1: 0}
        reaped.note_made(None)
        assert reaped.statuses == {}
