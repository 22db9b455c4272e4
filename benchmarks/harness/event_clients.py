"""Many clients of one event stream, in one thread: they count events and pings, and time them. Linux only.

An event is what holds the mark that nothing else holds, so that a client need not parse what each server writes its own
way, and one that was lost or came twice is found.
"""

from __future__ import annotations

import os
import resource
import select
import socket
import time
from collections.abc import Callable
from contextlib import closing, suppress
from time import perf_counter

from ..broadcast import LISTENERS, MARK, STREAM, publish_path
from .load import ROOM, ask
from .servers import Server

TIMEOUT = 120.0  # s for all events of one call to arrive
JOINING = 30.0  # s for a group of clients to be served
GROUP = 200  # clients that connect at once
LEAVING = 5.0  # s in which a server may notice that all have left

_MARK = MARK.encode()
_PING = b": ping"  # all peers write it so; one in two pieces is not counted, but a ping comes in one


def allow_descriptors(count: int) -> None:
    """Let this process, and those that it starts, have *count* descriptors; ``RuntimeError`` where they may not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise RuntimeError(f"{count} descriptors are needed, and this machine allows {hard}")
    if soft != resource.RLIM_INFINITY and soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


class EventClients:
    """Clients of *server*, none at first."""

    def __init__(self, server: Server) -> None:
        self.events = 0
        self.pings = 0
        self.waits: list[float] = []
        """Seconds from the request that published an event to the event at a client, for each one that came."""
        self._server = server
        self._others = self._listeners()  # who have left, and the server does not know
        self._epoll = select.epoll()
        self._seen: dict[int, int] = {}  # events of each client, by its descriptor
        self._clients: list[socket.socket] = []
        self._published: list[float] = []  # when, for each event
        self._publisher = self._connect()
        self._epoll.register(self._publisher.fileno(), select.EPOLLIN)

    def __len__(self) -> int:
        return len(self._clients)

    def join(self, count: int) -> None:
        """Add *count* clients, and wait until all are served; ``TimeoutError`` if that does not come.

        To be called before the first event.
        """
        while count > 0:
            group = min(count, GROUP)
            count -= group
            self.connect(group)
            self._await_listeners(lambda found: found >= len(self), JOINING)
            self.receive(0.0)

    def connect(self, count: int) -> None:
        """Add *count* clients, and wait for nothing."""
        for _ in range(count):
            client = self._connect()
            self._clients.append(client)
            self._seen[client.fileno()] = 0
            self._epoll.register(client.fileno(), select.EPOLLIN)
            ask(client, STREAM)

    def deliver(self, events: int) -> float:
        """Publish *events* for each client at once; return the seconds until all are there.

        ``TimeoutError`` if they do not come, ``RuntimeError`` if one came twice or to the wrong client.
        """
        began = perf_counter()
        self.publish(events)
        self.settle()
        return perf_counter() - began

    def publish(self, events: int) -> None:
        """Publish *events* for each client, and wait for nothing."""
        self._published += [perf_counter()] * events
        ask(self._publisher, publish_path(events))

    def request_beside_event(self) -> float:
        """Return how many seconds a new request takes that comes while an event goes out to all.

        The event is at all clients in the end, with the errors of ``deliver``.
        """
        self.publish(1)
        self.receive(TIMEOUT, self.events + 1)
        began = perf_counter()
        with closing(self._connect()) as request:
            ask(request, LISTENERS)
            answered = select.poll()  # select() takes no descriptor above 1,023
            answered.register(request, select.POLLIN)
            # What comes meanwhile is taken, a little at a time: the server must not have to wait for a client.
            while not answered.poll(0):
                self.receive(0.0)
            seconds = perf_counter() - began
        self.settle()
        return seconds

    def settle(self) -> None:
        """Wait for all events that were published, with the errors of ``deliver``."""
        expected = len(self._published) * len(self)
        self.receive(TIMEOUT, expected)
        if self.events < expected:
            raise TimeoutError(f"{expected - self.events} of {expected} events did not come in {TIMEOUT} s")
        if set(self._seen.values()) - {len(self._published)}:
            raise RuntimeError("an event came twice to one client, and not to another")

    def receive(self, seconds: float, until: float = float("inf")) -> None:
        """Take what comes for *seconds*, or until there were *until* events in all."""
        seen, published, waits = self._seen, self._published, self.waits
        poll, most, read, now = self._epoll.poll, max(1, len(self)), os.read, perf_counter
        deadline = now() + seconds
        while self.events < until:
            ready = poll(max(0.0, deadline - now()), most)
            for descriptor, _ in ready:
                content = read(descriptor, ROOM)
                before = seen.get(descriptor)
                if not content:
                    raise ConnectionError("the server closed a connection")
                if before is None:
                    continue  # the answer to one that published
                events = content.count(_MARK)
                if not events:
                    self.pings += content.count(_PING)
                    continue
                seen[descriptor] = before + events
                self.events += events
                arrived = now()
                waits += [arrived - at for at in published[before : before + events]]
            if now() >= deadline:
                return

    def leave(self) -> float | None:
        """Close all clients at once; return the seconds until the server has noticed, None where that does not come."""
        for client in self._clients:
            client.close()
        self._clients.clear()
        self._seen.clear()
        began = perf_counter()
        with suppress(TimeoutError):
            self._await_listeners(lambda found: found <= 0, LEAVING)
            return perf_counter() - began
        return None

    def close(self) -> None:
        """Close all connections."""
        for connection in (self._publisher, *self._clients):
            connection.close()
        self._epoll.close()

    def _connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self._server.port), TIMEOUT)

    def _listeners(self) -> int:
        return int(self._server.answer(LISTENERS).body)

    def _await_listeners(self, is_right: Callable[[int], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not is_right(found := self._listeners() - self._others):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the server has {found} clients after {seconds} s, we have {len(self)}")
            time.sleep(0.01)
