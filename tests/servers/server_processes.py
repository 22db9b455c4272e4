"""Real WSGI servers for tests, each in a process of its own on a free port of the loopback.

    with serve("gunicorn:gevent", "known_bodies:app", "--graceful-timeout", "2") as server:
        assert server.exchange("GET", "/text").status == 200
        server.log.wait_for("a line that a task writes")

The socket listens before the server is there: a connection that is made early waits in its queue, so no test asks again
and again whether the server is up, and a server that dies at its start resets the connection at once.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

import pytest

from .http_client import Answer, Connection

APPS = Path(__file__).parent / "apps"
PATIENCE = 10.0  # s for a line of the log, and for the end of a server


class Kind(NamedTuple):
    """A server: its name, the module that must be installed, whether its connections can be used again."""

    name: str
    module: str
    keeps_alive: bool

    @property
    def is_installed(self) -> bool:
        """Whether the server can be started here."""
        return importlib.util.find_spec(self.module) is not None


KINDS = {
    kind.name: kind
    for kind in (
        Kind("gunicorn:sync", "gunicorn", keeps_alive=False),
        Kind("gunicorn:gthread", "gunicorn", keeps_alive=True),
        Kind("gunicorn:gevent", "gunicorn", keeps_alive=True),
        Kind("gevent.pywsgi", "gevent", keeps_alive=True),
        Kind("waitress", "waitress", keeps_alive=True),
        Kind("wsgiref", "wsgiref", keeps_alive=False),
        Kind("werkzeug", "werkzeug", keeps_alive=False),
        Kind("cheroot", "cheroot", keeps_alive=True),
        Kind("granian", "granian", keeps_alive=True),
        Kind("uwsgi", "uwsgidecorators", keeps_alive=False),
    )
}

# For tests that name them: as to the first, the others are enough for the rest.
RARE = {
    kind.name: kind
    for kind in (
        Kind("gunicorn:gevent_pywsgi", "gunicorn", keeps_alive=True),
        # Its main thread closes the connection of a client that leaves.
        Kind("waitress:lookahead", "waitress", keeps_alive=True),
        # Django's own, for its applications; and one for ASGI.
        Kind("runserver", "django", keeps_alive=True),
        Kind("uvicorn", "uvicorn", keeps_alive=True),
    )
}


def cases(*names: str) -> list[Any]:
    """Return a case for each server of *names*, or for all; one that is not installed is skipped and says so."""
    kinds = [_kind(name) for name in names or KINDS]
    return [
        pytest.param(
            kind.name, marks=pytest.mark.skipif(not kind.is_installed, reason=f"{kind.module} is not installed")
        )
        for kind in kinds
    ]


def _kind(name: str) -> Kind:
    return RARE[name] if name in RARE else KINDS[name]


class Log:
    """What a server has written to stdout and stderr so far."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._is_whole = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def text(self) -> str:
        """The lines that have come."""
        with self._changed:
            return "".join(self._lines)

    def wait_for(self, pattern: str, timeout: float = PATIENCE) -> re.Match[str]:
        """Return the first match of *pattern* once it has come; ``TimeoutError`` with the log where it does not."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_whole or re.search(pattern, "".join(self._lines)), timeout)
        match = re.search(pattern, self.text)
        if match is None:
            raise TimeoutError(f"{pattern!r} is not in the log:\n{self.text}")
        return match

    def wait_for_end(self) -> str:
        """Return the text once nobody can write any more, since every process of the server has ended."""
        self._reader.join(PATIENCE)
        return self.text

    def _read(self) -> None:
        with self._pipe:
            for line in self._pipe:
                with self._changed:
                    self._lines.append(line.decode("utf-8", "replace"))
                    self._changed.notify_all()
        with self._changed:
            self._is_whole = True
            self._changed.notify_all()


class Server:
    """A running server; made by :func:`serve`."""

    def __init__(self, kind: Kind, process: subprocess.Popen[bytes], address: tuple[str, int], log: Log) -> None:
        self.kind = kind
        self.process = process
        self.address = address
        self.log = log

    @property
    def worker_pid(self) -> int:
        """The id of the process that runs the app, of which there is one."""
        if self.kind.module in ("gunicorn", "granian"):
            return int(self.log.wait_for(r"(?:Booting worker with pid|Spawning worker-1 with PID): (\d+)")[1])
        return self.process.pid

    def connect(self) -> Connection:
        """Return a new connection to it, to be closed."""
        return Connection(self.address)

    def exchange(self, method: str, target: str, *fields: tuple[str, str], body: bytes = b"") -> Answer:
        """Return the answer to one request on a connection of its own."""
        with self.connect() as connection:
            return connection.exchange(method, target, ("Connection", "close"), *fields, body=body)

    def terminate(self) -> None:
        """Ask it to end (SIGTERM) and do not wait."""
        self.process.terminate()

    def stop(self) -> str:
        """End it, wait for that, and return its whole log."""
        self.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            # The group of processes that was made for it: a worker may be left as well.
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(PATIENCE)
            raise
        return self.log.wait_for_end()


@contextlib.contextmanager
def serve(
    name: str, app: str, *options: str, folder: Path = APPS, environ: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Run the server *name* of ``KINDS`` or ``RARE`` until the ``with`` ends; *app* is ``module:callable`` in *folder*.

    *options* are those of gunicorn's command line. *environ* is added to the environment of the server.
    """
    if options and not name.startswith("gunicorn:"):
        raise ValueError(f"options are for gunicorn alone, got {options!r} for {name}")
    # What is imported there is what is imported here: the checkout, or the wheel that is under test.
    path = os.pathsep.join(filter(None, sys.path))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = subprocess.Popen(
            [sys.executable, "-m", "servers.launch_server", name, str(listener.fileno()), app, *options],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1", **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[listener.fileno()],
            start_new_session=True,
        )
        address = listener.getsockname()
    if process.stdout is None:
        raise RuntimeError("the process has no stdout")
    server = Server(_kind(name), process, address, Log(process.stdout))
    try:
        yield server
    except BaseException as error:
        error.add_note(f"The log of {name}:\n{server.log.text}")
        raise
    finally:
        server.stop()
