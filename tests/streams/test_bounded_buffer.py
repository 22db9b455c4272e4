"""The mailbox between a producer and a reader: what goes in comes out, and not too far ahead."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runtime.runners import PATIENCE

from wsgiresp._streams.bounded_buffer import MOST, ROOM, Mailbox

SIZES = st.one_of(st.integers(1, 200), st.sampled_from([ROOM - 1, ROOM, ROOM + 1, MOST - 1, MOST, MOST + 1, 2 * MOST]))


class Rings:
    """A mailbox whose rings are counted."""

    def __init__(self, at_once=False):
        self.arrivals = self.departures = 0
        self.box = Mailbox(self._arrive, self._depart, at_once)

    def _arrive(self):
        self.arrivals += 1

    def _depart(self):
        self.departures += 1


@pytest.fixture
def rings():
    return Rings()


@pytest.fixture
def box(rings):
    return rings.box


def test_a_chunk_that_is_alone_leaves_alone(box):
    box.put(b"a")
    assert box.take() == b"a"
    box.put(b"b")
    assert box.take() == b"b"


def test_small_chunks_that_are_ready_together_leave_as_one(box):
    for chunk in (b"a", b"b", b"c"):
        box.put(chunk)
    assert box.take() == b"abc"
    assert not box.chunks


def test_large_chunks_leave_one_by_one(box):
    chunks = [bytes([number]) * ROOM for number in range(3)]
    for chunk in chunks:
        box.put(chunk)
    assert [box.take() for _ in chunks] == chunks


def test_a_large_chunk_is_passed_on_as_it_is(box):
    chunk = b"x" * ROOM
    box.put(chunk)
    assert box.take() is chunk


def test_a_producer_of_small_chunks_waits_at_64_kib(box):
    assert [box.put(b"x" * 1024) for _ in range(64)] == [False] * 63 + [True]


def test_a_producer_of_large_chunks_is_four_of_them_ahead(box):
    assert [box.put(b"x" * ROOM) for _ in range(4)] == [False, False, False, True]


def test_no_producer_is_more_than_256_kib_ahead(box):
    assert [box.put(b"x" * (MOST - 1)), box.put(b"x")] == [False, True]


def test_a_producer_that_is_to_give_way_waits_after_each_chunk():
    assert Rings(at_once=True).box.put(b"a")


def test_a_full_box_has_room_when_all_is_taken(rings, box):
    for _ in range(4):
        box.put(b"x" * ROOM)
    for taken in range(4):
        assert (box.is_full, rings.departures) == (True, 0), taken
        box.take()
    assert (box.is_full, rings.departures) == (False, 1)


def test_the_reader_is_woken_where_it_waits_and_only_there(rings, box):
    box.put(b"a")
    assert rings.arrivals == 0
    box.is_awaited = True
    box.put(b"b")
    box.put(b"c")
    assert rings.arrivals == 1


def test_the_end_wakes_the_reader(rings, box):
    box.end()
    assert (rings.arrivals, box.has_ended, box.error) == (1, True, None)


def test_the_error_that_ends_it_is_kept(box):
    error = LookupError()
    box.end(error)
    assert box.error is error


def test_a_producer_may_be_made_to_wait_while_something_is_there(box):
    box.put(b"a")
    assert (box.fill(), box.is_full) == (True, True)


def test_nothing_is_waited_for_where_nothing_is_there(box):
    assert (box.fill(), box.is_full) == (False, False)


def test_nothing_is_waited_for_where_nobody_takes_it(box):
    box.close()
    box.put(b"a")
    assert (box.fill(), box.is_full) == (False, False)


def test_a_reader_that_goes_wakes_the_producer_that_waits(rings, box):
    box.put(b"a" * MOST)
    box.close()
    assert (box.is_full, rings.departures, list(box.chunks)) == (False, 1, [])


def test_a_reader_that_goes_wakes_nobody_where_nobody_waits(rings, box):
    box.put(b"a")
    box.close()
    assert (rings.departures, list(box.chunks)) == (0, [])


def test_a_reader_that_goes_may_have_the_rest(box):
    box.put(b"a")
    box.put(b"x" * MOST)
    assert box.close() == b"a" + b"x" * MOST


@given(steps=st.lists(st.one_of(SIZES, st.none()), max_size=40), at_once=st.booleans())
def test_what_goes_in_comes_out_in_order_and_never_too_far_ahead(steps, at_once):
    box = Rings(at_once).box
    made, taken = bytearray(), bytearray()
    largest = 0
    for number, size in enumerate(steps):
        if size is None:
            if box.chunks:
                taken += box.take()
        elif not box.is_full:
            largest = max(largest, size)
            chunk = bytes([number]) * size
            made += chunk
            box.put(chunk)
        assert len(made) - len(taken) <= MOST + largest
    while box.chunks:
        taken += box.take()
    assert taken == made
    assert not box.is_full


@pytest.mark.parametrize("size", [1, 1000, ROOM, MOST])
def test_two_threads_need_no_lock(size):
    arrival, departure = threading.Event(), threading.Event()
    box = Mailbox(arrival.set, departure.set)
    count = 2_000_000 // max(size, 1000)

    def produce():
        for number in range(count):
            if box.put(number.to_bytes(4, "big") + b"x" * size):
                while box.is_full:
                    assert departure.wait(PATIENCE)
                    departure.clear()
        box.end()

    thread = threading.Thread(target=produce)
    thread.start()
    taken = bytearray()
    while True:
        box.is_awaited = True
        if not (box.chunks or box.has_ended):
            assert arrival.wait(PATIENCE)
        arrival.clear()
        box.is_awaited = False
        while box.chunks:
            taken += box.take()
        if box.has_ended and not box.chunks:
            break
    thread.join(PATIENCE)
    record = size + 4
    assert [int.from_bytes(taken[at : at + 4], "big") for at in range(0, len(taken), record)] == list(range(count))
