"""How many system calls the answer with a small file takes under gunicorn's gevent worker (Linux, strace).

The server's own are in the numbers: ``recvfrom``, and for each of head and body ``getsockopt`` and ``sendto``.
"""

from __future__ import annotations

import shutil
import sys

import pytest
from files.ways_beneath_root import require_openat2
from servers.server_processes import cases, serve
from servers.system_call_trace import traced

REQUESTS = 15

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="strace is a program of Linux"),
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]


@pytest.fixture(scope="module", params=cases("gunicorn:gevent"))
def server(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    for name, mode in {"small.bin": 0o644, "private.bin": 0o600}.items():
        (folder / name).write_bytes(bytes(1024))
        (folder / name).chmod(mode)
    (folder / "link.bin").symlink_to("small.bin")
    (folder / "current").symlink_to(".")
    with serve(request.param, "small_files:app", environ={"FILES": str(folder)}) as running:
        yield running


def calls(server, target, status, *fields):
    """Return the system calls of the median of some requests that are alike.

    Not of the longest: a worker does other things once in a while, such as telling the arbiter that it lives.
    """
    with server.connect() as connection:
        for _ in range(3):  # what is made once, at the first request
            assert connection.exchange("GET", target, *fields).status == status
        with traced(server.worker_pid) as trace:
            for _ in range(REQUESTS):
                connection.exchange("GET", target, *fields)
    seen = trace.calls_of_each_request()
    assert len(seen) == REQUESTS
    return sorted(seen, key=len)[len(seen) // 2]


@pytest.mark.parametrize(
    ("target", "most"),
    [
        pytest.param("/plain", 10, id="a file that all may read: 5 of the file"),
        pytest.param("/private", 11, id="another one: access() too"),
        pytest.param("/root", 12, id="beneath a root"),
        pytest.param("/small.bin", 12, id="a folder that is served"),
        pytest.param("/root-through-link", 16, id="beneath a root that is a link"),
        pytest.param("/link-in-root", 18, id="a link beneath a root"),
    ],
)
def test_a_small_file_takes_no_more_calls_than_this(server, target, most):
    if target not in ("/plain", "/private"):
        require_openat2()
    seen = calls(server, target, 200)
    assert len(seen) <= most, seen


@pytest.mark.parametrize(("target", "most"), [("/plain", 7), ("/root", 9), ("/small.bin", 9)])
def test_a_file_that_the_client_has_takes_no_more_calls_than_this(server, target, most):
    if target != "/plain":
        require_openat2()
    tag = server.exchange("GET", target).values("ETag")[0]
    seen = calls(server, target, 304, ("If-None-Match", tag))
    assert len(seen) <= most, seen


def test_a_file_is_closed_by_one_call(server):
    seen = calls(server, "/plain", 200)
    assert seen.count("close") == 1
    assert "fcntl" not in seen  # which gevent's close() begins with
