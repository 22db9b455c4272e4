"""Files, streams and tasks through a view of Flask's, over the wire of gunicorn's workers."""

from __future__ import annotations

import socket
import uuid

import pytest
from servers.serving import cases, serve
from servers.wire import TruncatedError

DATA = bytes(range(256)) * 4096
LARGE = 64 * 1024 * 1024


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("files")
    (found / "data.bin").write_bytes(DATA)
    return found


@pytest.fixture(scope="module", params=cases("gunicorn:gevent", "gunicorn:gthread"))
def server(request, folder):
    options = ["--keep-alive", "60", "--graceful-timeout", "5"]
    if request.param.endswith("gthread"):
        options += ["--threads", "8"]
    with serve(request.param, "flask_views:app", *options, environ={"FILES": str(folder)}) as running:
        yield running


@pytest.fixture
def large(folder):
    path = folder / f"{uuid.uuid4()}.bin"
    with path.open("wb") as handle:
        handle.truncate(LARGE)
    yield path
    path.unlink(missing_ok=True)


@pytest.fixture
def word():
    return str(uuid.uuid4())


@pytest.mark.parametrize(
    ("fields", "status", "body"),
    [
        pytest.param((), 200, DATA, id="whole"),
        pytest.param((("Range", "bytes=10-99"),), 206, DATA[10:100], id="a part"),
        pytest.param((("Range", "bytes=9999999-"),), 416, b"", id="no part"),
        pytest.param((("If-None-Match", "*"),), 304, b"", id="not modified"),
        pytest.param((("If-Match", '"x"'),), 412, b"", id="a condition that fails"),
    ],
)
def test_a_file_is_answered_and_the_hook_has_seen_how(server, fields, status, body):
    with server.connect() as connection:
        answer = connection.exchange("GET", "/plain/data.bin", *fields)
        assert (answer.status, answer.body, answer.values("X-Hook")) == (status, body, [str(status)])
        assert connection.exchange("GET", "/open").status == 200


def test_head_has_the_length_and_no_body(server):
    answer = server.exchange("HEAD", "/plain/data.bin")
    assert (answer.values("Content-Length"), answer.body) == ([str(len(DATA))], b"")


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


def test_a_download_that_is_left_runs_its_task_once_and_leaves_nothing_open(server, large, word):
    with server.connect() as connection:
        connection.request("GET", f"/task/{large.name}/{word}")
        connection.head()
        connection.reset()
    server.log.wait_for(f"done {word} in flask_views\n")
    assert server.exchange("GET", "/open").body == b"0"
    assert server.log.text.count(f"done {word} ") == 1


@pytest.mark.parametrize("route", ["endless", "silent"])
def test_a_client_that_leaves_ends_the_stream_and_runs_its_task_once(server, route, word):
    with server.connect() as connection:
        connection.request("GET", f"/{route}/{word}")
        head = connection.head()
        first = next(iter(connection.pieces(head)))
        assert f"/{route}/{word}".encode() in first or first.startswith(b":")
        connection.reset()
    server.log.wait_for(f"closed /{route}/{word}\n")
    server.log.wait_for(f"done {word} in flask_views\n")
    assert server.log.text.count(f"done {word} ") == 1
    # That of the view, and that of the stream.
    assert server.log.text.count(f"ended /{route}/{word}\n") == 2


def test_an_error_before_the_first_chunk_is_an_answer(server):
    answer = server.exchange("GET", "/early-error")
    assert (answer.status, answer.body) == (409, b'{"detail":"early"}')


def test_an_error_after_the_first_chunk_is_a_broken_transfer(server):
    with server.connect() as connection:
        connection.request("GET", "/late-error")
        head = connection.head()
        with pytest.raises(TruncatedError):
            list(connection.pieces(head))


def test_what_was_injected_is_sent(server, word):
    answer = server.exchange("GET", f"/injected/{word}")
    assert (answer.status, answer.values("Set-Cookie")) == (201, [f"word={word}; Path=/; SameSite=Lax"])
    server.log.wait_for(f"done {word} in flask_views\n")


def test_four_async_views_answer_at_once(server):
    connections = [server.connect() for _ in range(4)]
    for connection in connections:
        connection.request("GET", "/together", ("Connection", "close"))
    assert [connection.answer().status for connection in connections] == [200] * 4
    for connection in connections:
        connection.close()


# In a thread, tasks are run before the next request is read.
@pytest.mark.parametrize("server", cases("gunicorn:gevent"), indirect=True)
def test_the_next_request_on_a_connection_waits_for_no_task(server):
    with socket.create_server(("127.0.0.1", 0)) as listener, server.connect() as connection:
        listener.settimeout(10)
        port = listener.getsockname()[1]
        connection.exchange("GET", f"/waiting-task/{port}")
        task, _ = listener.accept()
        with task:
            assert connection.exchange("GET", "/open").status == 200
            task.sendall(b"g")
        server.log.wait_for(f"done {port} in flask_views\n")


@pytest.mark.parametrize("name", cases("gunicorn:gevent", "gunicorn:gthread"))
def test_a_task_is_done_before_the_worker_ends(name, folder):
    with (
        serve(name, "flask_views:app", "--graceful-timeout", "5", environ={"FILES": str(folder)}) as server,
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
        server.log.wait_for(f"done {port} in flask_views\n")
        server.stop()


@pytest.mark.parametrize("name", cases("gunicorn:gevent", "gunicorn:gthread"))
def test_open_streams_end_in_order_when_the_worker_stops(name, folder, word):
    options = ["-c", "python:wsgiresp.adapters.gunicorn", "--threads", "8", "--graceful-timeout", "8"]
    with (
        serve(name, "flask_views:app", *options, environ={"FILES": str(folder)}) as server,
        server.connect() as connection,
    ):
        connection.request("GET", f"/silent/{word}")
        head = connection.head()
        pieces = connection.pieces(head)
        read = next(pieces)
        while b"event: first" not in read:
            read += next(pieces)
        server.terminate()
        assert b"retry: " in b"".join(pieces)
        server.log.wait_for(f"closed /silent/{word}\n")
        server.log.wait_for(f"done {word} in flask_views\n")
        server.stop()
    assert server.log.text.count(f"ended /silent/{word}\n") == 2
