"""Many clients of one event stream: what a delivery costs, how long it takes, and what an idle client occupies."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from statistics import fmean, median, quantiles
from typing import NamedTuple

from ..event_clients import EventClients, allow_descriptors
from ..servers import Apart, Server
from .rows import Both, Figures, Pair, Row, taken_in_turns
from .served import started

WARM = 20  # clients before those that are measured, so that all is imported and filled
QUIET = 0.5  # s for what is left to do once all have come
SPARE = 1000  # descriptors for all but the clients


class Delivery(NamedTuple):
    """What one event cost that went to all clients: seconds."""

    cpu: float  # for each client
    p99: float  # from the request that published it to the event at all clients but one in a hundred


class Audience:
    """The clients of one server; to be closed."""

    def __init__(self, server: Server, clients: int) -> None:
        self._server = server
        self._clients = clients
        with closing(EventClients(server)) as first:
            first.join(WARM)
            first.deliver(1)
            first.leave()
        self._audience = EventClients(server)

    def joined(self) -> float:
        """Have all clients join, and return the bytes of memory that each costs the server."""
        before = self._server.memory()
        self._audience.join(self._clients)
        self._audience.receive(QUIET)
        return (self._server.memory() - before) / self._clients

    def delivery(self) -> Delivery:
        """Return what one event costs."""
        self._audience.waits.clear()
        before = self._server.cpu_seconds()
        self._audience.deliver(1)
        cpu = (self._server.cpu_seconds() - before) / self._clients
        return Delivery(cpu, quantiles(self._audience.waits, n=100)[98])

    def request(self) -> float:
        """Return the seconds of a new request beside one event."""
        return self._audience.request_beside_event()

    def close(self) -> None:
        """Close all connections."""
        self._audience.close()


@dataclass(frozen=True)
class ManyClients:
    """Rows of so many *clients*. A round has so many *windows* of *events*, and *series* of *requests* beside an event.

    The servers take turns event by event. The CPU time is summed up over a window: the collector of cycles does not
    run in each event, and would not be in the median of single ones. A series is short, since the longest of many waits
    tells more of the machine than of the server.
    """

    name: str
    clients: int
    rounds: int = 12
    windows: int = 4
    events: int = 20
    series: int = 10
    requests: int = 5
    is_usual: bool = True

    @property
    def rows(self) -> Sequence[Row]:
        """All that it measures."""
        return [self.cpu, self.p99, self.memory, self.beside, self.longest]

    @property
    def cpu(self) -> Row:
        """The row of the CPU time of one event at one client."""
        return Row(f"{self.name}: a delivery")

    @property
    def p99(self) -> Row:
        """The row of the wait for an event."""
        return Row(f"{self.name}: p99 of a delivery", "ms", 1e-3)

    @property
    def memory(self) -> Row:
        """The row of the private memory of the server."""
        return Row(f"{self.name}: memory of an idle one", "KiB", 1024, limit=1.02)

    @property
    def beside(self) -> Row:
        """The row of the median wait of a new request."""
        return Row(f"{self.name}: new request beside one event, p50", "ms", 1e-3)

    @property
    def longest(self) -> Row:
        """The row of the longest wait of a new request."""
        return Row(f"{self.name}: new request beside one event, longest", "ms", 1e-3)

    def measure(self, both: Both, wanted: Collection[Row], figures: Figures) -> None:
        """Measure one round of the rows *wanted* at a new server of each revision."""
        allow_descriptors(2 * self.clients + SPARE)
        with Apart() as apart, ExitStack() as stack:
            servers = [
                stack.enter_context(closing(apart.start(partial(started, revision, both.round))))
                for revision in (both.old, both.new)
            ]
            old, new = (stack.enter_context(closing(Audience(server, self.clients))) for server in servers)
            found = {self.memory: [Pair(*pair) for pair in taken_in_turns(old.joined, new.joined, 1)]}
            if self.cpu in wanted or self.p99 in wanted:
                found |= self._deliveries(old, new)
            if self.beside in wanted or self.longest in wanted:
                found |= self._requests(old, new)
            for row, pairs in found.items():
                if row in wanted:
                    figures.add(row, pairs)

    def _deliveries(self, old: Audience, new: Audience) -> dict[Row, list[Pair]]:
        cpu, p99 = [], []
        for _ in range(self.windows):
            window = taken_in_turns(old.delivery, new.delivery, self.events)
            cpu.append(Pair(fmean(before.cpu for before, _ in window), fmean(after.cpu for _, after in window)))
            p99 += [Pair(before.p99, after.p99) for before, after in window]
        return {self.cpu: cpu, self.p99: p99}

    def _requests(self, old: Audience, new: Audience) -> dict[Row, list[Pair]]:
        p50, longest = [], []
        for _ in range(self.series):
            of_old, of_new = zip(*taken_in_turns(old.request, new.request, self.requests), strict=True)
            p50.append(Pair(median(of_old), median(of_new)))
            longest.append(Pair(max(of_old), max(of_new)))
        return {self.beside: p50, self.longest: longest}
