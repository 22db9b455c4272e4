"""What is kept of a benchmark."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.goals import AtMost, Faster, Under
from benchmarks.kept import Result, dumped, keep, kept, loaded
from benchmarks.tables import Column, Table

from .made import result

NAMES = st.text(max_size=8)
FOUR_DIGITS = st.floats(min_value=0).map(lambda figure: float(f"{figure:.4g}"))
GOALS = st.one_of(
    st.builds(AtMost, NAMES, NAMES, FOUR_DIGITS),
    st.builds(Faster, NAMES, NAMES, FOUR_DIGITS),
    st.builds(Under, NAMES, FOUR_DIGITS, FOUR_DIGITS, NAMES),
)
COLUMNS = st.builds(
    Column,
    heading=NAMES,
    figures=st.dictionaries(NAMES, st.lists(FOUR_DIGITS, max_size=3), max_size=3),
    per=FOUR_DIGITS,
    is_rate=st.booleans(),
    places=st.integers(0, 3),
    beside=NAMES,
    baselines=st.dictionaries(NAMES, NAMES, max_size=2),
    goals=st.lists(GOALS, max_size=2),
    shows_longest=st.booleans(),
)
TABLES = st.builds(
    Table,
    title=NAMES,
    columns=st.lists(COLUMNS, max_size=2),
    rivals=st.dictionaries(NAMES, st.lists(NAMES, max_size=2), max_size=2),
    plotted=st.lists(NAMES, max_size=2),
)
RESULTS = st.builds(
    Result,
    name=NAMES,
    title=NAMES,
    load=st.lists(FOUR_DIGITS, max_size=2),
    versions=st.dictionaries(NAMES, NAMES, max_size=2),
    rounds=st.integers(0, 99),
    seconds=FOUR_DIGITS,
    skipped=st.lists(NAMES, max_size=2),
    failures=st.lists(NAMES, max_size=2),
    tables=st.lists(TABLES, max_size=2),
)


@given(found=RESULTS)
def test_what_was_kept_is_read_again(found):
    assert loaded(dumped(found)) == found


def test_the_figures_of_a_candidate_are_one_line_of_the_file():
    assert '"slow": "6 9 12"' in dumped(result())


def test_what_was_never_kept_is_none(tmp_path):
    assert kept("dispatch", tmp_path) is None


def test_a_result_is_kept_in_a_folder_that_is_made_for_it(tmp_path):
    keep(result(), tmp_path / "results")
    assert kept("dispatch", tmp_path / "results").date == "2026-01-02"


def test_a_result_takes_the_place_of_the_one_before(tmp_path):
    keep(result(failures=["once"]), tmp_path)
    keep(result(date="2026-01-03"), tmp_path)
    assert (kept("dispatch", tmp_path).date, kept("dispatch", tmp_path).failures) == ("2026-01-03", [])


def test_a_failure_without_figures_leaves_those_before_and_is_told_beside_them(tmp_path):
    before = result(failures=["once"])
    keep(before, tmp_path)
    keep(Result("dispatch", failures=["again"]), tmp_path)
    assert dumped(kept("dispatch", tmp_path)) == dumped(replace(before, failures=["once", "again"]))


def test_a_failure_with_nothing_before_is_kept(tmp_path):
    keep(Result("dispatch", failures=["at once"]), tmp_path)
    assert kept("dispatch", tmp_path).failures == ["at once"]


@pytest.mark.parametrize(
    ("found", "heading"),
    [
        pytest.param(result(), "Dispatch: construct & call", id="its title"),
        pytest.param(Result("sse"), "sse", id="its name where it never came to a title"),
    ],
)
def test_a_result_has_a_heading(found, heading):
    assert found.heading == heading
