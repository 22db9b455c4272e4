"""Clients that come and go: nothing of a stream is left behind."""

from __future__ import annotations

import itertools
import json
import time

import pytest
from servers.server_processes import cases
from servers.stream_clients import open_stream

CYCLES = {"gunicorn:gevent": 400, "gunicorn:gthread": 200}
TARGETS = [f"/waits/{kind}/{wait}/gone" for kind in ("events", "bytes") for wait in ("sleep", "async", "flow")]
SETTLED = 20.0  # s


def come_and_go(server, count):
    """Have *count* clients leave: once they have the first chunk, or at once; in order, or by a reset."""
    for number, target in zip(range(count), itertools.cycle(TARGETS)):
        with server.connect() as connection:
            if number % 5:
                open_stream(connection, target)
            else:
                connection.request("GET", target)
            if number % 7 < 3:
                connection.reset()


def counted(server):
    return json.loads(server.exchange("GET", "/counts").body)


def settled(server, before):
    """What there is in the worker once it is no more than *before*, or after a while; each look is a request."""
    deadline = time.monotonic() + SETTLED
    while True:
        now = counted(server)
        if all(now[name] <= before[name] for name in now) or time.monotonic() > deadline:
            return now


@pytest.mark.parametrize("server_name", cases(*CYCLES))
def test_clients_that_come_and_go_leave_nothing_behind(served, server_name):
    server = served(server_name, "streams:app")
    come_and_go(server, 30)
    # A thread or a descriptor more than at rest may be there for a moment, so the least of some looks counts.
    looks = [counted(server) for _ in range(10)]
    before = {name: min(look[name] for look in looks) for name in looks[0]}
    come_and_go(server, CYCLES[server_name])
    after = settled(server, before)
    assert {name: count for name, count in after.items() if count > before[name]} == {}
