"""Every class over the wire of every server, in every version of HTTP that it speaks.

What is here of a class is what it is like in the ordinary case. Its other forms are in ``test_known_bodies.py``,
``test_files.py`` and ``test_streams.py``.
"""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Callable
from typing import NamedTuple

import gunicorn
import pytest
from servers.expected_answers import Row, app_fields, by_name, with_boundary
from servers.http_client import Answer, Connection
from servers.response_matrix import BOUNDARY, KEPT, ON_CONDITION, PARTS, ROWS, WAYS, name_of
from servers.server_faults import END_CHUNKS_OF_NO_BODY, KEEPS_NO_OLD_CLIENT, NO_END_FOR_OLD_CLIENTS, answer_to
from servers.server_processes import Server, cases, serve
from servers.tls import certificate, needs_openssl, secured, trusting

OF_THE_CHECKOUT = ("etag", "last-modified")  # of a file, whose time is that of the checkout
OVER_TLS = ("gunicorn:sync", "gunicorn:gthread", "gunicorn:gevent")
EVERY = (*ROWS, *PARTS, *ON_CONDITION)
words = map("word-{}".format, itertools.count())


class Endpoint(NamedTuple):
    """A running server, the way to connect to it, and the note of its known faults."""

    name: str
    server: Server
    connect: Callable[[], Connection]
    note: Callable[..., None]

    def ask(self, connection: Connection, row: Row, method: str = "GET", way: str = "HTTP/1.1") -> tuple[str, Answer]:
        """Return the word of a request for *row*, and its answer but for known faults."""
        word = next(words)
        version, fields = WAYS[way]
        connection.request(method, f"{row.target}/{word}", *row.asked, *fields, version=version)
        return word, with_boundary(answer_to(connection, self.name, row, self.note, method), BOUNDARY)

    def serve(self, connection: Connection, row: Row, way: str) -> Answer:
        """Return the answer to a request for *row*, which is the one that is due."""
        word, answer = self.ask(connection, row, way=way)
        assert (answer.status, answer.body) == (row.status, row.body)
        assert app_fields(answer, *OF_THE_CHECKOUT) == due(row, word)
        return answer


def each_row(*rows):
    """Parametrize a test with *rows*."""
    return pytest.mark.parametrize("row", rows, ids=name_of)


def secure_cases():
    return [pytest.param(f"{case.values[0]} over TLS", marks=[*case.marks, needs_openssl]) for case in cases(*OVER_TLS)]


@pytest.fixture(scope="module", params=[*cases(), *secure_cases()])
def opened(request, tmp_path_factory):
    """The name of a server, the server itself, and the way to connect to it."""
    name, _, tls = request.param.partition(" over ")
    options = certificate(tmp_path_factory.mktemp("tls")) if tls else []
    with serve(name, "matrix:app", *options) as server:

        def connect() -> Connection:
            # Gunicorn ends without a close_notify.
            return secured(server.connect(), takes_any_end=True) if tls else server.connect()

        yield request.param, server, connect


@pytest.fixture
def endpoint(opened, note_fault):
    return Endpoint(*opened, note_fault)


def goes_on(answer: Answer, way: str) -> bool:
    """Return whether the client may ask again: both said so, and the answer has an end (RFC 9112, 6.3 and 9.3)."""
    has_end = answer.status in (204, 304) or answer.values("Content-Length") or answer.values("Transfer-Encoding")
    if way == KEPT[0]:
        return bool(has_end and "keep-alive" in "".join(answer.values("Connection")).lower())
    return bool(has_end and way == KEPT[1] and answer.keeps_open)


def has_no_end(endpoint: Endpoint, row: Row, way: str) -> bool:
    """Return whether *endpoint* is known to leave an answer to *row* without an end."""
    return endpoint.name in NO_END_FOR_OLD_CLIENTS and row.length is None and row.status == 200 and way == KEPT[0]


def due(row: Row, word: str) -> list[tuple[str, str]]:
    """Return the fields of *row* with the cookie that *word* makes."""
    return by_name([*row.sent, ("set-cookie", f"word={word}; Path=/; SameSite=Lax")])


@pytest.mark.parametrize("way", ["HTTP/1.0", "HTTP/1.1"])
@each_row(*EVERY)
def test_a_class_is_answered_byte_for_byte(endpoint, row, way):
    with endpoint.connect() as connection:
        word, answer = endpoint.ask(connection, row, way=way)
    assert (answer.status, answer.reason) == (row.status, row.reason)
    assert app_fields(answer, *OF_THE_CHECKOUT) == due(row, word)
    assert answer.body == row.body


@each_row(*ROWS, *ON_CONDITION)
def test_head_has_the_fields_of_get_and_no_body(endpoint, row):
    with endpoint.connect() as connection:
        word, answer = endpoint.ask(connection, row, "HEAD", "HTTP/1.1, to be closed")
        assert (answer.status, answer.reason) == (row.status, row.reason)
        assert app_fields(answer, *OF_THE_CHECKOUT) == due(row, word)
        rest = connection.rest()
    fault = END_CHUNKS_OF_NO_BODY.get(endpoint.name)
    if fault and answer.values("Transfer-Encoding"):
        endpoint.note(fault, shows=rest == b"0\r\n\r\n")
        assert rest in (b"", b"0\r\n\r\n")
    else:
        assert rest == b""


@pytest.mark.parametrize("way", [*KEPT, "HTTP/1.1, to be closed"])
def test_one_connection_serves_all_classes_or_ends_where_it_says(endpoint, way):
    rows = [row for row in EVERY if not has_no_end(endpoint, row, way)]
    again = 0  # requests on a connection that had served another
    while rows:
        with endpoint.connect() as connection:
            answer = endpoint.serve(connection, rows.pop(0), way)
            while rows and endpoint.server.kind.keeps_alive and goes_on(answer, way):
                answer = endpoint.serve(connection, rows.pop(0), way)
                again += 1
            assert rows == [] or connection.ends()
    fault = KEEPS_NO_OLD_CLIENT.get(endpoint.name)
    if fault and way == KEPT[0]:
        endpoint.note(fault, shows=not again)
    else:
        assert bool(again) == (endpoint.server.kind.keeps_alive and way in KEPT)


@pytest.mark.parametrize("opened", cases(*NO_END_FOR_OLD_CLIENTS), indirect=True)
@each_row(*(row for row in ROWS if row.length is None and row.status == 200))
def test_a_stream_has_an_end_for_a_client_that_would_keep_the_connection(endpoint, row):
    word = next(words)
    version, fields = WAYS[KEPT[0]]
    with endpoint.connect() as connection:
        connection.request("GET", f"{row.target}/{word}", *fields, version=version)
        head = connection.head()
        pieces = connection.pieces(head)
        body = b""
        while len(body) < len(row.body):
            body += next(pieces)
        # Then the connection is left: to see that no end comes takes as long as the client has patience.
        has_no_framing = head.keeps_open and not head.values("Transfer-Encoding")
        endpoint.note(NO_END_FOR_OLD_CLIENTS[endpoint.name], shows=has_no_framing)
    assert (app_fields(head), body) == (due(row, word), row.body)


@each_row(*EVERY)
def test_the_task_of_a_class_runs_once(endpoint, row):
    with endpoint.connect() as connection:
        word, _ = endpoint.ask(connection, row, way="HTTP/1.1, to be closed")
    endpoint.server.log.wait_for(f"matrix: done {word}\n")
    assert endpoint.server.log.text.count(f"matrix: done {word}\n") == 1


@pytest.fixture(scope="module", params=cases("gunicorn:gthread", "gunicorn:gevent"))
def second_version(request, tmp_path_factory):
    """A client of a server that speaks HTTP/2 with it; all requests go over one connection."""
    httpx = pytest.importorskip("httpx")
    options = [*certificate(tmp_path_factory.mktemp("tls")), "--http-protocols", "h2,h1"]
    with serve(request.param, "matrix:app", *options) as server:
        address = "https://{}:{}".format(*server.address)
        with httpx.Client(http2=True, verify=trusting(), base_url=address, timeout=15) as client:
            yield client


@needs_openssl
@pytest.mark.skipif(gunicorn.version_info < (25,), reason="gunicorn speaks no HTTP/2 before its version 25")
@pytest.mark.skipif(importlib.util.find_spec("h2") is None, reason="h2 is not installed")
@pytest.mark.parametrize(
    ("method", "row"),
    [
        *(pytest.param("GET", row, id=f"GET {name_of(row)}") for row in EVERY),
        *(pytest.param("HEAD", row, id=f"HEAD {name_of(row)}") for row in (*ROWS, *ON_CONDITION)),
    ],
)
def test_a_class_is_answered_over_http_2(second_version, method, row):
    word = next(words)
    got = second_version.request(method, f"{row.target}/{word}", headers=row.asked)
    fields = tuple((name.decode(), value.decode("latin-1")) for name, value in got.headers.raw)
    answer = with_boundary(Answer(got.http_version, got.status_code, got.reason_phrase, fields, got.content), BOUNDARY)
    assert (answer.version, answer.status) == ("HTTP/2", row.status)
    assert app_fields(answer, *OF_THE_CHECKOUT) == due(row, word)
    assert answer.body == (row.body if method == "GET" else b"")
