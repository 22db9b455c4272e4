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
from servers.rows import (
    CHUNKS,
    CSV,
    DOCUMENT,
    EVENT_STREAM,
    EVENTS,
    FILE,
    JSON,
    JSON_LINES,
    LINES,
    OCTETS,
    TEXT,
    Row,
    by_name,
    told,
    with_boundary,
)
from servers.serving import Server, cases, serve
from servers.tls import certificate, needs_openssl, secured, trusting
from servers.wire import Answer, Connection

OF_THE_CHECKOUT = ("etag", "last-modified")  # of a file, whose time is that of the checkout
BOUNDARY = "0123456789abcdef" * 2
SAVED = [("accept-ranges", "bytes"), ("content-disposition", 'attachment; filename="wetter.csv"')]
LIVE = [("cache-control", "no-cache, no-transform"), ("x-accel-buffering", "no")]
OK, PART = (200, "OK"), (206, "Partial Content")


def part(first, last):
    """The head of a part of the file, and its bytes."""
    fields = f"Content-Type: {CSV[1]}\r\nContent-Range: bytes {first}-{last}/{len(FILE)}\r\n\r\n"
    return f"--{BOUNDARY}\r\n{fields}".encode() + FILE[first : last + 1] + b"\r\n"


def of_bytes(value):
    return ("content-range", f"bytes {value}/{len(FILE)}")


ROWS = [
    Row("/str", *OK, [TEXT], "Grüße\n".encode()),
    Row("/bytes", *OK, [OCTETS], b"\x00\xff\r\n"),
    Row("/text", *OK, [TEXT], "Grüße\n".encode()),
    Row("/html", *OK, [("content-type", "text/html; charset=utf-8")], "<h1>ü</h1>".encode()),
    Row("/json", *OK, [JSON], DOCUMENT),
    Row("/orjson", *OK, [JSON], DOCUMENT),
    Row("/ujson", *OK, [JSON], DOCUMENT),
    Row("/redirect", 307, "Temporary Redirect", [TEXT, ("location", "/a%20b/%C3%BC?q=1")], b""),
    Row("/no-content", 204, "No Content", [], b"", None),
    Row("/file", *OK, [CSV, *SAVED], FILE),
    Row("/file-object", *OK, [("content-type", "image/png"), SAVED[0]], FILE),
    Row("/chunks", *OK, [OCTETS], CHUNKS, None),
    Row("/async-chunks", *OK, [OCTETS], CHUNKS, None),
    Row("/stream-of-a-file", *OK, [CSV], b"0123456789abcdef" * 16384, None),
    Row("/empty-stream", *OK, [OCTETS], b"", None),
    Row("/lines", *OK, [JSON_LINES], LINES, None),
    Row("/async-lines", *OK, [JSON_LINES], LINES, None),
    Row("/events", *OK, [EVENT_STREAM, *LIVE], EVENTS, None),
    Row("/async-events", *OK, [EVENT_STREAM, *LIVE], EVENTS, None),
]
PARTS = [
    Row("/file", *PART, [CSV, *SAVED, of_bytes("0-9")], FILE[:10], asked=(("Range", "bytes=0-9"),)),
    Row("/file", *PART, [CSV, *SAVED, of_bytes("35400-35419")], FILE[-20:], asked=(("Range", "bytes=-20"),)),
    Row(
        "/file",
        *PART,
        [("content-type", f"multipart/byteranges; boundary={BOUNDARY}"), *SAVED],
        part(0, 9) + part(100, 20000) + f"--{BOUNDARY}--\r\n".encode(),
        asked=(("Range", "bytes=0-9,100-20000"),),
    ),
    Row(
        "/file-object",
        *PART,
        [("content-type", "image/png"), SAVED[0], of_bytes("5-9")],
        FILE[5:10],
        asked=(("Range", "bytes=5-9"),),
    ),
    Row("/file", 416, "Range Not Satisfiable", [TEXT, of_bytes("*")], b"", asked=(("Range", "bytes=99999-"),)),
]
UNCHANGED = [
    Row("/file", 304, "Not Modified", [], b"", None, (("If-None-Match", "*"),)),
    Row("/file", 412, "Precondition Failed", [TEXT], b"", asked=(("If-Match", '"other"'),)),
]
OVER_TLS = ("gunicorn:sync", "gunicorn:gthread", "gunicorn:gevent")
WAYS = {
    "HTTP/1.0": ("HTTP/1.0", ()),
    "HTTP/1.0, to be kept": ("HTTP/1.0", (("Connection", "keep-alive"),)),
    "HTTP/1.1": ("HTTP/1.1", ()),
    "HTTP/1.1, to be closed": ("HTTP/1.1", (("Connection", "close"),)),
}
KEPT = ("HTTP/1.0, to be kept", "HTTP/1.1")
words = map("word-{}".format, itertools.count())


class Difference(NamedTuple):
    """What a server does otherwise, whatever the app says; *meets* tells to which row, method and way."""

    server: str
    reason: str
    meets: Callable[[Row, str, str], bool]


DIFFERENCES = [
    Difference(
        "wsgiref",
        "says Content-Length: 0 where nothing was written",
        lambda row, method, way: row.length is None and (method == "HEAD" or row.body == b""),
    ),
    Difference(
        "gevent.pywsgi",
        "keeps the connection of a client of HTTP/1.0 open, whose stream has no other end",
        lambda row, method, way: row.length is None and row.status == 200 and way == KEPT[0],
    ),
]
# These end the chunks of an answer to HEAD, which has none.
END_CHUNKS_OF_NO_BODY = {"gevent.pywsgi", "waitress"}
# Cheroot says nothing of it to a client of HTTP/1.0, for whom that is a no.
KEEPS_NO_OLD_CLIENT = {"cheroot"}


class Door(NamedTuple):
    """A running server, and how one comes to it."""

    name: str
    server: Server
    connect: Callable[[], Connection]


def name_of(row):
    """What *row* asks for."""
    return " ".join([row.target, *(value for _, value in row.asked)])


def each_row(*rows):
    """Parametrize a test with *rows*."""
    return pytest.mark.parametrize("row", rows, ids=name_of)


def secure_cases():
    return [pytest.param(f"{case.values[0]} over TLS", marks=[*case.marks, needs_openssl]) for case in cases(*OVER_TLS)]


@pytest.fixture(scope="module", params=[*cases(), *secure_cases()])
def door(request, tmp_path_factory):
    name, _, tls = request.param.partition(" over ")
    options = certificate(tmp_path_factory.mktemp("tls")) if tls else []
    with serve(name, "matrix:app", *options) as server:
        yield Door(
            request.param, server, (lambda: secured(server.connect(), takes_any_end=True)) if tls else server.connect
        )


def asked(connection: Connection, row: Row, method: str = "GET", way: str = "HTTP/1.1") -> tuple[str, Answer]:
    """Return the word of a request for *row*, and its answer."""
    word = next(words)
    version, fields = WAYS[way]
    connection.request(method, f"{row.target}/{word}", *row.asked, *fields, version=version)
    return word, with_boundary(connection.answer(method), BOUNDARY)


def served(connection: Connection, row: Row, way: str) -> Answer:
    """Return the answer to a request for *row*, which is the one that is due."""
    word, answer = asked(connection, row, way=way)
    assert (answer.status, told(answer, *OF_THE_CHECKOUT), answer.body) == (row.status, due(row, word), row.body)
    return answer


def goes_on(answer: Answer, way: str) -> bool:
    """Return whether the client may ask again: both said so, and the answer has an end (RFC 9112, 6.3 and 9.3)."""
    has_end = answer.status in (204, 304) or answer.values("Content-Length") or answer.values("Transfer-Encoding")
    if way == KEPT[0]:
        return bool(has_end and "keep-alive" in "".join(answer.values("Connection")).lower())
    return bool(has_end and way == KEPT[1] and answer.keeps_open)


def differences(server: str, row: Row, method: str = "GET", way: str = "HTTP/1.1") -> list[str]:
    """Return what *server* does otherwise when it answers *row*."""
    return [known.reason for known in DIFFERENCES if known.server == server and known.meets(row, method, way)]


def may_fail(request, *what):
    """Let a test fail for what its server does otherwise."""
    for reason in differences(*what):
        request.applymarker(pytest.mark.xfail(reason=reason, strict=False))


def due(row: Row, word: str) -> list[tuple[str, str]]:
    """Return the fields of *row* with the cookie that *word* makes."""
    return by_name([*row.sent, ("set-cookie", f"word={word}; Path=/; SameSite=Lax")])


@pytest.mark.parametrize("way", ["HTTP/1.0", "HTTP/1.1"])
@each_row(*ROWS, *PARTS, *UNCHANGED)
def test_a_class_is_answered_byte_for_byte(door, row, way, request):
    may_fail(request, door.name, row, "GET", way)
    with door.connect() as connection:
        word, answer = asked(connection, row, way=way)
    assert (answer.status, answer.reason) == (row.status, row.reason)
    assert told(answer, *OF_THE_CHECKOUT) == due(row, word)
    assert answer.body == row.body


@each_row(*ROWS, *UNCHANGED)
def test_head_has_the_fields_of_get_and_no_body(door, row, request):
    may_fail(request, door.name, row, "HEAD")
    with door.connect() as connection:
        word, answer = asked(connection, row, "HEAD", "HTTP/1.1, to be closed")
        assert (answer.status, answer.reason) == (row.status, row.reason)
        assert told(answer, *OF_THE_CHECKOUT) == due(row, word)
        rest = connection.rest()
    assert rest == b"" or (rest == b"0\r\n\r\n" and door.name in END_CHUNKS_OF_NO_BODY)


@pytest.mark.parametrize("way", [*KEPT, "HTTP/1.1, to be closed"])
def test_one_connection_serves_all_classes_or_ends_where_it_says(door, way):
    rows = [row for row in (*ROWS, *PARTS, *UNCHANGED) if not differences(door.name, row, way=way)]
    again = 0  # requests on a connection that had served another
    while rows:
        with door.connect() as connection:
            answer = served(connection, rows.pop(0), way)
            while rows and door.server.kind.keeps_alive and goes_on(answer, way):
                answer = served(connection, rows.pop(0), way)
                again += 1
            assert rows == [] or connection.ends()
    is_kept = door.server.kind.keeps_alive and way in KEPT[door.name in KEEPS_NO_OLD_CLIENT :]
    assert bool(again) == is_kept


@each_row(*ROWS, *PARTS, *UNCHANGED)
def test_the_task_of_a_class_runs_once(door, row, request):
    may_fail(request, door.name, row)
    with door.connect() as connection:
        word, _ = asked(connection, row, way="HTTP/1.1, to be closed")
    door.server.log.wait_for(f"matrix: done {word}\n")
    assert door.server.log.text.count(f"matrix: done {word}\n") == 1


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
        *(pytest.param("GET", row, id=f"GET {name_of(row)}") for row in (*ROWS, *PARTS, *UNCHANGED)),
        *(pytest.param("HEAD", row, id=f"HEAD {name_of(row)}") for row in (*ROWS, *UNCHANGED)),
    ],
)
def test_a_class_is_answered_over_http_2(second_version, method, row):
    word = next(words)
    got = second_version.request(method, f"{row.target}/{word}", headers=row.asked)
    fields = tuple((name.decode(), value.decode("latin-1")) for name, value in got.headers.raw)
    answer = with_boundary(Answer(got.http_version, got.status_code, got.reason_phrase, fields, got.content), BOUNDARY)
    assert (answer.version, answer.status) == ("HTTP/2", row.status)
    assert told(answer, *OF_THE_CHECKOUT) == due(row, word)
    assert answer.body == (row.body if method == "GET" else b"")
