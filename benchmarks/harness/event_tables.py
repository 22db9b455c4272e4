"""The tables of what crowds cost, beside what we want of that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar

from .event_costs import EventCosts, Idle
from .goals import AtMost, Faster, Goal, Under
from .tables import OURS, Column, Table, peers

BASELINE = "sse-starlette"

_PAIR = OURS, BASELINE

T = TypeVar("T", EventCosts, Idle)


class Goals(NamedTuple):
    """What is wanted of a crowd, figure by figure."""

    single_cpu: Sequence[Goal] = ()
    burst: Sequence[Goal] = ()
    p99: Sequence[Goal] = ()
    memory: Sequence[Goal] = ()
    noticed: Sequence[Goal] = ()


WANTED = {
    "on": Goals(
        single_cpu=[AtMost(*_PAIR, 0.65)],
        burst=[Faster(*_PAIR, 8)],
        p99=[AtMost(*_PAIR, 0.5)],
        memory=[AtMost(*_PAIR, 0.65)],
        noticed=[Under(OURS, 1.0, 1.0, "s")],
    ),
    "off": Goals(single_cpu=[AtMost(*_PAIR, 0.85)]),
}
"""What is wanted of a large crowd, by whether the server's collector of cycles is on or off."""


def crowd(title: str, found: Mapping[str, Sequence[EventCosts]], goals: Goals) -> list[Table]:
    """Return the tables of the costs *found*, with what is wanted of them."""
    noticed = Column("s until all gone is noticed", figures(found, "noticed"), goals=goals.noticed)
    tables = {
        "one event at a time": _sent(found, "single", goals.single_cpu, ()),
        "20 events at once": _sent(found, "burst", (), goals.burst),
        "one event a second": [
            Column("p50 ms", figures(found, "p50"), 1e-3, places=1),
            _beside(Column("p99 ms", figures(found, "p99"), 1e-3, places=1, goals=goals.p99)),
        ],
        "to come, stay, leave": [
            _beside(Column("KiB/client", figures(found, "memory"), 1024, places=1, goals=goals.memory)),
            Column("CPU us to join", figures(found, "joining"), 1e-6, places=0),
            noticed,
        ],
    }
    return [Table(f"{title}: {name}", columns, {OURS: peers(found)}) for name, columns in tables.items()]


def idle(title: str, found: Mapping[str, Sequence[Idle]]) -> Table:
    """Return the table of crowds to whom nothing is sent but pings."""
    columns = [
        _beside(Column("CPU % of a core", figures(found, "share"), 0.01, goals=[AtMost(*_PAIR, 0.5)])),
        Column("CPU us/ping", figures(found, "for_ping"), 1e-6, places=1),
        Column("pings/client", figures(found, "pings")),
    ]
    return Table(title, columns, {OURS: peers(found)})


def figures(found: Mapping[str, Sequence[T]], name: str) -> dict[str, list[float]]:
    """Return the figures called *name* of each candidate."""
    return {candidate: [getattr(one, name) for one in ones] for candidate, ones in found.items()}


def _sent(
    found: Mapping[str, Sequence[EventCosts]], way: str, of_cpu: Sequence[Goal], of_seconds: Sequence[Goal]
) -> list[Column]:
    return [
        _beside(Column("CPU us/delivery", figures(found, f"{way}_cpu"), 1e-6, goals=of_cpu)),
        _beside(Column("deliveries/s", figures(found, way), is_rate=True, places=0, goals=of_seconds)),
    ]


def _beside(column: Column) -> Column:
    return replace(column, beside=BASELINE, baselines=dict.fromkeys(column.figures, BASELINE))
