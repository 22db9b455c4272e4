"""What a server-sent event costs from its constructor to its bytes: python -m benchmarks.bench_sse_encode."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from time import process_time

from .candidates import Candidate, load
from .harness import report
from .harness.events import EVENTS, Event
from .harness.goals import AtMost, Faster, Goal
from .harness.measure import batched, interleaved
from .harness.report import Part, Rounds
from .harness.tables import OURS, Table, costs, peers

MADE_BEFORE = "wsgiresp, made before"
TEXT = "wsgiresp, the text alone"
FUNCTION = "fastapi, format_sse_event"
BASELINE = FUNCTION

MADE_BEFOREHAND = ("sse-starlette, made before", "litestar, made before")


def goals(sent: Event) -> list[Goal]:
    """Return the goals for the event *sent*: the text alone has neither type nor id."""
    return [
        *(Faster(OURS, peer, 2.2) for peer in ("fastapi", "sse-starlette", "litestar")),
        *(Faster(MADE_BEFORE, peer, 2.2) for peer in (FUNCTION, *MADE_BEFOREHAND)),
        *([AtMost(TEXT, FUNCTION, 0.6)] if sent.event is None else []),
    ]


def seconds(write: Callable[[], bytes]) -> Callable[[int], float]:
    """Return what gives the seconds that as many calls of *write* take as it is told."""

    def taken(calls: int) -> float:
        began = process_time()
        for _ in range(calls):
            write()
        return process_time() - began

    return taken


def ready(name: str, sent: Event, write: Callable[[], bytes]) -> Callable[[int], float]:
    """Return what times *write*; ``RuntimeError`` if what it writes is not the event *sent*."""
    fault = sent.fault(write())
    if fault is not None:
        raise RuntimeError(f"{name}: {fault}")
    return seconds(write)


def measured(case: str, candidates: Mapping[str, Candidate], rounds: int, batch: float) -> list[Table]:
    """Return the table of the event of one *case*."""
    sent = EVENTS[case]
    measures = {
        name: batched(ready(name, sent, make(sent)), batch)
        for candidate in candidates.values()
        for name, make in candidate.events.items()
        if name != TEXT or sent.event is None
    }
    found = interleaved(measures, rounds)
    theirs = peers(found, ["bare"])
    rivals = {
        OURS: [name for name in theirs if name not in (FUNCTION, *MADE_BEFOREHAND)],
        MADE_BEFORE: [name for name in theirs if name in (FUNCTION, *MADE_BEFOREHAND)],
    }
    return [costs(case, found, BASELINE, goals(sent), rivals)]


def main() -> None:
    """Print a table for each event, and keep them if that is asked for."""
    options = report.options(__doc__, Rounds(5, 101, 301), batch=5)
    skipped: list[str] = []
    candidates = dict(load(skipped.append))
    parts = [
        Part(case, partial(measured, case, candidates, options.rounds, options.batch / 1000))
        for case in EVENTS
        if options.only in case
    ]
    distributions = [one.distribution for one in candidates.values() if one.events]
    report.run("sse-encode", "Server-sent events: construct, write", parts, distributions, options, skipped)


if __name__ == "__main__":
    report.begin(main)
