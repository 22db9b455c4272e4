"""What it costs to send a file under real servers: the time, and the CPU time of the server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, closing
from typing import NamedTuple

from . import report
from .folder import MIB, SIZES, path
from .goals import AtMost, Faster, Goal
from .load import Load
from .measure import Rounds, interleaved
from .servers import Command, Server, gunicorn, in_python, nginx

OURS = "wsgiresp"
APPS = ("flask app", "django app")
ALONE = ("werkzeug", "django")  # the same responses without the application around them
OTHER_WORKERS = ("gthread", "sync", "waitress")  # there the kernel sends files, and all should be equal
BASELINE = "flask app"
TWICE = "werkzeug"  # what the second differs by from the first is what a table cannot tell apart


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
        app = f"benchmarks.served:files({candidate!r}, {way!r}, {folder!r})"
        found[f"gevent: {way}"] = gunicorn("gevent", app)
        others = {
            "gthread": gunicorn("gthread", app, "--threads", "4"),
            "sync": gunicorn("sync", app),
            "waitress": in_python("waitress", "files", candidate, way, folder),
        }
        if way in (OURS, BASELINE, *ALONE):
            found |= {f"{worker}: {way}": command for worker, command in others.items()}
        if way == TWICE:
            found |= {f"{worker}: {way}, again": command for worker, command in others.items()}
    limit = nginx(folder, place)
    if limit is not None:
        found["nginx"] = limit
    return dict(sorted(found.items(), key=lambda item: item[0].partition(":")[0]))


def section(size: str, servers: Mapping[str, Server], rounds: int) -> str:
    """Return the table of one *size*."""
    burst = BURSTS[size]
    with ExitStack() as open_connections:
        measures = {}
        for name, server in servers.items():
            load = open_connections.enter_context(closing(Load(server.port, [path(size)] * burst.connections)))
            measures[name] = _measure(server, load, burst.requests)
        costs = interleaved(measures, rounds)
    seconds = Rounds({name: [one.seconds for one in ones] for name, ones in costs.items()})
    cpu = Rounds({name: [one.cpu for one in ones] for name, ones in costs.items()})
    return f"## served: {size}\n\n" + _table(size, seconds, cpu)


def _measure(server: Server, load: Load, requests: int) -> Callable[[], Cost]:
    def measure() -> Cost:
        before = server.cpu_seconds()
        seconds = load.seconds(requests)
        return Cost(seconds / requests, (server.cpu_seconds() - before) / requests)

    return measure


def _table(size: str, seconds: Rounds, cpu: Rounds) -> str:
    for_seconds, for_cpu = _goals(size)
    said = report.verdicts(for_seconds, seconds), report.verdicts(for_cpu, cpu)
    is_large = SIZES[size] > MIB
    rows = []
    for name in seconds.figures:
        baseline = _baseline(name, seconds)
        speed, use = 1 / seconds.median(name), cpu.median(name)
        gigabytes = SIZES[size] / 1e9
        rows.append(
            [
                name,
                f"{speed * gigabytes:.2f}" if is_large else f"{speed:.0f}",
                report.times(seconds.ratio(baseline, name)),
                f"{use / gigabytes:.3f}" if is_large else f"{use * 1e6:.0f}",
                report.times(cpu.ratio(name, baseline)),
                "; ".join(filter(None, [said[0].get(name), f"CPU {said[1][name]}" if name in said[1] else ""])),
            ]
        )
    units = ("GB/s", "CPU s/GB") if is_large else ("requests/s", "CPU us/request")
    beside = f"x {BASELINE} (quartiles)"
    return report.table(["", units[0], beside, units[1], beside, "goal"], rows)


def _baseline(name: str, rounds: Rounds) -> str:
    """Return Flask under the same worker, under gevent's for a server that has none."""
    same = f"{name.partition(':')[0]}: {BASELINE}"
    return same if same in rounds.figures else f"gevent: {BASELINE}"


def _goals(size: str) -> tuple[list[Goal], list[Goal]]:
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
