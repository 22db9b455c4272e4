"""Figures over rounds."""

from __future__ import annotations

import math

import pytest

from benchmarks.harness.measure import Rounds, Spread, batched, interleaved


@pytest.mark.parametrize(
    ("figures", "spread"),
    [
        pytest.param([1, 2, 3, 4, 5], (3, 2, 4), id="quartiles"),
        pytest.param([2.5], (2.5, 2.5, 2.5), id="one figure"),
        pytest.param([1, 2, math.inf], (2, 1, math.inf), id="one that never came"),
    ],
)
def test_a_spread_is_a_median_with_its_quartiles(figures, spread):
    assert Spread.of(figures) == spread


def test_a_ratio_is_taken_within_each_round():
    assert Rounds({"ours": [1, 20, 3], "theirs": [2, 40, 6]}).ratio("ours", "theirs") == (0.5, 0.5, 0.5)


def test_a_round_has_each_candidate_once():
    calls = []
    interleaved({name: lambda name=name: calls.append(name) for name in "abc"}, rounds=4)
    assert [sorted(calls[place : place + 3]) for place in range(0, 12, 3)] == [["a", "b", "c"]] * 4


def test_a_round_has_an_order_of_its_own():
    calls = []
    interleaved({name: lambda name=name: calls.append(name) for name in "abcdef"}, rounds=2)
    assert calls[:6] != calls[6:]


def test_a_batch_is_of_as_many_calls_as_take_the_length():
    asked = []

    def seconds(calls):
        asked.append(calls)
        return calls * 0.01

    one_call = batched(seconds, length=1.0)
    assert (one_call(), asked[-1]) == (pytest.approx(0.01), 100)
