"""Sources whose reader leaves: where they are closed, and what is told of that."""

from __future__ import annotations

import asyncio
import contextlib
import threading

import gevent
import pytest
from runtime.runners import PATIENCE, run_others, wait_until
from streams.fake_sources import Story
from streams.producer_kinds import Reading, each_kind, each_sync_kind, in_coroutine, in_thread_of_its_own

from wsgiresp._streams.bounded_buffer import MAX_BUFFERED


@each_kind
def test_a_source_that_waits_gets_out_where_it_waits(kind):
    story = Story(waits_at=1)
    reading = kind.read(story)
    reading.producer.begin()
    assert reading.next() == b"a"
    wait_until(lambda: story.is_waiting)
    reading.leave()
    assert story.ends == [kind.thrown_in]
    assert story.in_one_place()


@each_kind
def test_a_source_that_has_yielded_is_closed_where_it_has(kind):
    story = Story([b"x" * MAX_BUFFERED] * 3)
    reading = kind.read(story)
    reading.producer.begin()
    reading._await()
    wait_until(lambda: reading.buffer.is_full)
    reading.leave()
    assert story.ends == ["GeneratorExit"]
    assert story.in_one_place()


@each_kind
def test_a_source_is_left_while_nobody_waits(kind):
    story = Story([b"x" * MAX_BUFFERED] * 3)
    reading = kind.read(story)
    reading.producer.begin()
    assert len(reading.next()) == MAX_BUFFERED
    reading.leave()
    assert len(story.ends) == 1


@each_kind
@pytest.mark.parametrize("begins", [False, True], ids=["that nobody has begun", "that has just been begun"])
def test_a_source_is_closed_without_a_step(kind, begins):
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

    content = AsyncContent() if kind.make is in_coroutine else Content()
    reading = Reading(kind.make, content)
    if begins and kind.make is not in_thread_of_its_own:
        reading.producer.begin()
    reading.leave()
    assert closed == ["closed"]


def test_a_thread_that_was_begun_and_is_left_at_once_closes_its_source():
    story = Story([b"a"] * 3)
    reading = Reading(in_thread_of_its_own, story.told())
    reading.producer.begin()
    reading.leave()
    assert len(story.ends) <= 1


class Slow:
    """A source whose closing takes its time, unless it is thrown out."""

    def __init__(self):
        self.ends: list[str] = []

    def told(self):
        try:
            while True:
                yield b"x" * MAX_BUFFERED
        finally:
            gevent.sleep(0.005)
            self.ends.append("closed")

    async def told_async(self):
        try:
            while True:
                yield b"x" * MAX_BUFFERED
        finally:
            await asyncio.sleep(0.005)
            self.ends.append("closed")


@each_kind
def test_what_is_being_closed_has_all_the_time_it_takes(kind):
    slow = Slow()
    content = slow.told_async() if kind.make is in_coroutine else slow.told()
    reading = Reading(kind.make, content)
    reading.producer.begin()
    reading._await()
    wait_until(lambda: reading.buffer.is_full)
    reading.leave()
    assert slow.ends == ["closed"]


@each_kind
def test_a_source_that_closes_by_itself_is_not_thrown_out_by_a_late_stop(kind):
    ends: list[str] = []

    def once():
        yield b"a"

    async def once_async():
        yield b"a"

    class Content:
        def __iter__(self):
            return once()

        def close(self):
            gevent.sleep(0.005)
            ends.append("closed")

    class AsyncContent:
        def __aiter__(self):
            return once_async()

        async def aclose(self):
            await asyncio.sleep(0.005)
            ends.append("closed")

    reading = Reading(kind.make, AsyncContent() if kind.make is in_coroutine else Content())
    reading.producer.begin()
    assert reading.next() == b"a"
    reading.leave()
    assert ends == ["closed"]


@each_kind
def test_a_source_that_goes_on_though_it_was_thrown_out_is_closed_at_its_next_chunk(kind):
    ends: list[str] = []

    def stubborn():
        try:
            with contextlib.suppress(gevent.GreenletExit):
                yield b"a"
                gevent.sleep(PATIENCE)
            yield b"b"
        finally:
            ends.append("closed")

    async def stubborn_async():
        try:
            with contextlib.suppress(asyncio.CancelledError):
                yield b"a"
                await asyncio.sleep(PATIENCE)
            yield b"b"
        finally:
            ends.append("closed")

    reading = Reading(kind.make, stubborn_async() if kind.make is in_coroutine else stubborn())
    reading.producer.begin()
    assert reading.next() == b"a"
    run_others()
    gevent.sleep(0.005)
    reading.leave()
    assert ends == ["closed"]


@each_sync_kind
def test_a_generator_that_yields_while_it_is_closed_is_told_of_once(kind, caplog):
    def stubborn():
        try:
            yield b"x" * MAX_BUFFERED
        finally:
            yield b"more"

    reading = Reading(kind.make, stubborn())
    reading.producer.begin()
    reading._await()
    reading.leave()
    assert [record.exc_info[0] for record in caplog.records] == [RuntimeError]


@each_kind
def test_what_fails_when_it_is_closed_is_told_of_once(kind, caplog):
    def failing():
        try:
            yield b"a"
            gevent.sleep(PATIENCE)
        finally:
            raise LookupError("in the end")

    async def failing_async():
        try:
            yield b"a"
            await asyncio.sleep(PATIENCE)
        finally:
            raise LookupError("in the end")

    reading = Reading(kind.make, failing_async() if kind.make is in_coroutine else failing())
    reading.producer.begin()
    assert reading.next() == b"a"
    gevent.sleep(0.005)
    reading.leave()
    assert [record.exc_info[0] for record in caplog.records] == [LookupError]
    assert reading.buffer.error is None


def test_a_thread_whose_source_has_ended_can_be_stopped():
    reading = Reading(in_thread_of_its_own, [b"a"])
    reading.producer.begin()
    assert reading.rest() == b"a"
    wait_until(lambda: "wsgiresp-producer" not in [thread.name for thread in threading.enumerate()])
    reading.producer.stop()
    reading.lease.close()
