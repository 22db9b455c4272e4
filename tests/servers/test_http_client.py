"""The HTTP client of these tests accepts what RFC 9112 allows and nothing else."""

from __future__ import annotations

import contextlib
import socket

import pytest
from servers.http_client import Connection, MalformedError, TruncatedError


@contextlib.contextmanager
def answered_by(data):
    """A connection whose server has sent *data* and closed."""
    with socket.create_server(("127.0.0.1", 0)) as listener, Connection(listener.getsockname()) as connection:
        server, _ = listener.accept()
        with server:
            server.sendall(data)
            server.shutdown(socket.SHUT_WR)
            yield connection


@pytest.mark.parametrize(
    ("data", "body"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", b"ab", id="a length"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1;x=y\r\nb\r\n0\r\n\r\n",
            b"ab",
            id="chunks",
        ),
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\nab", b"ab", id="the end of the connection"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", b"", id="no content"),
        pytest.param(b"HTTP/1.1 304 \r\nContent-Length: 5\r\n\r\n", b"", id="a 304 may announce what a 200 would have"),
    ],
)
def test_a_body_ends_where_its_framing_says(data, body):
    with answered_by(data) as connection:
        assert connection.answer().body == body
        assert connection.ends()


def test_an_answer_to_head_has_no_body_whatever_it_announces():
    with answered_by(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n") as connection:
        assert connection.answer("HEAD").body == b""
        assert connection.ends()


def test_two_answers_on_one_connection_are_separated():
    with answered_by(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na" * 2) as connection:
        assert [connection.answer().body, connection.answer().body] == [b"a", b"a"]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"HTTP/2 200 OK\r\n\r\n", id="another version"),
        pytest.param(b"HTTP/1.1 20 OK\r\n\r\n", id="a status of two digits"),
        pytest.param(b"HTTP/1.1 200\r\n\r\n", id="no blank behind the status"),
        pytest.param(b"HTTP/1.1 200 OK\n\n", id="bare line feeds"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX : y\r\n\r\n", id="a blank before the colon"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n", id="a folded field"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: y\rz\r\n\r\n", id="a carriage return in a value"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na", id="a signed length"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", id="two lengths"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            id="a length and chunks",
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", id="a coding that nobody asked for"),
        pytest.param(b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", id="chunks in HTTP/1.0"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n", id="a size that is no hex"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", id="a chunk that is too long"
        ),
        pytest.param(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", id="a 204 with a length"),
        pytest.param(b"HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n", id="a 100 in chunks"),
    ],
)
def test_what_two_clients_could_take_differently_is_refused(data):
    with answered_by(data) as connection, pytest.raises(MalformedError):
        connection.answer()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: y\r\n", id="half a head"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", id="less than the length"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", id="no last chunk"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\na", id="half a chunk"),
    ],
)
def test_a_part_is_not_taken_for_the_whole(data):
    with answered_by(data) as connection, pytest.raises(TruncatedError):
        connection.answer()


def test_bytes_behind_the_last_answer_are_seen():
    with answered_by(b"HTTP/1.1 204 No Content\r\n\r\nstray") as connection:
        connection.answer()
        with pytest.raises(MalformedError, match="stray"):
            connection.ends()


@pytest.mark.parametrize(
    ("head", "keeps_open"),
    [
        pytest.param(b"HTTP/1.1 204 .\r\n\r\n", True, id="HTTP/1.1"),
        pytest.param(b"HTTP/1.1 204 .\r\nConnection: x, Close\r\n\r\n", False, id="HTTP/1.1 that says close"),
        pytest.param(b"HTTP/1.0 204 .\r\n\r\n", False, id="HTTP/1.0"),
        pytest.param(b"HTTP/1.0 204 .\r\nConnection: keep-alive\r\n\r\n", True, id="HTTP/1.0 that says keep-alive"),
    ],
)
def test_a_server_says_whether_it_keeps_the_connection(head, keeps_open):
    with answered_by(head) as connection:
        assert connection.answer().keeps_open is keeps_open
