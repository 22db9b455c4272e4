"""Real threads, also where gevent has patched ``threading``, and threads that are joined when the process exits."""

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
def test_start_thread_starts_a_real_thread(monkeypatch, is_patched):
    monkeypatch.setattr(threads.monkey, "is_module_patched", lambda name: is_patched)
    seen: list[int] = []
    is_done = threading.Event()

    def run():
        seen.append(threading.get_ident())
        is_done.set()

    start_thread(run, "a thread")
    assert is_done.wait(PATIENCE)
    assert seen != [threading.get_ident()]


def test_start_thread_starts_a_real_thread_after_monkey_patching():
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


class RunningThread:
    """A thread that runs until it may end."""

    def __init__(self):
        self.may_end = threading.Event()
        self.thread = threads.start_thread(lambda: self.may_end.wait(PATIENCE), "test")

    def end(self):
        self.may_end.set()
        self.thread.join(PATIENCE)


@pytest.fixture
def running_thread(monkeypatch):
    forget(JoinedThreads)
    running = RunningThread()
    yield running
    running.end()


def test_the_exit_waits_for_a_thread_that_is_ending(running_thread):
    threads.join_at_exit(running_thread.thread, lambda: True)
    threading.Timer(0.05, running_thread.may_end.set).start()
    part(JoinedThreads).at_exit()
    assert not running_thread.thread.is_alive()


def test_the_exit_waits_no_longer_than_the_join_timeout(running_thread, monkeypatch):
    monkeypatch.setattr(threads, "_JOIN_TIMEOUT", 0.01)
    threads.join_at_exit(running_thread.thread, lambda: True)
    part(JoinedThreads).at_exit()
    assert running_thread.thread.is_alive()


def test_the_exit_does_not_wait_for_a_thread_that_is_not_ending(running_thread, monkeypatch):
    monkeypatch.setattr(threads, "_JOIN_TIMEOUT", 10 * PATIENCE)
    threads.join_at_exit(running_thread.thread, lambda: False)
    part(JoinedThreads).at_exit()
    assert running_thread.thread.is_alive()


def test_an_ended_thread_is_removed_from_the_joined_threads(running_thread):
    threads.join_at_exit(running_thread.thread, lambda: True)
    running_thread.end()
    threads.join_at_exit(None, lambda: True)
    assert part(JoinedThreads).threads == {}


def test_wait_until_returns_at_once_if_the_claim_holds():
    wait_until(lambda: True, time.monotonic() + PATIENCE, PATIENCE)


def test_wait_until_returns_at_its_deadline():
    asked = []
    wait_until(lambda: asked.append(1), time.monotonic() + 0.01, 0.001)
    assert asked


def test_other_greenlets_run_while_one_is_in_wait_until():
    seen = []
    gevent.spawn(seen.append, 1)
    in_greenlet(wait_until, lambda: seen, time.monotonic() + PATIENCE, 0.001)
    assert seen == [1]


def test_a_forked_process_joins_no_thread_of_its_parent(running_thread):
    forget(JoinedThreads)
    threads.join_at_exit(running_thread.thread, lambda: True)
    part(JoinedThreads).after_fork()
    assert part(JoinedThreads).threads == {}


def test_once_the_process_exits_a_wait_needs_no_greenlets(monkeypatch):
    def no_greenlets():
        raise SystemError

    monkeypatch.setattr(threads.PROCESS, "is_exiting", True)
    monkeypatch.setattr(threads, "may_block_thread", no_greenlets)
    looks: list[str] = []
    threads.wait_until(lambda: looks.append("looked") or len(looks) == 2, time.monotonic() + PATIENCE, 0.001)
    assert len(looks) == 2
