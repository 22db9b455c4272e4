from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol.case_tables import cases

from wsgiresp._protocol import entity_tags

ETAGC = "".join(chr(code) for code in (0x21, *range(0x23, 0x7F), *range(0x80, 0x100)))
TAGS = st.builds('{}"{}"'.format, st.sampled_from(["", "W/"]), st.text(ETAGC, max_size=8))
SEPARATORS = st.from_regex(r"\A[ \t]{0,2},[ \t,]{0,3}\Z")


@pytest.mark.parametrize("case", cases("entity_tags.toml", "lists"))
def test_a_list_of_tags(case):
    assert entity_tags.parse(case["value"]) == case["tags"]


@given(tags=st.lists(TAGS), separator=SEPARATORS)
def test_tags_that_were_joined_are_read_back(tags, separator):
    assert entity_tags.parse(separator.join(tags)) == tags


@given(value=st.text() | st.text('W/", \t'))
def test_no_text_raises(value):
    assert all(tag in value for tag in entity_tags.parse(value))


@pytest.mark.parametrize(
    "value",
    [
        pytest.param('"' * 1_000_001, id="quotes"),
        pytest.param('"a' * 1_000_000, id="tags without an end"),
        pytest.param(" " * 1_000_000 + "x", id="blanks"),
        pytest.param(", " * 1_000_000 + "x", id="empty members"),
        pytest.param('"a" ,' * 200_000 + "x", id="tags"),
        pytest.param("W/" * 1_000_000, id="the mark of weak tags"),
    ],
)
def test_a_million_characters_of_no_list_are_no_tags(value):
    assert entity_tags.parse(value) == []


# The table of RFC 9110, Section 8.8.3.2.
@pytest.mark.parametrize(
    ("one", "other", "strongly", "weakly"),
    [
        pytest.param('W/"1"', 'W/"1"', False, True, id="the same, both weak"),
        pytest.param('W/"1"', 'W/"2"', False, False, id="others, both weak"),
        pytest.param('W/"1"', '"1"', False, True, id="the same, one weak"),
        pytest.param('"1"', 'W/"1"', False, True, id="the same, the other weak"),
        pytest.param('"1"', '"1"', True, True, id="the same, both strong"),
        pytest.param('"1"', '"2"', False, False, id="others, both strong"),
    ],
)
def test_two_comparisons(one, other, strongly, weakly):
    assert (entity_tags.match_strongly(one, other), entity_tags.match_weakly(one, other)) == (strongly, weakly)
