"""Streams while a worker of gunicorn's stops: what GET can ask for again ends at once, all else runs to its end."""

from __future__ import annotations

import contextlib
import os
import re
import signal

import pytest
from servers.http_client import TruncatedError
from servers.requests_in_progress import IN_TIME, MODULE
from servers.server_processes import serve
from servers.tls import certificate, needs_openssl, secured

TOKEN = re.compile(rb"token-\d+")
RUN_ON = (
    ("POST", "events"),
    ("POST", "async-events"),
    ("POST", "framed"),
    ("POST", "lines"),
    ("GET", "async-lines"),
    ("GET", "kept-events"),
)
END_AT_ONCE = (
    ("GET", "events"),
    ("GET", "async-events"),
    ("GET", "framed"),
    ("POST", "resumed-events"),
    ("POST", "resumed-lines"),
)
THREADS = ("--threads", "16")
WORKERS = [
    pytest.param("gevent", MODULE, id="gevent with the hooks"),
    pytest.param("gevent", (), id="gevent"),
    pytest.param("gthread", (*MODULE, *THREADS), id="gthread with the hooks"),
    pytest.param("gthread", THREADS, id="gthread"),
]
WITHOUT_END = {"TOKENS": "1000000", "PAUSE": "0.02"}


class Stream:
    """A stream that was asked for."""

    def __init__(self, connection, method, route, version="HTTP/1.1"):
        self.connection = connection
        connection.request(method, f"/{route}", version=version)
        self._received = b""

    def receive_two(self):
        """Receive the first two tokens."""
        self._pieces = self.connection.pieces(self.connection.head())
        while len(TOKEN.findall(self._received)) < 2:
            self._received += next(self._pieces)

    def whole(self):
        """Return all of the body; raises if it is truncated."""
        with self.connection:
            return self._received + b"".join(self._pieces)


@contextlib.contextmanager
def streams(server, requests):
    """Streams that run at the same time; each client has received two tokens."""
    with contextlib.ExitStack() as stack:
        running = [Stream(stack.enter_context(server.connect()), *request) for request in requests]
        for stream in running:
            stream.receive_two()
        yield running


def assert_right(running):
    ends = {request: len(TOKEN.findall(stream.whole())) for request, stream in running.items()}
    assert {ends[request] for request in RUN_ON} == {8}
    assert max(ends[request] for request in END_AT_ONCE) < 8


@pytest.mark.parametrize(("worker", "options"), WORKERS)
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP], ids=["SIGTERM", "SIGHUP"])
def test_what_cannot_be_asked_for_again_runs_to_its_end(worker, options, how):
    requests = (*RUN_ON, *END_AT_ONCE)
    with (
        serve(f"gunicorn:{worker}", "model_answers:app", *options) as server,
        streams(server, requests) as running,
    ):
        server.process.send_signal(how)
        assert_right(dict(zip(requests, running, strict=True)))


@pytest.mark.parametrize(("worker", "options"), WORKERS)
def test_the_stream_that_is_the_last_request_of_its_worker_runs_to_its_end(worker, options):
    last, *before = *RUN_ON, *END_AT_ONCE
    limit = str(len(before) + 1)
    with (
        serve(f"gunicorn:{worker}", "model_answers:app", *options, "--max-requests", limit) as server,
        streams(server, before) as running,
        streams(server, [last]) as (stream,),
    ):
        assert_right({last: stream, **dict(zip(before, running, strict=True))})


@pytest.mark.parametrize(("worker", "options"), WORKERS)
@pytest.mark.parametrize("route", ["events", "async-lines"])
@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0"])
def test_what_does_not_end_in_time_is_broken_off(worker, options, route, version):
    with (
        serve(
            f"gunicorn:{worker}", "model_answers:app", *options, "--graceful-timeout", "3", environ=WITHOUT_END
        ) as server,
        streams(server, [("POST", route, version)]) as (stream,),
    ):
        server.terminate()
        with pytest.raises((TruncatedError, ConnectionResetError)):
            stream.whole()
        server.process.wait(IN_TIME)
        assert "open streams are aborted, since the process is shutting down: 1 of tokens" in server.log.wait_for_end()


@pytest.mark.parametrize(("worker", "options"), [*WORKERS, pytest.param("sync", (), id="sync")])
@pytest.mark.parametrize(
    ("how", "version"),
    [
        pytest.param(signal.SIGQUIT, "HTTP/1.1", id="SIGQUIT, HTTP/1.1"),
        pytest.param(signal.SIGQUIT, "HTTP/1.0", id="SIGQUIT, HTTP/1.0"),
        pytest.param(signal.SIGABRT, "HTTP/1.0", id="SIGABRT, HTTP/1.0"),
        pytest.param(signal.SIGKILL, "HTTP/1.0", id="SIGKILL, HTTP/1.0"),
    ],
)
def test_a_worker_that_ends_at_once_breaks_its_streams_off(worker, options, version, how):
    with (
        serve(f"gunicorn:{worker}", "model_answers:app", *options, environ=WITHOUT_END) as server,
        streams(server, [("POST", "events", version)]) as (stream,),
    ):
        os.kill(server.worker_pid, how)
        with pytest.raises((TruncatedError, ConnectionResetError)):
            stream.whole()
        server.exchange("GET", "/text")  # a master does not hear the signals that come while it starts a worker


@needs_openssl
@pytest.mark.parametrize(("worker", "options"), WORKERS)
def test_over_tls_an_event_stream_ends_with_its_connection_and_without_an_alert(worker, options, tmp_path):
    tls = certificate(tmp_path)
    with (
        serve(f"gunicorn:{worker}", "model_answers:app", *options, *tls, "--keep-alive", "30") as server,
        secured(server.connect(), takes_any_end=True) as connection,
        secured(server.connect(), takes_any_end=True) as idle,
    ):
        idle.exchange("GET", "/text")
        stream = Stream(connection, "GET", "events")
        stream.receive_two()
        server.process.send_signal(signal.SIGHUP)
        assert b"".join(stream._pieces)
        assert connection.ends()
        if options[:2] == MODULE or worker == "gthread":
            assert idle.ends()
