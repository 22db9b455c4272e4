"""Dropping a client that takes nothing."""

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


def loop_turns():
    """Let the asyncio loop do what it was asked to."""

    async def nothing():
        pass

    asyncio_thread.run(nothing())


class TestInHub:
    def test_a_connection_on_which_nothing_goes_out_is_shut(self, ends):
        here, there = ends
        gevent.spawn(HubWriteTimeout(gevent.get_hub(), SOON, here).arm)
        with gevent.Timeout(PATIENCE):
            assert there.recv(1) == b""

    def test_a_connection_on_which_all_has_gone_out_stays(self, ends):
        here, there = ends
        timeout = HubWriteTimeout(gevent.get_hub(), SOON, here)

        def send():
            timeout.arm()
            timeout.cancel()

        gevent.spawn(send).get(timeout=PATIENCE)
        timeout._timeouts._fire()
        here.sendall(b"more")
        assert there.recv(4) == b"more"

    def test_where_no_connection_is_shown_the_reader_learns_it_as_of_one_that_is_gone(self):
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

    def test_a_reader_that_is_gone_learns_nothing(self):
        timeout = HubWriteTimeout(gevent.get_hub(), SOON, None)
        reader = gevent.spawn(timeout.arm)
        reader.join(PATIENCE)
        timeout._drop()
        run_others()
        assert reader.value is None

    def test_a_reader_that_has_its_chunk_out_learns_nothing(self):
        timeout = HubWriteTimeout(gevent.get_hub(), PATIENCE, None)

        def read():
            timeout.arm()
            timeout.cancel()
            timeout._drop()
            return "read on"

        assert gevent.spawn(read).get(timeout=PATIENCE) == "read on"


class TestInThread:
    def test_a_connection_on_which_nothing_goes_out_is_shut(self, plain_ends):
        here, there = plain_ends
        SocketWriteTimeout(SOON, here).arm()
        assert there.recv(1) == b""

    def test_a_connection_on_which_all_has_gone_out_stays(self, plain_ends):
        here, there = plain_ends
        timeout = SocketWriteTimeout(PATIENCE, here)
        timeout.arm()
        timeout.arm()
        timeout.cancel()
        timeout.cancel()
        loop_turns()
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


def watching(kind, connection):
    return (
        HubWriteTimeout(gevent.get_hub(), PATIENCE, connection)
        if kind is HubWriteTimeout
        else SocketWriteTimeout(PATIENCE, connection)
    )


def let_time_pass(timeout):
    """As if its seconds were over."""
    if isinstance(timeout, SocketWriteTimeout):
        asyncio_thread.loop().call_soon_threadsafe(timeout._drop)
        loop_turns()
    else:
        timeout._drop()


@pytest.mark.skipif(sys.platform != "linux", reason="this system does not tell what a client has taken")
class TestOneThatTakesSomething:
    def test_is_seen_to(self, tcp_ends):
        here, _ = tcp_ends
        assert acknowledged(here) == 0
        here.sendall(b"some")
        wait_until(lambda: acknowledged(here) == 4)

    @pytest.mark.parametrize("kind", [HubWriteTimeout, SocketWriteTimeout])
    def test_has_as_much_time_again(self, tcp_ends, kind):
        here, there = tcp_ends
        timeout = watching(kind, here)
        timeout.arm()
        loop_turns()
        here.sendall(b"some")
        wait_until(lambda: acknowledged(here))
        let_time_pass(timeout)
        here.sendall(b"more")
        assert there.recv(8, socket.MSG_WAITALL) == b"somemore"
        timeout.cancel()

    @pytest.mark.parametrize("kind", [HubWriteTimeout, SocketWriteTimeout])
    def test_and_then_no_more_is_dropped(self, tcp_ends, kind):
        here, there = tcp_ends
        timeout = watching(kind, here)
        timeout.arm()
        loop_turns()
        here.sendall(b"some")
        wait_until(lambda: acknowledged(here) == 4)
        let_time_pass(timeout)
        let_time_pass(timeout)
        assert there.recv(8, socket.MSG_WAITALL) == b"some"
        timeout.cancel()


@pytest.mark.parametrize("connection", [None, "closed", "of no TCP"])
def test_where_it_is_not_told_nothing_was_taken(plain_ends, connection):
    here, _ = plain_ends
    if connection == "closed":
        here.close()
    assert acknowledged(connection and here) == 0


@pytest.mark.parametrize(
    ("is_shared", "seconds", "connection", "kind"),
    [
        pytest.param(True, 5, None, HubWriteTimeout, id="a hub that others share"),
        pytest.param(True, 5, "a socket", HubWriteTimeout, id="a hub that others share, with a socket"),
        pytest.param(False, 5, "a socket", SocketWriteTimeout, id="a thread that is blocked"),
        pytest.param(False, 5, None, type(None), id="a thread that nothing can unblock"),
        pytest.param(True, 0, "a socket", type(None), id="never"),
    ],
)
def test_what_drops_a_client_suits_the_server(is_shared, seconds, connection, kind):
    assert type(write_timeout(gevent.get_hub(), is_shared, seconds, connection)) is kind
