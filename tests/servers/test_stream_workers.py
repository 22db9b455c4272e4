"""Event streams on workers that they block: pings go on, and the log says once which command avoids that."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import socket
import subprocess
import sys

import pytest
from servers.server_processes import APPS, KINDS, Log, Server, cases, serve
from servers.stream_clients import open_stream

PING = b": ping\n"
WARNING = re.compile(r"WARNING wsgiresp: an event stream blocks (.*) as long as it is open; serve it with: (.*)\n")
# Takes the socket of its first argument for the descriptor of its second, and becomes the command behind them.
INHERIT = "import os, sys; os.dup2(int(sys.argv[1]), int(sys.argv[2])); os.execvp(sys.argv[3], sys.argv[3:])"


@pytest.fixture
def server(server_name, served):
    return served(server_name, "streams:app")


@pytest.mark.parametrize("wait", ["moment", "blocked-moment"])
def test_pings_are_sent_while_the_source_waits(server, wait):
    body = server.exchange("GET", f"/waits/events/{wait}/heart-{wait}").body
    between = body.partition(b"first")[2].partition(b"last")[0]
    assert between.count(PING) >= 3


@pytest.mark.parametrize(
    ("name", "options"),
    [pytest.param("gunicorn:gthread", ["--threads", "2"], id="gthread"), pytest.param("waitress", [], id="waitress")],
)
def test_pings_are_sent_until_the_source_gets_what_it_blocks_for(name, options):
    with serve(name, "streams:app", *options) as server, server.connect() as connection:
        pieces = open_stream(connection, "/waits/events/plain-queue/heart")
        received = b""
        while received.count(PING) < 3:
            received += next(pieces)
        server.exchange("GET", "/put/heart")
        assert b"data: last" in b"".join(pieces)


@contextlib.contextmanager
def two_streams(name):
    """A server that has sent two event streams."""
    with serve(name, "streams:app") as server:
        for number in range(2):
            server.exchange("GET", f"/waits/events/moment/{number}")
        yield server


@pytest.mark.parametrize(
    ("server_name", "what"),
    [
        pytest.param("wsgiref", "the whole worker", id="wsgiref"),
        pytest.param("waitress", "one of the threads of this worker", id="waitress"),
    ],
)
def test_a_blocked_worker_is_logged_once_with_the_command_that_avoids_it(server_name, what):
    with two_streams(server_name) as server:
        assert WARNING.findall(server.stop()) == [(what, "gunicorn --worker-class gevent MODULE:APP")]


@pytest.mark.parametrize("server_name", cases("gunicorn:gevent", "gevent.pywsgi", "werkzeug"))
def test_a_server_that_no_stream_blocks_logs_no_warning(server_name):
    with two_streams(server_name) as server:
        assert WARNING.findall(server.stop()) == []


@contextlib.contextmanager
def started(command):
    """The server that a command line of the log starts, at another address."""
    descriptor = re.search(r"fd://(\d+)", command)[1]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = subprocess.Popen(
            [sys.executable, "-c", INHERIT, str(listener.fileno()), descriptor, *shlex.split(command)],
            cwd=APPS,
            env={
                **os.environ,
                "PATH": os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]]),
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[listener.fileno()],
            start_new_session=True,
        )
        server = Server(KINDS["gunicorn:gevent"], process, listener.getsockname(), Log(process.stdout))
    try:
        yield server
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("server_name", "what"),
    [
        pytest.param("gunicorn:sync", "the whole worker", id="sync"),
        pytest.param("gunicorn:gthread", "one of the threads of this worker", id="gthread"),
    ],
)
def test_a_server_started_by_the_logged_command_is_not_blocked(server_name, what):
    with two_streams(server_name) as server:
        [(blocked, command)] = WARNING.findall(server.stop())
    assert blocked == what
    with started(command) as cured, contextlib.ExitStack() as stack:
        # More at once than the one worker has threads.
        for number in range(10):
            open_stream(stack.enter_context(cured.connect()), f"/waits/events/sleep/cured-{number}")
        assert cured.exchange("GET", "/text").body == b"text\n"
        assert WARNING.findall(cured.log.text) == []
