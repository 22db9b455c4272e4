"""Streams that are cut because the process ends: what their clients see, and how long their sources are waited for."""

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
from wsgiresp._streams import wsgi_body
from wsgiresp._streams.open_streams import OpenStreams
from wsgiresp.responses import EventSourceResponse, StreamingResponse
from wsgiresp.testing import visit


@pytest.fixture(autouse=True)
def process():
    """A process that nothing has told to stop, before the test and after it."""
    forget(OpenStreams, ShutdownState)
    yield
    forget(OpenStreams, ShutdownState)


class Source:
    """A source that gives one chunk and waits; *cleans_up* is called when it is closed."""

    def __init__(self, cleans_up=lambda: None):
        self.cleans_up = cleans_up
        self.ends = []
        self.is_waiting = False

    def chunks(self):
        try:
            yield "first"
            self.is_waiting = True
            gevent.sleep(600)
        except BaseException as error:
            self.ends.append(type(error).__name__)
            self.cleans_up()
            raise

    async def chunks_later(self):
        try:
            yield "first"
            self.is_waiting = True
            await asyncio.sleep(600)
        except BaseException as error:
            self.ends.append(type(error).__name__)
            raise


def cut_all():
    for stream in list(part(OpenStreams).streams):
        stream.abort()


@pytest.mark.parametrize(
    ("chunks", "end"),
    [
        pytest.param(Source.chunks, "GreenletExit", id="a generator"),
        pytest.param(Source.chunks_later, "CancelledError", id="an async generator"),
    ],
)
def test_a_stream_that_is_cut_breaks_off_once_its_source_is_closed(chunks, end):
    source = Source()
    with visit(StreamingResponse(chunks(source))) as visitor:
        assert visitor.read() == b"first"
        wait_until(lambda: source.is_waiting)
        cut_all()
        with pytest.raises(BrokenPipeError, match="cut: the worker ends"):
            visitor.read_all()
    assert source.ends == [end]


def test_a_stream_that_is_cut_is_open_no_more():
    with visit(StreamingResponse(Source().chunks())) as visitor:
        visitor.read()
        cut_all()
        visitor.wait_closed()
        assert part(OpenStreams).streams == set()


def test_a_stream_that_was_asked_before_ends_in_order():
    with visit(EventSourceResponse(Source().chunks())) as visitor:
        visitor.next_event()
        shutdown.stop()
        cut_all()
        assert list(visitor.events()) == []
        assert visitor.retry is not None


@pytest.mark.parametrize(
    ("content", "name"),
    [
        pytest.param(Source().chunks(), "Source.chunks", id="a generator"),
        pytest.param(Source().chunks_later(), "Source.chunks_later", id="an async generator"),
        pytest.param(itertools.repeat(b"first"), "repeat", id="anything else"),
    ],
)
def test_a_stream_is_called_by_what_made_it(content, name):
    with visit(StreamingResponse(content)):
        assert [str(stream) for stream in part(OpenStreams).streams] == [name]


class Goes:
    """What a source does that goes on when it is closed."""

    def __init__(self):
        self.may_end = Event()

    def __call__(self):
        self.may_end.wait(PATIENCE)


@pytest.fixture
def goes_on():
    going = Goes()
    yield going
    going.may_end.set()


def test_a_source_that_goes_on_though_it_is_cut_is_soon_left(goes_on, caplog):
    with visit(StreamingResponse(Source(goes_on).chunks())) as visitor:
        visitor.read()
        cut_all()
        visitor.leave()
        assert caplog.messages == ["the source of a stream, Source.chunks, goes on though it was cut"]


def unseen(response):
    """An app that answers *response* where the server does not show the socket."""

    def app(environ, start_response):
        return response({**environ, "gunicorn.socket": None}, start_response)

    return app


def test_a_stream_whose_source_goes_on_though_it_is_cut_breaks_off(goes_on):
    with visit(unseen(StreamingResponse(Source(goes_on).chunks()))) as visitor:
        visitor.read()
        cut_all()
        with pytest.raises(BrokenPipeError, match="cut: the worker ends"):
            visitor.read_all()


def test_a_source_that_goes_on_giving_though_it_is_cut_is_taken_from_no_more():
    def ticks():
        while True:
            with contextlib.suppress(gevent.GreenletExit):
                yield b"tick"
                gevent.sleep(0.001)

    with visit(unseen(StreamingResponse(ticks()))) as visitor:
        visitor.read()
        cut_all()
        with pytest.raises(BrokenPipeError, match="cut: the worker ends"):
            visitor.read_all()


def test_a_source_that_goes_on_when_its_client_has_left_is_soon_left_once_it_is_aborted(goes_on, caplog):
    source = Source(goes_on)
    with visit(StreamingResponse(source.chunks())) as visitor:
        visitor.read()
        leaving = gevent.spawn(visitor.leave)
        wait_until(lambda: source.ends)
        cut_all()
        leaving.get(timeout=PATIENCE / 2)
    assert caplog.messages == ["the source of a stream, Source.chunks, goes on though it was cut"]


def test_a_source_that_is_being_closed_is_not_closed_again_when_it_is_aborted(goes_on, caplog):
    source = Source(goes_on)
    with visit(StreamingResponse(source.chunks())) as visitor:
        visitor.read()
        leaving = gevent.spawn(visitor.leave)
        wait_until(lambda: source.ends)
        cut_all()
        run_others()
        goes_on.may_end.set()
        leaving.get(timeout=PATIENCE)
    assert source.ends == ["GreenletExit"]
    assert caplog.messages == []


def test_a_source_that_goes_on_is_left_in_the_end(goes_on, caplog, monkeypatch):
    monkeypatch.setattr(wsgi_body, "CLOSE_TIMEOUT", 0.1)
    with visit(StreamingResponse(Source(goes_on).chunks())) as visitor:
        visitor.read()
        visitor.leave()
    assert caplog.messages == [
        "the source of a stream, Source.chunks, is still open 0.1 s after it was to be closed",
    ]


@pytest.fixture
def pair():
    """A client, and the socket that a server has for it, of TCP."""
    with gevent_socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        client = gevent_socket.create_connection(listener.getsockname(), PATIENCE)
        served, _ = listener.accept()
    with client, served:
        yield client, served


def serve(response, served, protocol, closes=True):
    """Send *response* as a server does that knows nothing of chunks, and close the connection if it *closes*."""
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
    """All that comes before the end, and how that looks."""
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
        pytest.param("HTTP/1.0", "reset", id="nothing else tells of the end"),
        pytest.param("HTTP/1.1", "end", id="the last chunk would tell of the end"),
    ],
)
def test_a_client_sees_that_a_stream_was_cut(pair, protocol, sign):
    client, served = pair
    serving = gevent.spawn(serve, StreamingResponse(Source().chunks()), served, protocol)
    assert client.recv(5) == b"first"
    cut_all()
    serving.get(timeout=PATIENCE)
    assert received(client) == sign


def test_a_stream_whose_client_takes_nothing_can_be_cut(pair):
    _, served = pair
    served.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    serving = gevent.spawn(serve, StreamingResponse(iter([bytes(65536)] * 1000)), served, "HTTP/1.1")
    wait_until(lambda: part(OpenStreams).streams)
    run_others(50)
    assert not serving.dead
    cut_all()
    serving.get(timeout=PATIENCE)


def ask_to_end(stream):
    shutdown.stop()


def reach_its_age(stream):
    stream.finish()


def send(response, served, protocol, client, end):
    """Send a stream of events until it is ended by *end*, and then another request."""
    serving = gevent.spawn(serve, response, served, protocol, closes=False)
    wait_until(lambda: part(OpenStreams).streams)
    for stream in list(part(OpenStreams).streams):
        end(stream)
    serving.get(timeout=PATIENCE)
    client.sendall(b"more")
    return served.recv(4)


def test_nothing_more_is_read_from_the_client_of_a_stream_that_ended_with_the_worker(pair):
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
        pytest.param("HTTP/1.1", reach_its_age, id="it ended by its age"),
        pytest.param("HTTP/2.0", ask_to_end, id="others share its connection"),
    ],
)
def test_the_client_of_a_stream_is_still_read_from(pair, protocol, end):
    client, served = pair
    assert send(EventSourceResponse(Source().chunks()), served, protocol, client, end) == b"more"
