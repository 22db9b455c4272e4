"""Background tasks under real servers: what waits for them, and what happens to them when the worker ends."""

from __future__ import annotations

import contextlib
import signal
import socket

import pytest
from servers.server_processes import cases, serve

PATIENCE = 10
COOPERATIVE = cases("gunicorn:gevent", "gevent.pywsgi")
GUNICORN = cases("gunicorn:gevent", "gunicorn:gthread", "gunicorn:sync")


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(PATIENCE)
        yield listening


def port_of(listener):
    return listener.getsockname()[1]


def joined(listener):
    """The connection of the next task."""
    task, _ = listener.accept()
    task.settimeout(PATIENCE)
    return task


@pytest.mark.parametrize("name", COOPERATIVE)
def test_the_next_request_on_the_connection_does_not_wait_for_the_task(served, listener, name):
    server = served(name, "background_tasks:app")
    port = port_of(listener)
    with server.connect() as connection:
        assert connection.exchange("GET", f"/wait/{port}").body == b"wait\n"
        with joined(listener) as task:
            # The task does not end before it has heard from us, and this is answered before that.
            assert connection.exchange("GET", "/next").body == b"next\n"
            task.sendall(b"g")
    server.log.wait_for(f"done {port} b'g'")


@pytest.mark.parametrize("name", GUNICORN)
def test_a_task_is_run_once(served, listener, name):
    server = served(name, "background_tasks:app")
    port = port_of(listener)
    with server.connect() as connection:
        assert connection.exchange("GET", f"/wait/{port}").body == b"wait\n"
        with joined(listener) as task:
            task.sendall(b"g")
    server.log.wait_for(f"done {port} b'g'")
    assert server.exchange("GET", "/next").body == b"next\n"
    assert server.log.text.count(f"begun {port}\n") == 1


@pytest.mark.parametrize("name", cases("gunicorn:gevent"))
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_worker_that_stops_waits_for_its_tasks(listener, name, how):
    port = port_of(listener)
    with serve(name, "background_tasks:app") as server:
        server.exchange("GET", f"/wait/{port}")
        with joined(listener) as task:
            server.process.send_signal(how)
            # All requests are done, and gunicorn with the worker.
            server.log.wait_for("Worker exiting")
            task.sendall(b"g")
            server.log.wait_for(f"done {port} b'g'")


@pytest.mark.parametrize("name", cases("gunicorn:gthread", "gunicorn:sync"))
def test_a_task_belongs_to_the_request_that_a_worker_without_greenlets_waits_for(listener, name):
    port = port_of(listener)
    with serve(name, "background_tasks:app") as server:
        server.exchange("GET", f"/wait/{port}")
        with joined(listener) as task:
            server.terminate()
            server.log.wait_for("Handling signal: ")
            task.sendall(b"g")
            server.log.wait_for(f"done {port} b'g'")


def test_a_worker_that_stops_cuts_the_tasks_that_take_too_long(listener):
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(serve("gunicorn:gevent", "background_tasks:app", "--config", "no_drain_config.py"))
        port = port_of(listener)
        server.exchange("GET", f"/wait/{port}")
        stack.enter_context(joined(listener))
        log = server.stop()
    assert f"ended {port} TaskAborted\n" in log
    assert "<BackgroundTask wait_for_client(str)> was aborted: the process is shutting down\n" in log


def test_a_worker_that_has_had_its_requests_lets_its_tasks_end(listener):
    port = port_of(listener)
    with serve("gunicorn:gevent", "background_tasks:app", "--max-requests", "1") as server:
        server.exchange("GET", f"/wait/{port}")
        with joined(listener) as task:
            server.log.wait_for("Worker exiting")
            task.sendall(b"g")
            server.log.wait_for(f"done {port} b'g'")
