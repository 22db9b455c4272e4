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
from wsgiresp._streams.write_timeout import HubWriteTimeout, SocketWriteTimeout, acknowledged, write_timeout

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


def run_loop_callbacks():
    """Wait until the asyncio loop has run its pending callbacks."""

    async def nothing():
        pass

    asyncio_thread.run(nothing())


class TestInHub:
    def test_an_armed_timeout_shuts_the_connection(self, ends):
        here, there = ends
        gevent.spawn(HubWriteTimeout(gevent.get_hub(), SOON, here).arm)
        with gevent.Timeout(PATIENCE):
            assert there.recv(1) == b""

    def test_a_cancelled_timeout_leaves_the_connection_open(self, ends):
        here, there = ends
        timeout = HubWriteTimeout(gevent.get_hub(), SOON, here)

        def send():
            timeout.arm()
            timeout.cancel()

        gevent.spawn(send).get(timeout=PATIENCE)
        timeout._timeouts._fire()
        here.sendall(b"more")
        assert there.recv(4) == b"more"

    def test_without_a_connection_the_reader_gets_broken_pipe(self):
        outcome: list[BaseException] = []
        has_ended = Event()

        def read():
            timeout = HubWriteTimeout(gevent.get_hub(), SOON, None)
            timeout.arm()
            try:
                Event().wait(PATIENCE)
            except BrokenPipeError as error:
                outcome.append(error)
            has_ended.set()

        gevent.spawn(read)
        assert has_ended.wait(PATIENCE)
        assert [error.strerror for error in outcome] == ["the client takes nothing"]

    def test_a_reader_that_has_ended_gets_no_error(self):
        timeout = HubWriteTimeout(gevent.get_hub(), SOON, None)
        reader = gevent.spawn(timeout.arm)
        reader.join(PATIENCE)
        timeout._drop()
        run_others()
        assert reader.value is None

    def test_a_reader_whose_timeout_was_cancelled_gets_no_error(self):
        timeout = HubWriteTimeout(gevent.get_hub(), PATIENCE, None)

        def read():
            timeout.arm()
            timeout.cancel()
            timeout._drop()
            return "read on"

        assert gevent.spawn(read).get(timeout=PATIENCE) == "read on"


class TestInThread:
    def test_an_armed_timeout_shuts_the_connection(self, plain_ends):
        here, there = plain_ends
        SocketWriteTimeout(SOON, here).arm()
        assert there.recv(1) == b""

    def test_a_cancelled_timeout_leaves_the_connection_open(self, plain_ends):
        here, there = plain_ends
        timeout = SocketWriteTimeout(PATIENCE, here)
        timeout.arm()
        timeout.arm()
        timeout.cancel()
        timeout.cancel()
        run_loop_callbacks()
        assert timeout._timer is None
        here.sendall(b"more")
        assert there.recv(4) == b"more"


@pytest.fixture
def tcp_ends():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        there = socket.create_connection(listener.getsockname(), PATIENCE)
        here, _ = listener.accept()
    with here, there:
        yield here, there


def timeout_of(kind, connection):
    return (
        HubWriteTimeout(gevent.get_hub(), PATIENCE, connection)
        if kind is HubWriteTimeout
        else SocketWriteTimeout(PATIENCE, connection)
    )


def expire(timeout):
    """Have *timeout* expire now."""
    if isinstance(timeout, SocketWriteTimeout):
        asyncio_thread.loop().call_soon_threadsafe(timeout._drop)
        run_loop_callbacks()
    else:
        timeout._drop()


@pytest.mark.skipif(sys.platform != "linux", reason="this system does not report acknowledged bytes")
class TestAcknowledgedBytes:
    def test_acknowledged_bytes_are_counted(self, tcp_ends):
        here, _ = tcp_ends
        assert acknowledged(here) == 0
        here.sendall(b"some")
        wait_until(lambda: acknowledged(here) == 4)

    @pytest.mark.parametrize("kind", [HubWriteTimeout, SocketWriteTimeout])
    def test_an_acknowledgement_restarts_the_timeout(self, tcp_ends, kind):
        here, there = tcp_ends
        timeout = timeout_of(kind, here)
        timeout.arm()
        run_loop_callbacks()
        here.sendall(b"some")
        wait_until(lambda: acknowledged(here))
        expire(timeout)
        here.sendall(b"more")
        assert there.recv(8, socket.MSG_WAITALL) == b"somemore"
        timeout.cancel()

    @pytest.mark.parametrize("kind", [HubWriteTimeout, SocketWriteTimeout])
    def test_a_client_that_acknowledges_no_more_bytes_is_disconnected(self, tcp_ends, kind):
        here, there = tcp_ends
        timeout = timeout_of(kind, here)
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
    ("is_shared", "seconds", "connection", "kind"),
    [
        pytest.param(True, 5, None, HubWriteTimeout, id="a shared hub"),
        pytest.param(True, 5, "a socket", HubWriteTimeout, id="a shared hub, with a socket"),
        pytest.param(False, 5, "a socket", SocketWriteTimeout, id="a blocked thread"),
        pytest.param(False, 5, None, type(None), id="a blocked thread without a socket"),
        pytest.param(True, 0, "a socket", type(None), id="no timeout"),
    ],
)
def test_the_kind_of_write_timeout_suits_the_server(is_shared, seconds, connection, kind):
    assert type(write_timeout(gevent.get_hub(), is_shared, seconds, connection)) is kind
