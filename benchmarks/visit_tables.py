"""The tables of what crowds cost, beside what we want of that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

from . import report
from .goals import AtMost, Faster, Goal, Under
from .measure import Rounds
from .visits import NEVER, Idle, Visit

OURS = "wsgiresp"
BASELINE = "sse-starlette"

_BESIDE = f"x {BASELINE} (quartiles)"
_PAIR = OURS, BASELINE

T = TypeVar("T", Visit, Idle)


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


def crowd(found: Mapping[str, list[Visit]], goals: Goals) -> str:
    """Return the tables of the visits *found*, with what is wanted of them."""
    tables = {
        "One event at a time": _sent(found, "single", goals.single_cpu, "CPU"),
        "20 events at once": _sent(found, "burst", goals.burst, "deliveries/s"),
        "One event a second": _waits(found, goals.p99),
        "To come, to be there, to leave": _presence(found, goals),
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


def _sent(found: Mapping[str, list[Visit]], way: str, goals: Sequence[Goal], of: str) -> str:
    cpu, seconds = _rounds(found, f"{way}_cpu"), _rounds(found, way)
    said = report.verdicts(goals, cpu if of == "CPU" else seconds)
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
    return report.table(["", "CPU us/delivery", _BESIDE, "deliveries/s", _BESIDE, f"goal of {of}"], rows)


def _waits(found: Mapping[str, list[Visit]], goals: Sequence[Goal]) -> str:
    p50, p99 = _rounds(found, "p50"), _rounds(found, "p99")
    said = report.verdicts(goals, p99)
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


def _presence(found: Mapping[str, list[Visit]], goals: Goals) -> str:
    memory, joining, noticed = (_rounds(found, name) for name in ("memory", "joining", "noticed"))
    said = report.verdicts(goals.memory, memory)
    in_time = report.verdicts(goals.noticed, noticed)
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
