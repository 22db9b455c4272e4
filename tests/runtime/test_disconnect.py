"""Disconnect watcher: notices that a client has disconnected, on the socket that the server shows or by polling."""

from __future__ import annotations

import os
import socket

import gevent
import pytest
from gevent import socket as gevent_socket
from gevent.event import Event
from responses.wsgi_calls import environ
from runtime.runners import PATIENCE, run_others, wait_until

from wsgiresp._runtime import disconnect, timer_queue
from wsgiresp._runtime.disconnect import watch_disconnect
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._runtime.sockets import reset_connection, shut_connection


class Client:
    """Both ends of a connection, and the event that the watcher sets when the client has disconnected."""

    def __init__(self, module=gevent_socket):
        self.here, self.there = module.socketpair()
        self.has_disconnected = Event()
        self.count = 0

    def on_disconnect(self):
        self.count += 1
        self.has_disconnected.set()

    def watched(self):
        return watch_disconnect(
            ServerProfile(environ(**{"gunicorn.socket": self.here})), gevent.get_hub(), self.on_disconnect
        )

    def close(self):
        self.here.close()
        self.there.close()


@pytest.fixture
def client():
    found = Client()
    yield found
    found.close()


class Channel:
    """A fake channel of waitress, whose environ has a method of it; counts its calls."""

    def __init__(self, connection=None):
        if connection is not None:
            self.socket = connection
        self.has_disconnected = False
        self.polls = 0

    def check_client_disconnected(self):
        self.polls += 1
        return self.has_disconnected


@pytest.mark.parametrize("module", [gevent_socket, socket], ids=["gevent's", "the standard library's"])
@pytest.mark.parametrize(
    "leave",
    [
        pytest.param(lambda there: there.close(), id="by closing"),
        pytest.param(lambda there: there.shutdown(socket.SHUT_WR), id="by a half-close"),
        pytest.param(lambda there: (there.sendall(b"GET / HTTP/1.1\r\n\r\n"), there.close()), id="after a request"),
    ],
)
def test_a_disconnect_is_noticed(module, leave):
    client = Client(module)
    end = client.watched()
    leave(client.there)
    assert client.has_disconnected.wait(PATIENCE)
    end()
    client.close()


def test_a_request_that_is_sent_ahead_is_no_disconnect(client):
    end = client.watched()
    client.there.sendall(b"GET / HTTP/1.1\r\n\r\n")
    run_others()
    assert not client.has_disconnected.is_set()
    client.there.close()
    assert client.has_disconnected.wait(PATIENCE)
    end()


def test_a_disconnect_is_reported_once(client):
    end = client.watched()
    client.there.close()
    assert client.has_disconnected.wait(PATIENCE)
    run_others()
    end()
    end()
    assert client.count == 1


def test_a_disconnect_after_the_watch_has_ended_is_not_reported(client):
    client.watched()()
    client.there.close()
    run_others()
    assert client.count == 0


def test_each_disconnect_is_reported_to_its_own_watch():
    clients = [Client() for _ in range(3)]
    ends = [client.watched() for client in clients]
    clients[1].there.close()
    assert clients[1].has_disconnected.wait(PATIENCE)
    run_others()
    assert [client.count for client in clients] == [0, 1, 0]
    clients[0].there.close()
    assert clients[0].has_disconnected.wait(PATIENCE)
    for client, end in zip(clients, ends, strict=True):
        end()
        client.close()


def test_simultaneous_disconnects_are_all_noticed():
    clients = [Client() for _ in range(20)]
    ends = [client.watched() for client in clients]
    for client in clients:
        client.there.close()
    wait_until(lambda: all(client.count for client in clients))
    for client, end in zip(clients, ends, strict=True):
        end()
        client.close()


def test_of_two_watches_of_one_connection_the_first_is_notified(client):
    end = client.watched()
    second = Client()
    end_second = watch_disconnect(
        ServerProfile(environ(**{"gunicorn.socket": client.here})), gevent.get_hub(), second.on_disconnect
    )
    end_second()
    client.there.close()
    assert client.has_disconnected.wait(PATIENCE)
    assert second.count == 0
    end()
    second.close()


def test_a_closed_connection_is_not_watched(client):
    client.here.close()
    client.watched()()
    client.there.close()
    run_others()
    assert client.count == 0


def test_a_descriptor_that_epoll_refuses_is_not_watched(tmp_path):
    with (tmp_path / "file").open("w") as file:  # epoll takes no file
        watch_disconnect(ServerProfile(environ(**{"gunicorn.socket": file})), gevent.get_hub(), lambda: None)()


def test_without_a_free_descriptor_no_client_is_watched(client, monkeypatch):
    def no_descriptor():
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(disconnect, "_epoll", no_descriptor)
    end = client.watched()
    monkeypatch.undo()
    later = Client()
    end_later = later.watched()
    client.there.close()
    later.there.close()
    # Both disconnects are there by now: that of the client that came when a descriptor was free is reported.
    assert later.has_disconnected.wait(PATIENCE)
    run_others()
    assert client.count == 0
    end()
    end_later()
    later.close()


def test_a_watch_may_end_after_its_connection_is_closed(client):
    end = client.watched()
    client.here.close()
    end()


def test_watches_leak_no_descriptor(client):
    client.watched()()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(50):
        client.watched()()
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("epoll", [None], ids=["a system without epoll"])
def test_without_epoll_no_client_is_watched(client, monkeypatch, epoll):
    monkeypatch.setattr(disconnect, "_epoll", epoll)
    end = client.watched()
    client.there.close()
    run_others()
    assert client.count == 0
    end()


def test_a_server_that_shows_no_connection_is_not_watched():
    watch_disconnect(ServerProfile(environ()), gevent.get_hub(), lambda: None)()


class TestASocketThatAnotherThreadCloses:
    """As the main thread of waitress does, which says so by its function."""

    @pytest.fixture(autouse=True)
    def short_poll_interval(self, monkeypatch):
        monkeypatch.setattr(disconnect, "_ASK_WAITRESS_EVERY", 0.001)

    @pytest.fixture
    def channel(self, client):
        return Channel(client.here)

    def watched(self, client, channel):
        more = {"waitress.client_disconnected": channel.check_client_disconnected}
        return watch_disconnect(ServerProfile(environ(**more)), gevent.get_hub(), client.on_disconnect)

    def test_is_noticed_though_epoll_has_forgotten_it(self, client, channel):
        end = self.watched(client, channel)
        channel.has_disconnected = True
        client.here.close()
        client.there.close()
        assert client.has_disconnected.wait(PATIENCE)
        run_others()
        end()
        assert client.count == 1

    def test_is_noticed_by_epoll_before_it_is_closed(self, client, channel):
        end = self.watched(client, channel)
        client.there.close()
        assert client.has_disconnected.wait(PATIENCE)
        channel.has_disconnected = True
        run_others()
        end()
        assert client.count == 1

    def test_does_not_end_the_watch_of_a_later_connection_with_its_number(self, client, channel):
        end = self.watched(client, channel)
        number = client.here.fileno()
        client.here.close()
        later = Client()
        if later.here.fileno() != number:  # a thread of another test may have taken it
            pytest.skip("the number of the descriptor was not used again")
        end_later = watch_disconnect(
            ServerProfile(environ(**{"gunicorn.socket": later.here})), gevent.get_hub(), later.on_disconnect
        )
        end()
        later.there.close()
        assert later.has_disconnected.wait(PATIENCE)
        assert client.count == 0
        end_later()
        later.close()

    def test_is_neither_watched_nor_polled_after_the_watch_has_ended(self, client, channel):
        self.watched(client, channel)()
        channel.has_disconnected = True
        client.there.close()
        run_others()
        assert (client.count, channel.polls) == (0, 0)


class TestPolling:
    @pytest.fixture(autouse=True)
    def short_poll_interval(self, monkeypatch):
        monkeypatch.setattr(disconnect, "_ASK_WAITRESS_EVERY", 0.001)

    def watched(self, channel, leave):
        more = {"waitress.client_disconnected": channel.check_client_disconnected}
        return watch_disconnect(ServerProfile(environ(**more)), gevent.get_hub(), leave)

    def test_the_server_is_polled_until_the_client_has_disconnected(self):
        channel, has_disconnected = Channel(), Event()
        end = self.watched(channel, has_disconnected.set)
        wait_until(lambda: channel.polls > 2)
        assert not has_disconnected.is_set()
        channel.has_disconnected = True
        assert has_disconnected.wait(PATIENCE)
        end()

    def test_the_server_is_not_polled_after_the_watch_has_ended(self):
        channel = Channel()
        end = self.watched(channel, lambda: None)
        wait_until(lambda: channel.polls)
        end()
        polls = channel.polls
        timer_queue.timer_queue(gevent.get_hub(), 0.001)._fire()
        assert channel.polls == polls


def test_shut_connection_ends_both_directions(client):
    shut_connection(client.here)
    assert client.there.recv(1) == b""
    with pytest.raises(OSError, match="Broken pipe"):
        client.here.sendall(b"more")


def test_shut_connection_accepts_a_closed_connection(client):
    client.here.close()
    shut_connection(client.here)


def test_after_reset_connection_the_client_sees_a_reset():
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        accepted, _ = server.accept()
        reset_connection(accepted)
        accepted.close()
        with client, pytest.raises(ConnectionResetError):
            client.recv(1)


def test_reset_connection_accepts_a_closed_connection(client):
    client.here.close()
    reset_connection(client.here)
