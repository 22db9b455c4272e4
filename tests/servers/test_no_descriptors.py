"""Thread servers without descriptors: an answer is right or a 500, nothing spins, and the log stays short.

The limit of the worker is lowered from outside, so that from 2 to 6 numbers are free, of which the connection takes
one. That is too few for a hub, an asyncio loop, an epoll object or a file, in each combination.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import resource
import threading
import time
from pathlib import Path

import pytest
from servers.http_client import Connection, TruncatedError
from servers.server_processes import cases, serve

APP = "descriptors:app"
OPTIONS = {
    "gunicorn:gthread": ["--threads", "4", "--graceful-timeout", "2"],
    "gunicorn:sync": ["--graceful-timeout", "2"],
}
ROUTES = ("/rows", "/async-rows", "/events", "/pinged-events", "/file")
FREE = (2, 3, 4, 5, 6)
REQUESTS = 30  # for each number of free descriptors
CLOSE_TIMEOUT = 2.0  # s for the server to close a connection after its client
ANSWER_TIMEOUT = 3.0  # s: an error comes at once
MOST_CPU = 10.0  # s for all requests; a thread that spins takes as many seconds as pass
LONGEST_LOG = 1 << 20  # bytes

pytestmark = [
    pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="the limit of another process is Linux's prlimit()"),
    pytest.mark.timeout(240),
]


class Worker:
    """The worker of *server* as the kernel shows it."""

    def __init__(self, server):
        self._pid = server.worker_pid
        self._limits = resource.prlimit(self._pid, resource.RLIMIT_NOFILE)

    @property
    def descriptors(self):
        """The open descriptors."""
        return {int(name) for name in os.listdir(f"/proc/{self._pid}/fd")}

    @property
    def cpu(self):
        """The CPU time used so far, in seconds."""
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def leave_free(self, count):
        """Lower the limit so that *count* more descriptors can be opened."""
        unused = itertools.filterfalse(self.descriptors.__contains__, itertools.count())
        limit = next(itertools.islice(unused, count, None))
        resource.prlimit(self._pid, resource.RLIMIT_NOFILE, (limit, self._limits[1]))

    def restore(self):
        """Raise the limit again."""
        with contextlib.suppress(ProcessLookupError):  # it has ended
            resource.prlimit(self._pid, resource.RLIMIT_NOFILE, self._limits)

    def wait_for_end_of_request(self, before):
        """Wait until no more descriptors than *before* are open: the server closes its connection after the client."""
        deadline, pause = time.monotonic() + CLOSE_TIMEOUT, threading.Event()
        while len(self.descriptors) > before and time.monotonic() < deadline:
            pause.wait(0.002)


def outcome(server, route):
    """What a client gets: the status and the body, or the error."""
    try:
        with Connection(server.address, ANSWER_TIMEOUT) as connection:
            answer = connection.exchange("GET", route, ("Connection", "close"))
    except TimeoutError:
        return "no answer"
    except (TruncatedError, ConnectionError) as error:
        return type(error).__name__
    return answer.status if answer.status == 500 else (answer.status, answer.body)


def test_an_answer_without_descriptors_is_right_or_a_500(server_of_descriptors):
    server, worker = server_of_descriptors
    right = {route: outcome(server, route) for route in ROUTES}
    assert [status for status, _ in right.values()] == [200] * len(ROUTES)
    before, cpu = len(worker.descriptors), worker.cpu
    unclean = []
    for free in FREE:
        worker.wait_for_end_of_request(before)
        worker.leave_free(free)
        for route in itertools.islice(itertools.cycle(ROUTES), REQUESTS):
            worker.wait_for_end_of_request(before)
            found = outcome(server, route)
            if found not in (right[route], 500):
                unclean.append((free, route, found))
            assert len(unclean) < 3, unclean  # enough: each may be a hang
        worker.restore()
    assert unclean == []
    worker.wait_for_end_of_request(before)
    assert len(worker.descriptors) <= before
    assert {route: outcome(server, route) for route in ROUTES} == right
    assert worker.cpu - cpu < MOST_CPU
    assert len(server.log.text) < LONGEST_LOG


@pytest.fixture(params=cases("gunicorn:gthread", "gunicorn:sync", "waitress"))
def server_of_descriptors(request):
    with serve(request.param, APP, *OPTIONS.get(request.param, [])) as server:
        outcome(server, "/rows")  # it is up
        worker = Worker(server)
        try:
            yield server, worker
        finally:
            worker.restore()
