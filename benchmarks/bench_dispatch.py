"""What a response costs from its constructor to its close(): python -m benchmarks.bench_dispatch."""

from __future__ import annotations

from . import report
from .candidates import PEERS, load
from .cases import DISPATCH
from .goals import AtMost, Faster, Goal
from .measure import Rounds, batched, interleaved

OURS = "wsgiresp"
BARE = "bare"

GOALS: dict[str, list[Goal]] = {
    "text": [
        AtMost(OURS, BARE, 5.5),
        Faster(OURS, "starlette", 1.6),
        Faster(OURS, "baize", 4),
        Faster(OURS, "werkzeug", 7),
    ],
    "text + 3 headers": [Faster(OURS, "starlette", 1.3)],
    "text + 2 cookies": [
        Faster(OURS, "baize", 1.3),
        *(Faster(OURS, peer, 2.3) for peer in PEERS if peer != "baize"),
    ],
}


def main() -> None:
    """Print a table for each case, and keep them if that is asked for."""
    options = report.options(__doc__, rounds=101, batch=5)
    candidates = dict(load())
    sections = []
    for case in DISPATCH:
        if options.only not in case.name:
            continue
        drivers = {
            name: candidate.ready(candidate.apps[case.name], case)
            for name, candidate in candidates.items()
            if case.name in candidate.apps
        }
        measures = {name: batched(driver.seconds, options.batch / 1000) for name, driver in drivers.items()}
        rounds = Rounds(interleaved(measures, options.rounds))
        sections.append(report.costs(case.name, rounds, BARE, GOALS.get(case.name, [])))
        print(sections[-1], flush=True)
    distributions = [one.distribution for one in candidates.values() if one.apps]
    report.finish("dispatch", "Dispatch: construct, call, iterate, close", sections, distributions, options)


if __name__ == "__main__":
    main()
