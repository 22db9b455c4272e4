"""What is wanted of the figures."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.goals import AtMost, Faster, Under, read, verdict, written
from benchmarks.measure import Rounds

ROUNDS = Rounds({"ours": [2.0, 2.0, 3.0, 4.0, 4.0], "peer": [6.0] * 5})

KINDS = pytest.mark.parametrize(
    ("goal", "wish", "claim", "found", "word", "is_decided"),
    [
        pytest.param(
            AtMost("ours", "peer", 0.7), "≤ 0.7 x peer", "ours ≤ 0.7 x peer", 0.5, "met", True, id="a ratio that is met"
        ),
        pytest.param(
            AtMost("ours", "peer", 0.4),
            "≤ 0.4 x peer",
            "ours ≤ 0.4 x peer",
            0.5,
            "**missed**",
            False,
            id="a ratio that another run may meet",
        ),
        pytest.param(
            Faster("ours", "peer", 1.2),
            "ours ≥ 1.2 x as fast",
            "ours ≥ 1.2 x as fast as peer",
            2.0,
            "met",
            True,
            id="a speed that is met",
        ),
        pytest.param(
            Faster("ours", "peer", 5),
            "ours ≥ 5 x as fast",
            "ours ≥ 5 x as fast as peer",
            2.0,
            "**missed**",
            True,
            id="a speed that is missed",
        ),
        pytest.param(
            Under("ours", 1.0, 2.0, "pairs"), "≤ 1 pairs", "ours ≤ 1 pairs", 1.5, "**missed**", False, id="a figure"
        ),
    ],
)


@KINDS
def test_a_goal_is_told_beside_its_row_and_alone(goal, wish, claim, found, word, is_decided):
    assert (goal.wish, goal.claim) == (wish, claim)


@KINDS
def test_a_goal_is_judged_by_the_median_and_decided_by_the_quartiles(goal, wish, claim, found, word, is_decided):
    judged = verdict(goal, ROUNDS)
    assert (judged.found.median, judged.word, judged.is_decided) == (found, word, is_decided)


@KINDS
def test_a_goal_stands_beside_one_that_it_is_about(goal, wish, claim, found, word, is_decided):
    assert goal.row in goal.about


NAMES = st.text()
FACTORS = st.floats(allow_nan=False)
GOALS = st.one_of(
    st.builds(AtMost, NAMES, NAMES, FACTORS),
    st.builds(Faster, NAMES, NAMES, FACTORS),
    st.builds(Under, NAMES, FACTORS, FACTORS, NAMES),
)


@given(goal=GOALS)
def test_a_goal_that_was_written_is_read_again(goal):
    assert read(json.loads(json.dumps(written(goal)))) == goal


def test_a_kind_of_goal_that_there_is_not_is_refused():
    with pytest.raises(KeyError, match="Slower"):
        read({"kind": "Slower"})
