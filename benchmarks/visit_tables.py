"""The tables of what crowds cost, beside what we want of that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from . import report
from .goals import AtMost, Faster, Goal, Under
from .measure import Rounds
from .visits import NEVER, Idle, Visit

OURS = "wsgiresp"
BASELINE = "sse-starlette"
CPU = {"on": 0.65, "off": 0.85}  # of the baseline's, by whether the server collects cycles

_BESIDE = f"x {BASELINE} (quartiles)"
_PAIR = OURS, BASELINE

T = TypeVar("T", Visit, Idle)


def crowd(found: Mapping[str, list[Visit]], collector: str) -> str:
    """Return the tables of visits to servers whose *collector* of cycles was ``on`` or ``off``."""
    tables = {
        "One event at a time": _sent(found, "single", [AtMost(*_PAIR, CPU[collector])], []),
        "20 events at once": _sent(found, "burst", [], [Faster(*_PAIR, 8)]),
        "One event a second": _waits(found),
        "To come, to be there, to leave": _presence(found),
    }
    return "\n".join(f"{name}:\n\n{table}" for name, table in tables.items())


def idle(found: Mapping[str, list[Idle]]) -> str:
    """Return the table of crowds to whom nothing is sent but pings."""
    share, for_ping, pings = (_rounds(found, name) for name in ("share", "for_ping", "pings"))
    said = report.verdicts([AtMost(*_PAIR, 0.5)], share)
    rows = [
        [
            name,
            f"{share.median(name):.2%}",
            _beside(share, name),
            f"{for_ping.median(name) * 1e6:.1f}",
            f"{pings.median(name):.2f}",
            said.get(name, ""),
        ]
        for name in found
    ]
    return report.table(["", "CPU", _BESIDE, "CPU us/ping", "pings/client", "goal of CPU"], rows)


def _sent(found: Mapping[str, list[Visit]], way: str, of_cpu: list[Goal], of_time: list[Goal]) -> str:
    cpu, seconds = _rounds(found, f"{way}_cpu"), _rounds(found, way)
    said = report.verdicts(of_cpu, cpu) | report.verdicts(of_time, seconds)
    rows = [
        [
            name,
            f"{cpu.median(name) * 1e6:.2f}",
            _beside(cpu, name),
            f"{1 / seconds.median(name):.0f}",
            _beside(seconds, name, inverse=True),
            said.get(name, ""),
        ]
        for name in found
    ]
    goal = "goal of CPU" if of_cpu else "goal of deliveries/s"
    return report.table(["", "CPU us/delivery", _BESIDE, "deliveries/s", _BESIDE, goal], rows)


def _waits(found: Mapping[str, list[Visit]]) -> str:
    p50, p99 = _rounds(found, "p50"), _rounds(found, "p99")
    said = report.verdicts([AtMost(*_PAIR, 0.5)], p99)
    rows = [
        [
            name,
            f"{p50.median(name) * 1e3:.1f}",
            f"{p99.median(name) * 1e3:.1f}",
            _beside(p99, name),
            said.get(name, ""),
        ]
        for name in found
    ]
    return report.table(["", "p50 ms", "p99 ms", _BESIDE, "goal of p99"], rows)


def _presence(found: Mapping[str, list[Visit]]) -> str:
    memory, joining, noticed = (_rounds(found, name) for name in ("memory", "joining", "noticed"))
    said = report.verdicts([AtMost(*_PAIR, 0.65)], memory)
    in_time = report.verdicts([Under(OURS, 1.0, 1.0, "s")], noticed)
    rows = [
        [
            name,
            f"{memory.median(name) / 1024:.1f}",
            _beside(memory, name),
            f"{joining.median(name) * 1e6:.0f}",
            "not noticed" if noticed.median(name) == NEVER else f"{noticed.median(name):.2f}",
            "; ".join(filter(None, (said.get(name), in_time.get(name) and f"all gone {in_time[name]}"))),
        ]
        for name in found
    ]
    head = ["", "KiB/client", _BESIDE, "CPU us to join", "s until all gone is noticed", "goal of memory"]
    return report.table(head, rows)


def _rounds(found: Mapping[str, list[T]], name: str) -> Rounds:
    return Rounds({candidate: [getattr(one, name) for one in ones] for candidate, ones in found.items()})


def _beside(rounds: Rounds, name: str, *, inverse: bool = False) -> str:
    if BASELINE not in rounds.figures:
        return ""
    return report.times(rounds.ratio(*((BASELINE, name) if inverse else (name, BASELINE))))
