"""Pace of a producer: backpressure from its reader, and fairness to other greenlets and tasks."""

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
from streams.fake_sources import RecordingSource
from streams.producer_kinds import ProducerReader, each_kind, in_asyncio_task, in_hub, in_own_thread, in_plain_thread

from wsgiresp._runtime import asyncio_thread
from wsgiresp._runtime.wakeup_event import WakeupEvent
from wsgiresp._streams import producers
from wsgiresp._streams.bounded_buffer import MAX_BUFFERED
from wsgiresp._streams.stream_source import StreamSource


@each_kind
@settings(max_examples=15, deadline=None)
@given(sizes=st.lists(st.one_of(st.integers(1, 5000), st.integers(1, 2 * MAX_BUFFERED)), min_size=1, max_size=60))
def test_a_producer_is_ahead_by_the_buffer_and_one_chunk_at_most(kind, sizes):
    made, ahead = [0], [0]

    def chunk_of(size):
        made[0] += size
        # The count of the buffer: that of a reader in another thread would be outdated.
        ahead[0] = max(ahead[0], made[0] - reader.buffer._taken)
        return b"x" * size

    def chunks():
        yield from map(chunk_of, sizes)

    async def chunks_async():
        for size in sizes:
            yield chunk_of(size)

    reader = ProducerReader(kind.make, chunks_async() if kind.make is in_asyncio_task else chunks())
    reader.producer.begin()
    taken = 0
    while (chunk := reader.next()) is not None:
        taken += len(chunk)
        gevent.sleep(0)
    reader.runtime.close()
    assert ahead[0] <= MAX_BUFFERED + max(sizes)
    assert taken == made[0] == sum(sizes)


def test_in_a_plain_thread_each_chunk_is_taken_before_the_next_is_made():
    reader = ProducerReader(in_plain_thread, RecordingSource([b"a", b"b"]).generator())
    reader.producer.begin()
    assert [reader.next(), reader.next(), reader.next()] == [b"a", b"b", None]


@pytest.mark.usefixtures("long_turn")
def test_small_buffered_chunks_are_coalesced():
    def read():
        reader = ProducerReader(in_hub, RecordingSource([b"a", b"b", b"c"]).generator())
        reader.producer.begin()
        return [reader.next(), reader.next()]

    assert in_greenlet(read) == [b"abc", None]


def busy_source(chunk, seconds=0.002):
    """A source that never waits and computes for *seconds* before each chunk."""
    while True:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            pass
        yield chunk


@pytest.mark.parametrize("chunk", [b"a", b""], ids=["chunks", "empty chunks"])
def test_a_busy_producer_lets_other_greenlets_run(chunk):
    def read():
        others = Event()
        reader = ProducerReader(in_hub, busy_source(chunk))
        reader.producer.begin()
        gevent.spawn_later(0, others.set)
        assert others.wait(PATIENCE)
        reader.close()

    in_greenlet(read)


def test_a_busy_producer_hands_over_its_chunks_in_time():
    def read():
        reader = ProducerReader(in_hub, busy_source(b"a"))
        reader.producer.begin()
        first = reader.next()
        reader.close()
        return first

    assert len(in_greenlet(read)) < 20


def test_a_producer_of_empty_chunks_notices_the_close_of_its_reader():
    def read():
        reader = ProducerReader(in_plain_thread, busy_source(b""))
        reader.producer.begin()
        run_others()
        reader.close()

    in_thread(read)


def test_steps_that_block_their_thread_do_not_block_the_reader():
    is_blocked, may_go_on = threading.Event(), threading.Event()

    def block():
        yield b"a"
        is_blocked.set()
        # Times out where the step blocks the reader as well, who would set it.
        assert may_go_on.wait(PATIENCE)
        yield b"b"

    def read():
        reader = ProducerReader(in_own_thread, block())
        reader.producer.begin()
        assert reader.next() == b"a"
        assert is_blocked.wait(PATIENCE)
        run_others()
        may_go_on.set()
        rest = reader.rest()
        reader.runtime.close()
        return rest, reader.buffer.error

    assert in_thread(read) == (b"b", None)


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
