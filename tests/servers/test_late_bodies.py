"""Async views and sources read bodies that arrive after the head, in parts, on every kind of worker."""

from __future__ import annotations

import hashlib
import itertools
import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from servers.server_processes import cases, serve

GAP = 0.05  # s between the two parts of a body
POSTS = 240
CLIENTS = 16
SIZES = (1024, 1024 * 1024)
OPTIONS = {
    "gunicorn:gevent": ("--graceful-timeout", "3"),
    "gunicorn:gthread": ("--threads", "8", "--graceful-timeout", "3"),
    "gunicorn:sync": ("--workers", "2", "--graceful-timeout", "3"),
}
SERVERS = cases("gunicorn:gevent", "gunicorn:gthread", "gunicorn:sync", "waitress")
TARGETS = [
    *(f"/{framework}/{place}/{kind}" for framework in ("flask", "django") for place in ("view", "source")
      for kind in ("json", "form", "files", "raw")),
    *(f"/flask/{place}/{kind}" for place in ("thread", "child", "sync-view-source") for kind in ("json", "raw")),
    "/plain/source/raw",
]  # fmt: skip
PAUSE = threading.Event()  # never set


def content_of(size):
    return hashlib.sha256(str(size).encode()).hexdigest().encode() * (size // 64)


def body_of(kind, content):
    if kind == "json":
        return "application/json", json.dumps({"content": content.decode()}).encode()
    if kind == "form":
        return "application/x-www-form-urlencoded", b"content=" + content
    if kind == "files":
        head = b'--part\r\nContent-Disposition: form-data; name="content"; filename="a.bin"\r\n\r\n'
        return "multipart/form-data; boundary=part", head + content + b"\r\n--part--\r\n"
    return "application/octet-stream", content


def post(server, target, size, is_chunked=False):
    """Return the status of the answer, or the status and the body where that is not right."""
    content = content_of(size)
    kind, body = body_of(target.rsplit("/", 1)[1], content)
    framing = "Transfer-Encoding: chunked" if is_chunked else f"Content-Length: {len(body)}"
    half = len(body) // 2
    parts = [body[:half], body[half:]]
    if is_chunked:
        parts = [b"%x\r\n%b\r\n" % (len(part), part) for part in parts]
        parts[1] += b"0\r\n\r\n"
    with server.connect() as client:
        client.send(
            f"POST {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: {kind}\r\n"
            f"{framing}\r\n\r\n".encode()
            + parts[0]
        )
        PAUSE.wait(GAP)
        client.send(parts[1])
        answer = client.answer("POST")
    is_right = answer.body == hashlib.sha256(content).hexdigest().encode()
    return answer.status if is_right else (answer.status, answer.body[:200])


@pytest.mark.parametrize("name", SERVERS)
def test_bodies_that_arrive_late_are_read_by_async_views_and_sources(name):
    cases_of_all = itertools.islice(itertools.cycle(itertools.product(TARGETS, SIZES)), POSTS)
    with serve(name, "late_bodies:app", *OPTIONS.get(name, ())) as server, ThreadPoolExecutor(CLIENTS) as clients:
        answers = list(clients.map(lambda case: (case[0], post(server, *case)), cases_of_all))
    assert Counter(status for _, status in answers) == {200: POSTS}, [case for case in answers if case[1] != 200][:5]


@pytest.mark.parametrize("name", SERVERS)
def test_a_chunked_body_that_arrives_late_is_read_by_an_async_view(name):
    with serve(name, "late_bodies:app", *OPTIONS.get(name, ())) as server:
        assert [post(server, f"/flask/{place}/raw", 1024 * 1024, True) for place in ("view", "source")] == [200, 200]


@pytest.mark.parametrize("name", cases("gunicorn:gevent", "gunicorn:gthread"))
def test_a_view_that_waits_for_its_body_holds_up_no_other_stream(name):
    with (
        serve(name, "late_bodies:app", *OPTIONS.get(name, ())) as server,
        server.connect() as slow,
        server.connect() as other,
    ):
        other.request("GET", "/flask/ticks")
        ticks = other.pieces(other.head())
        slow.send(b"POST /flask/view/raw HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhello")
        seen = b""
        while b"data: 40\n" not in seen:  # 2 s
            seen += next(ticks)
        slow.send(b"world")
        assert slow.answer("POST").body == hashlib.sha256(b"helloworld").hexdigest().encode()


@pytest.mark.parametrize("name", cases("gunicorn:gevent", "gunicorn:gthread"))
def test_a_view_that_gives_up_its_body_answers_at_once_and_the_connection_ends(name):
    with serve(name, "late_bodies:app", *OPTIONS.get(name, ())) as server, server.connect() as slow:
        slow.send(b"POST /flask/timeout HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhello")
        assert slow.answer("POST").status == 408
        assert slow.ends()


@pytest.mark.parametrize("name", cases("gunicorn:gevent", "gunicorn:gthread", "gunicorn:sync"))
def test_a_client_that_leaves_while_its_body_is_read_ends_the_read_of_the_view(name):
    with serve(name, "late_bodies:app", "--graceful-timeout", "3") as server:
        with server.connect() as leaving:
            leaving.send(b"POST /flask/lost HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhello")
            server.log.wait_for("the view begins")
        # gunicorn reports the end of the connection as the end of the body, and a reset as an error, as to any view.
        server.log.wait_for("the view (has 5 bytes|got [A-Za-z]+)")
