"""Files of /proc, whose size is not their length, over the wire of every server."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from servers.server_processes import serve

SHORT = "/proc/version"
LONG = "/proc/kallsyms"  # more than the buffers of both sockets, in reads of a page


@pytest.fixture(scope="module")
def server(server_name):
    if not os.access(SHORT, os.R_OK):
        pytest.skip("this system has no /proc")
    with serve(server_name, "files:app", environ={"FILES": "/proc"}) as running:
        yield running


@pytest.mark.parametrize("path", [SHORT, LONG])
def test_the_whole_file_arrives(server, path):
    if not os.access(path, os.R_OK):
        pytest.skip(f"this system has no {path}")
    answer = server.exchange("GET", f"/plain/{Path(path).name}", ("Range", "bytes=0-3"))
    assert (answer.status, answer.values("Content-Length"), answer.values("ETag")) == (200, [], [])
    # Addresses may be hidden from one process and shown to another, lines are not.
    assert answer.body.count(b"\n") == Path(path).read_bytes().count(b"\n")


def test_a_client_of_http_1_0_gets_it_until_the_end_of_the_connection(server):
    with server.connect() as connection:
        connection.request("GET", f"/plain/{Path(SHORT).name}", version="HTTP/1.0")
        answer = connection.answer()
        assert (answer.status, answer.body) == (200, Path(SHORT).read_bytes())
        assert connection.ends()


def test_an_answer_to_head_has_no_body_and_the_connection_goes_on(server):
    with server.connect() as connection:
        answer = connection.exchange("HEAD", f"/plain/{Path(SHORT).name}")
        assert (answer.status, answer.body) == (200, b"")
        if server.kind.keeps_alive and answer.keeps_open:
            assert connection.exchange("GET", f"/plain/{Path(SHORT).name}").body == Path(SHORT).read_bytes()
