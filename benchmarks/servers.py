"""gunicorn's gevent worker as a process of its own, and the CPU time that it has used. Linux only: it reads /proc."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from .cases import Answer

ROOT = Path(__file__).parent.parent
START = 20.0  # s for a server to answer first


class Server:
    """gunicorn with one gevent worker, on a free port of the loopback, for ``benchmarks.served:app(name, case)``."""

    def __init__(self, name: str, case: str) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port: int = listener.getsockname()[1]
            descriptor = listener.fileno()
            options = ["--worker-class", "gevent", "--keep-alive", "60", "--log-level", "error", "--no-control-socket"]
            app = f"benchmarks.served:app({name!r}, {case!r})"
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", *options, "--bind", f"fd://{descriptor}", app],
                cwd=ROOT,
                pass_fds=[descriptor],
            )

    def answer(self) -> Answer:
        """Return what a client sees of one request; waits for the server to start, ``TimeoutError`` if it does not."""
        deadline = time.monotonic() + START
        while self._process.poll() is None and time.monotonic() < deadline:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START)
            try:
                connection.request("GET", "/")
                response = connection.getresponse()
                return Answer(response.status, response.getheaders(), response.read())
            except ConnectionRefusedError:
                time.sleep(0.05)
            finally:
                connection.close()
        raise TimeoutError(f"no answer from {self._process.args!r} in {START} s")

    def cpu_seconds(self) -> float:
        """Return the CPU time that the worker has used, with the kernel's part in sending and receiving."""
        [worker] = _children(self._process.pid)
        tasks = Path(f"/proc/{worker}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    def close(self) -> None:
        """End the server."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def apart() -> set[int] | None:
    """Keep the servers that are started from now on on one CPU; return the others, for the client, if there are any."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        return None
    os.sched_setaffinity(0, usable[:1])
    return set(usable[1:])


def _children(parent: int) -> Iterator[int]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue  # a process that ended meanwhile
        # The name of the program may hold blanks and brackets: what follows its last bracket is state and parent.
        if int(text.rpartition(")")[2].split()[1]) == parent:
            yield int(stat.parent.name)
