"""The end of a worker of gunicorn whose streams and tasks do not end: they are aborted, and logged by name."""

from __future__ import annotations

import re
import time

import pytest
from servers.http_client import TruncatedError
from servers.requests_in_progress import IN_TIME, MODULE, Client
from servers.server_processes import serve

WITHOUT_END = ("endless", "async-endless", "deaf", "async-deaf")
TASKS_WITHOUT_END = ("endless-task", "async-endless-task", "deaf-task", "async-deaf-task")


class Stubborn:
    """A worker that ended though nothing in it did: what its clients got, what it logged, how long it took."""

    def __init__(self):
        options = (*MODULE, "--graceful-timeout", "6")
        with serve("gunicorn:gevent", "worker_end:app", *options) as server:
            clients = {route: Client(server, f"/{route}/{route}.") for route in WITHOUT_END}
            for route in TASKS_WITHOUT_END:
                server.exchange("GET", f"/{route}/{route}.")
            terminated_at = time.monotonic()
            server.terminate()
            self.ends = {route: self._end(client) for route, client in clients.items()}
            server.process.wait(IN_TIME)
            self.seconds = time.monotonic() - terminated_at
            self.log = server.log.wait_for_end()

    def _end(self, client):
        try:
            return client.rest()
        except TruncatedError:
            return None


@pytest.fixture(scope="module")
def stubborn():
    return Stubborn()


def test_nothing_keeps_a_worker_until_it_is_killed(stubborn):
    assert stubborn.seconds < 7
    assert "SIGKILL" not in stubborn.log


@pytest.mark.parametrize("name", ["without_end", "without_end_later", "deaf", "deaf_later"])
def test_a_stream_that_was_cut_is_named(stubborn, name):
    assert re.search(rf"open streams are aborted, since the process is shutting down: .*1 of {name}\b", stubborn.log)


@pytest.mark.parametrize("word", ["endless", "async-endless"])
def test_a_stream_that_was_cut_is_closed_once(stubborn, word):
    assert stubborn.log.count(f"closed {word}.\n") == 1


@pytest.mark.parametrize("name", ["deaf", "deaf_later"])
def test_a_source_that_goes_on_is_named(stubborn, name):
    assert f"stream source {name} is still running 0.5 s after the abort of its stream\n" in stubborn.log


@pytest.mark.parametrize("word", ["endless", "async-endless"])
def test_the_client_of_a_stream_that_was_cut_does_not_take_it_for_whole(stubborn, word):
    assert stubborn.ends[word] is None


@pytest.mark.parametrize("word", ["deaf", "async-deaf"])
def test_the_client_of_events_sees_an_end_though_their_source_goes_on(stubborn, word):
    assert b"retry: " in stubborn.ends[word]


@pytest.mark.parametrize(
    "line",
    [
        "<BackgroundTask work(int, str)> was aborted: the process is shutting down",
        "<BackgroundTask work_later(int, str)> was aborted: the process is shutting down",
        "<BackgroundTask work_deaf(str)> was aborted: the process is shutting down",
        "<BackgroundTask work_deaf(str)> is still running 1 s after it was aborted",
        "<BackgroundTask work_deaf_later(str)> was aborted: the process is shutting down",
    ],
)
def test_a_task_that_was_cut_is_named_once(stubborn, line):
    assert stubborn.log.count(f"{line}\n") == 1


@pytest.mark.parametrize("word", ["endless-task", "async-endless-task"])
def test_a_task_that_was_cut_cleans_up(stubborn, word):
    assert f"left {word}.\n" in stubborn.log


@pytest.mark.parametrize("name", ["gthread", "sync"])
def test_a_task_in_a_thread_is_named_before_the_worker_is_killed(name):
    with serve(f"gunicorn:{name}", "worker_end:app", *MODULE, "--graceful-timeout", "2") as server:
        server.exchange("GET", "/endless-task/word")
        server.terminate()
        server.log.wait_for(r"<BackgroundTask work\(int, str\)> is still running: the process is shutting down")
