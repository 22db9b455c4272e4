"""Streams, downloads and tasks in progress in a worker of gunicorn when it ends; the app is ``apps/worker_end.py``."""

from __future__ import annotations

import contextlib
import os
import re
import time

from wsgiresp._protocol.event_reader import EventReader

from .server_processes import serve

MODULE = ("--config", "python:wsgiresp.adapters.gunicorn")
OWN_HOOKS = ("--config", "worker_end_hooks.py")
# So long that a worker which waits for an idle connection, or for gunicorn's patience, is far too late.
LONG = ("--graceful-timeout", "30", "--keep-alive", "30")
IN_TIME = 12.0  # s, on a machine that is busy
LENGTH = 16 * 1024 * 1024  # more than the buffers of both sockets hold
STREAM = 20 * 65536
FAULT = re.compile(r"^.*(?:ERROR|CRITICAL|WARNING|Traceback|SIGKILL|SIGSEGV).*$", re.M)
# Advice of ours; and what gunicorn 23 says of any worker that it has told to end.
HARMLESS = ("an event stream blocks", "was sent SIGTERM!")


class Client:
    """A client that has requested a target and received the beginning of the answer."""

    def __init__(self, server, target):
        self.connection = server.connect()
        self.connection.request("GET", target)
        self._pieces = self.connection.pieces(self.connection.head())

    def rest(self):
        """Return the rest of the answer and disconnect; raises if the answer is truncated."""
        with self.connection:
            return b"".join(self._pieces)


class Reader(Client):
    """A client of an event stream that has received the first event."""

    def __init__(self, server, target):
        super().__init__(server, target)
        self._reader = EventReader()
        while not self._reader.feed(next(self._pieces)):
            pass

    def retry(self):
        """The milliseconds after which to come back, once the stream has ended; the connection is left open."""
        self._reader.feed(b"".join(self._pieces))
        return self._reader.retry


class RequestsInProgress:
    """The requests in progress in a worker; each has a word by which the log names it."""

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
def requests_in_progress(name, files, *options, streams=20, downloads=6, tasks=10, environ=()):
    with serve(
        f"gunicorn:{name}", "worker_end:app", *options, environ={"FILES": str(files), **dict(environ)}
    ) as server:
        in_progress = RequestsInProgress(server, streams, downloads, tasks)
        try:
            yield in_progress
        finally:
            in_progress.close()


def send_signal(in_progress, how):
    """Send the signal *how* to the server."""
    in_progress.server.process.send_signal(how)


def faults(log):
    return [line for line in FAULT.findall(log) if not any(words in line for words in HARMLESS)]


def assert_all_finished(in_progress, log):
    assert counts(log, in_progress.streams, "closed") == {1}
    assert counts(log, in_progress.tasks, "done") <= {1}
    assert counts(log, [word for word in in_progress.downloads if "stream" in word], "closed") <= {1}
    assert counts(log, [word for word in in_progress.downloads if "file" in word], "done") <= {1}
    assert faults(log) == []
