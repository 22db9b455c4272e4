"""The system calls by which a server answers each request, as strace sees them.

with traced(server.worker_pid) as trace:
    ...  # requests on one connection
assert trace.calls_of_each_request()[0] == ["recvfrom", "openat", ...]
"""

from __future__ import annotations

import contextlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

PATIENCE = 10.0  # s for strace to attach and to detach

# What a server does while it waits for the next request, and gevent's look at whether the process was forked.
_WAITING = {"epoll_wait", "epoll_pwait", "epoll_pwait2", "epoll_ctl", "getpid"}
_CALL = re.compile(r"(\w+)\((.*)\)\s+= (-?\w+)")
_REQUEST = re.compile(r'\d+, "(?:GET|HEAD) ')


class Trace:
    """The lines that strace has written, once it has ended."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def calls_of_each_request(self) -> list[list[str]]:
        """Return the names of the calls between the arrival of each request and that of the next one.

        Without those that wait: for the event loop, or for bytes of a socket that are not there yet.
        """
        requests: list[list[str]] = []
        for line in self.lines:
            match = _CALL.match(line)
            if match is None:
                continue
            name, arguments, result = match.groups()
            if name.startswith("recv") and _REQUEST.match(arguments):
                requests.append([])
            elif name in _WAITING or (name.startswith("recv") and result == "-1"):
                continue
            if requests:
                requests[-1].append(name)
        return requests


@contextlib.contextmanager
def traced(pid: int) -> Iterator[Trace]:
    """Trace the main thread of the process *pid* until the ``with`` ends; skip the test where that is not possible."""
    program = shutil.which("strace")
    if program is None:
        pytest.skip("strace is not installed")
    trace = Trace()
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "trace")
        process = subprocess.Popen(
            [program, "-s", "16", "-o", str(output), "-p", str(pid)], stderr=subprocess.PIPE, text=True
        )
        guard = threading.Timer(PATIENCE, process.kill)
        guard.start()
        try:
            said = process.stderr.readline()  # a line comes when it is attached, or when it cannot attach
            guard.cancel()
            if "attached" not in said:
                pytest.skip(f"strace must not trace another process here: {said.strip()}")
            yield trace
        finally:
            guard.cancel()
            process.send_signal(signal.SIGINT)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(PATIENCE)
            process.stderr.close()
        trace.lines = output.read_text(errors="replace").splitlines()
