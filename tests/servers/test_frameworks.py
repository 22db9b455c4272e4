"""What Flask and Django do alike over the wire of their servers: files, streams and tasks through a view of each."""

from __future__ import annotations

import socket

import pytest
from servers.framework_views import DATA, pairs, serve_views
from servers.http_client import TruncatedError

A_FILE = pytest.mark.parametrize(
    ("fields", "status", "body"),
    [
        pytest.param((), 200, DATA, id="whole"),
        pytest.param((("Range", "bytes=10-99"), ("Accept-Encoding", "gzip")), 206, DATA[10:100], id="a part"),
        pytest.param((("Range", "bytes=9999999-"),), 416, b"", id="no part"),
        pytest.param((("If-None-Match", "*"),), 304, b"", id="not modified"),
        pytest.param((("If-Match", '"x"'),), 412, b"", id="a condition that fails"),
    ],
)


@pytest.fixture(params=pairs())
def pair(request):
    """A framework, and one of its servers."""
    return request.param


@pytest.fixture
def server(pair, views):
    return views(*pair)


def on(*servers):
    """Have a test run on these servers alone."""
    return pytest.mark.parametrize("pair", pairs(*servers))


@pytest.fixture
def wait_for_task(pair, server):
    """Return ``wait_for_task(word)``, which returns once the task of that word is done."""
    return lambda word: server.log.wait_for(f"done {word} {pair[0].done}\n")


@A_FILE
def test_a_file_is_answered_and_the_framework_has_seen_how(server, fields, status, body):
    answer = server.exchange("GET", "/plain/data.bin", *fields)
    assert (answer.status, answer.body, answer.values("X-Hook")) == (status, body, [str(status)])


@on("gunicorn:gevent", "gunicorn:gthread")
@A_FILE
def test_a_connection_serves_on_after_a_file(server, fields, status, body):
    with server.connect() as connection:
        answer = connection.exchange("GET", "/plain/data.bin", *fields)
        assert (answer.status, answer.body) == (status, body)
        assert connection.exchange("GET", "/open").status == 200


def test_head_has_the_length_and_no_body(server):
    answer = server.exchange("HEAD", "/plain/data.bin")
    assert (answer.values("Content-Length"), answer.body) == ([str(len(DATA))], b"")


@on("gunicorn:gevent", "gunicorn:gthread", "runserver")
@pytest.mark.parametrize("fields", [(), (("Range", "bytes=1000-900000"),)], ids=["whole", "a part"])
def test_the_server_gets_its_own_file_wrapper(server, fields):
    assert server.exchange("GET", "/plain/data.bin", *fields).values("X-Body") == ["FileWrapper"]


def test_two_parts_come_in_one_answer(server):
    answer = server.exchange("GET", "/plain/data.bin", ("Range", "bytes=0-1,900000-900009"))
    assert (answer.status, DATA[900000:900010] in answer.body) == (206, True)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_file_is_gone_once_it_was_sent(server, large, method):
    server.exchange(method, f"/deleted/{large.name}")
    assert not large.exists()


def test_a_download_that_is_left_runs_its_task_once(server, large, word, wait_for_task):
    with server.connect() as connection:
        connection.request("GET", f"/task/{large.name}/{word}")
        connection.head()
        connection.reset()
    wait_for_task(word)
    assert server.log.text.count(f"done {word} ") == 1


def test_an_error_before_the_first_chunk_is_an_answer(server):
    answer = server.exchange("GET", "/early-error")
    assert (answer.status, answer.body) == (409, b'{"detail":"early"}')


# The streams of Django's own server end with the connection, so no client can tell a part from the whole.
@on("gunicorn:gevent", "gunicorn:gthread", "uvicorn")
def test_an_error_after_the_first_chunk_is_a_broken_transfer(server):
    with server.connect() as connection:
        connection.request("GET", "/late-error")
        head = connection.head()
        with pytest.raises(TruncatedError):
            list(connection.pieces(head))


def test_what_was_injected_is_sent(server, word, wait_for_task):
    answer = server.exchange("GET", f"/injected/{word}")
    # Django's handler for WSGI has a blank before each cookie, which is no part of the value (RFC 9110, 5.5).
    assert (answer.status, [text.strip() for text in answer.values("Set-Cookie")]) == (
        201,
        [f"word={word}; Path=/; SameSite=Lax"],
    )
    wait_for_task(word)


def test_four_async_views_answer_at_once(server):
    connections = [server.connect() for _ in range(4)]
    for connection in connections:
        connection.request("GET", "/together", ("Connection", "close"))
    assert [connection.answer().status for connection in connections] == [200] * 4
    for connection in connections:
        connection.close()


# In a thread, tasks are run before the next request is read.
@on("gunicorn:gevent")
def test_the_next_request_on_a_connection_waits_for_no_task(server, wait_for_task):
    with socket.create_server(("127.0.0.1", 0)) as listener, server.connect() as connection:
        listener.settimeout(10)
        port = listener.getsockname()[1]
        connection.exchange("GET", f"/waiting-task/{port}")
        task, _ = listener.accept()
        with task:
            assert connection.exchange("GET", "/open").status == 200
            task.sendall(b"g")
        wait_for_task(port)


@on("gunicorn:gevent", "gunicorn:gthread")
def test_a_task_is_done_before_the_worker_ends(pair, folder):
    framework, name = pair
    with (
        serve_views(framework, name, folder, "--graceful-timeout", "5") as server,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):
        listener.settimeout(10)
        port = listener.getsockname()[1]
        server.exchange("GET", f"/waiting-task/{port}")
        task, _ = listener.accept()
        with task:
            server.terminate()
            server.log.wait_for("Handling signal: term")
            task.sendall(b"g")
        server.log.wait_for(f"done {port} {framework.done}\n")
        server.stop()
