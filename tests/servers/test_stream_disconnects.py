"""Disconnect of a client, on every server: its source is closed at once if the server shows the socket, else at a ping.

Source and client are two processes of one machine, so that both read one monotonic clock.
"""

from __future__ import annotations

import re
import statistics
import time
from typing import NamedTuple

import pytest
from servers.server_processes import serve
from servers.stream_clients import SHOW_SOCKET, begun

# What a server says of each client that leaves, in words that it uses for nothing else.
OWN_WORDS = {"uwsgi": r"OSError: write error\n"}
COMPLAINT = re.compile(r".*(?:Traceback|Error|ERROR|CRITICAL|WARNING|Exception).*")
# How the worker should be served; that threads are many, or not all ready yet; that uWSGI is run by root.
ADVICE = re.compile(
    r".*(?:wsgiresp: an event stream blocks|Configuration allows spawning|Task queue depth|\*\*\* WARNING).*\n"
)


class Departure(NamedTuple):
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


DEPARTURES = [
    Departure(kind, wait, how)
    for how, waits in {
        "closes": ["sleep", "event", "queue", "async", "flow", "async-flow"],
        "resets": ["sleep", "async", "flow"],
    }.items()
    for kind in ("events", "bytes")
    for wait in waits
]


def left(server, departure):
    """Let a client leave in the midst of a stream; return when it did."""
    with server.connect() as connection:
        begun(connection, departure.target)
        at = time.monotonic()
        connection.reset() if departure.how == "resets" else connection.close()
    server.log.wait_for(rf"closed {departure.word} ")
    server.log.wait_for(rf"after {departure.word} ")
    return at


class Told(NamedTuple):
    """The log of a server from its start to its end, and when each client left."""

    server_name: str
    left: dict[Departure, float]
    log: str

    def lines(self, what, departure):
        """The context and the time of each line that tells *what* of the source of *departure*."""
        found = re.findall(rf": {what} {departure.word} in (\S+) at (\S+)", self.log)
        return [(context, float(at)) for context, at in found]

    def delay(self, departure):
        """The seconds after which the source was closed."""
        [(_, at)] = self.lines("closed", departure)
        return at - self.left[departure]


@pytest.fixture(scope="session")
def told(server_name):
    """What a server tells of all departures."""
    with serve(server_name, "streams:app") as server:
        times = {
            departure: left(server, departure)
            for departure in DEPARTURES
            if server_name in SHOW_SOCKET or departure.is_noticed_anywhere
        }
        # The last task is done by then: SIGTERM would raise SystemExit in it, which ends a task and no server.
        with server.connect() as connection:
            connection.exchange("GET", "/text", ("Connection", "close"))
            connection.ends()
        return Told(server_name, times, server.stop())


@pytest.fixture(params=DEPARTURES, ids=lambda departure: departure.word)
def departure(request, told):
    if request.param not in told.left:
        pytest.skip("this server does not show the socket, and nothing is sent to such a client")
    return request.param


def test_the_source_of_a_client_that_left_is_closed_once(told, departure):
    assert len(told.lines("closed", departure)) == 1


def test_the_source_of_a_client_that_left_is_closed_in_its_own_context(told, departure):
    [(context, _)] = told.lines("closed", departure)
    assert context == departure.word


def test_a_departure_is_noticed_within_a_second(told, departure):
    assert told.delay(departure) < 1


def test_the_task_after_a_departure_is_run_once_behind_the_end_of_the_source(told, departure):
    [(_, closed)], [(_, after)] = told.lines("closed", departure), told.lines("after", departure)
    assert closed < after


def test_where_the_socket_shows_a_departure_is_noticed_in_a_fifth_of_a_second(told):
    if told.server_name not in SHOW_SOCKET:
        pytest.skip("this server does not show the socket")
    # Of the median: any single one may have waited for its share of the processor.
    assert statistics.median(map(told.delay, told.left)) < 0.2


def test_a_client_that_leaves_is_no_error_in_the_log(told):
    text = ADVICE.sub("", told.log)
    text = re.sub(OWN_WORDS.get(told.server_name, "$^"), "", text)
    assert COMPLAINT.findall(text) == []
