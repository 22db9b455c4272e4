"""Files over the wire of every server, also those that change while they are sent."""

from __future__ import annotations

import os
import random
import uuid

import pytest
from servers.http_client import TruncatedError
from servers.server_processes import serve

DATA = random.Random(1).randbytes(3_000_000)
# More than the buffers of both sockets hold, so that the server is still reading when the client has the head.
LARGE = 64 * 1024 * 1024

# Werkzeug's reads what is left of the request before it calls the body's close(), and never gets there if the client
# has reset the connection meanwhile. Cheroot loses it too at times.
CLOSES_NOTHING_AFTER_RESET = {"cheroot", "werkzeug"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("files")
    (found / "data.bin").write_bytes(DATA)
    return found


@pytest.fixture(scope="module")
def server(server_name, folder):
    # A connection that hangs must not look like one that was closed, so it may be idle for long.
    options = ["--keep-alive", "60"] if server_name.startswith("gunicorn") else []
    with serve(server_name, "files:app", *options, environ={"FILES": str(folder)}) as running:
        yield running


@pytest.fixture
def large(folder):
    """The path of a large file of zeros, all of it on the disk."""
    path = folder / f"{uuid.uuid4()}.bin"
    with path.open("wb") as handle:
        for _ in range(LARGE // 1048576):
            handle.write(bytes(1048576))
    yield path
    path.unlink(missing_ok=True)


def ranges(count):
    chance = random.Random(2)
    for _ in range(count):
        start = chance.randrange(len(DATA))
        yield start, min(start + chance.choice([1, 1000, 262144, 262145, 3_000_000]), len(DATA))


def exchanges(server, requests):
    """Yield the answer to each of *requests*, on one connection as long as the server keeps it."""
    connection = server.connect()
    try:
        for request in requests:
            answer = connection.exchange(*request)
            yield answer
            if not (server.kind.keeps_alive and answer.keeps_open):
                connection.close()
                connection = server.connect()
    finally:
        connection.close()


def test_two_hundred_ranges_are_the_right_bytes(server):
    spans = list(ranges(200))
    requests = [("GET", "/plain/data.bin", ("Range", f"bytes={start}-{stop - 1}")) for start, stop in spans]
    for (start, stop), answer in zip(spans, exchanges(server, requests), strict=True):
        assert (answer.status, answer.values("Content-Range")) == (206, [f"bytes {start}-{stop - 1}/3000000"])
        assert answer.body == DATA[start:stop]


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        pytest.param("bytes=0-", 0, id="to nothing"),
        pytest.param("bytes=0-", LARGE - 1, id="by a byte"),
        pytest.param("bytes=1000-", 500, id="to less than where the part begins"),
        pytest.param("bytes=0-10,1000-", 500, id="while parts are sent"),
    ],
)
def test_a_file_that_is_cut_while_it_is_sent_is_a_broken_transfer(server, large, asked, left):
    with server.connect() as connection:
        connection.request("GET", f"/plain/{large.name}", ("Range", asked))
        head = connection.head()
        os.truncate(large, left)
        with pytest.raises(TruncatedError):
            list(connection.pieces(head))


def test_a_file_that_grows_while_it_is_sent_is_cut_at_its_length(server, large):
    with server.connect() as connection:
        connection.request("GET", f"/plain/{large.name}")
        head = connection.head()
        with large.open("ab") as handle:
            handle.write(b"more" * 1_000_000)
        assert sum(map(len, connection.pieces(head))) == LARGE
        if server.kind.keeps_alive and head.keeps_open:
            assert connection.exchange("GET", "/open/").status == 200


def test_a_file_that_was_replaced_is_sent_as_it_is(server, folder):
    name = f"{uuid.uuid4()}.bin"
    (folder / name).write_bytes(b"old")
    assert server.exchange("GET", f"/replaced/{name}").body == b"new" * 100_000


def test_a_file_that_is_replaced_while_it_is_sent_is_sent_as_it_was(server, large):
    with server.connect() as connection:
        connection.request("GET", f"/plain/{large.name}")
        head = connection.head()
        large.with_suffix(".new").write_bytes(b"new")
        large.with_suffix(".new").rename(large)
        assert sum(map(len, connection.pieces(head))) == LARGE


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_file_is_gone_once_it_was_sent(server, large, method):
    answer = server.exchange(method, f"/deleted/{large.name}")
    assert len(answer.body) == (LARGE if method == "GET" else 0)
    assert not large.exists()


def test_downloads_that_are_left_leave_no_file_open(server, large):
    if server.kind.name in CLOSES_NOTHING_AFTER_RESET:
        pytest.skip("this server does not close what it cannot send")
    words = [str(uuid.uuid4()) for _ in range(20)]
    for word in words:
        with server.connect() as connection:
            connection.request("GET", f"/task/{large.name}/{word}")
            connection.head()
            connection.reset()
    for word in words:
        server.log.wait_for(f"files: done {word}\n")
    assert server.exchange("GET", "/open/").body == b"0"
    assert all(server.log.text.count(f"files: done {word}\n") == 1 for word in words)
