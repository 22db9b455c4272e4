"""The interval of a median ratio."""

from __future__ import annotations

import math
import random

import pytest

from benchmarks.harness.compare.intervals import LEAST, Interval, Verdict, interval, rank, verdict


@pytest.mark.parametrize(
    ("count", "ends"),
    [
        pytest.param(6, 1, id="of six the least and the largest"),
        pytest.param(9, 2, id="of nine the second"),
        pytest.param(12, 3, id="of twelve the third"),
        pytest.param(15, 4, id="of fifteen the fourth"),
        pytest.param(100, 40, id="of a hundred the fortieth"),
    ],
)
def test_the_ends_are_those_of_the_tables_of_the_sign_test(count, ends):
    assert rank(count) == ends


@pytest.mark.parametrize("count", range(LEAST, 60))
def test_the_interval_misses_in_at_most_one_of_twenty_cases_and_is_no_wider_than_it_must_be(count):
    outside = [2 * sum(math.comb(count, heads) for heads in range(ends)) / 2**count for ends in range(count // 2 + 1)]
    assert outside[rank(count)] <= 0.05 < outside[rank(count) + 1]


def test_too_few_figures_have_no_interval():
    with pytest.raises(ValueError, match="at least 6 figures, got 5"):
        interval([1.0] * 5)


def test_an_interval_is_of_the_figures_in_any_order():
    assert interval([1.3, 1.0, 1.1, 0.8, 1.2, 0.9, 1.4]) == Interval(1.1, 0.8, 1.4)


def test_one_figure_that_is_far_off_does_not_move_the_ends():
    assert interval([0.98, 0.99, 1.0, 1.0, 1.0, 1.0, 1.01, 1.02, 40.0]) == (1.0, 0.99, 1.02)


def test_the_interval_holds_the_median_as_often_as_it_says():
    chance = random.Random(1)
    intervals = [interval([chance.lognormvariate(0, 0.1) for _ in range(12)]) for _ in range(2000)]
    assert sum(found.lower <= 1 <= found.upper for found in intervals) / 2000 == pytest.approx(0.961, abs=0.015)


@pytest.mark.parametrize(
    ("lower", "upper", "found"),
    [
        pytest.param(1.06, 1.2, Verdict.WORSE, id="the interval is above the limit"),
        pytest.param(1.05, 1.2, Verdict.UNDECIDED, id="it begins at the limit"),
        pytest.param(0.9, 1.06, Verdict.UNDECIDED, id="the limit is within it"),
        pytest.param(0.9, 1.05, Verdict.NO_WORSE, id="it ends at the limit"),
        pytest.param(1.01, 1.04, Verdict.NO_WORSE, id="it is between 1 and the limit"),
        pytest.param(0.8, 0.99, Verdict.BETTER, id="it ends below 1"),
    ],
)
def test_a_row_is_judged_by_the_whole_interval(lower, upper, found):
    assert verdict(Interval(1.0, lower, upper), 1.05) is found
