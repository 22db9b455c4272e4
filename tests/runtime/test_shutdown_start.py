"""The watcher of a worker where threads, memory or descriptors are short: no request fails, and it is tried again."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import gevent
import pytest
from process_fixtures import forget
from runtime.runners import in_greenlet, in_main_greenlet, run_others, wait_until

from wsgiresp._runtime import process, shutdown
from wsgiresp._runtime.process import part
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._runtime.shutdown import ShutdownState

LONG = 600  # s; longer than any test may take
SOCKET = {"gunicorn.socket": None}
ERRORS = [RuntimeError("can't start new thread"), MemoryError(), OSError(24, "Too many open files")]
every_error = pytest.mark.parametrize("error", ERRORS, ids=["no thread", "no memory", "no descriptor"])


@pytest.fixture(autouse=True)
def fresh():
    """A process that nothing has told to stop and that has logged nothing, before the test and after it."""
    forget(ShutdownState)
    process.PROCESS.told.discard("unwatched worker")
    yield
    forget(ShutdownState)
    process.PROCESS.told.discard("unwatched worker")


class Shortage:
    """Replaces a function that starts something: it raises *error* as long as the shortage lasts."""

    def __init__(self, start, error):
        self.start = start
        self.error = error
        self.lasts = True

    def __call__(self, *arguments, **named):
        if self.lasts:
            raise self.error
        return self.start(*arguments, **named)


def replace_loop(monkeypatch, timer):
    """Have the timers of the watcher come from *timer*."""
    hub = SimpleNamespace(loop=SimpleNamespace(timer=timer))
    replaced = SimpleNamespace(get_hub=lambda: hub, spawn_later=gevent.spawn_later)
    monkeypatch.setattr(shutdown, "gevent", replaced)


@pytest.fixture(params=["in a thread", "in a hub"])
def place(request):
    """How to call a function where the watcher starts a thread, and where it starts a timer of the hub."""
    return request.param


@pytest.fixture
def short(place, monkeypatch):
    """Return ``short(error)``: a shortage of what the watcher is started with."""

    def shorten(error):
        if place == "in a thread":
            shortage = Shortage(shutdown.start_thread, error)
            monkeypatch.setattr(shutdown, "start_thread", shortage)
        else:
            shortage = Shortage(gevent.get_hub().loop.timer, error)
            replace_loop(monkeypatch, shortage)
        return shortage

    return shorten


@pytest.fixture
def run(place):
    return in_main_greenlet if place == "in a thread" else in_greenlet


@every_error
def test_a_watcher_that_cannot_start_raises_nothing(short, run, error):
    short(error)
    run(shutdown.watch_worker, lambda: True, LONG)
    assert part(ShutdownState).watcher is None


@every_error
def test_a_later_stream_starts_the_watcher_with_what_the_hook_has_given(short, run, error):
    calls = []
    shortage = short(error)
    run(shutdown.watch_worker, lambda: False, LONG, lambda: calls.append("hook"))
    run(shutdown.watch_server, ServerProfile(SOCKET))
    assert part(ShutdownState).watcher is None
    shortage.lasts = False
    run(shutdown.watch_server, ServerProfile(SOCKET))
    wait_until(lambda: calls)
    assert part(ShutdownState).unstarted is None


def test_a_shortage_is_logged_once(short, run, caplog):
    short(ERRORS[0])
    run(shutdown.watch_worker, lambda: True, LONG)
    run(shutdown.watch_server, ServerProfile(SOCKET))
    assert caplog.messages == [
        'the watcher of the worker cannot start, so a stop ends no streams: RuntimeError("can\'t start new thread")'
    ]


def test_an_error_of_another_kind_is_raised(short, run):
    short(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        run(shutdown.watch_worker, lambda: True, LONG)


def test_a_timer_that_cannot_be_started_is_closed(monkeypatch):
    closed = []

    class Timer:
        def start(self, callback):
            raise MemoryError

        def close(self):
            closed.append("timer")

    replace_loop(monkeypatch, lambda *arguments, **named: Timer())
    in_greenlet(shutdown.watch_worker, lambda: True, LONG)
    assert closed == ["timer"]


def test_of_two_threads_that_come_at_once_one_starts_a_watcher(monkeypatch):
    started = []
    monkeypatch.setattr(shutdown, "start_thread", lambda run, name: started.append(run))
    both = threading.Barrier(2)

    class Both(shutdown._WorkerWatcher):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            both.wait(10)  # both threads have seen that there is no watcher

    monkeypatch.setattr(shutdown, "_WorkerWatcher", Both)
    threads = [threading.Thread(target=shutdown.watch_worker, args=(lambda: True, LONG)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(started) == 1


def test_a_watcher_that_a_forked_process_has_inherited_calls_nothing():
    looks = []
    in_greenlet(shutdown.watch_worker, lambda: looks.append("look") or False, LONG)
    part(ShutdownState).after_fork()
    gevent.sleep(3 * shutdown.LOOK_AT_WORKER_EVERY)
    run_others()
    assert (looks, shutdown.is_stopping()) == ([], False)


def test_a_forked_process_does_not_start_the_watcher_of_its_parent(short, run):
    short(ERRORS[0])
    run(shutdown.watch_worker, lambda: True, LONG)
    part(ShutdownState).after_fork()
    assert part(ShutdownState).unstarted is None


class FailingOnce:
    """A callback that fails at its first call."""

    def __init__(self):
        self.calls = 0

    def __call__(self):
        self.calls += 1
        if self.calls == 1:
            raise MemoryError


@pytest.mark.parametrize("run", [in_greenlet, in_main_greenlet], ids=["in a hub", "in a thread"])
def test_a_stop_that_fails_is_tried_again(run, monkeypatch, capfd):
    callback = FailingOnce()
    monkeypatch.setattr(gevent.get_hub(), "handle_error", lambda *arguments: None)
    run(shutdown.watch_worker, lambda: False, LONG, callback)
    wait_until(lambda: callback.calls == 2)
    gevent.sleep(2 * shutdown.LOOK_AT_WORKER_EVERY)
    assert callback.calls == 2


def test_a_thread_whose_stop_always_fails_shuts_down_all_the_same(monkeypatch):
    ended = []
    monkeypatch.setattr(shutdown, "shut_down", ended.append)

    def fail():
        raise MemoryError

    in_main_greenlet(shutdown.watch_worker, lambda: False, 0.2, fail)
    wait_until(lambda: ended == [0.2])
