"""What a JSON response costs from its constructor to its close(): python -m benchmarks.bench_json."""

from __future__ import annotations

from . import report
from .candidates import load
from .cases import DOCUMENTS, Case
from .goals import Faster, Goal
from .measure import Rounds, batched, interleaved

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


def main() -> None:
    """Print a table for each document, and keep them if that is asked for."""
    options = report.options(__doc__, rounds=51, batch=5)
    candidates = dict(load())
    sections = []
    for size, document in DOCUMENTS.items():
        if options.only not in size:
            continue
        case = Case(size, document=document, media_type="application/json")
        drivers = {
            name: candidate.ready(make(document), case)
            for candidate in candidates.values()
            for name, make in candidate.json.items()
        }
        measures = {name: batched(driver.seconds, options.batch / 1000) for name, driver in drivers.items()}
        rounds = Rounds(interleaved(measures, options.rounds))
        sections.append(report.costs(size, rounds, BASELINE, goals(size)))
        print(sections[-1], flush=True)
    distributions = [one.distribution for one in candidates.values() if one.json]
    report.finish("json", "JSON: construct, call, iterate, close", sections, distributions, options)


if __name__ == "__main__":
    main()
