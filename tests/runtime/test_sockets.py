"""Reset of a connection: without it, a client would take the close for the end of the body."""

from __future__ import annotations

import contextlib
import socket

import pytest

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
