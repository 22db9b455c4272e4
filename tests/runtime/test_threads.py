"""Real threads, also where gevent has patched the module, and those that the end of the process waits for."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import gevent
import pytest
from process_fixtures import forget
from runtime.runners import PATIENCE, in_greenlet

from wsgiresp._runtime import threads
from wsgiresp._runtime.process import part
from wsgiresp._runtime.threads import JoinedThreads, start_thread, wait_until


@pytest.mark.parametrize("is_patched", [False, True], ids=["threads as they are", "threads that gevent has patched"])
def test_a_thread_that_is_started_is_a_real_one(monkeypatch, is_patched):
    monkeypatch.setattr(threads.monkey, "is_module_patched", lambda name: is_patched)
    seen: list[int] = []
    is_done = threading.Event()

    def run():
        seen.append(threading.get_ident())
        is_done.set()

    start_thread(run, "a thread")
    assert is_done.wait(PATIENCE)
    assert seen != [threading.get_ident()]


def test_a_thread_is_a_real_one_after_monkey_patching():
    program = """
from gevent import monkey
monkey.patch_all()
from wsgiresp._runtime import hubs, threads
ident, lock = monkey.get_original("_thread", "get_ident"), threads.allocate_lock()
seen = []
lock.acquire()
threads.start_thread(lambda: (seen.append(ident()), lock.release()), "a thread")
lock.acquire()
assert seen != [ident()], seen
assert not hubs.may_block_thread()
"""
    path = os.pathsep.join(filter(None, sys.path))
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30, env={**os.environ, "PYTHONPATH": path})


class InThread:
    """A thread that goes on until it may end."""

    def __init__(self):
        self.may_end = threading.Event()
        self.thread = threads.start_thread(lambda: self.may_end.wait(PATIENCE), "test")

    def end(self):
        self.may_end.set()
        self.thread.join(PATIENCE)


@pytest.fixture
def in_thread_of_its_own(monkeypatch):
    forget(JoinedThreads)
    going = InThread()
    yield going
    going.end()


def test_a_process_that_ends_waits_for_a_thread_that_is_ending(in_thread_of_its_own):
    threads.join_at_exit(in_thread_of_its_own.thread, lambda: True)
    threading.Timer(0.05, in_thread_of_its_own.may_end.set).start()
    part(JoinedThreads).at_exit()
    assert not in_thread_of_its_own.thread.is_alive()


def test_a_process_that_ends_does_not_wait_for_long(in_thread_of_its_own, monkeypatch):
    monkeypatch.setattr(threads, "_JOIN_TIMEOUT", 0.01)
    threads.join_at_exit(in_thread_of_its_own.thread, lambda: True)
    part(JoinedThreads).at_exit()
    assert in_thread_of_its_own.thread.is_alive()


def test_a_process_that_ends_does_not_wait_for_a_thread_that_goes_on(in_thread_of_its_own, monkeypatch):
    monkeypatch.setattr(threads, "_JOIN_TIMEOUT", 10 * PATIENCE)
    threads.join_at_exit(in_thread_of_its_own.thread, lambda: False)
    part(JoinedThreads).at_exit()
    assert in_thread_of_its_own.thread.is_alive()


def test_a_thread_that_has_ended_is_forgotten(in_thread_of_its_own):
    threads.join_at_exit(in_thread_of_its_own.thread, lambda: True)
    in_thread_of_its_own.end()
    threads.join_at_exit(None, lambda: True)
    assert part(JoinedThreads).threads == {}


def test_a_claim_that_holds_is_not_waited_for():
    wait_until(lambda: True, time.monotonic() + PATIENCE, PATIENCE)


def test_a_wait_ends_at_its_deadline():
    asked = []
    wait_until(lambda: asked.append(1), time.monotonic() + 0.01, 0.001)
    assert asked


def test_others_run_while_a_greenlet_waits():
    seen = []
    gevent.spawn(seen.append, 1)
    in_greenlet(wait_until, lambda: seen, time.monotonic() + PATIENCE, 0.001)
    assert seen == [1]
