"""Servers as processes of their own, with the CPU time and the memory that they use. Linux only: it reads /proc."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import TypeVar

from .answers import Answer

ROOT = Path(__file__).parents[2]
START = 60.0  # s for a server to answer first: thirty of them start on one CPU
SLEEPING = 0.05  # s for a worker to have done its work once the client has all of it
IDLE = 600  # s that a connection may be idle: each has to wait for its turn

T = TypeVar("T")

Command = Callable[[socket.socket], list[str]]
"""Returns the command line of a server, for a socket that is bound and that the server inherits."""


def gunicorn(worker: str, app: str, *options: str) -> Command:
    """Return the command of gunicorn with one *worker* for *app*, which is ``module:expression``."""
    fixed = ["--keep-alive", str(IDLE), "--log-level", "error", "--no-control-socket", "--worker-class", worker]
    start = [sys.executable, "-m", "gunicorn", *fixed, *options]
    return lambda listener: [*start, "--bind", f"fd://{listener.fileno()}", app]


def in_python(server: str, maker: str, *asked: str) -> Command:
    """Return the command of *server*, which has no command line of that kind, for an application.

    That is what the function *maker* of ``benchmarks.harness.applications`` returns for what is *asked*.
    """
    start = [sys.executable, "-m", "benchmarks.harness.applications", server]
    return lambda listener: [*start, str(listener.fileno()), maker, *asked]


def nginx(folder: str, place: str) -> Command | None:
    """Return the command of nginx for the files in *folder*, with its own in *place*; None if it is not installed."""
    program = shutil.which("nginx")
    if program is None:
        return None

    def command(listener: socket.socket) -> list[str]:
        text = _NGINX.format(port=listener.getsockname()[1], folder=folder, idle=IDLE)
        Path(place, "nginx.conf").write_text(text, encoding="utf-8")
        return [program, "-p", place, "-c", "nginx.conf", "-e", "stderr"]

    return command


class Server:
    """A server on a free port of the loopback, started in *folder* with *environment*, which is ours if it is None."""

    def __init__(self, command: Command, folder: Path = ROOT, environment: Mapping[str, str] | None = None) -> None:
        with socket.socket() as listener:
            # For a server that binds the port itself, while this socket is still open.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", 0))
            self.port: int = listener.getsockname()[1]
            self._process = subprocess.Popen(
                command(listener), cwd=folder, env=environment, pass_fds=[listener.fileno()]
            )

    def answer(self, path: str = "/") -> Answer:
        """Return what a client sees of one request; waits for the server to start, ``TimeoutError`` if it does not."""
        deadline = time.monotonic() + START
        while self._process.poll() is None and time.monotonic() < deadline:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START)
            try:
                connection.request("GET", path)
                response = connection.getresponse()
                return Answer(response.status, response.getheaders(), response.read())
            except ConnectionRefusedError:
                time.sleep(0.05)
            finally:
                connection.close()
        raise TimeoutError(f"no answer from {self._process.args!r} in {START} s")

    def cpu_seconds(self) -> float:
        """Return the CPU time that the worker has used, with the kernel's part in sending and receiving.

        That of threads which have ended is in it. Waits for the worker to sleep, but not for long: the kernel adds to
        the clock of another process only at its ticks while that runs, and the last answer comes before all work for it
        is done.
        """
        deadline = time.monotonic() + SLEEPING
        while not self._sleeps() and time.monotonic() < deadline:
            time.sleep(0.0002)
        # The clock that clock_getcpuclockid(3) names: the inverted id, then CPUCLOCK_SCHED for a whole process.
        return time.clock_gettime(~self._worker << 3 | 2)

    def _sleeps(self) -> bool:
        stat = Path(f"/proc/{self._worker}/stat").read_text(encoding="utf-8")
        # The name of the program may hold blanks and brackets: what follows its last bracket is the state.
        return stat.rpartition(")")[2].split()[0] == "S"

    def memory(self) -> int:
        """Return the bytes of RAM that the worker has for itself; what it shares with files is not in it."""
        status = Path(f"/proc/{self._worker}/status").read_text(encoding="utf-8")
        [kibibytes] = [line.split()[1] for line in status.splitlines() if line.startswith("RssAnon:")]
        return int(kibibytes) * 1024

    def terminate(self) -> None:
        """Tell the server to end, and wait for nothing."""
        self._process.terminate()

    def close(self) -> None:
        """End the server."""
        self.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @cached_property
    def _worker(self) -> int:
        """The process that serves: the one child, or the server itself where it has none."""
        [worker] = list(_children(self._process.pid)) or [self._process.pid]
        return worker


class Apart:
    """Starts servers on one CPU while this process, the client, keeps to the others, if there are any; as a context."""

    def __enter__(self) -> Apart:
        self._every = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, self._every[1:] or self._every)
        return self

    def __exit__(self, *raised: object) -> None:
        os.sched_setaffinity(0, self._every)

    def start(self, make: Callable[[], T]) -> T:
        """Return what *make* returns; the processes that it starts are on the CPU of the servers."""
        mine = os.sched_getaffinity(0)
        os.sched_setaffinity(0, self._every[:1])
        try:
            return make()
        finally:
            os.sched_setaffinity(0, mine)


@contextmanager
def running(
    commands: Mapping[str, Command], fault: Callable[[Server], str | None], skipped: Callable[[str], None]
) -> Iterator[dict[str, Server]]:
    """Return the servers of *commands*, all up on one CPU, while this process keeps to the others.

    One that does not start, or of whose answers *fault* has something to say, is left out, and *skipped* is told why.
    """
    with Apart() as apart, ExitStack() as stack:
        servers = {
            name: stack.enter_context(closing(apart.start(partial(Server, command))))
            for name, command in commands.items()
        }
        # All at once: one after the other they would take as long as all their workers together.
        stack.callback(_terminate, servers)
        for name, server in list(servers.items()):
            try:
                found = fault(server)
            except (OSError, http.client.HTTPException) as error:
                found = f"{type(error).__name__}: {error}"
            if found is not None:
                skipped(f"{name}: {found}")
                servers.pop(name).close()
        yield servers


def _terminate(servers: Mapping[str, Server]) -> None:
    for server in servers.values():
        server.terminate()


def _children(parent: int) -> Iterator[int]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue  # a process that ended meanwhile
        # The name of the program may hold blanks and brackets: what follows its last bracket is state and parent.
        if int(text.rpartition(")")[2].split()[1]) == parent:
            yield int(stat.parent.name)


_NGINX = """\
daemon off; worker_processes 1; pid nginx.pid; error_log stderr error;
events {{ worker_connections 1024; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_timeout {idle}; keepalive_requests 1000000;
    default_type application/octet-stream; client_body_temp_path .; proxy_temp_path .; fastcgi_temp_path .;
    uwsgi_temp_path .; scgi_temp_path .;
    server {{
        listen 127.0.0.1:{port}; root {folder};
        location = / {{ default_type text/plain; return 200 "Hello, world!"; }}
    }}
}}
"""
