"""Streams through a real nginx with the configuration of docs/how-to/behind-nginx.md: what passes, and what ends."""

from __future__ import annotations

import pytest
from clients.external_programs import needs
from clients.nginx_proxy import nginx
from clients.test_nginx import configuration
from protocol import whatwg_event_parser as whatwg
from servers.http_client import Connection, TruncatedError
from servers.server_processes import cases, serve

pytestmark = needs("nginx")


@pytest.fixture(scope="module", params=cases("gunicorn:gevent", "gunicorn:gthread"))
def server(request):
    with serve(request.param, "events:app", "--threads", "8") as server:
        yield server


@pytest.fixture(scope="module")
def address(server, tmp_path_factory):
    with nginx(tmp_path_factory.mktemp("nginx"), configuration(server.address)) as address:
        yield address


def test_an_event_passes_before_the_next_is_made(address, mark):
    with Connection(address) as connection:
        connection.request("GET", f"/endless/{mark}")
        body = b""
        for piece in connection.pieces(connection.head()):
            body += piece
            if whatwg.parse(body):
                break
    assert whatwg.parse(body) == [("message", "one", "")]


def test_the_source_is_closed_when_the_client_of_nginx_leaves(server, address, mark):
    with Connection(address) as connection:
        connection.request("GET", f"/endless/{mark}")
        next(connection.pieces(connection.head()))
    assert server.log.wait_for(f"events: closed {mark}\n")


def test_a_stream_that_fails_is_a_broken_transfer(address, mark):
    with Connection(address) as connection, pytest.raises(TruncatedError):
        connection.exchange("GET", f"/fails/{mark}")


def test_a_stream_that_ends_is_whole(address):
    with Connection(address) as connection:
        answer = connection.exchange("GET", "/typed/")
    assert [kind for kind, *_ in whatwg.parse(answer.body)][-1] == "end"
