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


# Without C1, which no header value here may hold.
PLAIN = "".join(char for char in ETAGC if not 0x80 <= ord(char) < 0xA0)


@given(opaque=st.text(PLAIN, max_size=8), mark=st.sampled_from(["", "W/"]))
def test_an_entity_tag_is_taken_as_it_is(opaque, mark):
    assert entity_tags.entity_tag(f'{mark}"{opaque}"') == f'{mark}"{opaque}"'


@given(text=st.text(PLAIN, min_size=1, max_size=8))
def test_other_text_is_put_in_quotes(text):
    assert entity_tags.entity_tag(text) == f'"{text}"'


@given(text=st.text() | st.text('W/", \t\0\x85\xe9\u0100', max_size=6))
def test_what_is_made_of_any_text_is_one_tag(text):
    try:
        tag = entity_tags.entity_tag(text)
    except ValueError:
        return
    assert entity_tags.parse(tag) == [tag]


def test_the_beginning_of_a_digest_makes_no_tag_weak():
    assert entity_tags.entity_tag("W/8fQ==") == '"W/8fQ=="'


def test_a_tag_of_a_subclass_of_str_is_a_plain_str():
    class Word(str):
        def __str__(self):
            return "another"

        def __format__(self, spec):
            return "another"

    tags = [entity_tags.entity_tag(Word(text)) for text in ("one", '"one"')]
    assert tags == ['"one"', '"one"']
    assert {type(tag) for tag in tags} == {str}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("two words", id="a blank"),
        pytest.param('"two words"', id="a blank within quotes"),
        pytest.param('"a', id="one quote"),
        pytest.param('"a" ', id="a blank at the end"),
        pytest.param('w/"a"', id="a lower case w"),
        pytest.param('W/ "a"', id="a blank after W/"),
        pytest.param('"a", "b"', id="two tags"),
        pytest.param("a\r\nSet-Cookie:x", id="a line end"),
        pytest.param("a\n", id="a line end at the end"),
        pytest.param("a\x85b", id="a C1 control"),
        pytest.param('"a\x7f"', id="DEL"),
        pytest.param("\u0100", id="a character beyond latin-1"),
        pytest.param("\udc80", id="half a surrogate pair"),
    ],
)
def test_what_cannot_be_a_tag_is_refused_by_the_rule_and_the_value(text):
    with pytest.raises(ValueError, match=r"etag must be an entity-tag \(RFC 9110, Section 8\.8\.3\)") as caught:
        entity_tags.entity_tag(text)
    assert str(caught.value).endswith(f"got {text!r}")


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
