"""Write timeout: the connection of a client that acknowledges no bytes is closed."""

from __future__ import annotations

import socket
import sys

import gevent
import pytest
from gevent import socket as gevent_socket
from gevent.event import Event
from runtime.runners import PATIENCE, run_others, wait_until

from wsgiresp._runtime import asyncio_thread
from wsgiresp._runtime.gevent_runtime import GeventRuntime
from wsgiresp._streams.write_timeout import WriteTimeout, acknowledged, write_timeout

SOON = 0.001  # s


@pytest.fixture
def ends():
    here, there = gevent_socket.socketpair()
    yield here, there
    here.close()
    there.close()


@pytest.fixture
def plain_ends():
    here, there = socket.socketpair()
    there.settimeout(PATIENCE)
    yield here, there
    here.close()
    there.close()


def in_hub(seconds, connection):
    """Return a write timeout for a reader whose hub runs others while it writes."""
    runtime = GeventRuntime()
    runtime.close()
    return WriteTimeout(runtime, seconds, connection, run=lambda function: function(), interrupter=runtime.interrupter)


def in_asyncio_thread(seconds, connection):
    """Return a write timeout for a reader whose thread is blocked while it writes."""
    return made_for(False, seconds, connection)


def made_for(runs_others, seconds, connection):
    runtime = GeventRuntime()
    runtime.close()
    runtime.runs_others = runs_others
    return write_timeout(runtime, seconds, connection)


def run_loop_callbacks():
    """Wait until the asyncio loop has run its pending callbacks."""

    async def nothing():
        pass

    asyncio_thread.run(nothing())


class TestInHub:
    def test_an_armed_timeout_shuts_the_connection(self, ends):
        here, there = ends
        gevent.spawn(in_hub(SOON, here).arm)
        with gevent.Timeout(PATIENCE):
            assert there.recv(1) == b""

    def test_a_cancelled_timeout_leaves_the_connection_open(self, ends):
        here, there = ends
        timeout = in_hub(SOON, here)

        def send():
            timeout.arm()
            timeout.cancel()

        gevent.spawn(send).get(timeout=PATIENCE)
        timeout._timers._fire()
        here.sendall(b"more")
        assert there.recv(4) == b"more"

    def test_without_a_connection_the_reader_gets_broken_pipe(self):
        outcome: list[BaseException] = []
        has_ended = Event()

        def read():
            timeout = in_hub(SOON, None)
            timeout.arm()
            try:
                Event().wait(PATIENCE)
            except BrokenPipeError as error:
                outcome.append(error)
            has_ended.set()

        gevent.spawn(read)
        assert has_ended.wait(PATIENCE)
        assert [error.strerror for error in outcome] == ["write timeout: the client acknowledges no bytes"]

    def test_a_reader_that_has_ended_gets_no_error(self):
        timeout = in_hub(SOON, None)
        reader = gevent.spawn(timeout.arm)
        reader.join(PATIENCE)
        timeout._expire()
        run_others()
        assert reader.value is None

    def test_a_reader_whose_timeout_was_cancelled_gets_no_error(self):
        timeout = in_hub(PATIENCE, None)

        def read():
            timeout.arm()
            timeout.cancel()
            timeout._expire()
            return "read on"

        assert gevent.spawn(read).get(timeout=PATIENCE) == "read on"


class TestInThread:
    def test_an_armed_timeout_shuts_the_connection(self, plain_ends):
        here, there = plain_ends
        in_asyncio_thread(SOON, here).arm()
        assert there.recv(1) == b""

    def test_a_cancelled_timeout_leaves_the_connection_open(self, plain_ends):
        here, there = plain_ends
        timeout = in_asyncio_thread(PATIENCE, here)
        timeout.arm()
        timeout.arm()
        timeout.cancel()
        timeout.cancel()
        run_loop_callbacks()
        assert timeout._timers._handles == {}
        here.sendall(b"more")
        assert there.recv(4) == b"more"


@pytest.fixture
def tcp_ends():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        there = socket.create_connection(listener.getsockname(), PATIENCE)
        here, _ = listener.accept()
    with here, there:
        yield here, there


def expire(timeout):
    """Have *timeout* expire now."""
    timeout._run(timeout._expire)
    run_loop_callbacks()


@pytest.mark.skipif(sys.platform != "linux", reason="this system does not report acknowledged bytes")
class TestAcknowledgedBytes:
    def test_acknowledged_bytes_are_counted(self, tcp_ends):
        here, _ = tcp_ends
        assert acknowledged(here) == 0
        here.sendall(b"some")
        wait_until(lambda: acknowledged(here) == 4)

    @pytest.mark.parametrize("place", [in_hub, in_asyncio_thread])
    def test_an_acknowledgement_restarts_the_timeout(self, tcp_ends, place):
        here, there = tcp_ends
        timeout = place(PATIENCE, here)
        timeout.arm()
        run_loop_callbacks()
        here.sendall(b"some")
        wait_until(lambda: acknowledged(here))
        expire(timeout)
        here.sendall(b"more")
        assert there.recv(8, socket.MSG_WAITALL) == b"somemore"
        timeout.cancel()

    @pytest.mark.parametrize("place", [in_hub, in_asyncio_thread])
    def test_a_client_that_acknowledges_no_more_bytes_is_disconnected(self, tcp_ends, place):
        here, there = tcp_ends
        timeout = place(PATIENCE, here)
        timeout.arm()
        run_loop_callbacks()
        here.sendall(b"some")
        wait_until(lambda: acknowledged(here) == 4)
        expire(timeout)
        expire(timeout)
        assert there.recv(8, socket.MSG_WAITALL) == b"some"
        timeout.cancel()


@pytest.mark.parametrize("connection", [None, "closed", "not TCP"])
def test_a_socket_without_tcp_info_has_acknowledged_no_bytes(plain_ends, connection):
    here, _ = plain_ends
    if connection == "closed":
        here.close()
    assert acknowledged(connection and here) == 0


@pytest.mark.parametrize(
    ("runs_others", "seconds", "connection", "can_end_a_write"),
    [
        pytest.param(True, 5, None, True, id="a shared hub"),
        pytest.param(True, 5, "a socket", True, id="a shared hub, with a socket"),
        pytest.param(False, 5, "a socket", True, id="a blocked thread"),
        pytest.param(False, 5, None, False, id="a blocked thread without a socket"),
        pytest.param(True, 0, "a socket", False, id="no timeout"),
    ],
)
def test_a_write_timeout_exists_where_it_can_end_a_write(runs_others, seconds, connection, can_end_a_write):
    assert (made_for(runs_others, seconds, connection) is not None) is can_end_a_write
