"""How long a small request waits while the same worker sends large files to clients that are as fast as it is."""

from __future__ import annotations

import math
import multiprocessing
import os
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from typing import Any, NamedTuple

from .downloads import APPS, BASELINE
from .goals import AtMost, Goal, Under
from .load import Load
from .measure import interleaved
from .sample_files import COPIES, LARGE, cached, evict, path, warm
from .servers import Server
from .tables import OURS, Column, Table, peers

QUIET = f"{OURS}, no downloads"  # what the machine itself makes a request wait
SPAN = 1.5  # s of asking in a round
PAUSE = 0.005  # s between two requests, on average
START = 30.0  # s for the downloads to begin
MOST = {"warm": 5.0, "cold": 10.0}  # ms


class Waits(NamedTuple):
    """What one round found: seconds, and bytes per second of all downloads together."""

    p99: float
    longest: float
    rate: float


class Downloads:
    """Clients of the server at *port* that download the large files, each its own, again and again.

    They have a process of their own, so that they do not delay the requests that are timed. With *folder*, each throws
    its file out of the page cache before it asks for it.
    """

    def __init__(self, port: int, folder: str | None) -> None:
        spawning = multiprocessing.get_context("spawn")
        self._received = spawning.Value("Q", 0)
        self._process = spawning.Process(target=_download, args=(port, folder, self._received), daemon=True)
        self._process.start()
        deadline = time.monotonic() + START
        while not self.received():
            if not self._process.is_alive() or time.monotonic() > deadline:
                self.close()
                raise TimeoutError(f"no downloads from port {port} in {START} s")
            time.sleep(0.01)

    def received(self) -> int:
        """Return the bytes that they have, all together."""
        count: int = self._received.value
        return count

    def close(self) -> None:
        """End them where they are."""
        self._process.terminate()
        self._process.join()


def measured(state: str, servers: Mapping[str, Server], folder: str, rounds: int) -> list[Table]:
    """Return the table of the waits with the large files in this *state* of the page cache, ``warm`` or ``cold``.

    ``RuntimeError`` where a file stays in the cache: no wait here is a cold one.
    """
    files = [folder + path(LARGE, copy) for copy in range(COPIES)]
    for file in files:
        (evict if state == "cold" else warm)(file)
    share = max(map(cached, files))
    if state == "cold" and share > 0.1:
        raise RuntimeError(f"{share:.0%} of a file stays in memory here")
    with ExitStack() as connections:
        measures = {}
        for name, server in servers.items():
            load = connections.enter_context(closing(Load(server.port)))
            measures[name] = _measure(load, server.port, folder if state == "cold" else None)
            if name == f"gevent: {OURS}":
                measures[QUIET] = _quiet(load)
        return [table(state, interleaved(measures, rounds))]


def _measure(load: Load, port: int, folder: str | None) -> Callable[[], Waits]:
    def measure() -> Waits:
        with closing(Downloads(port, folder)) as downloads:
            return _waits(load, downloads.received)

    return measure


def _quiet(load: Load) -> Callable[[], Waits]:
    return lambda: _waits(load, lambda: 0)


def _waits(load: Load, received: Callable[[], int]) -> Waits:
    before, began = received(), time.monotonic()
    waits = []
    while time.monotonic() < began + SPAN:
        waits.append(load.seconds(1))
        time.sleep(random.uniform(0, 2 * PAUSE))
    rate = (received() - before) / (time.monotonic() - began)
    waits.sort()
    return Waits(waits[int(0.99 * len(waits))], waits[-1], rate)


def table(state: str, found: Mapping[str, Sequence[Waits]]) -> Table:
    """Return the table of the waits *found*."""
    p99 = {name: [one.p99 for one in ones] for name, ones in found.items()}
    longest = {name: [one.longest for one in ones] for name, ones in found.items()}
    for_each = {name: [1 / one.rate if one.rate else math.inf for one in ones] for name, ones in found.items()}
    ours = f"gevent: {OURS}"
    goals: list[Goal] = [Under(ours, MOST[state], 1e-3, "ms")]
    goals += [AtMost(ours, f"gevent: {peer}", 0.25) for peer in APPS]
    baselines = dict.fromkeys(found, f"gevent: {BASELINE}")
    columns = [
        Column("p99 ms", p99, 1e-3, beside=BASELINE, baselines=baselines, goals=goals),
        Column("longest ms", longest, 1e-3, places=1, shows_longest=True),
        Column("GB/s meanwhile", for_each, 1e-9, is_rate=True),
    ]
    return Table(f"small request, {state}", columns, {ours: peers(found)}, [name for name in found if name != QUIET])


def _download(port: int, folder: str | None, received: Any) -> None:
    # Whoever waits for a small answer goes first where both want the CPU.
    os.nice(5)
    loads = [Load(port, [path(LARGE, copy)]) for copy in range(COPIES)]
    for copy, load in enumerate(loads):
        file = None if folder is None else folder + path(LARGE, copy)
        threading.Thread(target=_download_again, args=(load, file), daemon=True).start()
    while True:
        time.sleep(0.02)
        received.value = sum(load.received for load in loads)


def _download_again(load: Load, file: str | None) -> None:
    while True:
        if file is not None:
            evict(file)
        load.seconds(1)
