"""What a response costs from its constructor to its close(): python -m benchmarks.bench_dispatch."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from .candidates import Candidate, load
from .harness import report
from .harness.cases import DISPATCH, Case
from .harness.goals import AtMost, Faster, Goal
from .harness.measure import batched, interleaved
from .harness.report import Part, Rounds
from .harness.tables import OURS, Table, costs, peers

BARE = "bare"
WITH_COOKIES = ("starlette", "werkzeug", "flask", "django", "webob", "falcon", "litestar")

GOALS: dict[str, list[Goal]] = {
    "text": [
        AtMost(OURS, BARE, 5.5),
        Faster(OURS, "starlette", 1.6),
        Faster(OURS, "baize", 4),
        Faster(OURS, "werkzeug", 7),
    ],
    "text + 3 headers": [Faster(OURS, "starlette", 1.3)],
    "text + background": [AtMost(OURS, BARE, 11), Faster(OURS, "starlette", 1.15)],
    "text + 2 cookies": [
        Faster(OURS, "baize", 1.3),
        *(Faster(OURS, peer, 2.3) for peer in WITH_COOKIES),
    ],
}


def measured(case: Case, candidates: Mapping[str, Candidate], rounds: int, batch: float) -> list[Table]:
    """Return the table of one *case*, for all who answer it."""
    measures = {
        name: batched(candidate.ready(candidate.apps[case.name], case).seconds, batch)
        for name, candidate in candidates.items()
        if case.name in candidate.apps
    }
    found = interleaved(measures, rounds)
    return [costs(case.name, found, BARE, GOALS.get(case.name, []), {OURS: peers(found, [BARE])})]


def main() -> None:
    """Print a table for each case, and keep them if that is asked for."""
    options = report.options(__doc__, Rounds(5, 101, 301), batch=5)
    skipped: list[str] = []
    candidates = dict(load(skipped.append))
    parts = [
        Part(case.name, partial(measured, case, candidates, options.rounds, options.batch / 1000))
        for case in DISPATCH
        if options.only in case.name
    ]
    distributions = [one.distribution for one in candidates.values() if one.apps]
    report.run("dispatch", "Dispatch: construct, call, iterate, close", parts, distributions, options, skipped)


if __name__ == "__main__":
    report.begin(main)
