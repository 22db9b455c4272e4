"""System calls of a download of 256 MiB under gunicorn's workers, counted by strace: the kernel sends the file."""

from __future__ import annotations

import contextlib
import re
import shutil
import signal
import subprocess
from collections import Counter

import pytest
from servers.server_processes import cases, serve

pytest.importorskip("django", reason="Django is what is compared with")

LENGTH = 256 * 1024 * 1024
BLOCK = 262144
# What a worker does while it waits, however long that takes: it looks at its connections and tells its master.
IDLE = {
    "clock_nanosleep",
    "epoll_wait",
    "fchmod",
    "futex",
    "getpid",
    "getppid",
    "poll",
    "pselect6",
    "select",
    "utimensat",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("large")
    with (found / "large.bin").open("wb") as handle:
        handle.truncate(LENGTH)
    return found


@contextlib.contextmanager
def traced(pid, record):
    """Write the system calls of the process *pid* to *record* until the end of the block; skip without strace."""
    program = shutil.which("strace")
    if program is None:
        pytest.skip("there is no strace")
    tracer = subprocess.Popen([program, "-f", "-p", str(pid), "-o", record], stderr=subprocess.PIPE, text=True)
    with tracer:
        try:
            first = tracer.stderr.readline()
            if "attached" not in first:
                pytest.skip(f"strace may not trace here: {first}")
            yield
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.stderr.read()


def calls(server, target, record):
    """Return how often each system call is made for a second download of *target*."""
    download(server, target)
    with traced(server.worker_pid, record):
        download(server, target)
    names = re.findall(r"^\d+ +(\w+)\(", record.read_text(), re.MULTILINE)
    return Counter(name for name in names if name not in IDLE)


def download(server, target):
    with server.connect() as connection:
        connection.request("GET", target, ("Connection", "close"))
        assert sum(map(len, connection.pieces(connection.head()))) == LENGTH
        assert connection.ends()


@pytest.mark.parametrize("name", cases("gunicorn:sync", "gunicorn:gthread"))
def test_one_sendfile_sends_the_whole_file_with_no_more_other_calls_than_django(name, folder, tmp_path):
    with serve(name, "large_files:app", environ={"FILES": str(folder)}) as server:
        ours = calls(server, "/ours", tmp_path / "ours")
        django = calls(server, "/django", tmp_path / "django")
    assert (ours.pop("sendfile"), django.pop("sendfile")) == (1, 1), (ours, django)
    assert ours.total() <= 1.1 * django.total(), (ours, django)


@pytest.mark.parametrize("name", cases("gunicorn:gevent"))
def test_greenlets_send_a_block_with_each_sendfile_and_read_none(name, folder, tmp_path):
    with serve(name, "large_files:app", environ={"FILES": str(folder)}) as server:
        ours = calls(server, "/ours", tmp_path / "ours")
    # More of them where the buffer of the socket is full, which depends on the client.
    sends = ours.pop("sendfile")
    assert sends >= LENGTH // BLOCK, ours
    # One look at the page cache before each, and those that come before the first.
    assert ours.pop("preadv2") <= sends + 2, ours
    # To wait for the client, which may be often.
    for wait in ("epoll_ctl", "fcntl"):
        ours.pop(wait, None)
    assert ours.total() < 60, ours
