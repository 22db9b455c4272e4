from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol.case_tables import cases

from wsgiresp._protocol.ranges import (
    LIMIT,
    Span,
    ascending,
    coalesce,
    content_range,
    parse,
    resolve,
    select,
    unsatisfied_range,
)

LENGTHS = st.integers(0, 40)
POSITIONS = st.integers(0, 50)
PAIRS = st.one_of(
    st.tuples(POSITIONS, POSITIONS).map(sorted).map(tuple),
    st.tuples(POSITIONS, st.none()),
    st.tuples(st.none(), POSITIONS),
)


def written(pairs):
    """Return the text of a Range field that asks for *pairs*."""
    members = ["-".join("" if position is None else str(position) for position in pair) for pair in pairs]
    return "bytes=" + ",".join(members)


def positions(spans):
    return {position for span in spans for position in range(*span)}


def is_asked(position, pair, length):
    first, last = pair
    if first is None:
        return position >= length - last
    return first <= position and (last is None or position <= last)


@pytest.mark.parametrize("case", cases("ranges.toml", "satisfiable"))
def test_a_satisfiable_range_selects_spans(case):
    assert select(case["range"], case.get("length", 10)) == [tuple(span) for span in case["spans"]]


@pytest.mark.parametrize("case", cases("ranges.toml", "unsatisfiable"))
def test_an_unsatisfiable_range_selects_nothing(case):
    assert select(case["range"], case.get("length", 10)) == []


@pytest.mark.parametrize("case", cases("ranges.toml", "ignored"))
def test_an_ignored_range_selects_the_whole(case):
    assert select(case["range"], case.get("length", 10)) is None


@given(pairs=st.lists(PAIRS, min_size=1, max_size=LIMIT))
def test_ranges_that_were_written_are_read_back(pairs):
    assert parse(written(pairs)) == pairs


@given(value=st.text() | st.text("0123456789-,=bytes \t").map("bytes={}".format), length=LENGTHS)
def test_no_text_raises(value, length):
    assert isinstance(select(value, length), list | None)


@given(value=st.text() | st.lists(PAIRS).map(written))
def test_any_range_of_nothing_is_ignored(value):
    assert select(value, 0) is None


@given(pairs=st.lists(PAIRS, min_size=1, max_size=12), length=st.integers(1, 40))
def test_the_bytes_selected_are_those_asked(pairs, length):
    assert positions(select(written(pairs), length)) == {
        position for position in range(length) if any(is_asked(position, pair, length) for pair in pairs)
    }


@given(pairs=st.lists(PAIRS, max_size=12), length=LENGTHS)
def test_resolved_spans_lie_within_the_representation(pairs, length):
    assert all(0 <= span.start <= span.stop <= length for span in resolve(pairs, length))


SPANS = st.lists(st.tuples(POSITIONS, st.integers(1, 9)).map(lambda pair: Span(pair[0], sum(pair))), max_size=12)


@given(spans=SPANS)
def test_coalesced_spans_hold_the_same_bytes(spans):
    assert positions(coalesce(spans)) == positions(spans)


@given(spans=SPANS)
def test_coalesced_spans_neither_overlap_nor_touch(spans):
    ascending = sorted(coalesce(spans))
    assert all(left.stop < right.start for left, right in pairwise(ascending))


@given(spans=SPANS)
def test_coalesced_spans_stand_in_the_order_of_their_first_members(spans):
    coalesced = coalesce(spans)
    holders = [next(group for group in coalesced if group.start <= span.start < group.stop) for span in spans]
    assert coalesced == list(dict.fromkeys(holders))


@given(spans=SPANS)
def test_coalescing_leaves_its_argument_alone(spans):
    before = list(spans)
    coalesce(spans)
    assert spans == before


def test_a_hundred_ranges_are_served():
    assert len(select(written([(3 * n, 3 * n) for n in range(100)]), 1000)) == 100


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(written([(3 * n, 3 * n) for n in range(101)]), id="101, apart"),
        pytest.param("bytes=" + ",".join(["0-"] * 1300), id="1300 times the whole, in 4 KiB"),
        pytest.param("bytes=" + ",".join(f"{n}-{n + 1}" for n in range(1300)), id="1300 that overlap"),
        pytest.param("bytes=" + "-" * 1_000_000, id="a million hyphens"),
        pytest.param("bytes=" + "0-0," * 1_000_000, id="a million"),
    ],
)
def test_more_than_a_hundred_ranges_get_the_whole(value):
    assert select(value, 3000) is None


NINES = "9" * 1_000_000


@pytest.mark.parametrize(
    ("value", "spans"),
    [
        pytest.param(f"bytes={NINES}-", [], id="a start"),
        pytest.param(f"bytes=1-{NINES}", [(1, 10)], id="an end"),
        pytest.param(f"bytes=-{NINES}", [(0, 10)], id="a suffix"),
        pytest.param(f"bytes={NINES}-{NINES}", [], id="both"),
        pytest.param(f"bytes={NINES}-{NINES[1:]}", None, id="the end before the start, by a digit"),
        pytest.param(f"bytes={NINES}-{NINES[1:]}8", None, id="the end before the start, by one"),
        pytest.param("bytes=" + "0" * 1_000_000 + "1-2", [(1, 3)], id="zeros and a number"),
        pytest.param(f"bytes=1-{NINES}x", None, id="digits and a letter"),
        pytest.param("bytes=" + " ," * 1_000_000 + "1-2", [(1, 3)], id="empty members and a range"),
        pytest.param("bytes=" + "," * 1_000_000, None, id="empty members alone"),
        pytest.param(" " * 1_000_000 + "bytes=1-2", [(1, 3)], id="blanks and a range"),
        pytest.param("x" * 1_000_000, None, id="a word"),
    ],
)
def test_a_million_characters_are_read(value, spans):
    assert select(value, 10) == spans


@pytest.mark.parametrize("digits", [18, 19, 20, 4300, 4301])
def test_a_position_of_many_digits_is_read_or_is_beyond_every_file(digits):
    assert parse("bytes=" + "9" * digits + "-") == [(min(10**digits - 1, 10**19), None)]


def test_a_span_knows_its_length():
    assert Span(3, 7).length == 4


@pytest.mark.parametrize(
    ("span", "text"),
    [
        pytest.param(Span(42, 1234), "bytes 42-1233/1234", id="to the end"),
        pytest.param(Span(0, 1), "bytes 0-0/1234", id="one byte"),
    ],
)
def test_content_range_has_the_last_position(span, text):
    assert content_range(span, 1234) == text


def test_an_unsatisfied_range_names_the_length():
    assert unsatisfied_range(1234) == "bytes */1234"


@pytest.mark.parametrize(
    ("value", "spans"),
    [
        pytest.param("bytes=5-", [(5, 10)], id="one"),
        pytest.param("bytes=0-1,5-6", [(0, 2), (5, 7)], id="two in order"),
        pytest.param("bytes=3-5,1-4", [(1, 6)], id="two that overlap"),
        pytest.param("bytes=5-6,0-1", None, id="two out of order"),
        pytest.param("bytes=-2,0-1", None, id="the end before the start"),
        pytest.param("bytes=10-", [], id="none"),
        pytest.param("lines=0-1", None, id="another unit"),
    ],
)
def test_what_goes_forward_sends_spans_in_ascending_order(value, spans):
    assert ascending(select(value, 10)) == (spans if spans is None else [Span(*span) for span in spans])


@given(pairs=st.lists(PAIRS, min_size=1, max_size=8), length=LENGTHS)
def test_what_goes_forward_sends_the_spans_of_anything_or_the_whole(pairs, length):
    spans = select(written(pairs), length)
    assert ascending(spans) in (spans, None)
