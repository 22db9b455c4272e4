"""What a request costs under gunicorn's gevent worker: python -m benchmarks.bench_gunicorn (Linux)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from functools import partial
from typing import NamedTuple

from .candidates import Candidate, load
from .harness import report
from .harness.applications import JSON
from .harness.cases import DISPATCH, SMALL, Case
from .harness.drive import WSGI
from .harness.goals import AtMost, Goal
from .harness.load import Load
from .harness.measure import interleaved
from .harness.report import Part, Rounds
from .harness.servers import Server, gunicorn, running
from .harness.tables import OURS, Column, Table, peers

BARE = "bare"
AGAIN = "bare, again"  # what it differs by from the first is what this table cannot tell apart
CONNECTIONS = 16

CASES = (DISPATCH[0], Case(JSON, document=SMALL, media_type="application/json"))
GOALS: dict[str, list[Goal]] = {"text": [AtMost(OURS, BARE, 1.03)]}


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


def table(case: Case, bursts: Mapping[str, Sequence[Burst]]) -> Table:
    """Return the table of one case."""
    baselines = dict.fromkeys(bursts, BARE)
    cpu = {name: [one.cpu for one in ones] for name, ones in bursts.items()}
    seconds = {name: [one.seconds for one in ones] for name, ones in bursts.items()}
    columns = [
        Column("CPU us/request", cpu, 1e-6, places=1, beside=BARE, baselines=baselines, goals=GOALS.get(case.name, [])),
        Column("requests/s", seconds, is_rate=True, places=0, beside=BARE, baselines=baselines),
    ]
    return Table(case.name, columns, {OURS: peers(bursts, [BARE, AGAIN])})


def measured(
    case: Case, names: Sequence[str], rounds: int, requests: int, skipped: Callable[[str], None]
) -> list[Table]:
    """Return the table of the candidates *names*, and of a second bare one, all of whose servers run at once."""
    commands = {
        name: gunicorn("gevent", f"benchmarks.harness.applications:app({name!r}, {case.name!r})") for name in names
    }
    commands[AGAIN] = commands[BARE]
    with running(commands, lambda server: case.fault(server.answer()), skipped) as servers, ExitStack() as stack:
        measures = {}
        for name, server in servers.items():
            client = stack.enter_context(closing(Load(server.port, ["/"] * CONNECTIONS)))
            measures[name] = burst(server, client, requests)
        return [table(case, interleaved(measures, rounds))]


def answering(case: Case, candidates: dict[str, Candidate]) -> list[str]:
    """Return the names of the *candidates* that have an answer to *case* over WSGI."""
    return [
        name
        for name, candidate in candidates.items()
        if candidate.driver is WSGI and (candidate.json if case.name == JSON else case.name in candidate.apps)
    ]


def main() -> None:
    """Print a table for each case, and keep them if that is asked for."""
    options = report.options(__doc__, Rounds(3, 151, 301), batch=300, unit="requests")
    skipped: list[str] = []
    candidates = dict(load(skipped.append))
    parts = [
        Part(
            case.name,
            partial(measured, case, answering(case, candidates), options.rounds, options.batch, skipped.append),
        )
        for case in CASES
        if options.only in case.name
    ]
    distributions = ["gunicorn", *(one.distribution for one in candidates.values() if one.apps)]
    report.run("gunicorn", "One request under gunicorn's gevent worker", parts, distributions, options, skipped)


if __name__ == "__main__":
    report.begin(main)
