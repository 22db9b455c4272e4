"""The reset of a connection whose end would pass for the end of its stream."""

from __future__ import annotations

import contextlib
import socket

import pytest

from wsgiresp._runtime import sockets


@contextlib.contextmanager
def connected():
    """The two ends of a connection over TCP: the server's and the client's."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        client.settimeout(10)
        server, _ = listener.accept()
        with server:
            yield server, client


def test_the_client_sees_a_reset_whatever_the_server_does_at_the_end():
    with connected() as (server, client):
        sockets.reset_connection(server)
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_the_server_finds_a_client_that_is_gone():
    with connected() as (server, _):
        sockets.reset_connection(server)
        assert server.recv(1) == b""
        with pytest.raises(BrokenPipeError):
            server.sendall(b"more")


def test_without_a_pair_of_sockets_the_reset_comes_with_the_close(monkeypatch):
    monkeypatch.setattr(sockets, "_socketpair", None)
    with connected() as (server, client):
        sockets.reset_connection(server)
        server.close()
        with pytest.raises(ConnectionResetError):
            client.recv(1)
