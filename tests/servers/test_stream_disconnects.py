"""Disconnect of a client, on every server: its source is closed at once if the server shows the socket, else at a ping.

Source and client are two processes of one machine, so that both read one monotonic clock.
"""

from __future__ import annotations

import re
import statistics
import time
from typing import NamedTuple

import pytest
from servers.server_processes import cases, serve
from servers.stream_clients import SHOW_SOCKET, open_stream

# What a server says of each client that leaves, in words that it uses for nothing else.
OWN_WORDS = {"uwsgi": r"OSError: write error\n"}
COMPLAINT = re.compile(r".*(?:Traceback|Error|ERROR|CRITICAL|WARNING|Exception).*")
# How the worker should be served; that threads are many, or not all ready yet; that uWSGI is run by root.
ADVICE = re.compile(
    r".*(?:wsgiresp: an event stream blocks|Configuration allows spawning|Task queue depth|\*\*\* WARNING).*\n"
)


class Disconnect(NamedTuple):
    """A client of the route ``waits`` that leaves: how, and what its source does then."""

    kind: str
    wait: str
    how: str = "closes"

    @property
    def word(self) -> str:
        """What the log calls it."""
        return "-".join(self)

    @property
    def target(self) -> str:
        """What it asks for."""
        return f"/waits/{self.kind}/{self.wait}/{self.word}"

    @property
    def is_noticed_anywhere(self) -> bool:
        """Whether something is sent to it sooner or later."""
        return self.kind == "events" or "flow" in self.wait


DISCONNECTS = [
    Disconnect(kind, wait, how)
    for how, waits in {
        "closes": ["sleep", "event", "queue", "async", "flow", "async-flow"],
        "resets": ["sleep", "async", "flow"],
    }.items()
    for kind in ("events", "bytes")
    for wait in waits
]


def leave(server, disconnect):
    """Let a client leave in the midst of a stream; return when it did."""
    with server.connect() as connection:
        open_stream(connection, disconnect.target)
        at = time.monotonic()
        connection.reset() if disconnect.how == "resets" else connection.close()
    server.log.wait_for(rf"closed {disconnect.word} ")
    server.log.wait_for(rf"after {disconnect.word} ")
    return at


class Report(NamedTuple):
    """The log of a server from its start to its end, and when each client left."""

    server_name: str
    left_at: dict[Disconnect, float]
    log: str

    def lines(self, what, disconnect):
        """The context and the time of each line that tells *what* of the source of *disconnect*."""
        found = re.findall(rf": {what} {disconnect.word} in (\S+) at (\S+)", self.log)
        return [(context, float(at)) for context, at in found]

    def delay(self, disconnect):
        """The seconds after which the source was closed."""
        [(_, at)] = self.lines("closed", disconnect)
        return at - self.left_at[disconnect]


@pytest.fixture(scope="session")
def report(server_name):
    """What a server tells of all disconnects."""
    with serve(server_name, "streams:app") as server:
        times = {
            disconnect: leave(server, disconnect)
            for disconnect in DISCONNECTS
            if server_name in SHOW_SOCKET or disconnect.is_noticed_anywhere
        }
        # The last task is done by then: SIGTERM would raise SystemExit in it, which ends a task and no server.
        with server.connect() as connection:
            connection.exchange("GET", "/text", ("Connection", "close"))
            connection.ends()
        return Report(server_name, times, server.stop())


@pytest.fixture(params=DISCONNECTS, ids=lambda disconnect: disconnect.word)
def disconnect(request, report):
    if request.param not in report.left_at:
        pytest.skip("this server does not show the socket, and nothing is sent to such a client")
    return request.param


def test_the_source_of_a_disconnected_client_is_closed_once(report, disconnect):
    assert len(report.lines("closed", disconnect)) == 1


def test_the_source_of_a_disconnected_client_is_closed_in_its_own_context(report, disconnect):
    [(context, _)] = report.lines("closed", disconnect)
    assert context == disconnect.word


def test_a_disconnect_is_noticed_within_a_second(report, disconnect):
    assert report.delay(disconnect) < 1


def test_the_task_of_a_disconnected_client_is_run_once_after_its_source_is_closed(report, disconnect):
    [(_, closed)], [(_, after)] = report.lines("closed", disconnect), report.lines("after", disconnect)
    assert closed < after


def test_where_the_socket_is_shown_the_median_delay_is_below_200_ms(report):
    if report.server_name not in SHOW_SOCKET:
        pytest.skip("this server does not show the socket")
    # Of the median: any single one may have waited for its share of the processor.
    assert statistics.median(map(report.delay, report.left_at)) < 0.2


@pytest.mark.parametrize("name", cases("waitress:lookahead"))
def test_a_disconnect_is_noticed_though_the_server_closes_the_socket_in_another_thread(name):
    with serve(name, "streams:app") as server:
        # Of bytes: a ping, after which the server meets the disconnect itself, would hide that it was not noticed.
        left = [Disconnect("bytes", "event", f"closes{number}") for number in range(8)]
        times = {disconnect: leave(server, disconnect) for disconnect in left}
        report = Report(name, times, server.stop())
    assert max(map(report.delay, left)) < 1


def test_a_disconnect_is_no_error_in_the_log(report):
    text = ADVICE.sub("", report.log)
    text = re.sub(OWN_WORDS.get(report.server_name, "$^"), "", text)
    assert COMPLAINT.findall(text) == []
