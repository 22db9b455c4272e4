"""Streams over the wire of every server, whoever steps the source; their bytes are in ``test_matrix.py``."""

from __future__ import annotations

import pytest
from servers.expected_answers import Row
from servers.server_faults import answer_to


@pytest.fixture
def server(server_name, served):
    return served(server_name, "streams:app")


def test_a_stream_of_a_known_length_announces_it(server):
    answer = server.exchange("GET", "/length")
    assert (answer.status, answer.body) == (203, b"abcdef")
    assert (answer.values("Content-Length"), answer.values("Transfer-Encoding")) == (["6"], [])


def test_a_stream_without_content_sends_none(server, note_fault):
    row = Row("/no-content", 204, "No Content", [], b"", None)
    with server.connect() as connection:
        connection.request("GET", row.target, ("Connection", "close"))
        assert answer_to(connection, server.kind.name, row, note_fault).status == 204
        assert connection.ends()


@pytest.mark.parametrize("kind", ["events", "bytes"])
def test_head_starts_no_source(server, kind):
    assert server.exchange("HEAD", f"/waits/{kind}/sleep/head-{kind}").status == 200
    server.log.wait_for(f"after head-{kind} ")
    assert f"began head-{kind} " not in server.log.text


def test_the_preamble_is_sent_before_the_first_event(server):
    with server.connect() as connection:
        connection.request("GET", "/late/moment/late")
        received = b""
        for piece in connection.pieces(connection.head()):
            received += piece
            if len(received) >= len(b": open\n"):
                break
        assert received == b": open\n"


@pytest.mark.parametrize("wait", ["sleep", "async"])
def test_a_stream_ends_at_its_maximum_age_with_a_retry_field(server, wait):
    answer = server.exchange("GET", f"/aged/{wait}/aged-{wait}")
    # Up to a second is added by chance, lest all come back together.
    *_, last = answer.body.splitlines()
    name, _, retry = last.partition(b": ")
    assert name == b"retry"
    assert 100 <= int(retry) < 1100
    server.log.wait_for(f"closed aged-{wait} in aged-{wait} ")


def test_the_source_gets_the_id_that_the_client_saw_last(server):
    assert b"data: after 7\n" in server.exchange("GET", "/resumed", ("Last-Event-ID", "7")).body
