"""What a chunk of a stream costs under real servers: python -m benchmarks.bench_streams (Linux)."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from functools import partial
from typing import NamedTuple

from .chunked import DIRECT, OURS, PINGED, WAYS, path
from .harness import report
from .harness.answers import Answer
from .harness.goals import AtMost, Goal
from .harness.measure import interleaved
from .harness.reader import Reader
from .harness.report import Part, Rounds
from .harness.servers import Command, Server, gunicorn, in_python, running
from .harness.tables import Column, Table, peers

AGAIN = f"{DIRECT}, again"  # what it differs by from the first is what this table cannot tell apart
SIZES = {"64 B": 64, "1 KiB": 1024, "64 KiB": 65536}
MOST = {"64 B": 0.05, "1 KiB": 0.2, "64 KiB": 1.1}  # times what a chunk costs directly
OF_PEERS = {"64 B": 0.1, "1 KiB": 1 / 3}  # times what it costs with any peer, of 64 KiB nothing is asked
FEWER = 10  # a chunk of 64 KiB is sent so many times less often
FEW = 10  # chunks of the stream that is looked at
LONGEST_OPENING = 64  # bytes that an event stream may begin with


class Cost(NamedTuple):
    """What one chunk took, on average over one stream, in seconds: by the clock, and of the server's CPU."""

    seconds: float
    cpu: float


def commands(skipped: Callable[[str], None]) -> dict[str, Command]:
    """Return how the server of each way is started; *skipped* is told of each peer that is not installed."""
    found: dict[str, Command] = {}
    for way, module in WAYS.items():
        try:
            importlib.import_module(f"benchmarks.chunked.{module}")
        except ImportError as error:
            skipped(f"{way}: {error}")
            continue
        if module == "starlette":
            found[way] = in_python("uvicorn", "chunks", module, way)
        else:
            found[way] = gunicorn("gevent", f"benchmarks.harness.applications:chunks({module!r}, {way!r})")
    found[AGAIN] = found[DIRECT]
    return found


def faults(server: Server) -> str | None:
    """Return what is wrong with the stream of any size that *server* sends, ``None`` where nothing is."""
    for size in SIZES.values():
        found = fault(server.answer(path(size, FEW)), size)
        if found is not None:
            return f"{size} bytes: {found}"
    return None


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


def measured(size: str, servers: Mapping[str, Server], rounds: int, count: int) -> list[Table]:
    """Return the table of one *size*, for streams of *count* chunks."""
    with ExitStack() as connections:
        measures = {}
        for name, server in servers.items():
            reader = connections.enter_context(closing(Reader(server.port)))
            measures[name] = _measure(server, reader, SIZES[size], count)
        return [table(size, count, interleaved(measures, rounds))]


def table(size: str, count: int, costs: Mapping[str, Sequence[Cost]]) -> Table:
    """Return the table of the *costs* of a chunk of this *size*, in streams of *count* of them."""
    baselines = dict.fromkeys(costs, DIRECT)
    seconds = {name: [one.seconds for one in ones] for name, ones in costs.items()}
    cpu = {name: [one.cpu for one in ones] for name, ones in costs.items()}
    columns = [
        Column("us/chunk", seconds, 1e-6, beside=DIRECT, baselines=baselines, goals=goals(size)),
        Column("CPU us/chunk", cpu, 1e-6, beside=DIRECT, baselines=baselines),
    ]
    theirs = peers(costs, [DIRECT, AGAIN])
    return Table(f"{size}, {count} chunks a stream", columns, dict.fromkeys((OURS, PINGED), theirs))


def goals(size: str) -> list[Goal]:
    """Return what we want of the time of a chunk of this *size*."""
    wanted: list[Goal] = [AtMost(ours, DIRECT, MOST[size]) for ours in (OURS, PINGED)]
    if size in OF_PEERS:
        wanted += [AtMost(PINGED, peer, round(OF_PEERS[size], 2)) for peer in peers(WAYS, [DIRECT])]
    return wanted


def parts(only: str, rounds: int, batch: int, skipped: Callable[[str], None]) -> Iterator[Part]:
    """Return the sizes whose name holds *only*; all servers are up from the first to the last."""
    with running(commands(skipped), faults, skipped) as servers:
        for size in SIZES:
            if only in size:
                count = batch // FEWER if size == "64 KiB" else batch
                yield Part(size, partial(measured, size, servers, rounds, count))


def main() -> None:
    """Print a table for each size of chunks, and keep them if that is asked for."""
    options = report.options(__doc__, Rounds(3, 15, 45), batch=20_000, unit="chunks")
    skipped: list[str] = []
    sizes = parts(options.only, options.rounds, options.batch, skipped.append)
    distributions = ["gunicorn", "Flask", "Django", "baize", "starlette", "uvicorn", "uvloop", "httptools"]
    report.run("streams", "One chunk of a stream, under real servers", sizes, distributions, options, skipped)


def _measure(server: Server, reader: Reader, size: int, count: int) -> Callable[[], Cost]:
    asked = path(size, count)

    def measure() -> Cost:
        before = server.cpu_seconds()
        seconds = reader.seconds(asked, size * count)
        return Cost(seconds / count, (server.cpu_seconds() - before) / count)

    return measure


if __name__ == "__main__":
    report.begin(main)
