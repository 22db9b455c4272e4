"""Rows of the comparison: how they are paired, judged and printed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from benchmarks.harness.answers import Answer
from benchmarks.harness.compare.groups import GROUPS
from benchmarks.harness.compare.in_process import CALLED
from benchmarks.harness.compare.rows import Figures, Pair, Row, taken_in_turns
from benchmarks.harness.compare.served import has_three_events
from benchmarks.harness.compare.table import dumped, printed, status
from benchmarks.harness.servers import ROOT

TEXT, MEMORY = Row("text"), Row("memory", "KiB", 1024, limit=1.02)


EVENTS = b"".join(b"event: counted\ndata: number %d\nid: %d\n\n" % (number, number) for number in range(3))


def figures(**ratios):
    """Return six rounds of the rows, each with this ratio."""
    found = Figures()
    for row in (TEXT, MEMORY):
        for _ in range(6):
            found.add(row, [Pair(2e-6, 2e-6 * ratios.get(row.name, 1.0))] * 3)
    return found


def test_a_pair_has_one_figure_of_each_revision_whichever_came_first():
    calls = []
    pairs = taken_in_turns(lambda: calls.append("old") or "old", lambda: calls.append("new") or "new", 40)
    assert (pairs, calls.count("old")) == ([("old", "new")] * 40, 40)
    assert {tuple(calls[place : place + 2]) for place in range(0, 80, 2)} == {("old", "new"), ("new", "old")}


def test_the_figure_of_a_round_is_the_median_of_its_ratios():
    found = Figures()
    for last in range(6):
        found.add(TEXT, [Pair(1, 1.1), Pair(10, 12), Pair(1, 5 + last)])
    assert found.ratio(TEXT) == pytest.approx((1.2, 1.2, 1.2))


@pytest.mark.parametrize(
    ("ratios", "code"),
    [
        pytest.param({}, 0, id="none is worse"),
        pytest.param({"text": 1.04, "memory": 1.01}, 0, id="both are within their limits"),
        pytest.param({"text": 1.06}, 1, id="one is above the usual limit"),
        pytest.param({"memory": 1.03}, 1, id="one is above a limit of its own"),
    ],
)
def test_the_status_tells_whether_a_row_is_worse(ratios, code):
    assert status([TEXT, MEMORY], figures(**ratios)) == code


def test_a_row_that_was_not_measured_is_named_and_is_a_failure():
    found = figures(text=1.5)
    found.fail(MEMORY, "the bodies differ")
    text = printed([TEXT, MEMORY], found)
    assert (status([TEXT, MEMORY], found), "NOT MEASURED" in text, "memory: the bodies differ" in text) == (
        2,
        True,
        True,
    )


def test_a_row_is_printed_in_its_unit():
    [line] = [line for line in printed([TEXT, MEMORY], figures(text=1.5)).splitlines() if line.startswith("| text")]
    assert line == "| text | us CPU | 2 | 3 | 1.500 | 1.500 to 1.500 | 1.05 | 6 | WORSE |"


def test_every_pair_is_kept():
    kept = json.loads(dumped([TEXT], figures(text=1.5), {"old": "HEAD~1"}))
    [row] = kept["rows"]
    assert (kept["old"], row["verdict"], row["old/new"][0]) == (
        "HEAD~1",
        "WORSE",
        "2e-06/3e-06 2e-06/3e-06 2e-06/3e-06",
    )


def test_each_row_has_a_name_of_its_own():
    names = [row.name for group in GROUPS for row in group.rows]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_a_group_has_enough_rounds_for_an_interval(group):
    assert group.rounds >= 6


def test_only_memory_has_a_limit_of_its_own():
    limits = {row.limit: row.symbol for group in GROUPS for row in group.rows if row.limit != Row("").limit}
    assert limits == {1.02: "KiB"}


@pytest.mark.parametrize("called", CALLED, ids=lambda called: called.row.name)
def test_an_answer_in_process_is_checked_by_more_than_its_status(called):
    case = called.case
    assert case.body is not None or case.document is not None or case.headers


@pytest.mark.parametrize(
    ("body", "is_right"),
    [
        pytest.param(b": open\n" + EVENTS, True, id="with a comment before"),
        pytest.param(EVENTS[: len(EVENTS) // 2], False, id="cut"),
        pytest.param(EVENTS.replace(b"number 1", b"number 2"), False, id="with other data"),
    ],
)
def test_a_short_stream_has_its_three_events(body, is_right):
    assert (has_three_events(Answer(200, [], body)) is None) is is_right


def test_what_measures_imports_no_wsgiresp():
    code = "import sys, benchmarks.harness.compare.command; sys.exit('wsgiresp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
