"""What a file costs, ours and others, and those who wait meanwhile: python -m benchmarks.bench_files (Linux)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from . import downloads, folder, report, stalled, waits
from .candidates import Candidate, load
from .cases import DISPATCH, Case
from .downloads import BURSTS, OURS
from .drive import WSGI
from .goals import Faster, Goal
from .measure import Rounds, batched, interleaved
from .servers import Command, Server, apart

BARE = "bare"
SMALL = "1 KiB"
TYPE = "application/octet-stream"

IN_PROCESS = "in process: 1 KiB"
WAITS = {"small request, warm": "warm", "small request, cold": "cold"}
STALLED = "memory of clients that do not read"

GOALS: list[Goal] = [
    Faster(OURS, "baize", 2.5),
    Faster(OURS, "django", 4),
    Faster(OURS, "werkzeug", 7),
]
BESIDE_DOWNLOADS = (
    "gevent: wsgiresp",
    "gevent: flask app",
    "gevent: django app",
    "gevent: baize",
    "uvicorn: starlette",
)


def in_process(candidates: Mapping[str, Candidate], place: str, rounds: int, batch: float) -> str:
    """Return the table of construct, call, iterate, close; the file is that of 1 KiB in the folder *place*."""
    case = _case(place, SMALL)
    drivers = {
        way: candidate.ready(make(place), case)
        for candidate in candidates.values()
        for way, make in candidate.files.items()
        if candidate.driver is WSGI  # Starlette's waits for a thread, so it needs a loop
    }
    measures = {way: batched(driver.seconds, batch) for way, driver in drivers.items()}
    return report.costs(IN_PROCESS, Rounds(interleaved(measures, rounds)), BARE, GOALS)


@contextmanager
def running(commands: Mapping[str, Command], place: str) -> Iterator[dict[str, Server]]:
    """Return the servers of *commands*, all up, each of which was seen to send the files in *place* right."""
    with ExitStack() as stack:
        every = os.sched_getaffinity(0)
        stack.callback(os.sched_setaffinity, 0, every)
        for_client = apart()
        servers = {name: stack.enter_context(closing(Server(command))) for name, command in commands.items()}
        os.sched_setaffinity(0, for_client or every)
        for name, server in servers.items():
            for case in (DISPATCH[0], *(_case(place, size) for size in folder.SIZES if size != folder.LARGE)):
                fault = case.fault(server.answer(case.path))
                if fault is not None:
                    raise RuntimeError(f"{name}, {case.name}: {fault}")
        yield servers


def sections(candidates: Mapping[str, Candidate], place: str, only: str, rounds: int, batch: float) -> Iterator[str]:
    """Return the tables whose name holds *only*, one after the other; *place* is the folder of files."""
    if only in IN_PROCESS:
        yield in_process(candidates, place, 7 * rounds, batch)
    sizes = [size for size in BURSTS if only in f"served: {size}"]
    states = [state for name, state in WAITS.items() if only in name]
    with tempfile.TemporaryDirectory() as for_nginx:
        ways = [(name, way) for name, one in candidates.items() if name != BARE for way in one.files]
        commands = downloads.commands(ways, place, for_nginx)
        if sizes or states:
            with running(commands, place) as servers:
                for size in sizes:
                    yield downloads.section(size, servers, rounds)
                beside = {name: servers[name] for name in BESIDE_DOWNLOADS if name in servers}
                for state in states:
                    yield waits.section(state, beside, place, max(2, rounds // 3))
    if only in STALLED:
        yield stalled.section({name: command for name, command in commands.items() if name.startswith("gevent")})


def main() -> None:
    """Print a table for each part, and keep them if that is asked for."""
    options = report.options(__doc__, rounds=15, batch=5, quick=4)
    candidates = dict(load())
    done = []
    with folder.made() as place:
        for one in sections(candidates, place, options.only, options.rounds, options.batch / 1000):
            done.append(one)
            print(one, flush=True)
    distributions = ["gunicorn", "waitress", "uvicorn", "uvloop", "httptools"]
    distributions += [one.distribution for one in candidates.values() if one.files and one.distribution]
    report.finish("files", "Files: in process, under servers, and beside small requests", done, distributions, options)


def _case(place: str, size: str) -> Case:
    path = folder.path(size)
    return Case(size, path=path, body=Path(place + path).read_bytes(), media_type=TYPE)


if __name__ == "__main__":
    main()
