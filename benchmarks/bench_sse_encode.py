"""What a server-sent event costs from its constructor to its bytes: python -m benchmarks.bench_sse_encode."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time

from . import report
from .candidates import load
from .cases import EVENTS, Event
from .goals import AtMost, Faster, Goal
from .measure import Rounds, batched, interleaved

OURS = "wsgiresp"
MADE_BEFORE = "wsgiresp, made before"
TEXT = "wsgiresp, the text alone"
FUNCTION = "fastapi, format_sse_event"
BASELINE = FUNCTION

GOALS: list[Goal] = [
    *(Faster(OURS, peer, 2.2) for peer in ("fastapi", "sse-starlette", "litestar")),
    *(Faster(MADE_BEFORE, peer, 2.2) for peer in (FUNCTION, "sse-starlette, made before", "litestar, made before")),
    AtMost(TEXT, FUNCTION, 0.6),
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


def main() -> None:
    """Print a table for each event, and keep them if that is asked for."""
    options = report.options(__doc__, rounds=101, batch=5)
    candidates = dict(load())
    sections = []
    for case, sent in EVENTS.items():
        if options.only not in case:
            continue
        measures = {
            name: batched(ready(name, sent, make(sent)), options.batch / 1000)
            for candidate in candidates.values()
            for name, make in candidate.events.items()
            if name != TEXT or sent.event is None
        }
        rounds = Rounds(interleaved(measures, options.rounds))
        sections.append(report.costs(case, rounds, BASELINE, GOALS))
        print(sections[-1], flush=True)
    distributions = [one.distribution for one in candidates.values() if one.events]
    report.finish("sse-encode", "Server-sent events: construct, write", sections, distributions, options)


if __name__ == "__main__":
    main()
