"""Slow downloads: what a worker holds for clients that take little of a file."""

from __future__ import annotations

import contextlib
import os
import re
import socket
from pathlib import Path

import pytest
from servers.server_processes import cases, serve

from wsgiresp._files.block_budget import BUDGET, SMALLEST_BLOCK

CLIENTS = 250
LENGTH = 10 * 1024 * 1024
CONNECTION = 40_000  # bytes that gunicorn, gevent and the allocator take for each, with a margin

needs_kernel = pytest.mark.skipif(not hasattr(os, "RWF_NOWAIT"), reason="only Linux tells what is cached")

resource = pytest.importorskip("resource", reason="this system has no limit of descriptors")


@pytest.fixture
def descriptors():
    """Skip the test where the limit of open files is too low: each download has a socket and a file."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 2 * CLIENTS + 200:
        pytest.skip(f"the limit of open files is {soft}")


def resident(server):
    """Return the bytes of physical memory that the worker has."""
    return 1024 * int(re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{server.worker_pid}/status").read_text())[1])


def slow_download(address, name):
    """Return a connection that has asked for the file *name* and has received the beginning of the answer."""
    made = socket.socket()
    made.settimeout(20)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.connect(address)
    made.sendall(b"GET /plain/%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % name.encode())
    assert made.recv(12) == b"HTTP/1.1 200"
    return made


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells the memory of another process")
@pytest.mark.parametrize("server_name", cases("gunicorn:gevent"))
@pytest.mark.parametrize(
    ("options", "most"),
    [
        pytest.param(["--no-sendfile"], BUDGET + CLIENTS * SMALLEST_BLOCK, id="in blocks that are read"),
        pytest.param([], 0, id="by the kernel", marks=needs_kernel),
    ],
)
def test_slow_downloads_hold_no_more_than_the_budget(server_name, options, most, tmp_path, descriptors):
    (tmp_path / "file.bin").write_bytes(bytes(LENGTH))
    (tmp_path / "small.bin").write_bytes(b"small")
    with (
        serve(server_name, "files:app", *options, environ={"FILES": str(tmp_path)}) as server,
        contextlib.ExitStack() as stack,
    ):
        server.exchange("GET", "/plain/file.bin")
        before = resident(server)
        clients = [stack.enter_context(slow_download(server.address, "file.bin")) for _ in range(CLIENTS)]
        for client in clients:
            client.recv(1024)
        # The answer to one more request: the worker has had its turn with all others.
        assert server.exchange("GET", "/plain/small.bin").body == b"small"
        assert resident(server) - before < most + CLIENTS * CONNECTION
        for client in clients:
            client.close()
        # What they held is free again.
        assert server.exchange("GET", "/plain/file.bin").body == bytes(LENGTH)
