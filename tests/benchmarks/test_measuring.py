"""What is measured, and in which parts. Of the figures nothing is asked here but that they are there."""

from __future__ import annotations

from argparse import Namespace

import pytest

from benchmarks import bench_dispatch, bench_files, bench_flask, bench_json, bench_sse, bench_sse_encode, candidates
from benchmarks.harness.cases import DISPATCH
from benchmarks.harness.servers import Apart


@pytest.fixture
def ours(monkeypatch):
    """Return ours and the baseline: peers need not be installed."""
    monkeypatch.setattr(candidates, "PEERS", ("no_such_peer",))
    return dict(candidates.load([].append))


def test_a_peer_that_is_not_installed_is_left_out_and_named(monkeypatch):
    skipped = []
    monkeypatch.setattr(candidates, "PEERS", ("no_such_peer",))
    assert [name for name, _ in candidates.load(skipped.append)] == ["bare", "wsgiresp"]
    assert skipped == ["no_such_peer: No module named 'benchmarks.candidates.no_such_peer'"]


def test_ours_is_never_left_out(monkeypatch):
    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr(candidates.importlib, "import_module", absent)
    with pytest.raises(ImportError, match="bare"):
        list(candidates.load([].append))


@pytest.mark.parametrize("case", DISPATCH, ids=lambda case: case.name)
def test_a_response_is_measured(ours, case):
    [table] = bench_dispatch.measured(case, ours, 2, 0)
    assert (table.title, list(table.columns[0].figures)) == (case.name, ["bare", "wsgiresp"])


def test_a_document_is_measured(ours):
    [table] = bench_json.measured("1 key", ours, 2, 0)
    assert list(table.columns[0].figures) == [bench_json.BASELINE, bench_json.SIMPLEJSON, bench_json.ORJSON]


@pytest.mark.parametrize(
    ("event", "is_alone"),
    [pytest.param("short", True, id="data alone"), pytest.param("200 B + event + id", False, id="with a type")],
)
def test_an_event_is_measured(ours, event, is_alone):
    [table] = bench_sse_encode.measured(event, ours, 2, 0)
    assert (bench_sse_encode.TEXT in table.columns[0].figures) is is_alone


@pytest.mark.parametrize(("case", "views"), bench_flask.CASES, ids=lambda one: getattr(one, "name", ""))
def test_a_view_of_flask_is_measured_with_the_goals_that_are_about_it(case, views):
    [table] = bench_flask.measured(case, views, 2, 0)
    [column] = table.columns
    assert [goal.ours for goal in column.goals] == [
        name for name in (bench_flask.EXTENDED, bench_flask.OURS) if name in column.figures
    ]


def test_an_event_that_is_written_wrong_is_not_measured():
    with pytest.raises(RuntimeError, match="baize: a reader gets"):
        bench_sse_encode.ready("baize", bench_sse_encode.EVENTS["short"], lambda: b"data: another\n\n")


SSE_PARTS = {
    "usual": ["1000 clients, collector on", "5000 clients, collector on", "5000 clients, collector off", "idle", "few"],
    "quick": [
        "200 clients, collector on",
        "400 clients, collector on",
        "400 clients, collector off",
        "200 clients, collector off",
        "idle",
        "few",
    ],
}


@pytest.mark.parametrize("extent", SSE_PARTS)
def test_the_crowds_are_as_large_as_is_asked_for(extent):
    found = bench_sse.parts({"wsgiresp"}, "", bench_sse.SIZES[extent], 2, Apart())
    assert [part.title for part in found] == SSE_PARTS[extent]


def test_one_crowd_can_be_asked_for():
    found = bench_sse.parts({"wsgiresp"}, "5000 clients, collector off", bench_sse.USUAL, 2, Apart())
    assert [part.title for part in found] == ["5000 clients, collector off"]


@pytest.mark.parametrize(
    ("only", "titles"),
    [
        pytest.param("in process", [bench_files.IN_PROCESS], id="in process"),
        pytest.param("memory", [bench_files.STALLED], id="memory"),
        pytest.param("nothing of that name", [], id="nothing"),
    ],
)
def test_a_part_of_the_files_can_be_asked_for(ours, tmp_path, only, titles):
    asked = Namespace(only=only, rounds=2, batch=5)
    assert [part.title for part in bench_files.parts(ours, str(tmp_path), asked, [].append)] == titles


def test_a_file_is_measured(ours, tmp_path):
    (tmp_path / bench_files.sample_files.path("1 KiB").strip("/")).write_bytes(b"x" * 1024)
    [table] = bench_files.in_process(ours, str(tmp_path), 2, 0)
    assert list(table.columns[0].figures) == ["bare", "wsgiresp", "wsgiresp, root="]
