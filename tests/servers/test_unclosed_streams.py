"""Streams behind middleware that never calls ``close()``: nothing of them is left, and their tasks run once."""

from __future__ import annotations

import json
import time

import pytest
from servers.http_client import TruncatedError
from servers.server_processes import cases

SETTLED = 20.0  # s
REQUESTS = {"/ends": 500, "/left": 70, "/raises": 70}
"""How many requests each of bare WSGI, Flask and Django gets."""
PREFIXES = ("", "/flask", "/django")


def ask(server, prefix, kind, count):
    for number in range(count):
        with server.connect() as connection:
            try:
                connection.exchange("GET", f"{prefix}{kind}?n={number}")
            except (TruncatedError, ConnectionError):
                assert kind == "/raises"


def counted(server):
    return json.loads(server.exchange("GET", "/counts").body)


def settled(server, is_settled):
    """What there is in the worker once that *is_settled*, or after a while; each look is a request."""
    deadline = time.monotonic() + SETTLED
    while True:
        now = counted(server)
        if is_settled(now) or time.monotonic() > deadline:
            return now


@pytest.mark.parametrize("server_name", cases("gunicorn:gevent", "gunicorn:gthread"))
def test_streams_that_nobody_closes_leave_nothing_behind(served, server_name):
    server = served(server_name, "unclosed:app")
    for prefix in PREFIXES:
        for kind in REQUESTS:
            ask(server, prefix, kind, 3)
    total = sum(REQUESTS.values()) * len(PREFIXES)
    before = settled(server, lambda now: now["ran"] == now["closed"] == 27)
    assert (before["closed"], before["ran"]) == (27, 27)
    # A thread or a descriptor more than at rest may be there for a moment, so the least of some looks counts.
    looks = [counted(server) for _ in range(10)]
    before = {name: min(look[name] for look in looks) for name in looks[0]} | {"closed": 27 + total, "ran": 27 + total}
    for prefix in PREFIXES:
        for kind, count in REQUESTS.items():
            ask(server, prefix, kind, count)
    after = settled(server, lambda now: all(now[name] <= before[name] for name in now) and now["ran"] == before["ran"])
    assert {name: count for name, count in after.items() if count > before[name]} == {}
    assert (after["closed"], after["ran"]) == (before["closed"], before["ran"])
