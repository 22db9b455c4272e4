"""What streams do over the wire through Django's views alone: gunicorn, Django's own server, and by ASGI.

What they do as those of Flask is in ``test_frameworks.py``.
"""

from __future__ import annotations

import pytest
from servers.framework_views import DJANGO, leave, serve_views
from servers.server_processes import cases


@pytest.fixture(params=cases(*DJANGO.servers))
def server(request, views):
    return views(DJANGO, request.param)


def leave_once(server, route, word):
    leave(server, route, word)
    server.log.wait_for(f"done {word} 1\n")
    assert server.log.text.count(f"done {word} ") == 1


@pytest.mark.parametrize("route", ["endless", "pinged"])
def test_a_client_that_leaves_ends_the_stream_and_runs_its_task_once(server, route, word):
    leave_once(server, route, word)


# Django's own server shows no socket: there a stream without a chunk ends with the next ping, 15 s later.
@pytest.mark.parametrize("server", cases("gunicorn:gevent", "gunicorn:gthread", "uvicorn"), indirect=True)
def test_a_client_that_leaves_ends_a_stream_that_is_silent(server, word):
    leave_once(server, "silent", word)


@pytest.mark.parametrize("server", cases("uvicorn"), indirect=True)
def test_a_client_that_leaves_while_middleware_is_at_work_ends_the_stream(server, word):
    with server.connect() as connection:
        connection.request("GET", f"/held/{word}")
        server.log.wait_for(f"held /held/{word}\n")
        connection.reset()
    server.log.wait_for(f"closed /held/{word}\n")
    server.log.wait_for(f"done {word} 1\n")


def test_nothing_is_left_open(server, word):
    with server.connect() as connection:
        connection.request("GET", f"/endless/{word}")
        connection.head()
        connection.reset()
    server.log.wait_for(f"done {word} 1\n")
    # A thread keeps no connection from one request to the next, nor does a greenlet.
    answers = [int(server.exchange("GET", "/open").body) for _ in range(20)]
    assert min(answers) == 0


def test_a_generator_view_is_sent(server):
    assert server.exchange("GET", "/generated").body == b"/generated\n"


@pytest.mark.parametrize("name", cases("gunicorn:gevent"))
def test_open_event_streams_end_when_the_worker_stops(name, folder, word):
    with serve_views(DJANGO, name, folder) as server, server.connect() as connection:
        connection.request("GET", f"/silent/{word}")
        pieces = connection.pieces(connection.head())
        while f"/silent/{word}".encode() not in next(pieces):
            pass
        server.terminate()
        assert b"retry:" in b"".join(pieces)
        server.log.wait_for(f"closed /silent/{word}\n")
