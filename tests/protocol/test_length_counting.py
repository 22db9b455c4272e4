"""A body that is held to its Content-Length."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgiresp._protocol.length_counting import LengthCounter, counted

CHUNKS = st.lists(st.binary(max_size=5), max_size=6)


@given(chunks=CHUNKS)
def test_a_body_of_the_length_that_was_announced_passes(chunks):
    assert list(counted(sum(map(len, chunks)), chunks)) == chunks


@given(chunks=CHUNKS.filter(any), more=st.integers(1, 10))
def test_a_body_that_is_too_short_raises_at_its_end(chunks, more):
    length = sum(map(len, chunks))
    held = counted(length + more, chunks)
    assert [next(held) for _ in chunks] == chunks
    with pytest.raises(ValueError, match=rf"must be that of the body: {length + more} bytes, got {more} less"):
        next(held)


def test_a_chunk_that_goes_beyond_the_length_is_not_given():
    held = counted(3, [b"ab", b"cd"])
    assert next(held) == b"ab"
    with pytest.raises(ValueError, match="must be that of the body: 3 bytes, got 1 more"):
        next(held)


def test_an_empty_body_has_no_bytes():
    assert list(counted(0, [])) == []


def test_what_is_left_is_counted():
    announced = LengthCounter(5)
    assert announced.count(b"abc") == b"abc"
    assert (announced.length, announced.left) == (5, 2)
