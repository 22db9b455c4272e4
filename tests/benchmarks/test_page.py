"""The page of all benchmarks."""

from __future__ import annotations

import re

import pytest

from benchmarks.goals import Under
from benchmarks.kept import Result
from benchmarks.page import judged, page, write

from .made import COSTS, column, result, table


def paragraph(text, heading):
    """Return what stands under *heading*."""
    return re.search(rf"^## {re.escape(heading)}\n\n(.*?)(?=^## |\Z)", text, re.M | re.S)[1]


def rows(text, first):
    """Return the cells of the table whose head begins with *first*."""
    [block] = re.findall(rf"^\| {re.escape(first)} \|.*\n\| ---.*\n((?:\|.*\n)+)", text, re.M)
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in block.splitlines()]


PAGE = page({"dispatch": result()})


def test_the_page_counts_the_goals():
    assert "Of 4 goals 1 are met, 2 missed, 1 could not be looked at." in PAGE


def test_the_goals_of_each_benchmark_are_counted():
    assert rows(PAGE, " | goals") == [["[Dispatch: construct & call](#dispatch-construct--call)", "4", "1", "2", "1"]]


def test_each_goal_that_was_missed_is_told_with_its_spread():
    assert rows(PAGE, "missed") == [
        ["dispatch", "text", "s", "wsgiresp ≥ 4 x as fast as slow", "3 (3 to 3)", "yes"],
        ["dispatch", "text", "s", "wsgiresp ≤ 2 s", "3 (2.5 to 3.5)", "yes"],
    ]


def test_a_miss_that_the_quartiles_do_not_decide_is_told_as_one():
    near = column(goals=[Under("near", 2, 1, "s")])
    [row] = rows(page({"dispatch": result(tables=[table("text", near)])}), "missed")
    assert row[-1] == "no"


def test_each_goal_whose_peer_was_absent_is_told():
    assert rows(PAGE, "not measured") == [["dispatch", "text", "s", "wsgiresp ≥ 2 x as fast as absent"]]


def test_without_a_miss_there_is_no_table_of_misses():
    assert "| missed | case |" not in page({"dispatch": result(tables=[table()])})


def test_a_peer_that_is_ahead_is_named_with_how_much():
    ahead = paragraph(PAGE, "Where a peer is ahead")
    assert "- dispatch, text, s: `quick` 0.5 (0.5 to 0.5) x `wsgiresp`\n" in ahead


@pytest.mark.parametrize(
    "peers", [pytest.param(["quick", "near"], id="beside one beyond them"), pytest.param(["near"], id="alone")]
)
def test_a_peer_that_is_ahead_within_the_quartiles_is_counted_and_not_named(peers):
    text = page({"dispatch": result(tables=[table("text", rivals={"wsgiresp": peers})])})
    ahead = paragraph(text, "Where a peer is ahead")
    assert ("a peer is ahead once more" in ahead, "near" in ahead) == (True, False)


def test_the_peers_that_are_ahead_are_counted_the_most_frequent_first():
    on_sync = {f"sync: {name}": found for name, found in COSTS.items()}
    tables = [
        table("text", rivals={"wsgiresp": ["bare", "quick"]}),
        table("sync", column(figures=on_sync), rivals={"sync: wsgiresp": ["sync: quick"]}),
    ]
    ahead = paragraph(page({"dispatch": result(tables=tables)}), "Where a peer is ahead")
    assert ahead.startswith("Better than ours, beyond the quartiles: `quick` 2 times, `bare` once.\n")


def test_where_no_peer_is_ahead_that_is_told():
    text = page({"dispatch": result(tables=[table("text", rivals={"wsgiresp": ["slow"]})])})
    assert paragraph(text, "Where a peer is ahead").startswith("No peer is better than ours beyond")


@pytest.mark.parametrize(
    "line",
    [
        "- Measured: 2026-01-02 to 2026-01-04",
        "- Machine: a CPU, 2 cores, CPython 3.11.7; another CPU, 2 cores, CPython 3.11.7",
        "- Notes: idle",
        "- Versions: wsgiresp 0.1.0, quick 2.0 and 2.1",
    ],
)
def test_the_page_tells_of_what_its_figures_are(line):
    other = result("json", date="2026-01-04", cpu="another CPU, 2 cores", note="idle", versions={"quick": "2.1"})
    assert line in page({"dispatch": result(), "json": other}).splitlines()


def test_figures_of_one_day_have_one_date():
    assert "- Measured: 2026-01-02\n" in page({"dispatch": result(), "json": result("json")})


@pytest.mark.parametrize(
    ("extent", "is_warned"),
    [pytest.param("usual", False, id="usually"), pytest.param("quick", True, id="for a first look")],
)
def test_a_first_look_is_told_as_one(extent, is_warned):
    assert ("no figure is worth keeping" in page({"dispatch": result(extent=extent)})) is is_warned


def test_a_benchmark_tells_when_and_how_long_it_ran():
    text = paragraph(page({"dispatch": result(extent="long")}), "Dispatch: construct & call")
    assert text.startswith(
        "2026-01-02, 3 rounds of 5 ms (`--long`), 1.5 minutes; load of the machine 0.5 before and 1 after.\n"
    )


def test_all_tables_are_there():
    text = page({"dispatch": result(tables=[table("text"), table("redirect")])})
    assert re.findall("^### (.*)$", text, re.M) == ["dispatch: text", "dispatch: redirect"]


@pytest.mark.parametrize(
    ("found", "line"),
    [
        pytest.param(
            None,
            "- dispatch: nothing is kept of it; `python -m benchmarks --only dispatch` measures it",
            id="never measured",
        ),
        pytest.param(result(failures=["`no`\nserver"]), "- dispatch, failed: `'no' server`", id="failed"),
        pytest.param(result(skipped=["baize: no"]), "- dispatch, left out: `baize: no`", id="without a peer"),
    ],
)
def test_what_is_not_on_the_page_is_told(found, line):
    assert line in paragraph(page({"dispatch": found}), "What is not here").splitlines()


def test_where_all_is_there_nothing_is_told_to_be_missing():
    assert "What is not here" not in PAGE


def test_a_benchmark_that_only_failed_has_no_figures():
    text = page({"sse": Result("sse", failures=["on 2026-01-03: no Redis"])})
    assert paragraph(text, "sse") == "No figures: see above.\n"


def test_a_page_of_nothing_says_how_to_get_one():
    assert re.findall("^## (.*)$", page({"sse": None}), re.M) == ["What is not here"]


def test_the_rest_stays_where_one_is_missing():
    text = page({"sse": None, "dispatch": result()})
    assert re.findall("^## (.*)$", text, re.M)[-2:] == ["What is not here", "Dispatch: construct & call"]


def test_all_goals_of_a_result_are_judged():
    assert [verdict and verdict.is_met for _, _, _, verdict in judged(result())] == [True, False, False, None]


def test_the_page_and_its_pictures_are_written(tmp_path):
    write(tmp_path / "pages", {"dispatch": result(), "sse": None})
    assert sorted(path.name for path in (tmp_path / "pages").iterdir()) == ["dispatch.svg", "index.md"]


def test_each_picture_of_the_page_is_beside_it(tmp_path):
    write(tmp_path, {"dispatch": result(), "json": result("json")})
    names = re.findall(r"^!\[.*\]\((.*)\)$", (tmp_path / "index.md").read_text("utf-8"), re.M)
    assert names == ["dispatch.svg", "json.svg"]
    assert all((tmp_path / name).exists() for name in names)


def test_a_picture_of_an_earlier_page_is_taken_away(tmp_path):
    write(tmp_path, {"dispatch": result()})
    write(tmp_path, {"dispatch": result(tables=[])})
    assert [path.name for path in tmp_path.iterdir()] == ["index.md"]
