"""Large files under gunicorn's gevent worker, with and without the ``sendfile`` of the kernel."""

from __future__ import annotations

import os
import random

import pytest
from servers.http_client import TruncatedError
from servers.server_processes import cases, serve
from servers.tls import certificate, needs_openssl, secured

DATA = random.Random(3).randbytes(3_000_000)
LARGE = 64 * 1024 * 1024

pytestmark = pytest.mark.parametrize(
    ("name", "kind"),
    [
        pytest.param(*case.values, kind, marks=[*case.marks, *marks], id=f"{case.values[0]}, {kind}")
        for case in cases("gunicorn:gevent", "gunicorn:gevent_pywsgi")
        for kind, marks in {"plain": (), "--no-sendfile": (), "TLS": (needs_openssl,)}.items()
    ],
    scope="module",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("files")
    (found / "data.bin").write_bytes(DATA)
    return found


@pytest.fixture(scope="module")
def connect(name, kind, folder, tmp_path_factory):
    """Return a function that makes a connection to the server."""
    options = {"plain": [], "--no-sendfile": ["--no-sendfile"]}.get(kind)
    if options is None:
        options = certificate(tmp_path_factory.mktemp("tls"))
    with serve(name, "files:app", "--keep-alive", "60", *options, environ={"FILES": str(folder)}) as server:
        yield lambda: secured(server.connect(), takes_any_end=True) if kind == "TLS" else server.connect()


def test_one_connection_carries_files_ranges_and_heads_in_turns(connect):
    with connect() as connection:
        for _ in range(3):
            assert connection.exchange("GET", "/plain/data.bin").body == DATA
            assert connection.exchange("GET", "/plain/data.bin", ("Range", "bytes=5-2000004")).body == DATA[5:2000005]
            assert connection.exchange("HEAD", "/plain/data.bin").values("Content-Length") == ["3000000"]
            parts = connection.exchange("GET", "/plain/data.bin", ("Range", "bytes=0-0,400000-2000004"))
            assert DATA[400000:2000005] in parts.body


def test_requests_that_are_sent_ahead_are_answered_in_order(connect):
    with connect() as connection:
        for start in range(3):
            connection.request("GET", "/plain/data.bin", ("Range", f"bytes={start}-1999999"))
        for start in range(3):
            assert connection.answer().body == DATA[start:2000000]


def test_a_file_that_is_truncated_meanwhile_is_a_broken_transfer(connect, folder):
    path = folder / "large.bin"
    path.write_bytes(bytes(LARGE))
    with connect() as connection:
        connection.request("GET", "/plain/large.bin")
        head = connection.head()
        os.truncate(path, LARGE // 2)
        with pytest.raises(TruncatedError):
            list(connection.pieces(head))
