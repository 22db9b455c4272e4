"""Shutdown of a worker: streams are finished, then aborted, tasks are drained, and the log names what was aborted."""

from __future__ import annotations

import contextvars
import threading
import time
from types import SimpleNamespace

import gevent
import pytest
from gevent.event import Event
from process_fixtures import forget
from runtime.runners import PATIENCE, in_greenlet, in_main_greenlet, in_thread, run_others, wait_until

from wsgiresp._runtime import shutdown
from wsgiresp._runtime.process import part
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._runtime.shutdown import ShutdownState
from wsgiresp._streams import open_streams
from wsgiresp._streams.open_streams import OpenStreams
from wsgiresp._tasks import greenlet_pool, worker_pool
from wsgiresp._tasks.worker_pool import PoolState

in_both_contexts = pytest.mark.parametrize("run", [in_greenlet, in_main_greenlet], ids=["by a hub", "by a thread"])
LONG = 600  # s; longer than any test may take


@pytest.fixture(autouse=True)
def process(monkeypatch):
    """A process that is not shutting down, before and after the test; all its timeouts are short."""
    forget(OpenStreams, ShutdownState, PoolState)
    monkeypatch.setattr(shutdown, "FINISH_TIMEOUT", 0.05)
    monkeypatch.setattr(shutdown, "KILL_MARGIN", 0.05)
    monkeypatch.setattr(greenlet_pool, "CLEANUP_TIMEOUT", 0.05)
    yield
    forget(OpenStreams, ShutdownState, PoolState)


class Stream:
    """A stream that ends by finish(), by abort(), or never; records the calls."""

    def __init__(self, ends_by="finish", name="ticks"):
        self.ends_by = ends_by
        self.name = name
        self.calls = []
        open_streams.register(self)

    def end_with_worker(self):
        self._record("finish")

    def abort(self):
        self._record("abort")

    def __str__(self):
        return self.name

    def _record(self, call):
        self.calls.append(call)
        if call == self.ends_by:
            open_streams.unregister(self)


class Flag:
    """The claim that a worker is to go on; counts how often it is polled."""

    def __init__(self):
        self.goes_on = True
        self.polls = 0

    def __call__(self):
        self.polls += 1
        return self.goes_on


def test_seconds_since_stop_is_zero_before_the_stop():
    assert shutdown.seconds_since_stop() == 0


def test_seconds_since_stop_counts_from_the_first_stop():
    shutdown.stop()
    wait_until(lambda: shutdown.seconds_since_stop() > 0.01)
    shutdown.stop()
    assert shutdown.seconds_since_stop() > 0.01


def test_a_stream_that_is_registered_after_the_stop_is_finished_at_once():
    shutdown.stop()
    assert Stream().calls == ["finish"]


@in_both_contexts
def test_no_stream_is_finished_while_the_worker_goes_on(run):
    flag, stream = Flag(), Stream()
    run(shutdown.watch_worker, flag, LONG)
    wait_until(lambda: flag.polls > 2)
    assert stream.calls == []


@in_both_contexts
def test_streams_are_finished_when_the_worker_is_to_stop(run):
    flag, stream = Flag(), Stream()
    run(shutdown.watch_worker, flag, LONG)
    flag.goes_on = False
    wait_until(lambda: stream.calls == ["finish"])


@in_both_contexts
def test_the_callback_of_watch_worker_is_called_once_after_the_stop(run):
    calls = []
    run(shutdown.watch_worker, lambda: False, LONG, lambda: calls.append(shutdown.seconds_since_stop() > 0))
    wait_until(lambda: calls)
    run_others()
    assert calls == [True]


@in_both_contexts
def test_a_worker_that_is_to_stop_is_not_polled_again(run):
    flag, stream = Flag(), Stream(ends_by="abort")
    flag.goes_on = False
    run(shutdown.watch_worker, flag, 6 * shutdown.LOOK_AT_WORKER_EVERY)
    wait_until(lambda: "abort" in stream.calls)
    assert flag.polls == 1


def test_a_process_watches_one_worker():
    first, second = Flag(), Flag()
    in_greenlet(shutdown.watch_worker, first, LONG)
    in_greenlet(shutdown.watch_worker, second, LONG)
    wait_until(lambda: first.polls > 1)
    assert second.polls == 0


@in_both_contexts
def test_open_streams_are_aborted_before_the_server_kills_the_worker(run):
    stream = Stream(ends_by="abort")
    run(shutdown.watch_worker, lambda: False, 0.2)
    wait_until(lambda: stream.calls)
    assert stream.calls == ["finish"]
    wait_until(lambda: "abort" in stream.calls)
    assert shutdown.seconds_since_stop() < 0.2


def test_a_replaced_watcher_does_not_stop_the_process():
    shutdown._WorkerWatcher(lambda: False, 0, None)._shut_down()
    assert shutdown.seconds_since_stop() == 0


def test_an_abort_without_streams_is_not_logged(caplog):
    open_streams.abort_streams(LONG)
    assert caplog.messages == []


def test_the_log_counts_the_aborted_streams_by_name(caplog):
    for name in ("rows", "ticks", "ticks"):
        Stream(ends_by="abort", name=name)
    open_streams.abort_streams(LONG)
    assert caplog.messages == ["open streams are aborted, since the process is shutting down: 2 of ticks, 1 of rows"]


@pytest.mark.parametrize("run", [in_greenlet, in_thread], ids=["in a greenlet", "in a thread"])
def test_abort_streams_waits_until_the_streams_have_ended(run):
    stream = Stream(ends_by="never")
    threading.Timer(0.05, open_streams.unregister, [stream]).start()
    run(open_streams.abort_streams, LONG)
    assert part(OpenStreams).streams == set()


def test_abort_streams_waits_no_longer_than_its_timeout():
    Stream(ends_by="never")
    open_streams.abort_streams(0.05)
    assert len(part(OpenStreams).streams) == 1


def test_at_shutdown_a_stream_that_finishes_in_time_is_not_aborted(caplog):
    stream = Stream(ends_by="never")
    gevent.spawn_later(0.01, open_streams.unregister, stream)
    in_greenlet(shutdown.shut_down, LONG)
    assert stream.calls == ["finish"]
    assert caplog.messages == []


def test_at_shutdown_a_stream_that_was_finished_long_before_is_aborted_at_once(monkeypatch):
    monkeypatch.setattr(shutdown, "FINISH_TIMEOUT", LONG)
    part(ShutdownState).stopped_at = time.monotonic() - LONG
    stream = Stream(ends_by="abort")
    in_greenlet(shutdown.shut_down, LONG)
    assert stream.calls[-1] == "abort"


class Task:
    """A task that waits until it may end, and records how it ended."""

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

    def __str__(self):
        return "the task"


@pytest.fixture
def task():
    begun = Task()
    in_greenlet(worker_pool.submit, begun, contextvars.copy_context())
    begun.has_begun.wait(PATIENCE)
    yield begun
    begun.may_end.set()


def test_at_shutdown_tasks_are_drained(task):
    gevent.spawn_later(0.05, task.may_end.set)
    in_greenlet(shutdown.shut_down, LONG)
    assert task.outcome == "done"


@pytest.mark.parametrize(
    ("grace", "limit"),
    [
        pytest.param(0, LONG, id="of the server"),
        pytest.param(LONG, 0, id="of the tasks"),
    ],
)
def test_at_shutdown_tasks_are_aborted_after_the_shorter_limit(task, caplog, grace, limit):
    worker_pool.configure(drain=limit)
    in_greenlet(shutdown.shut_down, grace)
    assert task.outcome == "aborted"
    assert caplog.messages == ["the task was aborted: the process is shutting down"]


class Worker:
    """A fake worker of gunicorn, with the attributes by which one is recognized."""

    __module__ = "gunicorn.workers.fake"

    def __init__(self):
        self.alive = True
        self.cfg = SimpleNamespace(graceful_timeout=LONG)

    def serve(self, environ):
        shutdown.watch_server(ServerProfile(environ))

    def run(self, environ):
        """Serve as a server of gevent does, which has the application alone and runs each request in a greenlet."""
        gevent.spawn(shutdown.watch_server, ServerProfile(environ)).join(PATIENCE)


class DerivedWorker(Worker):
    __module__ = "project.workers"


SOCKET = {"gunicorn.socket": None}
SOCK = {"gunicorn.sock": None}


@pytest.mark.parametrize(
    ("kind", "serve", "environ"),
    [
        pytest.param(Worker, Worker.serve, SOCKET, id="of gunicorn"),
        pytest.param(DerivedWorker, Worker.serve, SOCKET, id="of a class derived from it"),
        pytest.param(Worker, Worker.run, SOCK, id="that runs a server of gevent's"),
    ],
)
def test_a_worker_is_found_without_a_hook(kind, serve, environ):
    worker = kind()
    serve(worker, environ)
    worker.alive = False
    wait_until(shutdown.seconds_since_stop)


def test_no_worker_is_looked_for_while_one_is_watched():
    flag, worker = Flag(), Worker()
    in_greenlet(shutdown.watch_worker, flag, LONG)
    worker.alive = False
    worker.serve(SOCKET)
    wait_until(lambda: flag.polls > 2)
    assert shutdown.seconds_since_stop() == 0


def test_no_worker_is_looked_for_under_another_server():
    Worker().serve({})
    assert part(ShutdownState).watcher is None


@pytest.mark.parametrize("run", [in_greenlet, in_main_greenlet], ids=["under a hub", "in a thread"])
def test_no_worker_is_watched_where_none_is_found(run):
    run(shutdown.watch_server, ServerProfile(SOCKET))
    assert part(ShutdownState).watcher is None


class WithoutAlive:
    __module__ = "gunicorn.workers.fake"

    def serve(self):
        shutdown.watch_server(ServerProfile(SOCKET))


class UnboundProxy:
    """A proxy without an object, as frameworks have outside of a request."""

    def __getattr__(self, name):
        raise RuntimeError("there is no request")

    def serve(self):
        shutdown.watch_server(ServerProfile(SOCKET))


@pytest.mark.parametrize(
    "caller",
    [
        pytest.param(WithoutAlive(), id="an object of gunicorn that is no worker"),
        pytest.param(UnboundProxy(), id="a proxy without an object"),
    ],
)
def test_a_caller_that_is_no_worker_is_not_watched(caller):
    caller.serve()
    assert part(ShutdownState).watcher is None


def test_a_forked_process_is_not_to_stop():
    shutdown.stop()
    part(ShutdownState).after_fork()
    assert (shutdown.is_stopping(), shutdown.seconds_since_stop()) == (False, 0)
