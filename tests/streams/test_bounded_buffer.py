"""Bounded buffer between a producer and the reader of a stream: backpressure, coalescing, and wake-ups."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runtime.runners import PATIENCE

from wsgiresp._streams.bounded_buffer import HIGH_WATERMARK, MAX_BUFFERED, BoundedBuffer

SIZES = st.one_of(
    st.integers(1, 200),
    st.sampled_from(
        [
            HIGH_WATERMARK - 1,
            HIGH_WATERMARK,
            HIGH_WATERMARK + 1,
            MAX_BUFFERED - 1,
            MAX_BUFFERED,
            MAX_BUFFERED + 1,
            2 * MAX_BUFFERED,
        ]
    ),
)


class Wakeups:
    """A bounded buffer, and how often it was reported as readable and as writable."""

    def __init__(self, one_at_a_time=False):
        self.readable = self.writable = 0
        self.buffer = BoundedBuffer(self._on_readable, self._on_writable, one_at_a_time)

    def _on_readable(self):
        self.readable += 1

    def _on_writable(self):
        self.writable += 1


@pytest.fixture
def wakeups():
    return Wakeups()


@pytest.fixture
def buffer(wakeups):
    return wakeups.buffer


def test_a_single_chunk_is_taken_unchanged(buffer):
    buffer.put(b"a")
    assert buffer.take() == b"a"
    buffer.put(b"b")
    assert buffer.take() == b"b"


def test_small_buffered_chunks_are_coalesced(buffer):
    for chunk in (b"a", b"b", b"c"):
        buffer.put(chunk)
    assert buffer.take() == b"abc"
    assert not buffer.chunks


def test_large_chunks_are_taken_one_by_one(buffer):
    chunks = [bytes([number]) * HIGH_WATERMARK for number in range(3)]
    for chunk in chunks:
        buffer.put(chunk)
    assert [buffer.take() for _ in chunks] == chunks


def test_a_large_chunk_is_not_copied(buffer):
    chunk = b"x" * HIGH_WATERMARK
    buffer.put(chunk)
    assert buffer.take() is chunk


def test_a_producer_of_small_chunks_waits_at_64_kib(buffer):
    assert [buffer.put(b"x" * 1024) for _ in range(64)] == [False] * 63 + [True]


def test_a_producer_of_large_chunks_waits_after_four(buffer):
    assert [buffer.put(b"x" * HIGH_WATERMARK) for _ in range(4)] == [False, False, False, True]


def test_any_producer_waits_at_256_kib(buffer):
    assert [buffer.put(b"x" * (MAX_BUFFERED - 1)), buffer.put(b"x")] == [False, True]


def test_with_one_at_a_time_a_producer_waits_after_each_chunk():
    assert Wakeups(one_at_a_time=True).buffer.put(b"a")


def test_a_full_buffer_is_writable_once_all_chunks_are_taken(wakeups, buffer):
    for _ in range(4):
        buffer.put(b"x" * HIGH_WATERMARK)
    for taken in range(4):
        assert (buffer.is_full, wakeups.writable) == (True, 0), taken
        buffer.take()
    assert (buffer.is_full, wakeups.writable) == (False, 1)


def test_a_put_wakes_the_reader_once_and_only_if_it_waits(wakeups, buffer):
    buffer.put(b"a")
    assert wakeups.readable == 0
    buffer.reader_waits = True
    buffer.put(b"b")
    buffer.put(b"c")
    assert wakeups.readable == 1


def test_the_end_wakes_the_reader(wakeups, buffer):
    buffer.end()
    assert (wakeups.readable, buffer.has_ended, buffer.error) == (1, True, None)


def test_the_error_of_the_producer_is_kept(buffer):
    error = LookupError()
    buffer.end(error)
    assert buffer.error is error


def test_a_buffer_with_a_chunk_can_be_full(buffer):
    buffer.put(b"a")
    assert (buffer._mark_full(), buffer.is_full) == (True, True)


def test_an_empty_buffer_is_not_full(buffer):
    assert (buffer._mark_full(), buffer.is_full) == (False, False)


def test_a_closed_buffer_is_not_full(buffer):
    buffer.close()
    buffer.put(b"a")
    assert (buffer._mark_full(), buffer.is_full) == (False, False)


def test_close_wakes_a_waiting_producer(wakeups, buffer):
    buffer.put(b"a" * MAX_BUFFERED)
    buffer.close()
    assert (buffer.is_full, wakeups.writable, list(buffer.chunks)) == (False, 1, [])


def test_close_wakes_no_producer_that_does_not_wait(wakeups, buffer):
    buffer.put(b"a")
    buffer.close()
    assert (wakeups.writable, list(buffer.chunks)) == (0, [])


def test_close_returns_the_buffered_chunks(buffer):
    buffer.put(b"a")
    buffer.put(b"x" * MAX_BUFFERED)
    assert buffer.close() == b"a" + b"x" * MAX_BUFFERED


@given(steps=st.lists(st.one_of(SIZES, st.none()), max_size=40), one_at_a_time=st.booleans())
def test_bytes_are_taken_in_order_and_the_buffer_stays_bounded(steps, one_at_a_time):
    buffer = Wakeups(one_at_a_time).buffer
    made, taken = bytearray(), bytearray()
    largest = 0
    for number, size in enumerate(steps):
        if size is None:
            if buffer.chunks:
                taken += buffer.take()
        elif not buffer.is_full:
            largest = max(largest, size)
            chunk = bytes([number]) * size
            made += chunk
            buffer.put(chunk)
        assert len(made) - len(taken) <= MAX_BUFFERED + largest
    while buffer.chunks:
        taken += buffer.take()
    assert taken == made
    assert not buffer.is_full


@pytest.mark.parametrize("size", [1, 1000, HIGH_WATERMARK, MAX_BUFFERED])
def test_two_threads_need_no_lock(size):
    has_chunk, has_space = threading.Event(), threading.Event()
    buffer = BoundedBuffer(has_chunk.set, has_space.set)
    count = 2_000_000 // max(size, 1000)

    def produce():
        for number in range(count):
            if buffer.put(number.to_bytes(4, "big") + b"x" * size):
                while buffer.is_full:
                    assert has_space.wait(PATIENCE)
                    has_space.clear()
        buffer.end()

    thread = threading.Thread(target=produce)
    thread.start()
    taken = bytearray()
    while True:
        buffer.reader_waits = True
        if not (buffer.chunks or buffer.has_ended):
            assert has_chunk.wait(PATIENCE)
        has_chunk.clear()
        buffer.reader_waits = False
        while buffer.chunks:
            taken += buffer.take()
        if buffer.has_ended and not buffer.chunks:
            break
    thread.join(PATIENCE)
    record = size + 4
    assert [int.from_bytes(taken[at : at + 4], "big") for at in range(0, len(taken), record)] == list(range(count))
