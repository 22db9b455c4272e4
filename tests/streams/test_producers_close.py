"""Producers whose reader closes the buffer: where the source is closed, and which errors are logged."""

from __future__ import annotations

import asyncio
import contextlib
import threading

import gevent
import pytest
from runtime.runners import PATIENCE, run_others, wait_until, wait_until_async
from streams.fake_sources import RecordingSource
from streams.producer_kinds import ProducerReader, each_kind, each_sync_kind, in_asyncio_task, in_own_thread

from wsgiresp._streams.bounded_buffer import MAX_BUFFERED


@each_kind
def test_a_waiting_source_is_interrupted_where_it_waits(kind):
    source = RecordingSource(waits_at=1)
    reader = kind.reader_of(source)
    reader.producer.begin()
    assert reader.next() == b"a"
    wait_until(lambda: source.is_waiting)
    reader.close()
    assert source.ends == [kind.interrupted_by]
    assert source.ran_in_one_context()


@each_kind
def test_a_source_that_has_yielded_is_closed_at_its_yield(kind):
    source = RecordingSource([b"x" * MAX_BUFFERED] * 3)
    reader = kind.reader_of(source)
    reader.producer.begin()
    reader._await()
    wait_until(lambda: reader.buffer.is_full)
    reader.close()
    assert source.ends == ["GeneratorExit"]
    assert source.ran_in_one_context()


@each_kind
def test_a_source_is_closed_once_while_its_reader_does_not_wait(kind):
    source = RecordingSource([b"x" * MAX_BUFFERED] * 3)
    reader = kind.reader_of(source)
    reader.producer.begin()
    assert len(reader.next()) == MAX_BUFFERED
    reader.close()
    assert len(source.ends) == 1


@each_kind
@pytest.mark.parametrize("begins", [False, True], ids=["not begun", "just begun"])
def test_a_source_without_a_step_is_closed(kind, begins):
    closed: list[str] = []

    class Content:
        def __iter__(self):
            raise AssertionError("not reached")

        __aiter__ = None

        def close(self):
            closed.append("closed")

    class AsyncContent(Content):
        def __aiter__(self):
            raise AssertionError("not reached")

        async def aclose(self):
            closed.append("closed")

    content = AsyncContent() if kind.make is in_asyncio_task else Content()
    reader = ProducerReader(kind.make, content)
    if begins and kind.make is not in_own_thread:
        reader.producer.begin()
    reader.close()
    run_others()
    assert closed == ["closed"]


def await_end_of_thread():
    """Wait until no thread of a producer is left."""
    wait_until(lambda: "wsgiresp-producer" not in [thread.name for thread in threading.enumerate()])


def close_and_release(reader, event):
    """Close *reader*; set *event*, which holds the thread of its producer, after the producer was asked to stop."""
    # The reader gives way to its hub for the first time when it waits for the end of the source.
    reader.runtime.call_soon(event.set)
    reader.close()


def test_a_thread_that_is_stopped_before_the_first_step_makes_no_step():
    may_go_on = threading.Event()
    calls: list[str] = []

    class Content:
        def __iter__(self):
            calls.append("iter")
            return iter([b"a"])

        def close(self):
            calls.append("close")

    reader = ProducerReader(in_own_thread, Content())
    # The hub of the thread finds both calls at once: that of begin() and that of stop().
    reader.producer._runtime.call_soon_threadsafe(lambda: may_go_on.wait(PATIENCE))
    reader.producer.begin()
    close_and_release(reader, may_go_on)
    await_end_of_thread()
    assert calls == ["close"]


def test_a_thread_that_is_stopped_during_the_first_step_closes_its_source_at_the_yield():
    is_stepping, may_go_on = threading.Event(), threading.Event()

    def chunks():
        is_stepping.set()
        assert may_go_on.wait(PATIENCE)
        yield from [b"a"] * 3

    source = RecordingSource(chunks())
    reader = ProducerReader(in_own_thread, source.generator())
    reader.producer.begin()
    assert is_stepping.wait(PATIENCE)
    close_and_release(reader, may_go_on)
    assert source.ends == ["GeneratorExit"]
    assert source.ran_in_one_context()


class SlowClose:
    """Waits in the close of a source until *reader* has asked the producer to stop, and that was carried out.

    ``ends``: "closed" if the wait was not interrupted. ``is_closing``: whether the close has begun.
    """

    reader: ProducerReader

    def __init__(self):
        self.is_closing = False
        self.ends: list[str] = []

    def close(self):
        self.is_closing = True
        wait_until(lambda: self.reader.has_stopped)
        run_others()
        self.ends.append("closed")

    async def aclose(self):
        self.is_closing = True
        await wait_until_async(lambda: self.reader.has_stopped)
        for _ in range(5):
            await asyncio.sleep(0)
        self.ends.append("closed")


@each_kind
def test_a_close_that_takes_time_is_not_interrupted(kind):
    slow = SlowClose()

    def generator():
        try:
            while True:
                yield b"x" * MAX_BUFFERED
        finally:
            slow.close()

    async def async_generator():
        try:
            while True:
                yield b"x" * MAX_BUFFERED
        finally:
            await slow.aclose()

    reader = slow.reader = ProducerReader(kind.make, async_generator() if kind.make is in_asyncio_task else generator())
    reader.producer.begin()
    reader._await()
    wait_until(lambda: reader.buffer.is_full)
    reader.close()
    assert slow.ends == ["closed"]


@each_kind
def test_a_late_stop_does_not_interrupt_a_source_that_is_closing(kind):
    def once():
        yield b"a"

    async def once_async():
        yield b"a"

    class Content(SlowClose):
        aclose = None

        def __iter__(self):
            return once()

    class AsyncContent(SlowClose):
        close = None

        def __aiter__(self):
            return once_async()

    content = AsyncContent() if kind.make is in_asyncio_task else Content()
    reader = content.reader = ProducerReader(kind.make, content)
    reader.producer.begin()
    assert reader.next() == b"a"
    wait_until(lambda: content.is_closing)
    reader.close()
    assert content.ends == ["closed"]


@each_kind
def test_a_source_that_suppresses_the_interruption_is_closed_at_its_next_chunk(kind):
    waits, ends = [], []

    def uninterruptible():
        try:
            with contextlib.suppress(gevent.GreenletExit):
                yield b"a"
                waits.append("interrupted")
                gevent.sleep(PATIENCE)
                waits.clear()
            yield b"b"
            ends.append("another step")
        finally:
            ends.append("closed")

    async def uninterruptible_async():
        try:
            with contextlib.suppress(asyncio.CancelledError):
                yield b"a"
                waits.append("interrupted")
                await asyncio.sleep(PATIENCE)
                waits.clear()
            yield b"b"
            ends.append("another step")
        finally:
            ends.append("closed")

    reader = ProducerReader(kind.make, uninterruptible_async() if kind.make is in_asyncio_task else uninterruptible())
    reader.producer.begin()
    assert reader.next() == b"a"
    wait_until(lambda: waits)
    reader.close()
    assert (waits, ends) == (["interrupted"], ["closed"])


@each_sync_kind
def test_a_generator_that_yields_in_its_close_is_logged_once(kind, caplog):
    def uninterruptible():
        try:
            yield b"x" * MAX_BUFFERED
        finally:
            yield b"more"

    reader = ProducerReader(kind.make, uninterruptible())
    reader.producer.begin()
    reader._await()
    reader.close()
    assert [record.exc_info[0] for record in caplog.records] == [RuntimeError]


@each_kind
def test_an_error_of_the_close_is_logged_once(kind, caplog):
    waits = []

    def failing():
        try:
            yield b"a"
            waits.append(True)
            gevent.sleep(PATIENCE)
        finally:
            raise LookupError("in the end")

    async def failing_async():
        try:
            yield b"a"
            waits.append(True)
            await asyncio.sleep(PATIENCE)
        finally:
            raise LookupError("in the end")

    reader = ProducerReader(kind.make, failing_async() if kind.make is in_asyncio_task else failing())
    reader.producer.begin()
    assert reader.next() == b"a"
    wait_until(lambda: waits)
    reader.close()
    assert [record.exc_info[0] for record in caplog.records] == [LookupError]
    assert reader.buffer.error is None


def test_a_thread_whose_source_has_ended_can_be_stopped():
    reader = ProducerReader(in_own_thread, [b"a"])
    reader.producer.begin()
    assert reader.rest() == b"a"
    await_end_of_thread()
    reader.producer.stop()
    reader.runtime.close()
