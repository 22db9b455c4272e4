"""What a chunk of a stream costs under real servers: python -m benchmarks.bench_streams (Linux)."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from typing import NamedTuple

from . import report
from .cases import Answer
from .chunked import DIRECT, OURS, PINGED, WAYS, path
from .goals import AtMost, Goal
from .measure import Rounds, interleaved
from .reader import Reader
from .servers import Command, Server, apart, gunicorn, in_python

AGAIN = f"{DIRECT}, again"  # what it differs by from the first is what this table cannot tell apart
SIZES = {"64 B": 64, "1 KiB": 1024, "64 KiB": 65536}
MOST = {"64 B": 0.05, "1 KiB": 0.2, "64 KiB": 1.1}  # times what a chunk costs directly
OF_PEERS = {"64 B": 0.1, "1 KiB": 1 / 3}  # times what it costs with the peer that is the fastest
FEWER = 10  # a chunk of 64 KiB is sent so many times less often
FEW = 10  # chunks of the stream that is looked at
LONGEST_OPENING = 64  # bytes that an event stream may begin with


class Cost(NamedTuple):
    """What one chunk took, on average over one stream, in seconds: by the clock, and of the server's CPU."""

    seconds: float
    cpu: float


def commands(skipped: Callable[[str], None] = print) -> dict[str, Command]:
    """Return how the server of each way is started; *skipped* is told of each peer that is not installed."""
    found: dict[str, Command] = {}
    for way, module in WAYS.items():
        try:
            importlib.import_module(f"benchmarks.chunked.{module}")
        except ImportError as error:
            skipped(f"skipped {way}: {error}")
            continue
        if module == "starlette":
            found[way] = in_python("uvicorn", "chunks", module, way)
        else:
            found[way] = gunicorn("gevent", f"benchmarks.served:chunks({module!r}, {way!r})")
    found[AGAIN] = found[DIRECT]
    return found


@contextmanager
def running(asked: Mapping[str, Command]) -> Iterator[dict[str, Server]]:
    """Return the servers of the commands *asked*, all up, each of which was seen to send the stream of each size."""
    with ExitStack() as stack:
        every = os.sched_getaffinity(0)
        stack.callback(os.sched_setaffinity, 0, every)
        for_client = apart()
        servers = {name: stack.enter_context(closing(Server(command))) for name, command in asked.items()}
        os.sched_setaffinity(0, for_client or every)
        for name, server in servers.items():
            for size in SIZES.values():
                found = fault(server.answer(path(size, FEW)), size)
                if found is not None:
                    raise RuntimeError(f"{name}, {size} bytes: {found}")
        yield servers


def fault(answer: Answer, size: int) -> str | None:
    """Return what is wrong with *answer* to a request for a few chunks of *size* bytes, ``None`` where nothing is."""
    if answer.status != 200:
        return f"status {answer.status}"
    if answer.values("Transfer-Encoding") != ["chunked"]:
        return f"Transfer-Encoding {answer.values('Transfer-Encoding')}"
    expected = b"x" * size * FEW
    if not answer.body.endswith(expected) or len(answer.body) > len(expected) + LONGEST_OPENING:
        return f"a body of {len(answer.body)} bytes: {answer.body[:40]!r}"
    return None


def section(size: str, servers: Mapping[str, Server], rounds: int, count: int) -> str:
    """Return the table of one *size*, for streams of *count* chunks."""
    with ExitStack() as connections:
        measures = {}
        for name, server in servers.items():
            reader = connections.enter_context(closing(Reader(server.port)))
            measures[name] = _measure(server, reader, SIZES[size], count)
        costs = interleaved(measures, rounds)
    seconds = Rounds({name: [one.seconds for one in ones] for name, ones in costs.items()})
    cpu = Rounds({name: [one.cpu for one in ones] for name, ones in costs.items()})
    said = report.verdicts(_goals(size), seconds)
    rows = [
        [
            name,
            f"{seconds.median(name) * 1e6:.2f}",
            report.times(seconds.ratio(name, DIRECT)),
            f"{cpu.median(name) * 1e6:.2f}",
            report.times(cpu.ratio(name, DIRECT)),
            said.get(name, ""),
        ]
        for name in costs
    ]
    beside = f"x {DIRECT} (quartiles)"
    head = ["", "us/chunk", beside, "CPU us/chunk", beside, "goal of us/chunk"]
    return f"## {size}, {count} chunks a stream\n\n" + report.table(head, rows)


def main() -> None:
    """Print a table for each size of chunks, and keep them if that is asked for."""
    options = report.options(__doc__, rounds=15, batch=20_000, unit="chunks", quick=3)
    done = []
    with running(commands()) as servers:
        for size in SIZES:
            if options.only in size:
                count = options.batch // FEWER if size == "64 KiB" else options.batch
                done.append(section(size, servers, options.rounds, count))
                print(done[-1], flush=True)
    distributions = ["gunicorn", "Flask", "Django", "baize", "starlette", "uvicorn", "uvloop", "httptools"]
    report.finish("streams", "One chunk of a stream, under real servers", done, distributions, options)


def _measure(server: Server, reader: Reader, size: int, count: int) -> Callable[[], Cost]:
    asked = path(size, count)

    def measure() -> Cost:
        before = server.cpu_seconds()
        seconds = reader.seconds(asked, size * count)
        return Cost(seconds / count, (server.cpu_seconds() - before) / count)

    return measure


def _goals(size: str) -> list[Goal]:
    goals: list[Goal] = [AtMost(ours, DIRECT, MOST[size]) for ours in (OURS, PINGED)]
    if size in OF_PEERS:
        goals.append(AtMost(PINGED, "starlette, async source", round(OF_PEERS[size], 2)))
    return goals


if __name__ == "__main__":
    main()
