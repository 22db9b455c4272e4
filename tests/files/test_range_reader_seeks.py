"""Any sequence of calls of a range reader, against a model: no byte outside of the range is ever returned."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgiresp._files.range_reader import RangeReader

DATA = bytes(range(256)) * 4
ENDS = st.tuples(st.integers(0, 1024), st.integers(0, 1024)).map(sorted)
OFFSETS = st.integers(-3000, 3000)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.one_of(st.none(), st.integers(-1, 1500))),
        st.tuples(st.just("seek"), st.tuples(OFFSETS, st.sampled_from([os.SEEK_SET, os.SEEK_CUR, os.SEEK_END]))),
        st.tuples(st.just("next"), st.none()),
    ),
    max_size=30,
)


class Memory:
    """A source in memory that returns at most *most* bytes at a time."""

    def __init__(self, most):
        self.most = most

    def read_at(self, size, position):
        assert position >= 0
        return DATA[position : position + min(size, self.most)]

    def close(self):
        pass


class Model:
    """A range of DATA, by the rule: a position is held within the range."""

    def __init__(self, start, stop, most):
        self.start, self.stop, self.most, self.position = start, stop, most, start

    def read(self, size):
        whole = size is None or size < 0
        left = self.stop - self.position
        count = left if whole else min(size, left, self.most)
        self.position += count
        return DATA[self.position - count : self.position]

    def next(self, _):
        return self.read(10**9) or None

    def seek(self, place):
        offset, whence = place
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self.position, os.SEEK_END: self.stop}[whence]
        self.position = sorted([self.start, base + offset, self.stop])[1]
        return self.position


def taken(reader, name, argument):
    if name == "seek":
        return reader.seek(*argument)
    return reader.read(argument) if name == "read" else next(reader, None)


@given(ends=ENDS, most=st.integers(1, 2000), steps=STEPS)
def test_any_sequence_of_calls_stays_within_the_range(ends, most, steps):
    start, stop = ends
    reader, model = RangeReader(Memory(most), start, stop), Model(start, stop, most)
    for name, argument in steps:
        assert taken(reader, name, argument) == getattr(model, name)(argument)
        assert reader.tell() == model.position
        assert start <= reader.tell() <= stop


@pytest.fixture(scope="module")
def buffer_of():
    """The class that waitress wraps a file in."""
    return pytest.importorskip("waitress.buffers").ReadOnlyFileBasedBuffer


@given(ends=ENDS, sizes=st.lists(st.tuples(st.integers(1, 700), st.booleans()), max_size=10))
def test_the_buffer_of_waitress_has_the_range_alone(buffer_of, ends, sizes):
    start, stop = ends
    buffer = buffer_of(RangeReader(Memory(10**9), start, stop))
    assert buffer.prepare(10**9) == len(buffer) == stop - start
    position = start
    for size, is_sent in sizes:
        assert buffer.get(size, skip=is_sent) == DATA[position : min(position + size, stop)]
        position += min(size, stop - position) if is_sent else 0


@pytest.mark.parametrize("length", [0, 10])
def test_a_prepared_buffer_of_waitress_takes_the_length_of_the_answer(buffer_of, length):
    buffer = buffer_of(RangeReader(Memory(10**9), 100, 200))
    assert buffer.prepare(length) == length
    assert buffer.get() == DATA[100 : 100 + length]
