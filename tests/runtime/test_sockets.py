"""Reset of a connection: without it, a client would take the close for the end of the body."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import SimpleNamespace

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


class Counting:
    """A file that asks at each ``read()``, *depth* calls below it, what it is read for."""

    def __init__(self, connection, depth=0):
        self.counts = []
        self._connection = connection
        self._depth = depth

    def read(self, size):
        self.counts.append(self._below(self._depth))
        return b""

    def _below(self, depth):
        return self._below(depth - 1) if depth else sockets.sendfile_count(self._connection, self)


@pytest.mark.parametrize(("count", "told"), [(1, 1), (8192, 8192), (10**10, 10**10), (None, 0)])
def test_a_file_learns_for_how_many_bytes_sendfile_reads_it(count, told):
    left, right = gevent_socket.socketpair()
    with left, right:
        file = Counting(left)
        left.sendfile(file, count=count)
        assert file.counts == [told]


def test_what_is_not_read_by_sendfile_of_the_connection_learns_nothing():
    left, right = gevent_socket.socketpair()
    with left, right:
        of_another = Counting(right)
        left.sendfile(of_another, count=5)
        inner = Counting(left)
        left.sendfile(SimpleNamespace(read=inner.read), count=5)
        too_deep = Counting(left, depth=9)
        left.sendfile(too_deep, count=5)
        assert (of_another.counts, inner.counts, too_deep.counts) == ([None], [None], [None])


def test_what_a_thread_reads_at_once_learns_nothing():
    file = Counting(None)
    found = []
    thread = threading.Thread(target=lambda: found.append(sockets.sendfile_count(None, file)))
    thread.start()
    thread.join()
    assert found == [None]


def test_where_gevent_has_compiled_the_method_nothing_is_learned(monkeypatch):
    monkeypatch.setattr(sockets, "_GEVENT_SENDFILE", None)
    left, right = gevent_socket.socketpair()
    with left, right:
        file = Counting(left)
        left.sendfile(file, count=5)
        assert file.counts == [None]


def test_a_caller_with_the_name_sendfile_is_found():
    def asked():
        return sockets.is_called_by_sendfile()

    def sendfile(times):
        return asked() if times == 0 else more(times - 1)

    def more(times):
        return asked() if times == 0 else more(times - 1)

    assert sendfile(0)
    assert sendfile(3)
    assert not sendfile(9)
    assert not asked()


def test_a_function_that_a_thread_runs_has_no_caller():
    found = []
    thread = threading.Thread(target=lambda: found.append(sockets.is_called_by_sendfile()))
    thread.start()
    thread.join()
    assert found == [False]
