"""The end of a worker of gunicorn's, while streams, downloads and tasks are under way."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time

import pytest
from servers.serving import serve
from servers.wire import TruncatedError

from wsgiresp._protocol.event_reader import EventReader

MODULE = ("--config", "python:wsgiresp.adapters.gunicorn")
OWN_HOOKS = ("--config", "worker_end_hooks.py")
# So long that a worker which waits for an idle connection, or for gunicorn's patience, is far too late.
LONG = ("--graceful-timeout", "30", "--keep-alive", "30")
IN_TIME = 12.0  # s, on a machine that is busy
LENGTH = 16 * 1024 * 1024  # more than the buffers of both sockets hold
STREAM = 20 * 65536
FAULT = re.compile(r"^.*(?:ERROR|CRITICAL|WARNING|Traceback|SIGKILL).*$", re.M)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    (folder / "large.bin").write_bytes(bytes(LENGTH))
    (folder / "small.bin").write_bytes(bytes(1000))
    return folder


class Client:
    """Whoever has asked for a target and has the beginning of the answer."""

    def __init__(self, server, target):
        self.connection = server.connect()
        self.connection.request("GET", target)
        self._pieces = self.connection.pieces(self.connection.head())

    def rest(self):
        """What is still to come, before the client leaves; raises where that is cut off."""
        with self.connection:
            return b"".join(self._pieces)


class Reader(Client):
    """A reader of events who has had the first."""

    def __init__(self, server, target):
        super().__init__(server, target)
        self._reader = EventReader()
        while not self._reader.feed(next(self._pieces)):
            pass

    def retry(self):
        """The milliseconds after which to come back, once the stream has ended; the connection is left open."""
        self._reader.feed(b"".join(self._pieces))
        return self._reader.retry


class Underway:
    """What is under way in a worker, each by a word that the log knows it by."""

    def __init__(self, server, streams, downloads, tasks):
        self.server = server
        self.pid = server.worker_pid
        kinds = ("", "async-")
        self.streams = [f"/{kinds[i % 2]}events/stream-{i}." for i in range(streams)]
        self.tasks = [f"/{kinds[i % 2]}task/task-{i}." for i in range(tasks)]
        routes = ("file", "stream", "async-stream")
        self.downloads = [f"/{routes[i % 3]}/download-{i}." for i in range(downloads)]
        self.readers = [Reader(server, target) for target in self.streams]
        for target in self.tasks:
            assert server.exchange("GET", target).body == b"task\n"
        self.clients = [Client(server, target) for target in self.downloads]

    @property
    def requests(self):
        return len(self.streams) + len(self.tasks) + len(self.downloads)

    def retries(self):
        return [reader.retry() for reader in self.readers]

    def lengths(self):
        return {len(client.rest()) for client in self.clients}

    def await_end(self):
        """Wait until the worker is gone."""
        if self.server.process.poll() is None:
            self.server.log.wait_for(rf"Worker exiting \(pid: {self.pid}\)", IN_TIME)
        deadline = time.monotonic() + IN_TIME
        with contextlib.suppress(ProcessLookupError):
            while time.monotonic() < deadline:
                os.kill(self.pid, 0)
                time.sleep(0.01)
            raise TimeoutError(f"the worker is there after {IN_TIME} s:\n{self.server.log.text}")

    def close(self):
        for client in (*self.readers, *self.clients):
            client.connection.close()


def wait_for_another(server, pid):
    """Wait until a worker answers that is not the one of *pid*."""
    deadline = time.monotonic() + IN_TIME
    while (answered := int(server.exchange("GET", "/text").body)) == pid:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return answered


def counts(log, words, verb):
    """How often each of *words* is told of with *verb*; nothing where there are no words."""
    return {log.count(f"{verb} {word.rpartition('/')[2]}\n") for word in words}


@contextlib.contextmanager
def under_way(name, files, *options, streams=20, downloads=6, tasks=10, environ=()):
    with serve(
        f"gunicorn:{name}", "worker_end:app", *options, environ={"FILES": str(files), **dict(environ)}
    ) as server:
        begun = Underway(server, streams, downloads, tasks)
        try:
            yield begun
        finally:
            begun.close()


def tell(begun, how):
    """Tell the worker to stop."""
    begun.server.process.send_signal(how)


# Advice of ours; and what gunicorn 23 says of any worker that it has told to end.
HARMLESS = ("an event stream blocks", "was sent SIGTERM!")


def faults(log):
    return [line for line in FAULT.findall(log) if not any(words in line for words in HARMLESS)]


def assert_all_ends_well(begun, log):
    assert counts(log, begun.streams, "closed") == {1}
    assert counts(log, begun.tasks, "done") <= {1}
    assert counts(log, [word for word in begun.downloads if "stream" in word], "closed") <= {1}
    assert counts(log, [word for word in begun.downloads if "file" in word], "done") <= {1}
    assert faults(log) == []


@pytest.mark.parametrize("config", [MODULE, OWN_HOOKS], ids=["the module", "hooks of one's own"])
def test_all_ends_well_at_sigterm(files, config):
    with under_way("gevent", files, *config, *LONG) as begun, begun.server.connect() as idle:
        idle.exchange("GET", "/text")
        tell(begun, signal.SIGTERM)
        retries = begun.retries()
        assert begun.lengths() == {LENGTH, STREAM}
        begun.await_end()
        assert len(set(retries)) > len(retries) / 2
        assert min(retries) >= 3000
        assert_all_ends_well(begun, begun.server.stop())
        assert ("hook of its own: exit" in begun.server.log.text) is (config is OWN_HOOKS)


def test_all_ends_well_at_a_reload_and_a_new_worker_answers_meanwhile(files):
    with under_way("gevent", files, *MODULE, *LONG) as begun, begun.server.connect() as idle:
        idle.exchange("GET", "/text")
        tell(begun, signal.SIGHUP)
        assert None not in begun.retries()
        # The downloads have not been taken, so the old one is still there.
        wait_for_another(begun.server, begun.pid)
        assert begun.lengths() == {LENGTH, STREAM}
        begun.await_end()
        assert_all_ends_well(begun, begun.server.stop())


def test_all_ends_well_at_the_last_request_of_a_worker(files):
    with under_way("gevent", files, *MODULE, *LONG[:2], "--max-requests", "37") as begun:
        assert begun.requests == 36
        begun.server.exchange("GET", "/text")
        assert None not in begun.retries()
        assert begun.lengths() == {LENGTH, STREAM}
        begun.await_end()
        wait_for_another(begun.server, begun.pid)
        assert_all_ends_well(begun, begun.server.stop())


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["SIGINT", "SIGQUIT"])
def test_streams_and_tasks_end_well_when_the_worker_stops_at_once(files, how):
    with under_way("gevent", files, *MODULE, *LONG, downloads=0) as begun, begun.server.connect() as idle:
        idle.exchange("GET", "/text")
        tell(begun, how)
        assert None not in begun.retries()
        begun.await_end()
        assert_all_ends_well(begun, begun.server.stop())


def test_streams_and_tasks_end_well_at_ctrl_c(files):
    with under_way("gevent", files, *MODULE, *LONG, downloads=0) as begun:
        os.killpg(begun.server.process.pid, signal.SIGINT)
        assert None not in begun.retries()
        begun.await_end()
        assert_all_ends_well(begun, begun.server.stop())


def test_all_ends_well_without_a_configuration(files):
    with under_way("gevent", files, *LONG[:2]) as begun:
        tell(begun, signal.SIGTERM)
        assert None not in begun.retries()
        assert begun.lengths() == {LENGTH, STREAM}
        begun.await_end()
        assert_all_ends_well(begun, begun.server.stop())


@pytest.mark.parametrize("config", [MODULE, ()], ids=["with the module", "without a configuration"])
def test_all_ends_well_in_the_server_of_gevent(files, config):
    with under_way("gevent_pywsgi", files, *config, *LONG, "--worker-class", "gevent_pywsgi") as begun:
        tell(begun, signal.SIGTERM)
        assert None not in begun.retries()
        assert begun.lengths() == {LENGTH, STREAM}
        begun.await_end()
        assert_all_ends_well(begun, begun.server.stop())


@pytest.mark.parametrize("config", [MODULE, ()], ids=["with the module", "without a configuration"])
def test_all_ends_well_in_threads(files, config):
    options = (*config, *LONG, "--threads", "16")
    with under_way("gthread", files, *options, streams=4, downloads=3, tasks=4) as begun:
        tell(begun, signal.SIGTERM)
        assert None not in begun.retries()
        assert begun.lengths() == {LENGTH, STREAM}
        begun.await_end()
        assert_all_ends_well(begun, begun.server.stop())


def test_a_stream_ends_well_in_a_worker_that_has_nothing_else(files):
    with under_way("sync", files, *MODULE, *LONG, streams=1, downloads=0, tasks=0) as begun:
        tell(begun, signal.SIGTERM)
        assert None not in begun.retries()
        begun.await_end()
        assert_all_ends_well(begun, begun.server.stop())


def test_streams_end_well_when_the_master_is_killed(files):
    with under_way("gthread", files, *MODULE, *LONG, "--threads", "8", streams=4, downloads=0, tasks=0) as begun:
        begun.server.process.kill()
        assert None not in begun.retries()
        begun.await_end()
        assert_all_ends_well(begun, begun.server.log.wait_for_end())


@pytest.fixture(scope="module")
def busy(files):
    """A worker whose tasks do not end before it does."""
    with serve("gunicorn:gevent", "worker_end:app", *MODULE, environ={"FILES": str(files), "DRAIN": "0"}) as server:
        yield server


@pytest.mark.parametrize("route", ["busy-file", "busy-stream", "busy-events"])
def test_the_next_request_does_not_wait_for_the_task_after(busy, route):
    with busy.connect() as connection:
        assert connection.exchange("GET", f"/{route}/{route}.").status == 200
        assert connection.exchange("GET", "/text").status == 200
    busy.log.wait_for(f"begun {route}")
    assert f"left {route}" not in busy.log.text


WITHOUT_END = ("endless", "async-endless", "deaf", "async-deaf")
TASKS_WITHOUT_END = ("endless-task", "async-endless-task", "deaf-task", "async-deaf-task")


class Stubborn:
    """A worker that ended though nothing in it did: what its clients got, what it logged, how long it took."""

    def __init__(self, files):
        options = (*MODULE, "--graceful-timeout", "6")
        with serve("gunicorn:gevent", "worker_end:app", *options, environ={"FILES": str(files)}) as server:
            clients = {route: Client(server, f"/{route}/{route}.") for route in WITHOUT_END}
            for route in TASKS_WITHOUT_END:
                server.exchange("GET", f"/{route}/{route}.")
            begun = time.monotonic()
            server.terminate()
            self.ends = {route: self._end(client) for route, client in clients.items()}
            server.process.wait(IN_TIME)
            self.seconds = time.monotonic() - begun
            self.log = server.log.wait_for_end()

    def _end(self, client):
        try:
            return client.rest()
        except TruncatedError:
            return None


@pytest.fixture(scope="module")
def stubborn(files):
    return Stubborn(files)


def test_nothing_keeps_a_worker_until_it_is_killed(stubborn):
    assert stubborn.seconds < 7
    assert "SIGKILL" not in stubborn.log


@pytest.mark.parametrize("name", ["without_end", "without_end_later", "deaf", "deaf_later"])
def test_a_stream_that_was_cut_is_named(stubborn, name):
    assert re.search(rf"streams are cut, since the process ends: .*1 of {name}\b", stubborn.log)


@pytest.mark.parametrize("word", ["endless", "async-endless"])
def test_a_stream_that_was_cut_is_closed_once(stubborn, word):
    assert stubborn.log.count(f"closed {word}.\n") == 1


@pytest.mark.parametrize("name", ["deaf", "deaf_later"])
def test_a_source_that_goes_on_is_named(stubborn, name):
    assert f"the source of a stream, {name}, goes on though it was cut\n" in stubborn.log


@pytest.mark.parametrize("word", ["endless", "async-endless"])
def test_the_client_of_a_stream_that_was_cut_does_not_take_it_for_whole(stubborn, word):
    assert stubborn.ends[word] is None


@pytest.mark.parametrize("word", ["deaf", "async-deaf"])
def test_the_client_of_events_sees_an_end_though_their_source_goes_on(stubborn, word):
    assert b"retry: " in stubborn.ends[word]


@pytest.mark.parametrize(
    "line",
    [
        "<BackgroundTask work(int, str)> was cut: the process ends",
        "<BackgroundTask work_later(int, str)> was cut: the process ends",
        "<BackgroundTask work_deaf(str)> was cut: the process ends",
        "<BackgroundTask work_deaf(str)> goes on though it was cut",
        "<BackgroundTask work_deaf_later(str)> was cut: the process ends",
    ],
)
def test_a_task_that_was_cut_is_named_once(stubborn, line):
    assert stubborn.log.count(f"{line}\n") == 1


@pytest.mark.parametrize("word", ["endless-task", "async-endless-task"])
def test_a_task_that_was_cut_cleans_up(stubborn, word):
    assert f"left {word}.\n" in stubborn.log
