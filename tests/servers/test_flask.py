"""What streams and files do over the wire of gunicorn's workers through Flask's views alone.

What they do as those of Django is in ``test_frameworks.py``.
"""

from __future__ import annotations

import pytest
from servers.framework_views import FLASK, leave, serve_views
from servers.server_processes import cases


@pytest.fixture(params=cases(*FLASK.servers))
def server(request, views):
    return views(FLASK, request.param)


def test_a_download_that_is_left_leaves_nothing_open(server, large, word):
    with server.connect() as connection:
        connection.request("GET", f"/task/{large.name}/{word}")
        connection.head()
        connection.reset()
    server.log.wait_for(f"done {word} in flask_views\n")
    assert server.exchange("GET", "/open").body == b"0"


@pytest.mark.parametrize("route", ["endless", "silent"])
def test_a_client_that_leaves_ends_the_stream_and_runs_its_task_once(server, route, word):
    leave(server, route, word)
    server.log.wait_for(f"done {word} in flask_views\n")
    assert server.log.text.count(f"done {word} ") == 1
    # That of the view, and that of the stream.
    assert server.log.text.count(f"ended /{route}/{word}\n") == 2


@pytest.mark.parametrize("name", cases("gunicorn:gevent", "gunicorn:gthread"))
def test_open_streams_end_in_order_when_the_worker_stops(name, folder, word):
    options = ["-c", "python:wsgiresp.adapters.gunicorn", "--threads", "8", "--graceful-timeout", "8"]
    with serve_views(FLASK, name, folder, *options) as server, server.connect() as connection:
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
