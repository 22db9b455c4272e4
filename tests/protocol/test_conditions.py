from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol.case_tables import cases

from wsgiresp._protocol.conditions import Validators, Verdict, evaluate

FIELDS = ("If-Match", "If-Unmodified-Since", "If-None-Match", "If-Modified-Since", "If-Range", "Range")
OURS = Validators('"v1"', 784111777)
BEFORE, OUR_DATE, AFTER = (f"Sun, 06 Nov 1994 08:49:{second} GMT" for second in (36, 37, 38))

# What makes each condition true, and what makes it false, as Section 13.1 defines it.
TRUE = {
    "If-Match": '"v0", "v1"',
    "If-Unmodified-Since": OUR_DATE,
    "If-None-Match": '"v2"',
    "If-Modified-Since": BEFORE,
    "If-Range": '"v1"',
}
FALSE = {
    "If-Match": '"v2"',
    "If-Unmodified-Since": BEFORE,
    "If-None-Match": 'W/"v1"',
    "If-Modified-Since": AFTER,
    "If-Range": '"v2"',
}


def environ_of(fields):
    return {"HTTP_" + name.upper().replace("-", "_"): value for name, value in fields.items()}


def verdict_of(case):
    validators = Validators(
        None if case.get("etag") == "none" else case.get("etag", '"v1"'),
        None if case.get("modified") == "none" else case.get("modified", 784111777),
        **({"date_is_strong": case["strong_date"]} if "strong_date" in case else {}),
    )
    environ = environ_of({name: case[name] for name in FIELDS if name in case})
    return evaluate(case.get("method", "GET"), environ, validators, case.get("status", 200)).name


def case_of(table):
    return pytest.mark.parametrize("case", cases("conditions.toml", table))


@case_of("no_condition")
def test_without_conditions_only_range_counts(case):
    assert verdict_of(case) == case["verdict"]


@case_of("if_match")
def test_if_match(case):
    assert verdict_of(case) == case["verdict"]


@case_of("if_unmodified_since")
def test_if_unmodified_since(case):
    assert verdict_of(case) == case["verdict"]


@case_of("if_none_match")
def test_if_none_match(case):
    assert verdict_of(case) == case["verdict"]


@case_of("if_modified_since")
def test_if_modified_since(case):
    assert verdict_of(case) == case["verdict"]


@case_of("if_range")
def test_if_range(case):
    assert verdict_of(case) == case["verdict"]


@case_of("not_for_conditions")
def test_conditions_count_for_a_200_to_get_and_head_alone(case):
    assert verdict_of(case) == case["verdict"]


def by_the_letter(method, holds):
    """Walk the steps of RFC 9110, Section 13.2.2; *holds* has the conditions that are present, and Range."""
    step = 1
    while True:
        if step == 1:
            if "If-Match" not in holds:
                step = 2
            elif holds["If-Match"]:
                step = 3
            else:
                return Verdict.PRECONDITION_FAILED
        elif step == 2:
            if "If-Unmodified-Since" in holds and not holds["If-Unmodified-Since"]:
                return Verdict.PRECONDITION_FAILED
            step = 3
        elif step == 3:
            if "If-None-Match" not in holds:
                step = 4
            elif holds["If-None-Match"]:
                step = 5
            else:
                return Verdict.NOT_MODIFIED
        elif step == 4:
            if "If-Modified-Since" in holds and not holds["If-Modified-Since"]:
                return Verdict.NOT_MODIFIED
            step = 5
        elif method == "GET" and "Range" in holds:
            return Verdict.RANGE if holds.get("If-Range", True) else Verdict.WHOLE
        else:
            return Verdict.WHOLE


def matrix():
    """Return a parameter for every choice of absent, true and false for each condition: 3^5, as GET and HEAD, twice."""
    parameters = []
    for states in product((None, True, False), repeat=len(TRUE)):
        holds = {name: state for name, state in zip(TRUE, states, strict=True) if state is not None}
        shown = ", ".join(f"{name} {state}".lower() for name, state in holds.items()) or "no condition"
        parameters += [
            pytest.param("GET", holds, id=f"GET, {shown}"),
            pytest.param("HEAD", holds, id=f"HEAD, {shown}"),
            pytest.param("GET", {**holds, "Range": True}, id=f"GET, {shown}, a range"),
            pytest.param("HEAD", {**holds, "Range": True}, id=f"HEAD, {shown}, a range"),
        ]
    return parameters


@pytest.mark.parametrize(("method", "holds"), matrix())
def test_conditions_are_taken_in_the_order_of_section_13_2_2(method, holds):
    fields = {name: (TRUE if state else FALSE).get(name, "bytes=0-0") for name, state in holds.items()}
    assert evaluate(method, environ_of(fields), OURS) is by_the_letter(method, holds)


def test_the_verdicts_are_status_codes():
    assert [verdict.value for verdict in Verdict] == [200, 206, 304, 412]


HOSTILE = st.text('W/"*v1, :\t\0\xe9\u0661', max_size=12) | st.sampled_from([*TRUE.values(), *FALSE.values()])


@given(values=st.tuples(*[st.none() | HOSTILE] * len(FIELDS)), etag=st.none() | HOSTILE)
def test_no_request_raises(values, etag):
    fields = {name: value for name, value in zip(FIELDS, values, strict=True) if value is not None}
    assert evaluate("GET", environ_of(fields), Validators(etag, 784111777)) in Verdict


@given(tags=st.lists(st.text("!#,W/\\~\xff", max_size=4).map('"{}"'.format), min_size=1), position=st.integers(0))
def test_a_cache_that_lists_our_tag_gets_a_304(tags, position):
    ours = Validators(tags[position % len(tags)])
    assert evaluate("GET", {"HTTP_IF_NONE_MATCH": ", ".join(tags)}, ours) is Verdict.NOT_MODIFIED
