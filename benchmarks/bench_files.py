"""What a file costs, ours and others, and those who wait meanwhile: python -m benchmarks.bench_files (Linux)."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from .candidates import Candidate, load
from .harness import downloads, report, request_latency, sample_files, unread_downloads
from .harness.cases import DISPATCH, Case
from .harness.downloads import BURSTS
from .harness.drive import WSGI
from .harness.goals import AtMost, Faster, Goal
from .harness.measure import batched, interleaved
from .harness.report import Part, Rounds
from .harness.servers import Server, running
from .harness.tables import OURS, Table, costs, peers

BARE = "bare"
SMALL = "1 KiB"
TYPE = "application/octet-stream"

IN_PROCESS = "in process: 1 KiB"
WAITS = {"small request, warm": "warm", "small request, cold": "cold"}
STALLED = "memory of clients that do not read"

GOALS: list[Goal] = [
    Faster(OURS, "baize", 2.1),
    Faster(OURS, "django", 3),
    Faster(OURS, "werkzeug", 5.5),
    AtMost("wsgiresp, root=", OURS, 1.8),
]
BESIDE_DOWNLOADS = (
    "gevent: wsgiresp",
    "gevent: flask app",
    "gevent: django app",
    "gevent: baize",
    "uvicorn: starlette",
)


def in_process(candidates: Mapping[str, Candidate], place: str, rounds: int, batch: float) -> list[Table]:
    """Return the table of construct, call, iterate, close; the file is that of 1 KiB in the folder *place*."""
    case = _case(place, SMALL)
    measures = {
        way: batched(candidate.ready(make(place), case).seconds, batch)
        for candidate in candidates.values()
        for way, make in candidate.files.items()
        if candidate.driver is WSGI  # Starlette's waits for a thread, so it needs a loop
    }
    found = interleaved(measures, rounds)
    return [costs(IN_PROCESS, found, BARE, GOALS, {OURS: peers(found, [BARE])})]


def fault(server: Server, cases: Iterable[Case]) -> str | None:
    """Return what is wrong with the answers of *server* to *cases*, ``None`` where nothing is."""
    faults = ((case.name, case.fault(server.answer(case.path))) for case in cases)
    return next((f"{name}: {found}" for name, found in faults if found is not None), None)


def parts(
    candidates: Mapping[str, Candidate], place: str, asked: argparse.Namespace, skipped: Callable[[str], None]
) -> Iterator[Part]:
    """Return what is *asked* for, one after the other; *place* is the folder of files."""
    only, rounds = asked.only, asked.rounds
    if only in IN_PROCESS:
        yield Part(IN_PROCESS, partial(in_process, candidates, place, 7 * rounds, asked.batch / 1000))
    sizes = [size for size in BURSTS if only in f"served: {size}"]
    states = [state for name, state in WAITS.items() if only in name]
    with tempfile.TemporaryDirectory() as for_nginx:
        ways = [(name, way) for name, one in candidates.items() if name != BARE for way in one.files]
        commands = downloads.commands(ways, place, for_nginx)
        if sizes or states:
            cases = [DISPATCH[0], *(_case(place, size) for size in sample_files.SIZES if size != sample_files.LARGE)]
            with running(commands, partial(fault, cases=cases), skipped) as servers:
                for size in sizes:
                    yield Part(f"served: {size}", partial(downloads.measured, size, servers, rounds))
                beside = {name: servers[name] for name in BESIDE_DOWNLOADS if name in servers}
                for state in states:
                    waiting = partial(request_latency.measured, state, beside, place, max(2, rounds // 3))
                    yield Part(f"small request, {state}", waiting)
    if only in STALLED:
        on_gevent = {name: command for name, command in commands.items() if name.startswith("gevent")}
        yield Part(STALLED, partial(unread_downloads.measured, on_gevent))


def main() -> None:
    """Print a table for each part, and keep them if that is asked for."""
    options = report.options(__doc__, Rounds(4, 15, 45), batch=5)
    skipped: list[str] = []
    candidates = dict(load(skipped.append))
    distributions = ["gunicorn", "waitress", "uvicorn", "uvloop", "httptools"]
    distributions += [one.distribution for one in candidates.values() if one.files and one.distribution]
    title = "Files: in process, under servers, and beside small requests"
    with sample_files.made() as place:
        found = parts(candidates, place, options, skipped.append)
        report.run("files", title, found, distributions, options, skipped)


def _case(place: str, size: str) -> Case:
    path = sample_files.path(size)
    return Case(size, path=path, body=Path(place + path).read_bytes(), media_type=TYPE)


if __name__ == "__main__":
    report.begin(main)
