"""Servers that are measured."""

from __future__ import annotations

import os
import sys

import pytest

from benchmarks.harness.servers import running

SERVE = """\
import http.server, socket, sys
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler, False)
server.socket.close()
server.socket = socket.socket(fileno=int(sys.argv[1]))
server.server_activate()
server.serve_forever()
"""


def serving(listener):
    return [sys.executable, "-c", SERVE, str(listener.fileno())]


def ending(listener):
    return [sys.executable, "-c", ""]


def fault(server):
    status = server.answer("/LICENSE").status
    return None if status == 200 else f"status {status}"


def test_servers_that_answer_right_are_there():
    skipped = []
    with running({"right": serving}, fault, skipped.append) as servers:
        assert (list(servers), skipped) == (["right"], [])


@pytest.mark.parametrize(
    ("command", "fault", "reason"),
    [
        pytest.param(ending, fault, "TimeoutError: no answer", id="one that does not start"),
        pytest.param(serving, lambda server: "status 404", "status 404", id="one whose answer is wrong"),
    ],
)
def test_a_server_that_cannot_be_measured_is_left_out_and_named(command, fault, reason):
    skipped = []
    with running({"wrong": command}, fault, skipped.append) as servers:
        assert servers == {}
    assert skipped[0].startswith(f"wrong: {reason}")


def test_the_cpus_are_given_back():
    before = os.sched_getaffinity(0)
    with running({}, fault, [].append):
        pass
    assert os.sched_getaffinity(0) == before
