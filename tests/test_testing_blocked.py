"""The client for tests of streams never hangs: an app that blocks the thread of the test is interrupted, and named."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import signal
import threading
import time
from types import SimpleNamespace

import gevent.event
import pytest
from gevent.queue import Empty
from runtime.runners import everywhere, in_greenlet, in_main_greenlet

from wsgiresp import testing
from wsgiresp.responses import EventSourceResponse, StreamingResponse
from wsgiresp.testing import visit

SOON = 0.02
"""Seconds of a step of the visitor."""

CURE = r"gevent\.sleep.*monkey\.patch_all"

in_the_main_thread = pytest.mark.parametrize(
    "run", [pytest.param(in_main_greenlet, id="in the main greenlet"), pytest.param(in_greenlet, id="under a hub")]
)


@pytest.fixture(autouse=True)
def quiet(caplog):
    caplog.set_level(logging.CRITICAL, "wsgiresp")


def polling():
    """A source that polls and finds nothing."""
    while True:
        time.sleep(0.001)
    yield


def polling_on_after_errors():
    while True:
        with contextlib.suppress(Exception):
            time.sleep(0.001)
    yield


def waiting_for_a_lock():
    lock = threading.Lock()
    with lock:
        lock.acquire()
    yield


def waiting_for_a_queue():
    yield queue.Queue().get()


def waiting_for_an_event():
    threading.Event().wait()
    yield


def second(source, may_block):
    """Yield a first chunk, wait by gevent's means for the event *may_block*, and go on with *source*."""
    yield "first"
    may_block.wait()
    yield from source()


BLOCKING = [polling, polling_on_after_errors, waiting_for_a_lock, waiting_for_a_queue, waiting_for_an_event]
each_source = pytest.mark.parametrize("source", BLOCKING)


@in_the_main_thread
class TestASourceThatBlocks:
    @each_source
    def test_before_its_first_chunk_fails_the_visit(self, run, source):
        with pytest.raises(TimeoutError, match=rf"blocked the thread of the test .*{source.__name__}.*{CURE}"):
            run(visit, StreamingResponse(source()), timeout=SOON)

    @each_source
    def test_fails_the_read(self, run, source):
        may_block = gevent.event.Event()

        def read():
            visitor = visit(StreamingResponse(second(source, may_block)), timeout=SOON)
            assert visitor.read() == b"first"
            may_block.set()
            with pytest.raises(TimeoutError, match=CURE):
                visitor.read()
            visitor.leave()
            return visitor.is_closed

        assert run(read)

    @each_source
    def test_fails_the_next_event(self, run, source):
        may_block = gevent.event.Event()

        def read():
            visitor = visit(EventSourceResponse(second(source, may_block)), timeout=SOON)
            assert visitor.next_event().data == "first"
            may_block.set()
            with pytest.raises(TimeoutError, match=CURE):
                visitor.next_event()
            visitor.leave()
            return visitor.is_closed

        assert run(read)

    @each_source
    def test_fails_the_leaving(self, run, source):
        may_block = gevent.event.Event()

        def leave():
            visitor = visit(StreamingResponse(second(source, may_block)), timeout=SOON)
            visitor.read()
            may_block.set()
            with pytest.raises(TimeoutError, match=CURE):
                visitor.leave()
            return visitor.is_closed

        assert run(leave)

    def test_names_the_place(self, run):
        with pytest.raises(TimeoutError, match=r"interrupted in polling \(.*test_testing_blocked\.py:\d+\)"):
            run(visit, StreamingResponse(polling()), timeout=SOON)


@in_the_main_thread
class TestAnAppThatBlocks:
    def test_before_start_response_fails_the_visit(self, run):
        def app(environ, start_response):
            queue.Queue().get()

        with pytest.raises(TimeoutError, match=CURE):
            run(visit, app, timeout=SOON)

    def test_in_its_close_fails_the_leaving(self, run):
        class Body(list):
            def close(self):
                queue.Queue().get()

        def app(environ, start_response):
            start_response("200 OK", [])
            return Body([b"a", b"b", b"c"])

        def leave():
            visitor = visit(app, timeout=SOON)
            with pytest.raises(TimeoutError, match=CURE):
                visitor.leave()
            return visitor.is_closed

        assert run(leave)


def test_an_async_source_that_never_yields_to_its_loop_is_not_waited_for():
    may_end = threading.Event()

    async def busy():
        yield b"a"
        while not may_end.is_set():
            await asyncio.sleep(0)

    # Longer than SOON: the first chunk needs the thread of the loop to start.
    with visit(StreamingResponse(busy()), timeout=25 * SOON) as visitor:
        visitor.read()
        with pytest.raises(TimeoutError, match="no chunk came"):
            visitor.read()


@everywhere
def test_a_source_that_waits_by_gevents_means_is_never_interrupted(run):
    def read():
        def waiting():
            yield b"a"
            gevent.sleep(60)

        visitor = visit(StreamingResponse(waiting()), timeout=SOON)
        visitor.read()
        with pytest.raises(TimeoutError, match="no chunk came within"):
            visitor.read()
        visitor.leave()
        return visitor.is_closed

    assert run(read)


def test_two_visitors_that_wait_at_once_are_both_told():
    def told():
        with pytest.raises(TimeoutError, match=CURE):
            visit(StreamingResponse(waiting_for_a_queue()), timeout=SOON)

    gevent.joinall([gevent.spawn(told), gevent.spawn(told)], raise_error=True)


def test_a_wait_whose_own_timeout_comes_after_the_interruption_names_the_place(monkeypatch):
    def interrupted(seconds):
        return contextlib.nullcontext(SimpleNamespace(place="view.py:3"))

    with visit(StreamingResponse([b"a"])) as visitor:
        monkeypatch.setattr(testing, "interrupting", interrupted)
        with pytest.raises(TimeoutError, match=r"view\.py:3"), visitor._bounded(1):
            raise Empty
        monkeypatch.undo()


def test_the_handler_of_the_signal_is_as_before():
    def own(number, frame):
        raise AssertionError

    before = signal.signal(signal.SIGURG, own)
    try:
        with visit(StreamingResponse([b"a"])) as visitor:
            visitor.read()
        assert signal.getsignal(signal.SIGURG) is own
    finally:
        signal.signal(signal.SIGURG, before)
