"""Write timeout: the connection of a client that acknowledges no bytes is closed."""

from __future__ import annotations

import itertools
import socket
import sys

import gevent
import pytest
from gevent import socket as gevent_socket
from gevent.event import Event
from hypothesis import given, settings
from hypothesis import strategies as st
from runtime.runners import PATIENCE, run_others, wait_until

from wsgiresp._runtime import asyncio_thread
from wsgiresp._runtime.gevent_runtime import GeventRuntime
from wsgiresp._streams.write_timeout import LOOKS, WriteProgress, WriteTimeout, acknowledged, write_timeout

SOON = 0.001  # s
STALLED = 10  # looks without progress: the first, which may be one, and as many as drop a client


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


def look(timeout, times=1):
    """Have *timeout* look at its connection so many times, now."""
    for _ in range(times):
        timeout._run(timeout._look)
        run_loop_callbacks()


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
        look(timeout, STALLED)
        run_others()
        assert reader.value is None

    def test_a_reader_whose_timeout_was_cancelled_gets_no_error(self):
        timeout = in_hub(PATIENCE, None)

        def read():
            timeout.arm()
            timeout.cancel()
            look(timeout, STALLED)
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
        wait_until(lambda: acknowledged(here) == 4)
        look(timeout, STALLED - 1)
        here.sendall(b"some")
        wait_until(lambda: acknowledged(here) == 8)
        look(timeout, STALLED - 1)
        here.sendall(b"more")
        assert there.recv(12, socket.MSG_WAITALL) == b"somesomemore"
        timeout.cancel()

    @pytest.mark.parametrize("place", [in_hub, in_asyncio_thread])
    def test_a_client_that_acknowledges_no_more_bytes_is_disconnected(self, tcp_ends, place):
        here, there = tcp_ends
        timeout = place(PATIENCE, here)
        timeout.arm()
        run_loop_callbacks()
        here.sendall(b"some")
        wait_until(lambda: acknowledged(here) == 4)
        look(timeout, STALLED)
        assert there.recv(8, socket.MSG_WAITALL) == b"some"
        timeout.cancel()


@pytest.mark.parametrize("connection", [None, "closed", "not TCP"])
def test_a_socket_without_tcp_info_reports_nothing(plain_ends, connection):
    here, _ = plain_ends
    if connection == "closed":
        here.close()
    assert acknowledged(connection and here) is None


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


def looks_until_stalled(counts):
    """Return after how many looks, which see *counts*, a write has stalled; None if it has not."""
    progress = WriteProgress()
    progress.begin()
    return next((number for number, count in enumerate(counts, 1) if progress.is_stalled(count)), None)


@pytest.mark.parametrize(
    ("counts", "looks"),
    [
        pytest.param([None] * 20, 9, id="what is not reported has until the ninth look"),
        pytest.param([0] * 20, 10, id="the first look at a counter is its beginning"),
        pytest.param([7, 7, 7, 8, *[8] * 20], 13, id="nine looks after the last that saw more"),
        pytest.param(range(100), None, id="one byte between two looks is enough"),
        pytest.param([number // 9 for number in range(100)], None, id="as is one between nine looks"),
        pytest.param([number // 10 for number in range(100)], 10, id="ten looks without one are too many"),
        pytest.param([5, *[None] * 20], 10, id="a connection that was closed meanwhile"),
    ],
)
def test_a_write_has_stalled_after_nine_looks_without_progress(counts, looks):
    assert looks_until_stalled(counts) == looks


def test_each_write_has_its_own_looks():
    progress = WriteProgress()
    for _ in range(3):
        progress.begin()
        assert [progress.is_stalled(5) for _ in range(STALLED)] == [False] * (STALLED - 1) + [True]


@settings(deadline=None)
@given(
    seconds=st.floats(0.1, 100),
    early=st.lists(st.floats(0.95, 1), min_size=60, max_size=60),
    gaps=st.lists(st.floats(0.01, 0.999), max_size=5),
)
def test_a_client_is_dropped_between_its_time_and_five_quarters_of_it(seconds, early, gaps):
    # gaps: the times between two acknowledgements, in seconds of the timeout; none is too long.
    acknowledgements = list(itertools.accumulate([0.0, *gaps], lambda time, gap: time + gap * seconds))
    progress = WriteProgress()
    progress.begin()
    now = 0.0
    for part in early:
        now += part * seconds / LOOKS
        if progress.is_stalled(sum(time <= now for time in acknowledgements)):
            break
    assert seconds < now - acknowledgements[-1] <= 1.25 * seconds + 1e-9
