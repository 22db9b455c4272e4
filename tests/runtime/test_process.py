"""Process state: parts, what threads share, and the order of the exit."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from weakref import WeakKeyDictionary

import pytest

from wsgiresp._runtime import process
from wsgiresp._runtime.process import PROCESS, ExitOrder, ProcessPart, is_first, live_items, part


class Key:
    """An object with weak references."""


@pytest.fixture
def short_switch_interval():
    """The interpreter switches threads as often as it can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_the_pairs_with_a_live_key_are_listed():
    first, second = Key(), Key()
    shared = WeakKeyDictionary({first: 1, second: 2})
    del second
    assert live_items(shared) == [(first, 1)]


def test_a_pair_that_is_removed_during_the_listing_is_left_out():
    key = Key()

    class Emptied(WeakKeyDictionary):
        def keyrefs(self):
            found = super().keyrefs()
            self.clear()
            return found

    assert live_items(Emptied({key: 1})) == []


def test_another_thread_may_change_the_dictionary_during_the_listing(short_switch_interval):
    keys = [Key() for _ in range(200)]
    shared = WeakKeyDictionary(dict.fromkeys(keys))
    is_over = threading.Event()

    def change():
        while not is_over.is_set():
            more = [Key() for _ in range(20)]
            shared.update(dict.fromkeys(more))

    changing = threading.Thread(target=change)
    changing.start()
    try:
        assert all(len(live_items(shared)) >= len(keys) for _ in range(200))
    finally:
        is_over.set()
        changing.join()


@pytest.fixture
def parts(monkeypatch):
    """A process without parts, which does not exit."""
    monkeypatch.setattr(PROCESS, "parts", {})
    monkeypatch.setattr(PROCESS, "is_exiting", False)


def test_a_process_has_one_part_of_a_kind(parts):
    assert part(ProcessPart) is part(ProcessPart)


def test_an_event_is_the_first_once(monkeypatch):
    monkeypatch.setattr(PROCESS, "told", set())
    assert [is_first("a"), is_first("a"), is_first("b")] == [True, False, True]


def ending(place, ends, error=None):
    """Return a kind of part that notes its end, and raises *error*."""

    class Ending(ProcessPart):
        exit_order = place

        def at_exit(self):
            ends.append(place)
            if error is not None:
                raise error

    return Ending


def test_parts_end_in_the_order_of_their_places(parts):
    ends = []
    for place in (ExitOrder.JOIN_THREADS, ExitOrder.STOP_ASYNCIO):
        part(ending(place, ends))
    process._at_exit()
    assert ends == [ExitOrder.STOP_ASYNCIO, ExitOrder.JOIN_THREADS]


def test_tasks_are_drained_by_a_hook_of_their_own(parts):
    ends = []
    for place in ExitOrder:
        part(ending(place, ends))
    process._drain_at_exit()
    assert ends == [ExitOrder.DRAIN_TASKS]


def test_a_part_that_fails_is_logged_and_stops_no_other(parts, caplog):
    ends = []
    part(ending(ExitOrder.STOP_ASYNCIO, ends, LookupError("inside")))
    part(ending(ExitOrder.JOIN_THREADS, ends))
    process._at_exit()
    assert [record.exc_info[0] for record in caplog.records] == [LookupError]
    assert ends == [ExitOrder.STOP_ASYNCIO, ExitOrder.JOIN_THREADS]


def test_every_part_is_told_of_a_fork(parts):
    forks = []

    class Forking(ProcessPart):
        def after_fork(self):
            forks.append(self)

    found = part(Forking)
    process._after_fork()
    assert forks == [found]


PROGRAM = """
import asyncio, atexit, gevent
from wsgiresp import BackgroundTask, JSONResponse

def answer(task):
    JSONResponse({}, background=task)({"REQUEST_METHOD": "GET"}, lambda status, headers: None).close()

class Resource:
    async def open(self):
        self.loop = asyncio.get_running_loop()

    async def close(self):
        print("closed on its own loop:", asyncio.get_running_loop() is self.loop, flush=True)

def work():
    gevent.sleep(0.05)
    print("task done", flush=True)

resource = Resource()
BackgroundTask(resource.open)()
atexit.register(lambda: BackgroundTask(resource.close)())
gevent.spawn(answer, BackgroundTask(work)).join()
"""


def test_tasks_are_drained_before_hooks_of_the_application_which_may_still_use_the_asyncio_thread():
    path = os.pathsep.join(filter(None, sys.path))
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert (ran.stdout, ran.stderr) == ("task done\nclosed on its own loop: True\n", "")
