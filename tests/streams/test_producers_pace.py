"""How far a producer runs ahead of its reader, and whom it lets go meanwhile."""

from __future__ import annotations

import contextvars
import threading
import time

import gevent
import pytest
from gevent.event import Event
from hypothesis import given, settings
from hypothesis import strategies as st
from runtime.runners import PATIENCE, in_greenlet, in_thread, run_others, wait_until
from streams.fake_sources import Story
from streams.producer_kinds import Reading, each_kind, in_coroutine, in_hub, in_plain_thread, in_thread_of_its_own

from wsgiresp._runtime import asyncio_thread
from wsgiresp._runtime.wakeup_event import WakeupEvent
from wsgiresp._streams import producers
from wsgiresp._streams.bounded_buffer import MAX_BUFFERED
from wsgiresp._streams.stream_source import StreamSource


@each_kind
@settings(max_examples=15, deadline=None)
@given(sizes=st.lists(st.one_of(st.integers(1, 5000), st.integers(1, 2 * MAX_BUFFERED)), min_size=1, max_size=60))
def test_the_producer_is_never_further_ahead_than_it_may(kind, sizes):
    made, ahead = [0], [0]

    def chunk_of(size):
        made[0] += size
        # Its own number: that of a reader in another thread would come late.
        ahead[0] = max(ahead[0], made[0] - reading.buffer._taken)
        return b"x" * size

    def chunks():
        yield from map(chunk_of, sizes)

    async def chunks_async():
        for size in sizes:
            yield chunk_of(size)

    reading = Reading(kind.make, chunks_async() if kind.make is in_coroutine else chunks())
    reading.producer.begin()
    taken = 0
    while (chunk := reading.next()) is not None:
        taken += len(chunk)
        gevent.sleep(0)
    reading.lease.close()
    assert ahead[0] <= MAX_BUFFERED + max(sizes)
    assert taken == made[0] == sum(sizes)


def test_in_a_plain_thread_each_chunk_is_taken_before_the_next_is_made():
    reading = Reading(in_plain_thread, Story([b"a", b"b"]).told())
    reading.producer.begin()
    assert [reading.next(), reading.next(), reading.next()] == [b"a", b"b", None]


def test_small_chunks_that_are_ready_together_leave_as_one():
    def read():
        reading = Reading(in_hub, Story([b"a", b"b", b"c"]).told())
        reading.producer.begin()
        return [reading.next(), reading.next()]

    assert in_greenlet(read) == [b"abc", None]


def hog(chunk, seconds=0.002):
    """A source that never waits, and takes its time for each chunk."""
    while True:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            pass
        yield chunk


@pytest.mark.parametrize("chunk", [b"a", b""], ids=["that makes chunks", "that makes none"])
def test_a_producer_that_hogs_the_hub_lets_the_others_go(chunk):
    def read():
        others = Event()
        reading = Reading(in_hub, hog(chunk))
        reading.producer.begin()
        gevent.spawn_later(0, others.set)
        assert others.wait(PATIENCE)
        reading.leave()

    in_greenlet(read)


def test_a_producer_that_hogs_the_hub_hands_over_what_it_has_made():
    def read():
        reading = Reading(in_hub, hog(b"a"))
        reading.producer.begin()
        first = reading.next()
        reading.leave()
        return first

    assert len(in_greenlet(read)) < 20


def test_a_producer_that_makes_nothing_notices_that_its_reader_has_gone():
    def read():
        reading = Reading(in_plain_thread, hog(b""))
        reading.producer.begin()
        run_others()
        reading.leave()

    in_thread(read)


def test_steps_that_block_their_thread_do_not_block_the_reader():
    def block():
        yield b"a"
        time.sleep(0.02)
        yield b"b"

    def read():
        reading = Reading(in_thread_of_its_own, block())
        reading.producer.begin()
        assert reading.next() == b"a"
        before = time.monotonic()
        gevent.sleep(0)
        return time.monotonic() - before, reading.rest()

    elapsed, rest = in_thread(read)
    assert elapsed < 0.02
    assert rest == b"b"


def test_an_async_source_that_never_awaits_lets_other_tasks_run():
    ran = threading.Event()

    async def endless():
        asyncio_thread.loop().call_soon(ran.set)
        while not ran.is_set():
            yield b""

    arrival = WakeupEvent(gevent.get_hub())
    producer = producers.TaskProducer(
        StreamSource(endless(), bytes, contextvars.copy_context()), arrival.set_threadsafe
    )
    producer.begin()
    assert ran.wait(PATIENCE)
    wait_until(lambda: producer.buffer.has_ended)
