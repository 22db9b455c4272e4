"""Large files under gunicorn, inside of middlewares that change their head or read them."""

from __future__ import annotations

import random

import pytest
from servers.http_client import TruncatedError
from servers.server_processes import cases, serve

DATA = random.Random(5).randbytes(2_000_000)
FEWER = 300_000  # bytes that the middleware of /shorter announces
PREFIX = b"prefix"

pytestmark = pytest.mark.parametrize("name", cases("gunicorn:gevent", "gunicorn:gthread"), scope="module")


@pytest.fixture(scope="module")
def server(name, tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "data.bin"
    path.write_bytes(DATA)
    with serve(name, "files_around:app", "--keep-alive", "60", environ={"LARGE_FILE": str(path)}) as running:
        yield running


def test_no_byte_is_sent_after_the_announced_length(server):
    with server.connect() as connection:
        connection.request("GET", "/shorter")
        assert connection.answer().body == DATA[:FEWER]
        # A byte more would be taken for the answer to the next request.
        try:
            connection.request("GET", "/gathered")
            assert connection.answer().body == DATA
        except (TruncatedError, ConnectionError, BrokenPipeError):
            assert connection.rest() == b""  # the server has closed the connection


def test_bytes_of_a_middleware_stay_before_those_of_the_file(server):
    with server.connect() as connection:
        for _ in range(2):
            assert connection.exchange("GET", "/prefixed").body == PREFIX + DATA.swapcase()


def test_a_middleware_that_reads_the_file_gets_its_bytes(server):
    with server.connect() as connection:
        for path in ("/gathered", "/file", "/gathered", "/file"):
            assert connection.exchange("GET", path).body == DATA


def test_a_middleware_may_look_at_the_file_and_answer_without_it(server):
    with server.connect() as connection:
        for _ in range(2):
            assert connection.exchange("GET", "/dropped").status == 304
            assert connection.exchange("GET", "/file").body == DATA
