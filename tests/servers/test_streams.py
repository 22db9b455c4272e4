"""Streams over the wire of every server: the same bytes, whoever steps the source."""

from __future__ import annotations

import pytest

LINES = '{"price":1.10,"day":"2024-02-29"}\n"Grüße"\nnull\n'.encode()
CHUNKS = "Grüße\n".encode() + b"\x00\xff\r\n" + b"0123456789abcdef" * 16384
EVENTS = (
    b": open\nretry: 3000\n"
    b"data: plain\ndata: text\n\n"
    b'event: price\nid: 1\ndata: {"price":1.10}\n\n'
    b": one\n: two\n" + "id: ü\nretry: 10\ndata: Grüße\n\n".encode() + b"data: [1,null]\n\n"
)
OCTETS = "application/octet-stream"
JSON_LINES = "application/jsonl"
EVENT_STREAM = "text/event-stream; charset=utf-8"
ROWS = [
    pytest.param("/chunks", 200, OCTETS, CHUNKS, id="chunks"),
    pytest.param("/async-chunks", 200, OCTETS, CHUNKS, id="async chunks"),
    pytest.param("/file", 200, "text/csv; charset=utf-8", b"0123456789abcdef" * 16384, id="a file object"),
    pytest.param("/length", 203, OCTETS, b"abcdef", id="with a length"),
    pytest.param("/empty", 200, OCTETS, b"", id="no chunk at all"),
    pytest.param("/lines", 200, JSON_LINES, LINES, id="JSON lines"),
    pytest.param("/async-lines", 200, JSON_LINES, LINES, id="async JSON lines"),
    pytest.param("/events", 200, EVENT_STREAM, EVENTS, id="events"),
    pytest.param("/async-events", 200, EVENT_STREAM, EVENTS, id="async events"),
]
# These end the chunks of an answer to HEAD, which has none, whatever the app says.
END_CHUNKS_OF_NO_BODY = {"gevent.pywsgi", "waitress"}


@pytest.fixture
def server(server_name, served):
    return served(server_name, "streams:app")


@pytest.mark.parametrize(("target", "status", "content_type", "body"), ROWS)
def test_a_stream_is_the_same_bytes_on_every_server(server, target, status, content_type, body):
    answer = server.exchange("GET", target)
    assert (answer.status, answer.values("Content-Type"), answer.body) == (status, [content_type], body)


@pytest.mark.parametrize(("target", "status", "content_type", "body"), ROWS)
def test_head_of_a_stream_has_the_fields_of_get_and_no_body(server, target, status, content_type, body):
    with server.connect() as connection:
        answer = connection.exchange("HEAD", target, ("Connection", "close"))
        assert (answer.status, answer.values("Content-Type"), answer.body) == (status, [content_type], b"")
        rest = connection.rest()
    assert rest == b"" or (rest == b"0\r\n\r\n" and server.kind.name in END_CHUNKS_OF_NO_BODY)


def test_a_stream_of_a_known_length_announces_it(server):
    answer = server.exchange("GET", "/length")
    assert (answer.values("Content-Length"), answer.values("Transfer-Encoding")) == (["6"], [])


def test_a_stream_without_content_sends_none(server, request):
    if server.kind.name == "wsgiref":
        request.applymarker(pytest.mark.xfail(reason="wsgiref says Content-Length: 0 of a 204", strict=False))
    with server.connect() as connection:
        assert connection.exchange("GET", "/no-content", ("Connection", "close")).status == 204
        assert connection.ends()


@pytest.mark.parametrize("kind", ["events", "bytes"])
def test_head_starts_no_source(server, kind):
    assert server.exchange("HEAD", f"/waits/{kind}/sleep/head-{kind}").status == 200
    server.log.wait_for(f"after head-{kind} ")
    assert f"began head-{kind} " not in server.log.text


def test_a_client_is_told_that_it_is_connected_before_there_is_an_event(server):
    with server.connect() as connection:
        connection.request("GET", "/late/moment/late")
        received = b""
        for piece in connection.pieces(connection.head()):
            received += piece
            if len(received) >= len(b": open\n"):
                break
        assert received == b": open\n"


@pytest.mark.parametrize("wait", ["sleep", "async"])
def test_a_stream_that_is_old_ends_in_order_with_the_time_of_return(server, wait):
    answer = server.exchange("GET", f"/aged/{wait}/aged-{wait}")
    # Up to a second is added by chance, lest all come back together.
    *_, last = answer.body.splitlines()
    name, _, retry = last.partition(b": ")
    assert name == b"retry"
    assert 100 <= int(retry) < 1100
    server.log.wait_for(f"closed aged-{wait} in aged-{wait} ")


def test_the_source_gets_the_id_that_the_client_saw_last(server):
    assert b"data: after 7\n" in server.exchange("GET", "/resumed", ("Last-Event-ID", "7")).body
