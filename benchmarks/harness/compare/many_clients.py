"""Many clients of one event stream: what a delivery costs, how long it takes, and what an idle client occupies."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from statistics import median, quantiles
from typing import NamedTuple

from ..event_clients import EventClients, allow_descriptors
from ..servers import Apart, Server
from .rows import Both, Figures, Pair, Row, add_fields, taken_in_turns
from .served import started

WARM = 20  # clients before those that are measured, so that all is imported and filled
QUIET = 0.5  # s for what is left to do once all have come
SPARE = 1000  # descriptors for all but the clients


class Window(NamedTuple):
    """What some events cost that went out one at a time: seconds."""

    cpu: float  # of one delivery
    p99: float  # from the request that published an event to the event at a client; the median over the events


class Beside(NamedTuple):
    """How long new requests took while an event went out to all: seconds."""

    p50: float
    longest: float


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

    def window(self, events: int) -> Window:
        """Return what *events* cost that go out one at a time."""
        p99 = []
        before = self._server.cpu_seconds()
        for _ in range(events):
            self._audience.waits.clear()
            self._audience.deliver(1)
            p99.append(quantiles(self._audience.waits, n=100)[98])
        return Window((self._server.cpu_seconds() - before) / events / self._clients, median(p99))

    def beside(self, events: int) -> Beside:
        """Return how long a new request took beside each of so many *events*."""
        waits = [self._audience.request_beside_event() for _ in range(events)]
        return Beside(median(waits), max(waits))

    def close(self) -> None:
        """Close all connections."""
        self._audience.close()


@dataclass(frozen=True)
class ManyClients:
    """Rows of so many *clients*: in each round so many *windows* of both kinds, of so many events."""

    name: str
    clients: int
    rounds: int = 9
    windows: int = 3
    events: int = 20  # a window of fewer measures the collector of cycles
    beside: int = 10
    is_usual: bool = True

    @property
    def memory(self) -> Row:
        """The row of the private memory of the server."""
        return Row(f"{self.name}: memory of an idle one", "KiB", 1024, limit=1.02)

    @property
    def window(self) -> dict[str, Row]:
        """The row of each field of ``Window``."""
        return {
            "cpu": Row(f"{self.name}: a delivery"),
            "p99": Row(f"{self.name}: p99 of a delivery", "ms", 1e-3),
        }

    @property
    def request(self) -> dict[str, Row]:
        """The row of each field of ``Beside``."""
        return {
            "p50": Row(f"{self.name}: new request beside one event, p50", "ms", 1e-3),
            "longest": Row(f"{self.name}: new request beside one event, longest", "ms", 1e-3),
        }

    @property
    def rows(self) -> Sequence[Row]:
        """All that it measures."""
        return [*self.window.values(), self.memory, *self.request.values()]

    def measure(self, both: Both, wanted: Collection[Row], figures: Figures) -> None:
        """Measure one round of the rows *wanted* at a new server of each revision."""
        allow_descriptors(2 * self.clients + SPARE)
        with Apart() as apart, ExitStack() as stack:
            servers = [
                stack.enter_context(closing(apart.start(partial(started, revision, both.round))))
                for revision in (both.old, both.new)
            ]
            old, new = (stack.enter_context(closing(Audience(server, self.clients))) for server in servers)
            joined = taken_in_turns(old.joined, new.joined, 1)
            if self.memory in wanted:
                figures.add(self.memory, [Pair(*pair) for pair in joined])
            if any(row in wanted for row in self.window.values()):
                windows = taken_in_turns(
                    partial(old.window, self.events), partial(new.window, self.events), self.windows
                )
                add_fields(figures, self.window, windows, wanted)
            if any(row in wanted for row in self.request.values()):
                requests = taken_in_turns(
                    partial(old.beside, self.beside), partial(new.beside, self.beside), self.windows
                )
                add_fields(figures, self.request, requests, wanted)
