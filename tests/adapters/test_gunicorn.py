"""The hooks of the adapter for gunicorn, called as gunicorn calls them."""

from __future__ import annotations

import contextvars
import os
import socket
from types import SimpleNamespace

import gevent
import pytest
from gevent import socket as gevent_socket
from gevent.event import Event
from process_fixtures import forget
from runtime.runners import in_greenlet, in_main_greenlet, run_others, throw, wait_until

from wsgiresp._runtime import shutdown
from wsgiresp._runtime.process import part
from wsgiresp._runtime.shutdown import ShutdownState
from wsgiresp._streams.open_streams import OpenStreams
from wsgiresp._tasks import greenlet_pool, worker_pool
from wsgiresp._tasks.worker_pool import PoolState
from wsgiresp.adapters import gunicorn

PATIENCE = 10


@pytest.fixture(autouse=True)
def process():
    """A process that nothing has told to stop, before the test and after it."""
    kinds = (OpenStreams, ShutdownState, PoolState, gunicorn.IdleConnections)
    forget(*kinds)
    yield
    forget(*kinds)


class Log:
    def __init__(self):
        self.lines = []

    def debug(self, line, *values):
        self.lines.append(line % values)


class Worker:
    def __init__(self, graceful_timeout=30, timeout=30):
        self.alive = True
        self.ppid = os.getppid()
        self.cfg = SimpleNamespace(graceful_timeout=graceful_timeout, timeout=timeout)
        self.log = Log()


class Response:
    status = "200 OK"

    def __init__(self, closes=False):
        self.closes = closes

    def should_close(self):
        return self.closes


class Unreadable(Response):
    """gunicorn's response to a status without a number: it compares None with 200."""

    def should_close(self):
        raise TypeError("'<' not supported between instances of 'NoneType' and 'int'")


@pytest.fixture
def worker():
    return Worker()


@pytest.fixture
def pair():
    """A client, and the socket that gunicorn's gevent worker has for it."""
    client, served = gevent_socket.socketpair()
    client.settimeout(PATIENCE)
    with client, served:
        yield client, served


def request_on(connection, version=(1, 1)):
    return SimpleNamespace(method="GET", path="/a", version=version, unreader=SimpleNamespace(sock=connection))


def request_of_http2(connection):
    stream = SimpleNamespace(connection=SimpleNamespace(sock=connection))
    return SimpleNamespace(method="GET", path="/a", version=(2, 0), stream=stream)


def serve(worker, request, response=None):
    """Let the hooks see one request from its start to its end."""
    gunicorn.pre_request(worker, request)
    gunicorn.post_request(worker, request, {}, response or Response())


def is_idle(connection):
    return connection in part(gunicorn.IdleConnections).sockets


def test_the_worker_class_is_that_of_gevent():
    assert gunicorn.worker_class == "gevent"


def test_a_request_is_logged_as_by_the_default_hook(worker, pair):
    gunicorn.pre_request(worker, request_on(pair[1]))
    assert worker.log.lines == ["GET /a"]


def test_a_connection_is_idle_between_two_requests(worker, pair):
    serve(worker, request_on(pair[1]))
    assert is_idle(pair[1])


def test_a_connection_is_not_idle_during_a_request(worker, pair):
    serve(worker, request_on(pair[1]))
    gunicorn.pre_request(worker, request_on(pair[1]))
    assert not is_idle(pair[1])


@pytest.mark.parametrize(
    "request_before",
    [
        pytest.param(None, id="from the start"),
        pytest.param(request_on, id="after an upgrade"),
    ],
)
def test_a_connection_of_http2_is_never_idle(worker, pair, request_before):
    if request_before is not None:
        serve(worker, request_before(pair[1]))
    serve(worker, request_of_http2(pair[1]))
    assert not is_idle(pair[1])


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(Response(closes=True), id="said to be closed"),
        pytest.param(None, id="never made"),
        pytest.param(SimpleNamespace(status=None), id="never begun, since its view has failed"),
        pytest.param(Unreadable(), id="begun with a status that is no number"),
    ],
)
def test_a_connection_that_gunicorn_closes_is_not_idle(worker, pair, response):
    gunicorn.pre_request(worker, request_on(pair[1]))
    gunicorn.post_request(worker, request_on(pair[1]), {}, response)
    assert not is_idle(pair[1])


def test_a_closed_connection_is_removed(worker):
    client, served = gevent_socket.socketpair()
    with client, served:
        serve(worker, request_on(served))
    del served
    assert list(part(gunicorn.IdleConnections).sockets) == []


def test_a_connection_of_a_gthread_worker_is_left_to_gunicorn(worker):
    client, served = socket.socketpair()
    with client, served:
        serve(worker, request_on(served))
        assert not is_idle(served)


def request_of_asgi(version):
    """Return a request of gunicorn's ASGI worker, which shows no socket."""
    return SimpleNamespace(method="GET", path="/a", version=version)


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(
            SimpleNamespace(method="GET", path="/a", version=(1, 1), unreader=SimpleNamespace()), id="of WSGI"
        ),
        pytest.param(request_of_asgi((1, 1)), id="of ASGI"),
        pytest.param(request_of_asgi((2, 0)), id="of ASGI over HTTP/2"),
    ],
)
def test_a_request_without_a_socket_is_accepted(worker, request_):
    serve(worker, request_)
    assert list(part(gunicorn.IdleConnections).sockets) == []


def stop(worker):
    """Have *worker* stop, which the hooks notice."""
    gunicorn.post_worker_init(worker)
    worker.alive = False
    wait_until(shutdown.seconds_since_stop)


def ends(connection):
    """Wait until there is nothing more to be read from *connection*."""
    connection.settimeout(PATIENCE)
    return connection.recv(1) == b""


def test_an_idle_connection_is_ended_when_the_worker_stops(worker, pair):
    serve(worker, request_on(pair[1]))
    in_greenlet(stop, worker)
    assert ends(pair[1])


def test_a_connection_that_becomes_idle_after_the_stop_is_ended(worker, pair):
    worker.alive = False
    serve(worker, request_on(pair[1]))
    assert ends(pair[1])


def test_the_answer_can_still_be_sent_on_a_connection_that_is_ended(worker, pair):
    client, served = pair
    serve(worker, request_on(served))
    in_greenlet(stop, worker)
    assert ends(served)
    served.sendall(b"answer")
    assert client.recv(6) == b"answer"


def test_a_request_that_arrives_as_the_worker_stops_is_served(worker, pair):
    client, served = pair
    other_client, idle = gevent_socket.socketpair()
    with other_client, idle:
        serve(worker, request_on(served))
        serve(worker, request_on(idle))
        in_greenlet(stop, worker)
        gunicorn.pre_request(worker, request_on(served))
        assert ends(idle)
    client.sendall(b"body")
    assert served.recv(4) == b"body"


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        pytest.param("alive", False, id="that is told to stop"),
        pytest.param("ppid", -1, id="whose master was killed"),
    ],
)
@pytest.mark.parametrize("run", [in_greenlet, in_main_greenlet], ids=["of gevent", "of threads"])
def test_streams_are_finished_when_a_worker_stops(worker, run, attribute, value):
    run(gunicorn.post_worker_init, worker)
    assert shutdown.seconds_since_stop() == 0
    setattr(worker, attribute, value)
    wait_until(shutdown.seconds_since_stop)


def test_streams_are_finished_when_a_worker_stops_at_once(worker):
    gunicorn.worker_int(worker)
    assert shutdown.seconds_since_stop() > 0


class Task:
    """A task that says when it has begun, and waits until it may end."""

    def __init__(self):
        self.has_begun = Event()
        self.may_end = Event()
        self.outcome = "not done"

    def __call__(self):
        self.has_begun.set()
        try:
            self.may_end.wait(PATIENCE)
            self.outcome = "done"
        except gevent.GreenletExit:
            self.outcome = "aborted"
            raise


@pytest.fixture
def task(monkeypatch):
    monkeypatch.setattr(greenlet_pool, "CLEANUP_TIMEOUT", 0.05)
    begun = Task()
    in_greenlet(worker_pool.submit, begun, contextvars.copy_context())
    begun.has_begun.wait(PATIENCE)
    yield begun
    begun.may_end.set()


@pytest.mark.parametrize("timeout", [30, 0], ids=["looked after by the master", "not looked after"])
def test_a_worker_exits_when_its_tasks_are_done(task, timeout):
    exiting = gevent.spawn(gunicorn.worker_exit, None, Worker(timeout=timeout))
    run_others()
    task.may_end.set()
    exiting.get(timeout=PATIENCE)
    assert task.outcome == "done"


@pytest.mark.parametrize(
    "limits",
    [
        pytest.param({"graceful_timeout": 1}, id="it has been too slow"),
        pytest.param({"timeout": 1}, id="it has been silent for too long"),
    ],
)
def test_a_worker_aborts_its_tasks_before_the_graceful_timeout(task, limits):
    in_greenlet(gunicorn.worker_exit, None, Worker(**limits))
    assert task.outcome == "aborted"


def test_a_second_signal_does_not_interrupt_the_shutdown(task):
    exiting = gevent.spawn(gunicorn.worker_exit, None, Worker())
    run_others()
    throw(exiting, SystemExit())
    task.may_end.set()
    exiting.get(timeout=PATIENCE)
    assert task.outcome == "done"


def test_a_forked_process_has_no_idle_connection(worker, pair):
    serve(worker, request_on(pair[1]))
    part(gunicorn.IdleConnections).after_fork()
    assert list(part(gunicorn.IdleConnections).sockets) == []
