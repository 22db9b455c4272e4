"""The bounded buffer between a producer and a reader: what goes in comes out, and not too far ahead."""

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
    """A bounded buffer whose wake-ups are counted."""

    def __init__(self, one_at_a_time=False):
        self.arrivals = self.departures = 0
        self.buffer = BoundedBuffer(self._arrive, self._depart, one_at_a_time)

    def _arrive(self):
        self.arrivals += 1

    def _depart(self):
        self.departures += 1


@pytest.fixture
def wakeups():
    return Wakeups()


@pytest.fixture
def buffer(wakeups):
    return wakeups.buffer


def test_a_chunk_that_is_alone_leaves_alone(buffer):
    buffer.put(b"a")
    assert buffer.take() == b"a"
    buffer.put(b"b")
    assert buffer.take() == b"b"


def test_small_chunks_that_are_ready_together_leave_as_one(buffer):
    for chunk in (b"a", b"b", b"c"):
        buffer.put(chunk)
    assert buffer.take() == b"abc"
    assert not buffer.chunks


def test_large_chunks_leave_one_by_one(buffer):
    chunks = [bytes([number]) * HIGH_WATERMARK for number in range(3)]
    for chunk in chunks:
        buffer.put(chunk)
    assert [buffer.take() for _ in chunks] == chunks


def test_a_large_chunk_is_passed_on_as_it_is(buffer):
    chunk = b"x" * HIGH_WATERMARK
    buffer.put(chunk)
    assert buffer.take() is chunk


def test_a_producer_of_small_chunks_waits_at_64_kib(buffer):
    assert [buffer.put(b"x" * 1024) for _ in range(64)] == [False] * 63 + [True]


def test_a_producer_of_large_chunks_is_four_of_them_ahead(buffer):
    assert [buffer.put(b"x" * HIGH_WATERMARK) for _ in range(4)] == [False, False, False, True]


def test_no_producer_is_more_than_256_kib_ahead(buffer):
    assert [buffer.put(b"x" * (MAX_BUFFERED - 1)), buffer.put(b"x")] == [False, True]


def test_a_producer_that_is_to_give_way_waits_after_each_chunk():
    assert Wakeups(one_at_a_time=True).buffer.put(b"a")


def test_a_full_box_has_room_when_all_is_taken(wakeups, buffer):
    for _ in range(4):
        buffer.put(b"x" * HIGH_WATERMARK)
    for taken in range(4):
        assert (buffer.is_full, wakeups.departures) == (True, 0), taken
        buffer.take()
    assert (buffer.is_full, wakeups.departures) == (False, 1)


def test_the_reader_is_woken_where_it_waits_and_only_there(wakeups, buffer):
    buffer.put(b"a")
    assert wakeups.arrivals == 0
    buffer.reader_waits = True
    buffer.put(b"b")
    buffer.put(b"c")
    assert wakeups.arrivals == 1


def test_the_end_wakes_the_reader(wakeups, buffer):
    buffer.end()
    assert (wakeups.arrivals, buffer.has_ended, buffer.error) == (1, True, None)


def test_the_error_that_ends_it_is_kept(buffer):
    error = LookupError()
    buffer.end(error)
    assert buffer.error is error


def test_a_producer_may_be_made_to_wait_while_something_is_there(buffer):
    buffer.put(b"a")
    assert (buffer.pause_producer(), buffer.is_full) == (True, True)


def test_nothing_is_waited_for_where_nothing_is_there(buffer):
    assert (buffer.pause_producer(), buffer.is_full) == (False, False)


def test_nothing_is_waited_for_where_nobody_takes_it(buffer):
    buffer.close()
    buffer.put(b"a")
    assert (buffer.pause_producer(), buffer.is_full) == (False, False)


def test_a_reader_that_goes_wakes_the_producer_that_waits(wakeups, buffer):
    buffer.put(b"a" * MAX_BUFFERED)
    buffer.close()
    assert (buffer.is_full, wakeups.departures, list(buffer.chunks)) == (False, 1, [])


def test_a_reader_that_goes_wakes_nobody_where_nobody_waits(wakeups, buffer):
    buffer.put(b"a")
    buffer.close()
    assert (wakeups.departures, list(buffer.chunks)) == (0, [])


def test_a_reader_that_goes_may_have_the_rest(buffer):
    buffer.put(b"a")
    buffer.put(b"x" * MAX_BUFFERED)
    assert buffer.close() == b"a" + b"x" * MAX_BUFFERED


@given(steps=st.lists(st.one_of(SIZES, st.none()), max_size=40), one_at_a_time=st.booleans())
def test_what_goes_in_comes_out_in_order_and_never_too_far_ahead(steps, one_at_a_time):
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
    arrival, departure = threading.Event(), threading.Event()
    buffer = BoundedBuffer(arrival.set, departure.set)
    count = 2_000_000 // max(size, 1000)

    def produce():
        for number in range(count):
            if buffer.put(number.to_bytes(4, "big") + b"x" * size):
                while buffer.is_full:
                    assert departure.wait(PATIENCE)
                    departure.clear()
        buffer.end()

    thread = threading.Thread(target=produce)
    thread.start()
    taken = bytearray()
    while True:
        buffer.reader_waits = True
        if not (buffer.chunks or buffer.has_ended):
            assert arrival.wait(PATIENCE)
        arrival.clear()
        buffer.reader_waits = False
        while buffer.chunks:
            taken += buffer.take()
        if buffer.has_ended and not buffer.chunks:
            break
    thread.join(PATIENCE)
    record = size + 4
    assert [int.from_bytes(taken[at : at + 4], "big") for at in range(0, len(taken), record)] == list(range(count))
