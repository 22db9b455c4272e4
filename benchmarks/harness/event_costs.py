"""What a crowd costs the server of an event stream: to have it there, to tell it something, and to see it leave."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import ExitStack, closing
from statistics import median, quantiles
from typing import NamedTuple

from .event_clients import EventClients
from .servers import Server

WARM = 20  # clients before those that are measured, so that all is imported and filled
QUIET = 0.5  # s for what is left to do once all have come
BURST = 20  # events that are published at once
BURSTS = 5  # at most, in as many seconds as SPAN: one of a fast server is over too soon
SPAN = 2.0
PACE = 1.0  # s from one event to the next, for the waits
REACHING = 4.0  # s for one event to reach a few clients
NEVER = math.inf  # s, where it was not noticed that all had left, or no ping came

Start = Callable[[], Server]


class EventCosts(NamedTuple):
    """What one crowd cost: seconds, but for ``memory``, which is bytes for each client."""

    memory: float
    joining: float  # of CPU, for each client
    single_cpu: float  # of CPU, for each event at each client, of events that go out one at a time
    single: float  # the same by the clock
    burst_cpu: float  # the same two for 20 events at once
    burst: float
    p50: float  # from the request that published an event to the event at a client, one event a second
    p99: float
    noticed: float  # from when the last has left to when the server knows it of all


def measured(start: Start, clients: int, events: int, paced: int) -> Callable[[], EventCosts]:
    """Return a measure of a crowd of *clients* at a server that is new each time.

    *events* are told to it one at a time, and as many as *paced* one a second.
    """

    def measure() -> EventCosts:
        with closing(start()) as server:
            server.answer()
            with closing(EventClients(server)) as first:
                first.join(WARM)
                first.deliver(1)
                first.leave()
            with closing(EventClients(server)) as crowd:
                return _measured(server, crowd, clients, events, paced)

    return measure


def _measured(server: Server, crowd: EventClients, clients: int, events: int, paced: int) -> EventCosts:
    memory, cpu = server.memory(), server.cpu_seconds()
    crowd.join(clients)
    joining = (server.cpu_seconds() - cpu) / clients
    crowd.receive(QUIET)
    memory = server.memory() - memory
    single_cpu, single = _window(server, crowd, (1 for _ in range(events)))
    burst_cpu, burst = _window(server, crowd, _bursts())
    waits = _waits(crowd, paced)
    noticed = crowd.leave()
    return EventCosts(
        memory / clients,
        joining,
        single_cpu,
        single,
        burst_cpu,
        burst,
        median(waits),
        quantiles(waits, n=100)[98],
        NEVER if noticed is None else noticed,
    )


def _window(server: Server, crowd: EventClients, deliveries: Iterable[int]) -> tuple[float, float]:
    """Return the seconds of CPU, and by the clock, for each event at each client."""
    before = server.cpu_seconds()
    seconds, events = 0.0, 0
    for count in deliveries:
        seconds += crowd.deliver(count)
        events += count
    return (server.cpu_seconds() - before) / events / len(crowd), seconds / events / len(crowd)


def _bursts() -> Iterable[int]:
    deadline = time.monotonic() + SPAN
    for _ in range(BURSTS):
        yield BURST
        if time.monotonic() > deadline:
            return


def _waits(crowd: EventClients, events: int) -> list[float]:
    crowd.waits.clear()
    due = time.perf_counter()
    for _ in range(events):
        crowd.publish(1)
        due += PACE
        crowd.receive(max(0.0, due - time.perf_counter()))
    crowd.settle()
    return crowd.waits


class Idle(NamedTuple):
    """What a crowd cost in a while in which nothing was published: CPU seconds in each second, and for each ping."""

    share: float
    for_ping: float
    pings: float  # that each client got


def idle(starts: Mapping[str, Start], clients: int, seconds: float, windows: int) -> dict[str, list[Idle]]:
    """Return what *clients* cost each server in as many *windows* of some *seconds*, in which they are pinged once.

    All servers are up at once, and have their windows at the same time.
    """
    with ExitStack() as stack:
        servers = {name: stack.enter_context(closing(start())) for name, start in starts.items()}
        crowds = {}
        for name, server in servers.items():
            server.answer()
            crowds[name] = stack.enter_context(closing(EventClients(server)))
            crowds[name].join(clients)
        # From here on each is pinged at its own time.
        _receive_all(crowds.values(), 1.5 * seconds)
        found: dict[str, list[Idle]] = {name: [] for name in servers}
        for _ in range(windows):
            before = {name: (servers[name].cpu_seconds(), crowds[name].pings) for name in servers}
            took = _receive_all(crowds.values(), seconds)
            for name, (cpu, pings) in before.items():
                used, pinged = servers[name].cpu_seconds() - cpu, crowds[name].pings - pings
                found[name].append(Idle(used / took, used / pinged if pinged else NEVER, pinged / clients))
        return found


def _receive_all(crowds: Collection[EventClients], seconds: float) -> float:
    began = time.perf_counter()
    while (took := time.perf_counter() - began) < seconds:
        for crowd in crowds:
            crowd.receive(0.02)
    return took


def reached(start: Start, clients: int) -> int:
    """Return how many of *clients* of a server have an event a while after it was published."""
    with closing(start()) as server:
        server.answer()
        with closing(EventClients(server)) as crowd:
            crowd.connect(clients)
            crowd.receive(QUIET)
            crowd.publish(1)
            crowd.receive(REACHING, clients)
            return crowd.events
