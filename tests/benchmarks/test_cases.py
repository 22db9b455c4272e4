"""What each benchmark makes of its figures, and what it wants of them. Nothing is measured here."""

from __future__ import annotations

import math

import pytest

from benchmarks import (
    bench_dispatch,
    bench_gunicorn,
    bench_json,
    bench_sse,
    bench_sse_encode,
    bench_streams,
    downloads,
    stalled,
    visit_tables,
    waits,
)
from benchmarks.candidates import PEERS
from benchmarks.cases import DISPATCH, DOCUMENTS, EVENTS
from benchmarks.chunked import PINGED, WAYS
from benchmarks.visits import NEVER, Idle, Visit

FILES = [
    ("wsgiresp", "wsgiresp"),
    ("baize", "baize"),
    ("werkzeug", "werkzeug"),
    ("flask", "flask app"),
    ("flask", "flask app + wsgiresp"),
    ("django", "django"),
    ("django", "django app"),
    ("whitenoise", "whitenoise"),
    ("starlette", "starlette"),
]
SERVERS = downloads.commands(FILES, "/folder", "/place")
SSE = ["wsgiresp", "sse-starlette", "fastapi"]
CROWDS = {name: [Visit(*[1.0] * 9)] * 2 for name in SSE}
GEVENT = [name for name in SERVERS if name.startswith("gevent")]

TABLES = [
    *(downloads.table(size, {name: [downloads.Cost(1, 1)] * 2 for name in SERVERS}) for size in downloads.BURSTS),
    *(waits.table(state, {name: [waits.Waits(1, 1, 1)] * 2 for name in SERVERS}) for state in waits.MOST),
    stalled.table(dict.fromkeys(GEVENT, 1024.0), 200),
    *(
        bench_gunicorn.table(case, {name: [bench_gunicorn.Burst(1, 1)] * 2 for name in ("bare", "wsgiresp", *PEERS)})
        for case in bench_gunicorn.CASES
    ),
    *(
        bench_streams.table(size, 9, {way: [bench_streams.Cost(1, 1)] * 2 for way in WAYS})
        for size in bench_streams.SIZES
    ),
    *(table for state in visit_tables.WANTED.values() for table in visit_tables.crowd("5000 clients", CROWDS, state)),
    visit_tables.idle("idle", {name: [Idle(1, 1, 1)] * 2 for name in SSE}),
]


def cell(table, name, place):
    [row] = [line for line in table.markdown().splitlines() if line.startswith(f"| {name} |")]
    return row.strip("|").split(" | ")[place].strip()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.title)
def test_a_goal_is_about_candidates_of_its_table(table):
    goals = [goal for column in table.columns for goal in column.goals]
    assert [goal.claim for goal in goals if not set(goal.about) <= set(table.columns[0].figures)] == []


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.title)
def test_rivals_are_candidates_of_their_table(table):
    names = {name for ours, peers in table.rivals.items() for name in (ours, *peers)}
    assert names <= set(table.columns[0].figures)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.title)
def test_all_columns_have_the_same_candidates(table):
    assert len({tuple(column.figures) for column in table.columns}) == 1


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.title)
def test_all_candidates_but_those_on_other_workers_are_compared(table):
    [column, *_] = [column for column in table.columns if column.beside]
    assert all(column.compared(name) is not None for name in table.plotted or column.figures)


@pytest.mark.parametrize(
    ("size", "heading", "figure"),
    [
        pytest.param("1 KiB", "requests/s", "2", id="a small file by requests"),
        pytest.param("10 MiB", "GB/s", "0.02", id="a large one by bytes"),
    ],
)
def test_a_download_is_told_by_what_matters_of_its_size(size, heading, figure):
    table = downloads.table(size, {"gevent: flask app": [downloads.Cost(0.5, 0.5)] * 2})
    assert (table.columns[0].heading, cell(table, "gevent: flask app", 1)) == (heading, figure)


def test_a_download_is_compared_with_flask_on_its_own_worker():
    costs = {"gevent: flask app": 1, "gthread: flask app": 2, "gthread: wsgiresp": 4, "nginx": 5}
    table = downloads.table("1 KiB", {name: [downloads.Cost(cost, cost)] * 2 for name, cost in costs.items()})
    assert (cell(table, "gthread: wsgiresp", 4), cell(table, "nginx", 4)) == ("2 (2 to 2)", "5 (5 to 5)")


def test_a_download_has_peers_on_its_own_worker_and_starlette_beside_gevent():
    assert downloads.rivals(
        [
            "gevent: wsgiresp",
            "gevent: baize",
            "sync: django",
            "sync: django, again",
            "sync: wsgiresp",
            "uvicorn: starlette",
        ]
    ) == {
        "gevent: wsgiresp": ["gevent: baize", "uvicorn: starlette"],
        "sync: wsgiresp": ["sync: django"],
    }


def test_the_plot_of_downloads_is_of_gevent_and_what_is_beside_it():
    assert all(not name.startswith(("sync", "gthread", "waitress", "nginx")) for name in TABLES[0].plotted)


def test_a_wait_without_downloads_beside_it_has_no_rate():
    table = waits.table("warm", {"gevent: flask app": [waits.Waits(1, 2, 0)] * 2})
    assert cell(table, "gevent: flask app", 4) == "0.00"


def test_the_longest_of_all_waits_is_told():
    table = waits.table("warm", {"gevent: flask app": [waits.Waits(1, 2, 1), waits.Waits(1, 3, 1)]})
    assert cell(table, "gevent: flask app", 3) == "3000.0"


def test_memory_is_told_in_kibibytes():
    assert cell(stalled.table({"gevent: flask app": 2048.0}, 200), "gevent: flask app", 1) == "2"


def test_a_crowd_whose_leaving_was_never_noticed_is_told():
    visit = Visit(*[1.0] * 9)._replace(noticed=NEVER)
    [*_, table] = visit_tables.crowd("5000 clients", {"wsgiresp": [visit] * 2}, visit_tables.WANTED["on"])
    assert "never | s until all gone is noticed ≤ 1 s: **missed** (inf) |" in table.markdown()


def test_a_client_that_is_idle_and_not_pinged_costs_no_ping():
    table = visit_tables.idle("idle", {"wsgiresp": [Idle(0.1, math.inf, 0)] * 2})
    assert cell(table, "wsgiresp", 3) == "never"


def test_only_the_larger_crowd_has_goals():
    measured = bench_sse.crowd({}, 1000, "on", bench_sse.USUAL, 2)
    assert [goal for table in measured for column in table.columns for goal in column.goals] == []


@pytest.mark.parametrize("size", ["64 B", "1 KiB"])
def test_small_chunks_have_a_goal_beside_every_peer(size):
    theirs = {goal.peer for goal in bench_streams.goals(size) if goal.ours == PINGED}
    assert theirs == {"direct", "flask app", "django app", "baize", "starlette, sync source", "starlette, async source"}


def test_the_goals_of_dispatch_are_for_its_cases():
    assert set(bench_dispatch.GOALS) <= {case.name for case in DISPATCH}


@pytest.mark.parametrize("size", DOCUMENTS)
def test_each_document_has_its_goals(size):
    assert len(bench_json.goals(size)) == 4


@pytest.mark.parametrize(
    ("event", "count"),
    [pytest.param("short", 7, id="data alone"), pytest.param("200 B + event + id", 6, id="with type")],
)
def test_the_text_of_an_event_alone_has_a_goal_where_that_is_all_of_it(event, count):
    assert len(bench_sse_encode.goals(EVENTS[event])) == count
