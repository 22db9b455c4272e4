"""A body that ends with its connection (HTTP/1.0): whatever ends it early, its client sees a reset and not an end."""

from __future__ import annotations

import socket
import sys

import pytest
from runtime.runners import in_greenlet
from streams.stream_bodies import begun_body

pytestmark = pytest.mark.usefixtures("fresh_streams")

CHUNKS = (b"one|", b"two|")


@pytest.fixture
def pair():
    """The socket of a server, and that of its client."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as client,
    ):
        client.settimeout(10)
        served, _ = listener.accept()
        with served:
            yield served, client


def lingering_chunks():
    """Give chunks that are not ready together."""
    yield from CHUNKS


def body_on(served, protocol="HTTP/1.0", length=None):
    return begun_body(lingering_chunks(), length=length, SERVER_PROTOCOL=protocol, **{"gunicorn.socket": served})


def received(client):
    return b"".join(iter(lambda: client.recv(100), b""))


def send_first(served, **more):
    """Send the first bytes of a body as a server does, and return it."""
    body = body_on(served, **more)
    served.sendall(next(iter(body)))
    return body


def test_a_process_that_is_killed_in_the_middle_resets_the_connection(pair):
    served, client = pair
    body = in_greenlet(send_first, served)
    served.close()  # as the system does, without close() of the body
    with pytest.raises(ConnectionResetError):
        received(client)
    body.close()


@pytest.mark.parametrize("shuts_down", [False, True], ids=["closed", "shut down and closed"])
def test_a_server_that_is_interrupted_in_a_write_resets_the_connection(pair, shuts_down):
    served, client = pair
    in_greenlet(lambda: send_first(served).close())
    if shuts_down:
        served.shutdown(socket.SHUT_RDWR)
    served.close()
    with pytest.raises(ConnectionResetError):
        received(client)


@pytest.mark.parametrize("closes", [True, False], ids=["closed", "without close()"])
def test_a_whole_body_ends_with_its_connection(pair, closes):
    served, client = pair

    def send():
        body = body_on(served)
        for chunk in body:
            served.sendall(chunk)
        if closes:
            body.close()
        return body

    body = in_greenlet(send)
    served.close()
    assert received(client) == b"one|two|"
    body.close()


def test_a_body_that_nobody_has_iterated_leaves_the_connection_to_another_answer(pair):
    served, client = pair
    in_greenlet(lambda: body_on(served).close())
    served.sendall(b"HTTP/1.0 500")
    served.close()
    assert received(client) == b"HTTP/1.0 500"


@pytest.mark.parametrize(
    "options", [{"protocol": "HTTP/1.1"}, {"length": 8}], ids=["of HTTP/1.1", "with Content-Length"]
)
def test_a_body_with_an_end_of_its_own_does_not_reset_the_connection(pair, options):
    served, client = pair
    in_greenlet(lambda: send_first(served, **options).close())
    served.close()
    assert received(client).startswith(b"one|")


@pytest.mark.parametrize("ends", ["closed", "dropped"])
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what was written to a connection")
def test_a_body_that_middleware_has_read_leaves_the_connection_to_another_answer(pair, ends):
    served, client = pair

    def peek():
        body = body_on(served)
        assert next(iter(body))
        if ends == "closed":
            body.close()

    in_greenlet(peek)
    served.sendall(b"HTTP/1.0 502")
    served.close()
    assert received(client) == b"HTTP/1.0 502"


def test_a_body_that_is_dropped_after_a_part_was_sent_resets_the_connection(pair):
    served, client = pair
    in_greenlet(lambda: send_first(served) and None)
    served.close()
    with pytest.raises(ConnectionResetError):
        received(client)
