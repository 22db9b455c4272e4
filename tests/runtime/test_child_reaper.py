"""The threads that wait for child processes, and what the main hub has reaped before them."""

from __future__ import annotations

import os
import subprocess
import threading
import time

import gevent
import pytest
from process_fixtures import forget
from runtime.runners import PATIENCE, in_greenlet, in_thread
from runtime.runners import wait_until as wait_in_hub

from wsgiresp._runtime import child_reaper, thread_hub, waiting_executor
from wsgiresp._runtime.child_reaper import LOST_STATUS, ChildReaper, _ReapedChildren
from wsgiresp._runtime.gevent_runtime import GeventRuntime
from wsgiresp._runtime.process import part
from wsgiresp._runtime.thread_hub import thread_hub as hub_of_thread
from wsgiresp._runtime.waiting_executor import ReaderExecutor


class Report:
    """The status that a reaper reports."""

    def __init__(self):
        self.is_there = threading.Event()
        self.status = None

    def __call__(self, status):
        self.status = status
        self.is_there.set()


@pytest.fixture(autouse=True)
def _fresh():
    forget(_ReapedChildren)
    yield
    forget(_ReapedChildren)


def program(code):
    return subprocess.Popen(["sh", "-c", f"exit {code}"])


def test_a_reaper_reports_the_status_of_its_child():
    report = Report()
    reaper = ChildReaper(report)
    child = program(5)
    reaper.wait_for(child.pid)
    assert report.is_there.wait(PATIENCE)
    assert os.waitstatus_to_exitcode(report.status) == 5
    child.returncode = 5


def test_a_cancelled_reaper_reports_nothing_and_expects_no_child():
    report = Report()
    ChildReaper(report).cancel()
    assert report.status is None
    assert part(_ReapedChildren).making == 0


def test_a_reaper_that_cannot_be_started_expects_no_child(monkeypatch):
    def refuse(*_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(child_reaper, "start_thread", refuse)
    with pytest.raises(RuntimeError, match="can't start"):
        ChildReaper(Report())
    assert part(_ReapedChildren).making == 0


def test_a_status_that_nobody_knows_is_255_and_is_logged(monkeypatch, caplog):
    monkeypatch.setattr(child_reaper, "_NOTE_TIMEOUT", 0.01)
    report = Report()
    reaper = ChildReaper(report)
    child = program(5)
    child.wait()
    reaper.wait_for(child.pid)
    assert report.is_there.wait(PATIENCE)
    assert report.status == LOST_STATUS
    assert "is unknown: it was reaped elsewhere" in caplog.text


class Watcher:
    def __init__(self, rpid, rstatus):
        self.rpid, self.rstatus = rpid, rstatus


def test_a_status_that_the_main_hub_has_reaped_is_reported():
    reaped = part(_ReapedChildren)
    report = Report()
    reaper = ChildReaper(report)
    child = program(5)
    child.wait()
    for pid, status in ((child.pid, 5 << 8), (child.pid + 1, 0)):
        reaped._watcher = Watcher(pid, status)
        reaped._note()
    reaper.wait_for(child.pid)
    assert report.is_there.wait(PATIENCE)
    assert report.status == 5 << 8
    assert reaped.statuses == {}
    reaped._note()
    assert reaped.statuses == {}, "a child of somebody else was noted"


def test_a_forked_process_forgets_the_children_of_its_parent():
    reaped = part(_ReapedChildren)
    reaped.expect()
    reaped.after_fork()
    assert (reaped.making, reaped.waited, reaped.statuses) == (0, set(), {})


def in_patched_hub(monkeypatch, function):
    """Return what *function* returns in a thread with a hub of ours."""
    monkeypatch.setattr(thread_hub.monkey, "is_module_patched", lambda name: name == "subprocess")

    def run():
        with hub_of_thread():
            return function(gevent.get_hub())

    return in_thread(run)


def test_the_hub_of_a_thread_waits_for_a_child(monkeypatch):
    def wait(hub):
        hub.loop.install_sigchld()
        hub.loop.install_sigchld()
        child = program(4)
        with hub.loop.child(child.pid) as first, hub.loop.child(child.pid) as second:
            stopped = hub.loop.child(child.pid)
            stopped.start(pytest.fail, "it was stopped")
            stopped.stop()
            second.start(lambda: None)
            hub.wait(first)
            child.returncode = 4
            return first.rpid == child.pid, os.waitstatus_to_exitcode(second.rstatus or first.rstatus)

    assert in_patched_hub(monkeypatch, wait) == (True, 4)
    assert part(_ReapedChildren).making == 0


def test_a_thread_that_expected_a_child_and_made_none_leaves_nothing(monkeypatch):
    in_patched_hub(monkeypatch, lambda hub: hub.loop.install_sigchld())
    assert part(_ReapedChildren).making == 0


def test_a_hub_that_the_application_has_destroyed_is_left_alone(monkeypatch):
    in_patched_hub(monkeypatch, lambda hub: hub.destroy(destroy_loop=True))


def test_a_greenlet_that_cannot_be_started_is_tried_again(monkeypatch):
    seen = []

    def run():
        runtime = GeventRuntime()
        spawn, failures = waiting_executor.Greenlet.spawn, [MemoryError()]

        class Failing:
            @staticmethod
            def spawn(function):
                if failures:
                    raise failures.pop()
                return spawn(function)

        monkeypatch.setattr(waiting_executor, "Greenlet", Failing)
        executor = ReaderExecutor(runtime)
        executor.submit(lambda: seen.append(time.monotonic()))
        wait_in_hub(lambda: seen)
        executor.end()
        runtime.close()

    in_greenlet(run)
    assert len(seen) == 1
