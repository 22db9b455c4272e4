"""The gevent hub of a thread: whether it runs the current greenlet, and whether the thread may block."""

from __future__ import annotations

import gevent
import pytest
from gevent.event import Event
from greenlet import greenlet
from runtime.runners import in_greenlet, in_thread

from wsgiresp._runtime import hubs
from wsgiresp._runtime.hubs import HubPolls, is_under_hub, may_block_thread, wait_until_writable


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


def test_polls_let_the_other_greenlets_run_and_may_go_on_after_close():
    def polled():
        ready = []
        polls = HubPolls()
        for turn in range(3):
            gevent.spawn(ready.append, turn)
            polls.let_hub_poll()
        polls.close()
        gevent.spawn(ready.append, 3)
        polls.let_hub_poll()
        polls.close()
        return ready

    assert in_greenlet(polled) == [0, 1, 2, 3]


def test_polls_of_another_thread_use_the_hub_of_that_thread():
    polls = HubPolls()
    in_greenlet(polls.let_hub_poll)
    assert in_thread(lambda: in_greenlet(polls.let_hub_poll)) is None
    polls.close()


def test_a_greenlet_waits_until_a_socket_is_writable():
    left, right = gevent.socket.socketpair()
    with left, right:
        assert in_greenlet(lambda: wait_until_writable(left.fileno())) is None
