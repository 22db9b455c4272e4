"""Figures that nobody measured."""

from __future__ import annotations

from benchmarks.goals import AtMost, Faster, Under
from benchmarks.kept import Result
from benchmarks.tables import Column, Table

COSTS = {
    "bare": [1.0, 1.0, 1.0],
    "wsgiresp": [2.0, 3.0, 4.0],
    "quick": [1.0, 1.5, 2.0],
    "near": [1.0, 2.9, 5.0],
    "slow": [6.0, 9.0, 12.0],
}


def column(**changed):
    """Return a column of seconds beside those of ``bare``, changed by what is given."""
    fields = {"heading": "s", "figures": COSTS, "beside": "bare", "baselines": dict.fromkeys(COSTS, "bare")}
    return Column(**{**fields, **changed})


def table(title="text", *columns, **more):
    """Return a table of *columns*, or of one, in which ours has rivals."""
    more.setdefault("rivals", {"wsgiresp": ["quick", "near", "slow"]})
    return Table(title, columns or [column()], **more)


GOALS = [
    AtMost("wsgiresp", "bare", 5),
    Faster("wsgiresp", "slow", 4),
    Under("wsgiresp", 2, 1, "s"),
    Faster("wsgiresp", "absent", 2),
]
"""One that is met, two that are missed, one about a peer that was not measured."""


def result(name="dispatch", **changed):
    """Return what a benchmark found, changed by what is given."""
    fields = {
        "title": "Dispatch: construct & call",
        "date": "2026-01-02",
        "python": "CPython 3.11.7",
        "cpu": "a CPU, 2 cores",
        "load": [0.5, 1.0],
        "versions": {"wsgiresp": "0.1.0", "quick": "2.0"},
        "extent": "usual",
        "rounds": 3,
        "batch": "5 ms",
        "seconds": 90.0,
        "tables": [table("text", column(goals=GOALS))],
    }
    return Result(name, **{**fields, **changed})
