"""Files, streams and tasks through a view of Django's, over the wire: gunicorn, Django's own server, and by ASGI."""

from __future__ import annotations

import socket
import uuid

import pytest
from servers.serving import cases, serve
from servers.wire import TruncatedError

DATA = bytes(range(256)) * 4096
LARGE = 64 * 1024 * 1024
SERVERS = ("gunicorn:gevent", "gunicorn:gthread", "runserver", "uvicorn")


def options_of(name):
    if not name.startswith("gunicorn"):
        return []
    threads = ["--threads", "8"] if name.endswith("gthread") else []
    return ["--keep-alive", "60", "--graceful-timeout", "5", *threads]


def app_of(name):
    return "django_views:asgi" if name == "uvicorn" else "django_views:app"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("files")
    (found / "data.bin").write_bytes(DATA)
    return found


@pytest.fixture(scope="module", params=cases(*SERVERS))
def server(request, folder):
    with serve(request.param, app_of(request.param), *options_of(request.param), environ={"FILES": str(folder)}) as it:
        yield it


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
        pytest.param((("Range", "bytes=10-99"), ("Accept-Encoding", "gzip")), 206, DATA[10:100], id="a part"),
        pytest.param((("Range", "bytes=9999999-"),), 416, b"", id="no part"),
        pytest.param((("If-None-Match", "*"),), 304, b"", id="not modified"),
        pytest.param((("If-Match", '"x"'),), 412, b"", id="a condition that fails"),
    ],
)
def test_a_file_is_answered_and_the_middleware_has_seen_how(server, fields, status, body):
    with server.connect() as connection:
        answer = connection.exchange("GET", "/plain/data.bin", *fields)
        assert (answer.status, answer.body, answer.values("X-Hook")) == (status, body, [str(status)])


def test_head_has_the_length_and_no_body(server):
    answer = server.exchange("HEAD", "/plain/data.bin")
    assert (answer.values("Content-Length"), answer.body) == ([str(len(DATA))], b"")


@pytest.mark.parametrize("server", cases("gunicorn:gevent", "gunicorn:gthread", "runserver"), indirect=True)
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


def test_a_download_that_is_left_runs_its_task_once(server, large, word):
    with server.connect() as connection:
        connection.request("GET", f"/task/{large.name}/{word}")
        connection.head()
        connection.reset()
    server.log.wait_for(f"done {word} 1\n")
    assert server.log.text.count(f"done {word} ") == 1


@pytest.mark.parametrize("route", ["endless", "pinged"])
def test_a_client_that_leaves_ends_the_stream_and_runs_its_task_once(server, route, word):
    leave(server, route, word)


# Django's own server shows no socket: there a stream without a chunk ends with the next ping, 15 s later.
@pytest.mark.parametrize("server", cases("gunicorn:gevent", "gunicorn:gthread", "uvicorn"), indirect=True)
def test_a_client_that_leaves_ends_a_stream_that_is_silent(server, word):
    leave(server, "silent", word)


@pytest.mark.parametrize("server", cases("uvicorn"), indirect=True)
def test_a_client_that_leaves_while_middleware_is_at_work_ends_the_stream(server, word):
    with server.connect() as connection:
        connection.request("GET", f"/held/{word}")
        server.log.wait_for(f"held /held/{word}\n")
        connection.reset()
    server.log.wait_for(f"closed /held/{word}\n")
    server.log.wait_for(f"done {word} 1\n")


def leave(server, route, word):
    with server.connect() as connection:
        connection.request("GET", f"/{route}/{word}")
        head = connection.head()
        first = next(iter(connection.pieces(head)))
        assert f"/{route}/{word}".encode() in first or first.startswith(b":")
        connection.reset()
    server.log.wait_for(f"closed /{route}/{word}\n")
    server.log.wait_for(f"done {word} 1\n")
    assert server.log.text.count(f"done {word} ") == 1


def test_nothing_is_left_open(server, word):
    with server.connect() as connection:
        connection.request("GET", f"/endless/{word}")
        connection.head()
        connection.reset()
    server.log.wait_for(f"done {word} 1\n")
    # A thread keeps no connection from one request to the next, nor does a greenlet.
    answers = [int(server.exchange("GET", "/open").body) for _ in range(20)]
    assert min(answers) == 0


def test_an_error_before_the_first_chunk_is_an_answer(server):
    answer = server.exchange("GET", "/early-error")
    assert (answer.status, answer.body) == (409, b'{"detail":"early"}')


# The streams of Django's own server end with the connection, so no client can tell a part from the whole.
@pytest.mark.parametrize("server", cases("gunicorn:gevent", "gunicorn:gthread", "uvicorn"), indirect=True)
def test_an_error_after_the_first_chunk_is_a_broken_transfer(server):
    with server.connect() as connection:
        connection.request("GET", "/late-error")
        head = connection.head()
        with pytest.raises(TruncatedError):
            list(connection.pieces(head))


def test_what_was_injected_is_sent(server, word):
    answer = server.exchange("GET", f"/injected/{word}")
    assert (answer.status, [text.strip() for text in answer.values("Set-Cookie")]) == (
        201,
        [f"word={word}; Path=/; SameSite=Lax"],
    )
    server.log.wait_for(f"done {word} 1\n")


def test_a_generator_view_is_sent(server):
    assert server.exchange("GET", "/generated").body == b"/generated\n"


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
        server.log.wait_for(f"done {port} 1\n")


@pytest.mark.parametrize("name", cases("gunicorn:gevent", "gunicorn:gthread"))
def test_a_task_is_done_before_the_worker_ends(name, folder):
    with (
        serve(name, "django_views:app", "--graceful-timeout", "5", environ={"FILES": str(folder)}) as server,
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
        server.log.wait_for(f"done {port} 1\n")
        server.stop()


@pytest.mark.parametrize("name", cases("gunicorn:gevent"))
def test_open_event_streams_end_when_the_worker_stops(name, folder, word):
    with serve(name, "django_views:app", environ={"FILES": str(folder)}) as server, server.connect() as connection:
        connection.request("GET", f"/silent/{word}")
        pieces = connection.pieces(connection.head())
        while f"/silent/{word}".encode() not in next(pieces):
            pass
        server.terminate()
        assert b"retry:" in b"".join(pieces)
        server.log.wait_for(f"closed /silent/{word}\n")
