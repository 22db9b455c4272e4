"""The WSGI body on a runtime with a manual clock: what it waits for, and for how long, to the second."""

from __future__ import annotations

import contextvars

import pytest
from greenlet import GreenletExit
from responses.wsgi_calls import environ
from streams.fake_producer import ManualContent
from streams.fake_runtime import FakeRuntime, FakeWakeup

from wsgiresp._runtime.process import part
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._streams import transfer
from wsgiresp._streams.open_streams import OpenStreams
from wsgiresp._streams.policy import CLOSE_TIMEOUT, CLOSE_TIMEOUT_ABORTED, FIRST_STEP_GRACE, RUN_TO_END, StreamPolicy
from wsgiresp._streams.stream_source import StreamSource
from wsgiresp._streams.wsgi_body import WSGIStreamBody

pytestmark = pytest.mark.usefixtures("fresh_streams")

PINGED = StreamPolicy(ping=b"ping", second_ping=b"again", ping_interval=15.0, closing_bytes=lambda: b"bye")


class FakeConnection:
    """The socket of a server, which records what is done to it."""

    def __init__(self):
        self.done: list[str] = []


@pytest.fixture
def connection(monkeypatch):
    """A connection that HTTP/1.1 gives to one request at a time."""
    monkeypatch.setattr(transfer, "shut_connection", lambda found, *how: found.done.append("shut"))
    monkeypatch.setattr(transfer, "reset_connection", lambda found: found.done.append("reset"))
    return FakeConnection()


class Stream:
    """A begun body of manual content, and its runtime; *first* is ready when it begins, or *before* is called then."""

    def __init__(self, policy=RUN_TO_END, first=b"first", content=None, before=None, **fields):
        self.content = ManualContent() if content is None else content
        self.runtime = FakeRuntime()
        source = StreamSource(self.content, bytes, contextvars.copy_context())
        self.steps: list[str] = []
        self.body = WSGIStreamBody(
            ServerProfile(environ(**fields)), source, [lambda: self.steps.append("step")], policy, runtime=self.runtime
        )
        if before is not None:
            before(self)
        elif first:
            self.content.put(first)
        self.body.begin()

    def reader(self):
        """Return a list that gets the next chunk, or the error, once a greenlet has it."""
        found: list[object] = []

        def read():
            try:
                found.append(next(self.body))
            except BaseException as error:
                found.append(type(error))

        self.runtime.spawn(read)
        self.runtime.run()
        return found


@pytest.fixture
def hidden_socket():
    """Fields of a request to a server that is named and shows no socket."""
    return {"SERVER_SOFTWARE": "a server"}


def test_a_ping_is_sent_after_each_quiet_interval():
    stream = Stream(PINGED)
    next(stream.body)
    for number in (1, 2, 3):
        assert next(stream.body) == b"ping"
        assert stream.runtime.now == number * 15.0


def test_a_ping_counts_from_the_last_wait():
    stream = Stream(PINGED)
    next(stream.body)
    found = stream.reader()
    stream.runtime.advance(14)
    stream.content.put(b"second")
    stream.runtime.run()
    assert found == [b"second"]
    found = stream.reader()
    stream.runtime.advance(14)
    assert found == []
    stream.runtime.advance(1)
    assert found == [b"ping"]


def test_a_timer_that_fires_while_the_server_writes_causes_no_ping():
    stream = Stream(PINGED)
    next(stream.body)
    found = stream.reader()
    stream.content.put(b"second")
    stream.runtime.run()
    assert found == [b"second"]
    stream.runtime.advance(60)  # the server writes
    found = stream.reader()
    stream.runtime.advance(14)
    assert found == []


def test_a_second_ping_follows_after_a_tenth_of_a_second_where_the_socket_is_hidden(hidden_socket):
    stream = Stream(PINGED, **hidden_socket)
    next(stream.body)
    sent = [(next(stream.body), stream.runtime.now) for _ in range(4)]
    assert [(chunk, round(now, 6)) for chunk, now in sent] == [
        (b"ping", 15.0),
        (b"again", 15.1),
        (b"ping", 30.1),
        (b"again", 30.2),
    ]


def test_a_stream_of_maximum_age_ends_with_its_closing_bytes():
    stream = Stream(StreamPolicy(max_age=60.0, closing_bytes=lambda: b"bye"))
    next(stream.body)
    assert (next(stream.body), stream.runtime.now) == (b"bye", 60.0)
    with pytest.raises(StopIteration):
        next(stream.body)


def test_the_preamble_waits_for_an_early_error_for_a_grace_period():
    stream = Stream(StreamPolicy(preamble=b"open"), first=b"")
    assert (next(stream.body), stream.runtime.now) == (b"open", FIRST_STEP_GRACE)


def test_begin_waits_on_after_a_wake_up_without_a_reason():
    def wake_twice(stream):
        stream.runtime.timers(1.0).arm(stream.body.stream._wakeup.set)
        stream.runtime.timers(2.0).arm(lambda: stream.content.put(b"first"))

    stream = Stream(before=wake_twice)
    assert (next(stream.body), stream.runtime.now) == (b"first", 2.0)


def test_a_disconnect_ends_the_iteration():
    stream = Stream()
    next(stream.body)
    found = stream.reader()
    stream.runtime.disconnect()
    stream.runtime.run()
    assert found == [StopIteration]


def test_an_abort_shuts_the_connection_of_a_reader_that_may_be_blocked_in_a_write(connection):
    stream = Stream(PINGED, **{"gunicorn.socket": connection})
    next(stream.body)
    stream.body.stream.finish()
    stream.body.stream.abort()
    assert connection.done == ["shut"]


def test_an_abort_leaves_the_connection_to_the_closing_bytes_of_a_reader_that_waits(connection):
    stream = Stream(PINGED, **{"gunicorn.socket": connection})
    next(stream.body)
    found = stream.reader()
    stream.body.stream.finish()
    stream.body.stream.abort()
    stream.runtime.run()
    assert (found, connection.done) == ([b"bye"], [])


@pytest.mark.parametrize(
    ("protocol", "done"),
    [
        pytest.param("HTTP/1.1", ["shut"], id="the connection of one request"),
        pytest.param("HTTP/1.0", ["reset", "reset"], id="a body that ends with its connection"),
        pytest.param("HTTP/2", [], id="a connection that other streams share"),
    ],
)
def test_an_abort_breaks_off_the_connection_of_its_own_stream_alone(connection, protocol, done):
    stream = Stream(PINGED, **{"gunicorn.socket": connection, "SERVER_PROTOCOL": protocol})
    next(stream.body)
    stream.body.stream.abort()
    with pytest.raises(BrokenPipeError):
        next(stream.body)
    assert connection.done == done


@pytest.mark.parametrize(
    ("aborts_after", "waited"),
    [
        pytest.param(None, CLOSE_TIMEOUT, id="not aborted"),
        pytest.param(0.0, CLOSE_TIMEOUT_ABORTED, id="aborted before the close"),
        pytest.param(3.0, 3.0 + CLOSE_TIMEOUT_ABORTED, id="aborted during the close"),
    ],
)
def test_a_source_that_does_not_end_is_waited_for_as_long_as_documented(aborts_after, waited):
    stream = Stream(content=ManualContent(ends_when_stopped=False))
    if aborts_after == 0.0:
        stream.body.stream.abort()
    elif aborts_after is not None:
        stream.runtime.timers(aborts_after).arm(stream.body.stream.abort)
    stream.body.close()
    assert (stream.runtime.now, stream.steps) == (waited, ["step"])


def test_a_source_that_ends_late_is_waited_for_until_it_ends():
    stream = Stream(content=ManualContent(ends_when_stopped=False))
    stream.runtime.timers(4.0).arm(stream.content.end)
    stream.body.close()
    assert (stream.runtime.now, stream.steps) == (4.0, ["step"])


def test_a_closed_stream_leaves_nothing_behind():
    stream = Stream(PINGED._replace(max_age=60.0, send_timeout=5.0))
    next(stream.body)
    stream.reader()
    stream.body.close()
    assert (stream.runtime.armed, stream.runtime.watched, stream.runtime.is_open) == ({}, [], False)
    assert stream.body.stream not in part(OpenStreams).streams
    assert stream.body.stream.machine.is_closed


def test_a_write_timeout_interrupts_the_reader_of_a_hidden_socket():
    stream = Stream(StreamPolicy(send_timeout=5.0))
    raised: list[type] = []

    def serve():
        try:
            next(stream.body)
            stream.runtime.loop.switch()  # the server writes, and the client reads nothing
        except BrokenPipeError as error:
            raised.append(type(error))

    stream.runtime.spawn(serve)
    stream.runtime.run()
    stream.runtime.advance(5)
    assert raised == []
    stream.runtime.advance(1.25)
    assert raised == [BrokenPipeError]


@pytest.mark.parametrize(
    ("protocol", "done"),
    [
        pytest.param("HTTP/1.1", ["shut"], id="a body with an end of its own"),
        pytest.param("HTTP/1.0", ["reset"], id="a body that ends with its connection"),
    ],
)
def test_a_client_that_has_half_closed_does_not_take_the_part_for_the_whole(connection, protocol, done):
    stream = Stream(**{"gunicorn.socket": connection, "SERVER_PROTOCOL": protocol})
    next(stream.body)
    stream.runtime.disconnect()
    with pytest.raises(StopIteration):
        next(stream.body)
    assert connection.done == done


def test_a_close_that_is_interrupted_before_its_wait_leaves_nothing_open(monkeypatch):
    stream = Stream(content=ManualContent(ends_when_stopped=False))

    def interrupt(wakeup):
        raise GreenletExit

    monkeypatch.setattr(FakeWakeup, "wake_and_yield", interrupt)
    with pytest.raises(GreenletExit):
        stream.body.close()
    assert (stream.content.stops, stream.steps, stream.runtime.is_open) == (1, ["step"], False)
    assert stream.body.stream not in part(OpenStreams).streams
