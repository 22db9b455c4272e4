"""Clients that take little or nothing: what a source makes for them waits within bounds, and they are dropped."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
from pathlib import Path
from typing import NamedTuple

import pytest
from servers.server_processes import cases, serve
from servers.stream_clients import open_stream

from wsgiresp._streams.bounded_buffer import MAX_BUFFERED

TICKS = 12  # of 0.25 s each, in which a client takes 256 bytes
GROWTH = 5_000_000  # bytes
STREAMS = [(source, size) for source in ("sync", "async") for size in (1024, 65536)]
OPTIONS = {"gunicorn:gthread": ["--threads", "8"]}


class Measurement(NamedTuple):
    """The memory of a worker before streams to slow clients and at its most, in bytes, and what was counted there."""

    before: int
    most: int
    meters: dict[str, dict[str, int]]


def memory(server):
    """The bytes of physical memory that the worker has."""
    return 1024 * int(re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{server.worker_pid}/status").read_text())[1])


def stream(connection, source, size, word):
    connection.request("GET", f"/metered/{source}/{size}/{word}")
    return connection.head()


@pytest.fixture(scope="module", params=cases("gunicorn:gevent", "gunicorn:gthread", "gevent.pywsgi"))
def measured(request):
    """What a server with four streams of a gigabyte tells, each to a client that takes 1 KiB a second."""
    with (
        serve(request.param, "backlog:app", *OPTIONS.get(request.param, [])) as server,
        contextlib.ExitStack() as stack,
    ):
        clock = stack.enter_context(server.connect())
        clock.request("GET", "/ticks")
        ticks = clock.pieces(clock.head())
        for source, size in STREAMS:
            with server.connect() as connection:
                stream(connection, source, size, "warm")
                connection.socket.recv(1_000_000)
        before = memory(server)
        slow = [stack.enter_context(server.connect()) for _ in STREAMS]
        for connection, (source, size) in zip(slow, STREAMS, strict=True):
            stream(connection, source, size, f"{source}-{size}")
        most = 0
        for _ in itertools.islice(ticks, TICKS):
            for connection in slow:
                connection.socket.recv(256)
            most = max(most, memory(server))
        return Measurement(before, most, json.loads(server.exchange("GET", "/meters").body))


def test_four_streams_to_slow_clients_take_less_than_five_megabytes(measured):
    assert measured.most - measured.before < GROWTH


@pytest.mark.parametrize(("source", "size"), STREAMS)
def test_a_source_is_never_ahead_by_more_than_the_bound(measured, source, size):
    # A source in another thread goes on while the reader has in hand what it has taken, which is one chunk or several
    # small ones joined.
    in_hand = 0 if source == "sync" else max(size, MAX_BUFFERED)
    assert measured.meters[f"{source}-{size}"]["most"] <= MAX_BUFFERED + size + in_hand


@pytest.mark.parametrize(("source", "size"), STREAMS)
def test_the_rest_of_a_stream_is_not_made_for_a_slow_client(measured, source, size):
    # What the two sockets hold and no more.
    assert measured.meters[f"{source}-{size}"]["made"] < 100_000_000


@pytest.mark.parametrize("server_name", cases("gunicorn:gevent", "gunicorn:gthread", "gevent.pywsgi"))
@pytest.mark.parametrize("wait", ["flow", "async-flow"])
def test_a_client_that_takes_nothing_is_dropped(served, server_name, wait):
    server = served(server_name, "streams:app")
    past = len(server.log.text)
    with server.connect() as connection:
        open_stream(connection, f"/stuck/{wait}/stuck-{wait}")
        server.log.wait_for(f"closed stuck-{wait} in stuck-{wait} ")
        server.log.wait_for(f"after stuck-{wait} ")
    assert "Traceback" not in server.log.text[past:]


def has_logged(log, pattern, timeout):
    with contextlib.suppress(TimeoutError):
        return bool(log.wait_for(pattern, timeout))
    return False


@pytest.mark.parametrize("server_name", cases("gunicorn:gevent", "gunicorn:gthread"))
def test_a_slow_client_is_not_dropped_beside_one_that_takes_nothing(server_name):
    with (
        serve(server_name, "streams:app", *OPTIONS.get(server_name, [])) as server,
        server.connect() as slow,
        server.connect() as stalled,
    ):
        open_stream(slow, "/patient/flow/slow")
        open_stream(stalled, "/patient/flow/stalled")
        for _ in range(400):
            # More than the buffer of the client holds is on the way, so that what it takes is acknowledged.
            assert slow.socket.recv(1_000_000)
            if has_logged(server.log, "closed stalled in stalled ", timeout=0.05):
                break
        else:
            raise TimeoutError("a client that takes nothing was not dropped")
        assert "closed slow" not in server.log.text
