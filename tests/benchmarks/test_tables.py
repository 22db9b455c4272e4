"""Raw figures as tables."""

from __future__ import annotations

import math

import pytest

from benchmarks.goals import AtMost
from benchmarks.tables import Ahead, Column, Table, costs, peers

from .made import COSTS, GOALS, column, table

HEAD = "|  | s | x bare (quartiles) |\n| --- | --: | --: |\n"


def lines(made):
    return {row.split(" | ")[0].lstrip("| "): row for row in made.markdown().splitlines()}


def test_a_table_has_figures_and_ratios():
    made = Table("text", [column(figures={"bare": [1.0, 1.0], "wsgiresp": [2.0, 4.0]})])
    assert made.markdown() == HEAD + "| bare | 1.00 | 1 (1 to 1) |\n| wsgiresp | 3.00 | 3 (2.5 to 3.5) |\n"


def test_a_figure_is_shown_in_its_unit():
    assert column(per=1e-3, places=1).shown("wsgiresp") == "3000.0"


def test_a_rate_is_shown_as_one():
    assert column(per=6, is_rate=True).shown("wsgiresp") == "2.00"


def test_a_rate_is_compared_as_one():
    assert column(is_rate=True).compared("slow").median == pytest.approx(1 / 9)


def test_the_longest_of_all_rounds_can_be_shown():
    assert column(shows_longest=True).shown("slow") == "12.00"


@pytest.mark.parametrize(
    ("is_rate", "text"), [pytest.param(False, "never", id="a wait"), pytest.param(True, "0.00", id="a rate")]
)
def test_what_did_not_come_is_told(is_rate, text):
    assert Column("s", {"slow": [1.0, math.inf, math.inf]}, is_rate=is_rate).shown("slow") == text


@pytest.mark.parametrize(
    "baselines", [pytest.param({}, id="none is named"), pytest.param({"slow": "absent"}, id="it was not measured")]
)
def test_without_a_baseline_nothing_is_compared(baselines):
    assert lines(Table("text", [column(baselines=baselines)]))["slow"] == "| slow | 9.00 |  |"


def test_a_column_that_compares_nothing_is_one_cell():
    assert lines(Table("text", [Column("s", COSTS)]))["slow"] == "| slow | 9.00 |"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        pytest.param("wsgiresp", "≤ 5 x bare: met (3); ≤ 2 s: **missed** (3)", id="ours"),
        pytest.param("slow", "wsgiresp ≥ 4 x as fast: **missed** (3)", id="a peer"),
        pytest.param("bare", "", id="one without a goal"),
    ],
)
def test_goals_stand_beside_their_rows(row, said):
    assert lines(table("text", column(goals=GOALS)))[row].endswith(f" | {said} |")


def test_the_goals_of_two_columns_say_of_which():
    made = table("text", column(goals=GOALS[:1]), column(heading="CPU s", goals=[AtMost("wsgiresp", "bare", 1)]))
    assert "| s ≤ 5 x bare: met (3); CPU s ≤ 1 x bare: **missed** (3) |" in made.markdown()


def test_a_goal_about_one_that_was_not_measured_is_not_judged():
    assert [found is None for _, found in column(goals=GOALS).verdicts()] == [False, False, False, True]


def test_a_peer_is_ahead_where_it_costs_less_and_by_more_than_the_quartiles_where_that_is_decided():
    quick, near = table().ahead()
    assert quick == Ahead("s", "wsgiresp", "quick", (0.5, 0.5, 0.5), True)
    assert (near.peer, near.is_decided) == ("near", False)


def test_a_peer_that_is_ahead_in_a_rate_has_the_larger_one():
    [ahead, _] = table("text", column(is_rate=True)).ahead()
    assert ahead.ratio.median == 2


@pytest.mark.parametrize(
    ("absent", "ahead"),
    [pytest.param("wsgiresp", [], id="ours"), pytest.param("quick", ["near"], id="one peer of several")],
)
def test_one_that_was_not_measured_is_not_compared(absent, ahead):
    figures = {name: found for name, found in COSTS.items() if name != absent}
    assert [found.peer for found in table("text", column(figures=figures)).ahead()] == ahead


def test_no_peer_is_ahead_where_nothing_is_compared():
    assert list(table("text", Column("s", COSTS)).ahead()) == []


def test_peers_are_those_that_are_not_ours_and_no_limit():
    assert peers(["bare", "wsgiresp", "wsgiresp, again", "baize", "flask + wsgiresp"], ["bare"]) == ["baize"]


def test_costs_are_microseconds_beside_a_baseline():
    made = costs("text", {"bare": [1e-6, 1e-6], "wsgiresp": [3e-6, 3e-6]}, "bare", [], {})
    assert lines(made)["wsgiresp"] == "| wsgiresp | 3.00 | 3 (3 to 3) |"
