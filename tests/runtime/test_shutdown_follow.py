"""A process that follows its worker to the end: who is asked to end, who is cut, and what the log says of it."""

from __future__ import annotations

import contextvars
import threading
import time
from types import SimpleNamespace

import gevent
import pytest
from gevent.event import Event
from process_fixtures import forget
from runtime.runners import PATIENCE, in_greenlet, in_thread, on_the_spot, turns, wait_until

from wsgiresp._runtime import shutdown
from wsgiresp._runtime.process import part
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._runtime.shutdown import ShutdownState
from wsgiresp._streams import open_streams
from wsgiresp._streams.open_streams import OpenStreams
from wsgiresp._tasks import worker_pool
from wsgiresp._tasks.worker_pool import PoolState

BOTH = pytest.mark.parametrize("run", [in_greenlet, on_the_spot], ids=["by a hub", "by a thread"])
LONG = 600  # s, which no test waits


@pytest.fixture(autouse=True)
def process(monkeypatch):
    """A process that nothing has told to stop, before the test and after it; all its waits are short."""
    forget(OpenStreams, ShutdownState, PoolState)
    monkeypatch.setattr(shutdown, "FINISH_TIMEOUT", 0.05)
    monkeypatch.setattr(shutdown, "KILL_MARGIN", 0.05)
    monkeypatch.setattr(worker_pool, "CLEANUP_TIMEOUT", 0.05)
    yield
    forget(OpenStreams, ShutdownState, PoolState)


class Stream:
    """A stream that ends when it is asked to, or when it is cut, or never."""

    def __init__(self, ends_at="stop", name="ticks"):
        self.ends_at = ends_at
        self.name = name
        self.asked = []
        open_streams.register(self)

    def finish(self):
        self._hear("stop")

    def abort(self):
        self._hear("cut")

    def __str__(self):
        return self.name

    def _hear(self, word):
        self.asked.append(word)
        if word == self.ends_at:
            open_streams.unregister(self)


class Flag:
    """Whether a worker is wanted; counts the looks at it."""

    def __init__(self):
        self.is_wanted = True
        self.looks = 0

    def __call__(self):
        self.looks += 1
        return self.is_wanted


def test_no_time_has_passed_before_the_stop():
    assert shutdown.seconds_since_stop() == 0


def test_time_is_counted_from_the_first_stop():
    shutdown.stop()
    wait_until(lambda: shutdown.seconds_since_stop() > 0.01)
    shutdown.stop()
    assert shutdown.seconds_since_stop() > 0.01


def test_a_stream_that_begins_after_the_stop_is_asked_at_once():
    shutdown.stop()
    assert Stream().asked == ["stop"]


@BOTH
def test_streams_are_left_alone_as_long_as_the_worker_lives(run):
    flag, stream = Flag(), Stream()
    run(shutdown.watch_worker, flag, LONG)
    wait_until(lambda: flag.looks > 2)
    assert stream.asked == []


@BOTH
def test_streams_are_asked_to_end_when_the_worker_is_to_stop(run):
    flag, stream = Flag(), Stream()
    run(shutdown.watch_worker, flag, LONG)
    flag.is_wanted = False
    wait_until(lambda: stream.asked == ["stop"])


@BOTH
def test_one_more_is_told_of_the_stop_once(run):
    told = []
    run(shutdown.watch_worker, lambda: False, LONG, lambda: told.append(shutdown.seconds_since_stop() > 0))
    wait_until(lambda: told)
    turns()
    assert told == [True]


@BOTH
def test_a_worker_that_has_stopped_is_looked_at_no_more(run):
    flag, stream = Flag(), Stream(ends_at="cut")
    flag.is_wanted = False
    run(shutdown.watch_worker, flag, 6 * shutdown.LOOK_AT_WORKER_EVERY)
    wait_until(lambda: "cut" in stream.asked)
    assert flag.looks == 1


def test_a_process_follows_one_worker():
    first, second = Flag(), Flag()
    in_greenlet(shutdown.watch_worker, first, LONG)
    in_greenlet(shutdown.watch_worker, second, LONG)
    wait_until(lambda: first.looks > 1)
    assert second.looks == 0


@BOTH
def test_what_is_left_is_cut_before_the_server_kills(run):
    stream = Stream(ends_at="cut")
    run(shutdown.watch_worker, lambda: False, 0.2)
    wait_until(lambda: stream.asked)
    assert stream.asked == ["stop"]
    wait_until(lambda: "cut" in stream.asked)
    assert shutdown.seconds_since_stop() < 0.2


def test_a_process_that_has_begun_anew_is_not_ended_by_whom_it_followed():
    shutdown._WorkerWatcher(lambda: False, 0, None)._shut_down()
    assert shutdown.seconds_since_stop() == 0


def test_to_cut_no_stream_is_not_told(caplog):
    open_streams.abort_streams(LONG)
    assert caplog.messages == []


def test_the_log_counts_what_is_cut(caplog):
    for name in ("rows", "ticks", "ticks"):
        Stream(ends_at="cut", name=name)
    open_streams.abort_streams(LONG)
    assert caplog.messages == ["streams are cut, since the process ends: 2 of ticks, 1 of rows"]


@pytest.mark.parametrize("run", [in_greenlet, in_thread], ids=["in a greenlet", "in a thread"])
def test_streams_that_are_cut_are_waited_for(run):
    stream = Stream(ends_at="never")
    threading.Timer(0.05, open_streams.unregister, [stream]).start()
    run(open_streams.abort_streams, LONG)
    assert part(OpenStreams).streams == set()


def test_a_stream_that_goes_on_is_not_waited_for_beyond_the_limit():
    Stream(ends_at="never")
    open_streams.abort_streams(0.05)
    assert len(part(OpenStreams).streams) == 1


def test_at_the_end_a_stream_that_ends_by_itself_is_not_cut(caplog):
    stream = Stream(ends_at="never")
    gevent.spawn_later(0.01, open_streams.unregister, stream)
    in_greenlet(shutdown.shut_down, LONG)
    assert stream.asked == ["stop"]
    assert caplog.messages == []


def test_at_the_end_a_stream_that_was_asked_long_before_is_cut_at_once(monkeypatch):
    monkeypatch.setattr(shutdown, "FINISH_TIMEOUT", LONG)
    part(ShutdownState).stopped_at = time.monotonic() - LONG
    stream = Stream(ends_at="cut")
    in_greenlet(shutdown.shut_down, LONG)
    assert stream.asked[-1] == "cut"


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
            self.outcome = "cut"
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


def test_at_the_end_tasks_are_waited_for(task):
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
def test_at_the_end_tasks_are_cut_at_the_nearer_limit(task, caplog, grace, limit):
    worker_pool.configure(drain=limit)
    in_greenlet(shutdown.shut_down, grace)
    assert task.outcome == "cut"
    assert caplog.messages == ["the task was cut: the process ends"]


class Worker:
    """A worker of gunicorn's, as far as it can be told."""

    __module__ = "gunicorn.workers.fake"

    def __init__(self):
        self.alive = True
        self.cfg = SimpleNamespace(graceful_timeout=LONG)

    def serve(self, environ):
        shutdown.watch_server(ServerProfile(environ))

    def run(self, environ):
        """Serve as a server of gevent's does that is given the application alone."""
        gevent.spawn(shutdown.watch_server, ServerProfile(environ)).join(PATIENCE)


class WorkerOfTheUser(Worker):
    __module__ = "project.workers"


SOCKET = {"gunicorn.socket": None}
SOCK = {"gunicorn.sock": None}


@pytest.mark.parametrize(
    ("kind", "serve", "environ"),
    [
        pytest.param(Worker, Worker.serve, SOCKET, id="of gunicorn"),
        pytest.param(WorkerOfTheUser, Worker.serve, SOCKET, id="of a class derived from it"),
        pytest.param(Worker, Worker.run, SOCK, id="that runs a server of gevent's"),
    ],
)
def test_a_worker_is_found_without_a_hook(kind, serve, environ):
    worker = kind()
    serve(worker, environ)
    worker.alive = False
    wait_until(shutdown.seconds_since_stop)


def test_a_worker_that_is_followed_is_not_looked_for():
    flag, worker = Flag(), Worker()
    in_greenlet(shutdown.watch_worker, flag, LONG)
    worker.alive = False
    worker.serve(SOCKET)
    wait_until(lambda: flag.looks > 2)
    assert shutdown.seconds_since_stop() == 0


def test_a_worker_of_another_server_is_not_looked_for():
    Worker().serve({})
    assert part(ShutdownState).watcher is None


@pytest.mark.parametrize("run", [in_greenlet, on_the_spot], ids=["under a hub", "in a thread"])
def test_a_server_whose_worker_is_not_found_is_not_followed(run):
    run(shutdown.watch_server, ServerProfile(SOCKET))
    assert part(ShutdownState).watcher is None


class WithoutLife:
    __module__ = "gunicorn.workers.fake"

    def serve(self):
        shutdown.watch_server(ServerProfile(SOCKET))


class Unbound:
    """A stand-in for what is not there yet, as frameworks have them."""

    def __getattr__(self, name):
        raise RuntimeError("there is no request")

    def serve(self):
        shutdown.watch_server(ServerProfile(SOCKET))


@pytest.mark.parametrize(
    "caller",
    [
        pytest.param(WithoutLife(), id="of gunicorn, but no worker"),
        pytest.param(Unbound(), id="that stands for another"),
    ],
)
def test_another_caller_is_not_followed(caller):
    caller.serve()
    assert part(ShutdownState).watcher is None
