"""What it costs to send a file under real servers: the time, and the CPU time of the server."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import NamedTuple

from .goals import AtMost, Faster, Goal
from .load import Load
from .measure import interleaved
from .sample_files import MIB, SIZES, path
from .servers import Command, Server, gunicorn, in_python, nginx
from .tables import OURS, Column, Table, peers

APPS = ("flask app", "django app")
ALONE = ("werkzeug", "django")  # the same responses without the application around them
OTHER_WORKERS = ("gthread", "sync", "waitress")  # there the kernel sends files, and all should be equal
BASELINE = "flask app"
TWICE = "werkzeug"  # what the second differs by from the first is what a table cannot tell apart
AGAIN = ", again"


class Burst(NamedTuple):
    """What one candidate does in a round: so many requests over so many connections."""

    requests: int
    connections: int


BURSTS = {"1 KiB": Burst(200, 16), "100 KiB": Burst(200, 16), "10 MiB": Burst(8, 1), "256 MiB": Burst(1, 1)}


class Cost(NamedTuple):
    """What one request took, on average over a burst, in seconds: by the clock, and of the server's CPU."""

    seconds: float
    cpu: float


def commands(ways: Iterable[tuple[str, str]], folder: str, place: str) -> dict[str, Command]:
    """Return how each server is started, by worker and way: ``gevent: flask``.

    Each of *ways*, which are pairs of candidate and way, has a gevent worker, some have the others too.
    *place* is a folder for what nginx needs.
    """
    found: dict[str, Command] = {}
    for candidate, way in ways:
        if candidate == "starlette":
            found[f"uvicorn: {way}"] = in_python("uvicorn", "files", candidate, way, folder)
            continue
        app = f"benchmarks.harness.applications:files({candidate!r}, {way!r}, {folder!r})"
        found[f"gevent: {way}"] = gunicorn("gevent", app)
        others = {
            "gthread": gunicorn("gthread", app, "--threads", "4"),
            "sync": gunicorn("sync", app),
            "waitress": in_python("waitress", "files", candidate, way, folder),
        }
        if way in (OURS, BASELINE, *ALONE):
            found |= {f"{worker}: {way}": command for worker, command in others.items()}
        if way == TWICE:
            found |= {f"{worker}: {way}{AGAIN}": command for worker, command in others.items()}
    limit = nginx(folder, place)
    if limit is not None:
        found["nginx"] = limit
    return dict(sorted(found.items(), key=lambda item: item[0].partition(":")[0]))


def measured(size: str, servers: Mapping[str, Server], rounds: int) -> list[Table]:
    """Return the table of one *size*."""
    burst = BURSTS[size]
    with ExitStack() as open_connections:
        measures = {}
        for name, server in servers.items():
            load = open_connections.enter_context(closing(Load(server.port, [path(size)] * burst.connections)))
            measures[name] = _measure(server, load, burst.requests)
        return [table(size, interleaved(measures, rounds))]


def table(size: str, costs: Mapping[str, Sequence[Cost]]) -> Table:
    """Return the table of the *costs* of a file of this *size*."""
    seconds = {name: [one.seconds for one in ones] for name, ones in costs.items()}
    cpu = {name: [one.cpu for one in ones] for name, ones in costs.items()}
    if SIZES[size] > MIB:
        gigabytes = SIZES[size] / 1e9
        columns = [
            Column("GB/s", seconds, gigabytes, is_rate=True),
            Column("CPU s/GB", cpu, gigabytes, places=3),
        ]
    else:
        columns = [
            Column("requests/s", seconds, is_rate=True, places=0),
            Column("CPU us/request", cpu, 1e-6, places=0),
        ]
    baselines = {name: _baseline(name, costs) for name in costs}
    columns = [
        replace(column, beside=BASELINE, baselines=baselines, goals=wanted)
        for column, wanted in zip(columns, goals(size), strict=True)
    ]
    # What the kernel sends on other workers is not told apart, and a limit that is twenty times as fast hides all else.
    plotted = [name for name in costs if not name.startswith((*OTHER_WORKERS, "nginx"))]
    return Table(f"served: {size}", columns, rivals(costs), plotted)


def rivals(names: Collection[str]) -> dict[str, list[str]]:
    """Return the peers under the same worker, by ours; Starlette's server stands beside gevent's."""
    found = {}
    for worker in ("gevent", *OTHER_WORKERS):
        same = [name for name in names if name.startswith((f"{worker}:", *(["uvicorn:"] * (worker == "gevent"))))]
        if f"{worker}: {OURS}" in same:
            # What is measured twice is so for the spread of the table.
            found[f"{worker}: {OURS}"] = peers(same, [name for name in same if name.endswith(AGAIN)])
    return found


def _measure(server: Server, load: Load, requests: int) -> Callable[[], Cost]:
    def measure() -> Cost:
        before = server.cpu_seconds()
        seconds = load.seconds(requests)
        return Cost(seconds / requests, (server.cpu_seconds() - before) / requests)

    return measure


def _baseline(name: str, names: Collection[str]) -> str:
    """Return Flask under the same worker, under gevent's for a server that has none."""
    same = f"{name.partition(':')[0]}: {BASELINE}"
    return same if same in names else f"gevent: {BASELINE}"


def goals(size: str) -> tuple[list[Goal], list[Goal]]:
    """Return what we want of the time and of the CPU time of a file of this *size*."""
    seconds: list[Goal] = []
    cpu: list[Goal] = []
    if size != "1 KiB":
        seconds += [Faster(f"gevent: {OURS}", f"gevent: {peer}", 2) for peer in APPS]
    if SIZES[size] > MIB:
        cpu += [AtMost(f"gevent: {OURS}", f"gevent: {peer}", 0.6) for peer in APPS]
    for worker in OTHER_WORKERS:
        seconds += [Faster(f"{worker}: {OURS}", f"{worker}: {peer}", 0.95) for peer in ALONE]
        cpu += [AtMost(f"{worker}: {OURS}", f"{worker}: {peer}", 1.05) for peer in ALONE]
    return seconds, cpu
