"""Threads and child processes of the asyncio loop under real servers, and the end of a worker that has some."""

from __future__ import annotations

import time

import pytest
from servers.server_processes import cases, serve

SERVERS = cases("gunicorn:gevent", "gunicorn:gthread", "gevent.pywsgi")
# Half of gunicorn's grace: a worker that waits for its threads takes all of it.
GRACE = 20


@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("/words", b"from a thread", id="to_thread"),
        pytest.param("/look-up", b"127.0.0.1 True", id="a look-up beside a ticking coroutine"),
        pytest.param("/program", b"child\n0", id="a child process"),
    ],
)
def test_an_asynchronous_stream_uses_threads_of_the_loop(served, name, path, body):
    assert served(name, "loop_threads:app").exchange("GET", path).body == body


@pytest.mark.parametrize("path", ["/words", "/look-up", "/program"])
def test_a_gevent_worker_ends_at_once_after_work_in_threads_of_the_loop(path):
    with serve("gunicorn:gevent", "loop_threads:app", "--graceful-timeout", str(GRACE)) as server:
        server.exchange("GET", path)
        begin = time.monotonic()
        server.terminate()
        server.process.wait(GRACE)
        assert time.monotonic() - begin < GRACE / 2
