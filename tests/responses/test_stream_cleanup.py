"""Cleanup of streams that end at any point: the source is closed and the background runs, once each, without leaks."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import random
import threading
import types

import gevent
import pytest
from greenlet import greenlet
from responses.wsgi_calls import environ, start
from runtime.runners import PATIENCE, everywhere, in_greenlet, in_main_greenlet, in_thread, wait_until

from wsgiresp import BackgroundTask
from wsgiresp._runtime import asyncio_thread
from wsgiresp._runtime.process import is_first
from wsgiresp._streams import blocking_warning
from wsgiresp.responses import EventSourceResponse, JSONLinesResponse, StreamingResponse


class Fate:
    """One stream, and what became of it."""

    def __init__(self, response_class, is_async, fails_at=None, waits_at=None):
        self._fails_at = fails_at
        self._waits_at = waits_at
        self.is_waiting = False
        self.begun = self.closed = self.ran = 0
        self.response = response_class(
            self._told_async() if is_async else self._told(), background=BackgroundTask(self._run)
        )

    def _run(self):
        assert self.begun == self.closed
        self.ran += 1

    def _step(self, number):
        if number == self._fails_at:
            raise LookupError("as it should")
        self.is_waiting = number == self._waits_at
        return self.is_waiting

    def _told(self):
        self.begun += 1
        try:
            for number in range(5):
                if self._step(number):
                    gevent.sleep(PATIENCE)
                yield str(number)
        finally:
            self.closed += 1

    async def _told_async(self):
        self.begun += 1
        try:
            for number in range(5):
                if self._step(number):
                    await asyncio.sleep(PATIENCE)
                yield str(number)
        finally:
            self.closed += 1

    def check(self):
        assert (self.ran, self.closed) == (1, self.begun)


def finished(fate):
    """As a server does: PEP 3333 wants the body closed whatever happens."""
    answer = start(fate.response)
    try:
        list(answer.iterable)
    finally:
        answer.close()


def left_half_way(fate):
    answer = start(fate.response)
    next(answer.iterable)
    answer.close()


def never_iterated(fate):
    start(fate.response).close()


def closed_twice(fate):
    answer = start(fate.response)
    list(answer.iterable)
    answer.close()
    answer.close()


def headed(fate):
    answer = start(fate.response, "HEAD")
    list(answer.iterable)
    answer.close()


def failed(fate):
    with contextlib.suppress(LookupError):
        finished(fate)


def refused(fate):
    def refuse(*arguments):
        raise ConnectionError

    with contextlib.suppress(ConnectionError):
        fate.response(environ(), refuse)


def killed(fate):
    """Kill who reads, while the source waits."""
    reader = gevent.spawn(finished, fate)
    while not fate.is_waiting:
        gevent.sleep(0)
    reader.kill()


FATES = [
    (finished, {}),
    (left_half_way, {}),
    (never_iterated, {}),
    (closed_twice, {}),
    (headed, {}),
    (failed, {"fails_at": 0}),
    (failed, {"fails_at": 3}),
    (refused, {}),
    (killed, {"waits_at": 0}),
    (killed, {"waits_at": 2}),
]
CLASSES = [StreamingResponse, JSONLinesResponse, EventSourceResponse]


@pytest.fixture(autouse=True)
def quiet():
    """No word of blocked workers."""
    is_first(blocking_warning.EVENT)


@pytest.mark.parametrize(
    ("run", "is_async", "count"),
    [
        pytest.param(in_greenlet, False, 7900, id="under a hub"),
        pytest.param(in_greenlet, True, 600, id="under a hub, async"),
        pytest.param(in_main_greenlet, False, 1000, id="in the main thread"),
        pytest.param(in_thread, True, 500, id="in another thread, async"),
    ],
)
def test_the_source_is_closed_and_the_background_runs_once(run, is_async, count):
    chance = random.Random(7)

    def suffer():
        fates = []
        for _ in range(count):
            suffered, more = chance.choice(FATES)
            fate = Fate(chance.choice(CLASSES), is_async, **more)
            suffered(fate)
            fates.append(fate)
        wait_until(lambda: all(fate.ran for fate in fates))
        return fates

    for fate in run(suffer):
        fate.check()


def alive():
    """What could be left behind: greenlets, hubs, generators, descriptors, threads, tasks."""
    gc.collect()
    kinds = (greenlet, types.GeneratorType, types.AsyncGeneratorType)
    objects = gc.get_objects()
    loop = asyncio_thread.loop()
    return {
        **{kind.__name__: sum(1 for found in objects if issubclass(type(found), kind)) for kind in kinds},
        "descriptors": len(os.listdir("/proc/self/fd")),
        "threads": threading.active_count(),
        "tasks": len(asyncio.all_tasks(loop)),
    }


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="this system does not list descriptors")
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@everywhere
def test_streams_closed_at_any_point_leak_nothing(run, is_async):
    # A hub that a test has made for its own greenlets, in a thread that ends, is left by nobody else.
    fates = [fate for fate in FATES if run is not in_thread or fate[0] is not killed]

    def leave(count):
        for number in range(count):
            suffered, more = fates[number % len(fates)]
            suffered(Fate(CLASSES[number % len(CLASSES)], is_async, **more))

    run(leave, 60)
    wait_until(lambda: "wsgiresp-producer" not in [thread.name for thread in threading.enumerate()])
    before = alive()
    run(leave, 300 if is_async else 1000)  # each async step costs two wake-ups of threads

    def more():
        return {name: after - before[name] for name, after in alive().items() if after > before[name]}

    with contextlib.suppress(gevent.Timeout):
        wait_until(lambda: not more())
    assert more() == {}
