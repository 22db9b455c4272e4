"""What a JSON response costs from its constructor to its close(): python -m benchmarks.bench_json."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from .candidates import Candidate, load
from .harness import report
from .harness.cases import DOCUMENTS, Case
from .harness.goals import Faster, Goal
from .harness.measure import batched, interleaved
from .harness.report import Part, Rounds
from .harness.tables import Table, costs, peers

SIMPLEJSON = "wsgiresp JSONResponse"
ORJSON = "wsgiresp ORJSONResponse"
BASELINE = "bare + json.dumps"

LITESTAR = {"1 key": 3, "50 objects": 1.3, "5000 objects": 0.9}


def goals(size: str) -> list[Goal]:
    """Return the goals for a document of *size*: the peers of the first use the standard library, Litestar msgspec."""
    return [
        *(Faster(SIMPLEJSON, peer, 1.3) for peer in ("starlette", "flask", "django")),
        Faster(ORJSON, "litestar", LITESTAR[size]),
    ]


def measured(size: str, candidates: Mapping[str, Candidate], rounds: int, batch: float) -> list[Table]:
    """Return the table of the document of this *size*."""
    document = DOCUMENTS[size]
    case = Case(size, document=document, media_type="application/json")
    measures = {
        name: batched(candidate.ready(make(document), case).seconds, batch)
        for candidate in candidates.values()
        for name, make in candidate.json.items()
    }
    found = interleaved(measures, rounds)
    rivals = [name for name in peers(found) if not name.startswith("bare")]
    return [costs(size, found, BASELINE, goals(size), dict.fromkeys((SIMPLEJSON, ORJSON), rivals))]


def main() -> None:
    """Print a table for each document, and keep them if that is asked for."""
    options = report.options(__doc__, Rounds(5, 51, 151), batch=5)
    skipped: list[str] = []
    candidates = dict(load(skipped.append))
    parts = [
        Part(size, partial(measured, size, candidates, options.rounds, options.batch / 1000))
        for size in DOCUMENTS
        if options.only in size
    ]
    distributions = [one.distribution for one in candidates.values() if one.json]
    report.run("json", "JSON: construct, call, iterate, close", parts, distributions, options, skipped)


if __name__ == "__main__":
    report.begin(main)
