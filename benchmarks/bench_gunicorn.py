"""What a request costs under gunicorn's gevent worker: python -m benchmarks.bench_gunicorn (Linux)."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import NamedTuple

from . import report
from .candidates import Candidate, load
from .cases import DISPATCH, SMALL, Case
from .drive import WSGI
from .goals import AtMost, Goal
from .load import Load
from .measure import Rounds, interleaved
from .served import JSON
from .servers import Server, apart, gunicorn

BARE = "bare"
AGAIN = "bare, again"  # what it differs by from the first is what this table cannot tell apart
CONNECTIONS = 16

CASES = (DISPATCH[0], Case(JSON, document=SMALL, media_type="application/json"))
GOALS: dict[str, list[Goal]] = {"text": [AtMost("wsgiresp", BARE, 1.03)]}


class Burst(NamedTuple):
    """What one request took, on average over one burst of them."""

    cpu: float
    seconds: float


def burst(server: Server, client: Load, requests: int) -> Callable[[], Burst]:
    """Return a measure of *requests* requests of *client* to *server*."""

    def measure() -> Burst:
        before = server.cpu_seconds()
        seconds = client.seconds(requests)
        return Burst((server.cpu_seconds() - before) / requests, seconds / requests)

    return measure


def served(name: str, case: Case) -> Server:
    """Return gunicorn with one gevent worker for the answer of the candidate *name* to *case*."""
    return Server(gunicorn("gevent", f"benchmarks.served:app({name!r}, {case.name!r})"))


def section(case: Case, bursts: dict[str, list[Burst]]) -> str:
    """Return the table of one case."""
    cpu = Rounds({name: [one.cpu for one in ones] for name, ones in bursts.items()})
    seconds = Rounds({name: [one.seconds for one in ones] for name, ones in bursts.items()})
    beside = report.verdicts(GOALS.get(case.name, []), cpu)
    rows = [
        [
            name,
            f"{cpu.median(name) * 1e6:.1f}",
            report.times(cpu.ratio(name, BARE)),
            f"{1 / seconds.median(name):.0f}",
            report.times(seconds.ratio(BARE, name)),
            beside.get(name, ""),
        ]
        for name in bursts
    ]
    head = ["", "CPU us/request", "x bare (quartiles)", "requests/s", "x bare (quartiles)", "goal of CPU"]
    return f"## {case.name}\n\n" + report.table(head, rows)


def measured(case: Case, names: list[str], rounds: int, requests: int) -> dict[str, list[Burst]]:
    """Return the bursts of the candidates *names*, and of a second bare one, all of whose servers run at once."""
    with ExitStack() as running:
        every = os.sched_getaffinity(0)
        running.callback(os.sched_setaffinity, 0, every)
        for_client = apart()
        servers = {name: running.enter_context(closing(served(name, case))) for name in names}
        servers[AGAIN] = running.enter_context(closing(served(BARE, case)))
        os.sched_setaffinity(0, for_client or every)
        measures = {}
        for name, server in servers.items():
            fault = case.fault(server.answer())
            if fault is not None:
                raise RuntimeError(f"{name}, {case.name}: {fault}")
            client = running.enter_context(closing(Load(server.port, ["/"] * CONNECTIONS)))
            measures[name] = burst(server, client, requests)
        return interleaved(measures, rounds)


def answering(case: Case, candidates: dict[str, Candidate]) -> list[str]:
    """Return the names of the *candidates* that have an answer to *case* over WSGI."""
    return [
        name
        for name, candidate in candidates.items()
        if candidate.driver is WSGI and (candidate.json if case.name == JSON else case.name in candidate.apps)
    ]


def main() -> None:
    """Print a table for each case, and keep them if that is asked for."""
    options = report.options(__doc__, rounds=151, batch=300, unit="requests")
    candidates = dict(load())
    sections = []
    for case in CASES:
        if options.only in case.name:
            bursts = measured(case, answering(case, candidates), options.rounds, options.batch)
            sections.append(section(case, bursts))
            print(sections[-1], flush=True)
    distributions = ["gunicorn", *(one.distribution for one in candidates.values() if one.apps)]
    report.finish("gunicorn", "One request under gunicorn's gevent worker", sections, distributions, options)


if __name__ == "__main__":
    main()
