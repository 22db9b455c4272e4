"""Reset of a connection: without it, a client would take the close for the end of the body."""

from __future__ import annotations

import contextlib
import socket

import pytest
from gevent import socket as gevent_socket

from wsgiresp._runtime import sockets


@contextlib.contextmanager
def connected():
    """A TCP connection: the socket of the server and that of the client."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        client.settimeout(10)
        server, _ = listener.accept()
        with server:
            yield server, client


def test_the_client_sees_a_reset_even_if_the_server_shuts_the_socket_down():
    with connected() as (server, client):
        sockets.reset_connection(server)
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_after_the_reset_the_server_reads_the_end_and_cannot_send():
    with connected() as (server, _):
        sockets.reset_connection(server)
        assert server.recv(1) == b""
        with pytest.raises(BrokenPipeError):
            server.sendall(b"more")


def test_without_socketpair_the_reset_is_sent_at_the_close(monkeypatch):
    monkeypatch.setattr(sockets, "_socketpair", None)
    with connected() as (server, client):
        sockets.reset_connection(server)
        server.close()
        with pytest.raises(ConnectionResetError):
            client.recv(1)


class FakeTLS:
    """A TLS connection over the socket *plain*, of which *pending* bytes are decrypted and were not read."""

    def __init__(self, plain, pending=0):
        self.fileno = plain.fileno
        self._pending = pending

    def pending(self):
        return self._pending

    def unwrap(self):
        raise AssertionError("it would wait for the client")


def test_the_end_of_requests_leaves_a_plain_connection_writable():
    with connected() as (server, client):
        sockets.end_requests(server)
        assert server.recv(1) == b""
        server.sendall(b"answer")
        assert client.recv(6) == b"answer"


def test_the_end_of_requests_ends_a_tls_connection_after_what_was_sent():
    with connected() as (server, client):
        server.sendall(b"answer")
        sockets.end_requests(FakeTLS(server))
        assert server.recv(1) == b""
        with pytest.raises(BrokenPipeError):
            server.sendall(b"alert")
        assert (client.recv(6), client.recv(1)) == (b"answer", b"")


def test_a_tls_connection_on_which_a_request_has_arrived_is_left_open():
    with connected() as (server, client):
        client.sendall(b"request")
        server.recv(1, socket.MSG_PEEK)
        sockets.end_requests(FakeTLS(server))
        server.sendall(b"answer")
        assert (server.recv(7), client.recv(6)) == (b"request", b"answer")


def test_a_tls_connection_of_which_a_request_is_decrypted_is_left_open():
    with connected() as (server, client):
        sockets.end_requests(FakeTLS(server, pending=7))
        server.sendall(b"answer")
        assert client.recv(6) == b"answer"


@pytest.mark.parametrize("kind", [lambda server: server, FakeTLS], ids=["plain", "TLS"])
def test_the_end_of_requests_accepts_a_connection_that_is_closed(kind):
    with connected() as (server, _):
        server.close()
        sockets.end_requests(kind(server))


def test_a_connection_that_resets_at_its_close_sends_no_end():
    with connected() as (server, client):
        sockets.reset_at_close(server)
        assert sockets.resets_at_close(server)
        server.sendall(b"part")
        server.close()
        with pytest.raises(ConnectionResetError):
            b"".join(iter(lambda: client.recv(4), b""))


def test_a_connection_that_no_longer_resets_ends_well():
    with connected() as (server, client):
        sockets.reset_at_close(server)
        sockets.reset_at_close(server, is_partial=False)
        assert not sockets.resets_at_close(server)
        server.sendall(b"whole")
        server.close()
        assert (client.recv(5), client.recv(1)) == (b"whole", b"")


def test_a_closed_connection_does_not_reset():
    with connected() as (server, _):
        server.close()
        sockets.reset_at_close(server)
        assert not sockets.resets_at_close(server)


def test_the_end_of_requests_accepts_a_closed_socket_of_gevent():
    client, served = gevent_socket.socketpair()
    client.close()
    served.close()
    sockets.end_requests(served)


class Wrapped:
    """A connection that shows its descriptor alone."""

    def __init__(self, connection):
        self.fileno = connection.fileno


@pytest.mark.parametrize("wrap", [lambda connection: connection, Wrapped], ids=["a socket", "a descriptor"])
def test_a_connection_is_shut_down_whatever_shows_it(wrap):
    with connected() as (server, client):
        sockets.shut_connection(wrap(server))
        assert client.recv(1) == b""


def test_a_connection_of_gevent_is_shut_down_without_a_free_descriptor(monkeypatch):
    def none_is_left(descriptor):
        raise OSError("no descriptor")

    monkeypatch.setattr(sockets.os, "dup", none_is_left)
    here, there = gevent_socket.socketpair()
    with here, there:
        sockets.shut_connection(here)
        assert there.recv(1) == b""


@pytest.mark.skipif(not hasattr(socket, "TCP_INFO"), reason="only Linux counts the bytes of a connection")
def test_the_kernel_counts_what_was_written_whether_or_not_it_was_received():
    with connected() as (server, _):
        assert sockets.bytes_written(server) == 0
        server.sendall(b"0123456789")
        assert sockets.bytes_written(server) == 10
        server.setblocking(False)
        written = 10
        with contextlib.suppress(BlockingIOError):
            while True:
                written += server.send(bytes(65536))
        assert sockets.bytes_written(server) == written


def test_bytes_of_a_connection_that_is_no_tcp_are_not_counted():
    left, right = socket.socketpair()
    with left, right:
        assert sockets.bytes_written(left) is None


def test_a_closed_connection_is_not_counted():
    with connected() as (server, _):
        server.close()
        assert sockets.bytes_written(server) is None


@pytest.mark.parametrize("known", [None, 1], ids=["a system that counts nothing", "an older kernel"])
def test_where_the_kernel_does_not_tell_nothing_is_known(monkeypatch, known):
    monkeypatch.setattr(sockets, "_TCP_INFO", known)

    class Older:
        def getsockopt(self, level, option, size):
            return bytes(104)

    assert sockets.bytes_written(Older()) is None
