"""Abort of streams when the process ends: what clients see, and how long the close of a source is waited for."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket

import gevent
import pytest
from gevent import socket as gevent_socket
from gevent.event import Event
from process_fixtures import forget
from runtime.runners import PATIENCE, run_others, wait_until

from wsgiresp._runtime import shutdown
from wsgiresp._runtime.process import part
from wsgiresp._runtime.shutdown import ShutdownState
from wsgiresp._streams import source_close
from wsgiresp._streams.open_streams import OpenStreams
from wsgiresp.responses import EventSourceResponse, StreamingResponse
from wsgiresp.testing import visit


@pytest.fixture(autouse=True)
def process():
    """A process that is not shutting down, before the test and after it."""
    forget(OpenStreams, ShutdownState)
    yield
    forget(OpenStreams, ShutdownState)


class Source:
    """A source that yields one chunk and waits; *clean_up* is called when it is closed."""

    def __init__(self, clean_up=lambda: None):
        self.clean_up = clean_up
        self.ends = []
        self.is_waiting = False

    def chunks(self):
        try:
            yield "first"
            self.is_waiting = True
            gevent.sleep(600)
        except BaseException as error:
            self.ends.append(type(error).__name__)
            self.clean_up()
            raise

    async def async_chunks(self):
        try:
            yield "first"
            self.is_waiting = True
            await asyncio.sleep(600)
        except BaseException as error:
            self.ends.append(type(error).__name__)
            raise


def abort_all():
    for stream in list(part(OpenStreams).streams):
        stream.abort()


@pytest.mark.parametrize(
    ("chunks", "end"),
    [
        pytest.param(Source.chunks, "GreenletExit", id="a generator"),
        pytest.param(Source.async_chunks, "CancelledError", id="an async generator"),
    ],
)
def test_an_aborted_stream_raises_broken_pipe_once_its_source_is_closed(chunks, end):
    source = Source()
    with visit(StreamingResponse(chunks(source))) as visitor:
        assert visitor.read() == b"first"
        wait_until(lambda: source.is_waiting)
        abort_all()
        with pytest.raises(BrokenPipeError, match="aborted: the worker is shutting down"):
            visitor.read_all()
    assert source.ends == [end]


def test_an_aborted_stream_is_no_longer_open():
    with visit(StreamingResponse(Source().chunks())) as visitor:
        visitor.read()
        abort_all()
        visitor.wait_closed()
        assert part(OpenStreams).streams == set()


def test_a_stream_that_was_finished_before_the_abort_ends_normally():
    with visit(EventSourceResponse(Source().chunks())) as visitor:
        visitor.next_event()
        shutdown.stop()
        abort_all()
        assert list(visitor.events()) == []
        assert visitor.retry is not None


@pytest.mark.parametrize(
    ("content", "name"),
    [
        pytest.param(Source().chunks(), "Source.chunks", id="a generator"),
        pytest.param(Source().async_chunks(), "Source.async_chunks", id="an async generator"),
        pytest.param(itertools.repeat(b"first"), "repeat", id="anything else"),
    ],
)
def test_the_name_of_a_stream_is_that_of_its_source(content, name):
    with visit(StreamingResponse(content)):
        assert [str(stream) for stream in part(OpenStreams).streams] == [name]


class BlockedCleanup:
    """The cleanup of a source that does not end when it is closed."""

    def __init__(self):
        self.may_end = Event()

    def __call__(self):
        self.may_end.wait(PATIENCE)


@pytest.fixture
def blocked_cleanup():
    cleanup = BlockedCleanup()
    yield cleanup
    cleanup.may_end.set()


def test_a_source_that_does_not_end_after_the_abort_is_soon_abandoned(blocked_cleanup, caplog):
    with visit(StreamingResponse(Source(blocked_cleanup).chunks())) as visitor:
        visitor.read()
        abort_all()
        visitor.leave()
        assert caplog.messages == ["stream source Source.chunks is still running 0.5 s after the abort of its stream"]


def without_socket(response):
    """Return an app that answers *response* as under a server that does not show the socket."""

    def app(environ, start_response):
        return response({**environ, "gunicorn.socket": None}, start_response)

    return app


def test_a_stream_whose_source_does_not_end_after_the_abort_raises_broken_pipe(blocked_cleanup):
    with visit(without_socket(StreamingResponse(Source(blocked_cleanup).chunks()))) as visitor:
        visitor.read()
        abort_all()
        with pytest.raises(BrokenPipeError, match="aborted: the worker is shutting down"):
            visitor.read_all()


def test_no_chunk_is_taken_from_a_source_that_yields_after_the_abort():
    def ticks():
        while True:
            with contextlib.suppress(gevent.GreenletExit):
                yield b"tick"
                gevent.sleep(0.001)

    with visit(without_socket(StreamingResponse(ticks()))) as visitor:
        visitor.read()
        abort_all()
        with pytest.raises(BrokenPipeError, match="aborted: the worker is shutting down"):
            visitor.read_all()


def test_a_source_that_does_not_end_after_a_disconnect_is_abandoned_once_aborted(blocked_cleanup, caplog):
    source = Source(blocked_cleanup)
    with visit(StreamingResponse(source.chunks())) as visitor:
        visitor.read()
        leaving = gevent.spawn(visitor.leave)
        wait_until(lambda: source.ends)
        abort_all()
        leaving.get(timeout=PATIENCE / 2)
    assert caplog.messages == ["stream source Source.chunks is still running 0.5 s after the abort of its stream"]


def test_an_abort_does_not_close_a_source_again_that_is_being_closed(blocked_cleanup, caplog):
    source = Source(blocked_cleanup)
    with visit(StreamingResponse(source.chunks())) as visitor:
        visitor.read()
        leaving = gevent.spawn(visitor.leave)
        wait_until(lambda: source.ends)
        abort_all()
        run_others()
        blocked_cleanup.may_end.set()
        leaving.get(timeout=PATIENCE)
    assert source.ends == ["GreenletExit"]
    assert caplog.messages == []


def test_a_source_that_does_not_end_is_abandoned_after_the_close_timeout(blocked_cleanup, caplog, monkeypatch):
    monkeypatch.setattr(source_close, "CLOSE_TIMEOUT", 0.1)
    with visit(StreamingResponse(Source(blocked_cleanup).chunks())) as visitor:
        visitor.read()
        visitor.leave()
    assert caplog.messages == [
        "stream source Source.chunks did not close within 0.1 s of the close of its stream",
    ]


@pytest.fixture
def pair():
    """The socket of a client and that of its server, connected by TCP."""
    with gevent_socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        client = gevent_socket.create_connection(listener.getsockname(), PATIENCE)
        served, _ = listener.accept()
    with client, served:
        yield client, served


def serve(response, served, protocol, closes=True):
    """Send *response* as a server without chunked encoding does, and close the connection if it *closes*."""
    environ = {"REQUEST_METHOD": "GET", "SERVER_PROTOCOL": protocol, "gunicorn.socket": served}
    body = response(environ, lambda status, headers: None)
    try:
        for chunk in body:
            served.sendall(chunk)
    except BrokenPipeError:
        pass
    finally:
        body.close()
        if closes:
            served.close()


def received(client):
    """Receive everything, and return how the connection ended."""
    pieces = []
    try:
        while piece := client.recv(65536):
            pieces.append(piece)
    except ConnectionResetError:
        return "reset"
    return "end"


@pytest.mark.parametrize(
    ("protocol", "sign"),
    [
        pytest.param("HTTP/1.0", "reset", id="only the close marks the end"),
        pytest.param("HTTP/1.1", "end", id="the last chunk marks the end"),
    ],
)
def test_a_client_can_detect_an_aborted_stream(pair, protocol, sign):
    client, served = pair
    serving = gevent.spawn(serve, StreamingResponse(Source().chunks()), served, protocol)
    assert client.recv(5) == b"first"
    abort_all()
    serving.get(timeout=PATIENCE)
    assert received(client) == sign


def test_a_stream_whose_client_reads_nothing_can_be_aborted(pair):
    _, served = pair
    served.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    serving = gevent.spawn(serve, StreamingResponse(iter([bytes(65536)] * 1000)), served, "HTTP/1.1")
    wait_until(lambda: part(OpenStreams).streams)
    run_others(50)
    assert not serving.dead
    abort_all()
    serving.get(timeout=PATIENCE)


def stop_process(stream):
    shutdown.stop()


def finish(stream):
    stream.finish()


def send(response, served, protocol, client, end):
    """Send a stream of events until *end* ends it, then have the client send another request."""
    serving = gevent.spawn(serve, response, served, protocol, closes=False)
    wait_until(lambda: part(OpenStreams).streams)
    for stream in list(part(OpenStreams).streams):
        end(stream)
    serving.get(timeout=PATIENCE)
    client.sendall(b"more")
    return served.recv(4)


def test_after_a_stream_is_finished_by_shutdown_its_connection_reads_as_closed(pair):
    client, served = pair
    serving = gevent.spawn(serve, EventSourceResponse(Source().chunks()), served, "HTTP/1.1", closes=False)
    wait_until(lambda: part(OpenStreams).streams)
    shutdown.stop()
    serving.get(timeout=PATIENCE)
    assert served.recv(1) == b""
    assert b"retry: " in client.recv(1000)


@pytest.mark.parametrize(
    ("protocol", "end"),
    [
        pytest.param("HTTP/1.1", finish, id="it was finished by its maximum age"),
        pytest.param("HTTP/2.0", stop_process, id="others share its connection"),
    ],
)
def test_the_connection_of_a_finished_stream_can_still_be_read(pair, protocol, end):
    client, served = pair
    assert send(EventSourceResponse(Source().chunks()), served, protocol, client, end) == b"more"
