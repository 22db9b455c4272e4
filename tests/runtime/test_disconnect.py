"""Noticing that a client has left, on sockets that servers show."""

from __future__ import annotations

import os
import socket

import gevent
import pytest
from gevent import socket as gevent_socket
from gevent.event import Event
from responses.wsgi_calls import environ
from runtime.runners import PATIENCE, turns, wait_until

from wsgiresp._runtime import disconnect, timer_queue
from wsgiresp._runtime.disconnect import watch_disconnect
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._runtime.sockets import reset_connection, shut_connection


class Client:
    """The two ends of a connection, and the word that the client has left."""

    def __init__(self, module=gevent_socket):
        self.here, self.there = module.socketpair()
        self.has_left = Event()
        self.count = 0

    def leave(self):
        self.count += 1
        self.has_left.set()

    def watched(self):
        return watch_disconnect(ServerProfile(environ(**{"gunicorn.socket": self.here})), gevent.get_hub(), self.leave)

    def close(self):
        self.here.close()
        self.there.close()


@pytest.fixture
def client():
    found = Client()
    yield found
    found.close()


class Channel:
    """The channel of waitress, as its environ shows a method of it."""

    def __init__(self, connection=None):
        if connection is not None:
            self.socket = connection
        self.has_left = False
        self.looks = 0

    def check_client_disconnected(self):
        self.looks += 1
        return self.has_left


@pytest.mark.parametrize("module", [gevent_socket, socket], ids=["gevent's", "the standard library's"])
@pytest.mark.parametrize(
    "leave",
    [
        pytest.param(lambda there: there.close(), id="by closing"),
        pytest.param(lambda there: there.shutdown(socket.SHUT_WR), id="by saying that nothing more comes"),
        pytest.param(lambda there: (there.sendall(b"GET / HTTP/1.1\r\n\r\n"), there.close()), id="after a request"),
    ],
)
def test_a_client_that_leaves_is_noticed(module, leave):
    client = Client(module)
    end = client.watched()
    leave(client.there)
    assert client.has_left.wait(PATIENCE)
    end()
    client.close()


def test_a_request_that_is_sent_ahead_is_no_disconnect(client):
    end = client.watched()
    client.there.sendall(b"GET / HTTP/1.1\r\n\r\n")
    turns()
    assert not client.has_left.is_set()
    client.there.close()
    assert client.has_left.wait(PATIENCE)
    end()


def test_a_client_leaves_once(client):
    end = client.watched()
    client.there.close()
    assert client.has_left.wait(PATIENCE)
    turns()
    end()
    end()
    assert client.count == 1


def test_a_client_that_is_watched_no_more_is_not_noticed(client):
    client.watched()()
    client.there.close()
    turns()
    assert client.count == 0


def test_each_client_leaves_on_its_own():
    clients = [Client() for _ in range(3)]
    ends = [client.watched() for client in clients]
    clients[1].there.close()
    assert clients[1].has_left.wait(PATIENCE)
    turns()
    assert [client.count for client in clients] == [0, 1, 0]
    clients[0].there.close()
    assert clients[0].has_left.wait(PATIENCE)
    for client, end in zip(clients, ends, strict=True):
        end()
        client.close()


def test_clients_that_leave_together_are_all_noticed():
    clients = [Client() for _ in range(20)]
    ends = [client.watched() for client in clients]
    for client in clients:
        client.there.close()
    wait_until(lambda: all(client.count for client in clients))
    for client, end in zip(clients, ends, strict=True):
        end()
        client.close()


def test_of_two_streams_on_one_connection_the_first_is_told(client):
    end = client.watched()
    second = Client()
    end_second = watch_disconnect(
        ServerProfile(environ(**{"gunicorn.socket": client.here})), gevent.get_hub(), second.leave
    )
    end_second()
    client.there.close()
    assert client.has_left.wait(PATIENCE)
    assert second.count == 0
    end()
    second.close()


def test_a_connection_that_is_closed_already_is_not_watched(client):
    client.here.close()
    client.watched()()
    client.there.close()
    turns()
    assert client.count == 0


def test_what_cannot_be_watched_is_not_watched(tmp_path):
    with (tmp_path / "file").open("w") as file:  # epoll takes no file
        watch_disconnect(ServerProfile(environ(**{"gunicorn.socket": file})), gevent.get_hub(), lambda: None)()


def test_a_process_without_descriptors_watches_nobody(client, monkeypatch):
    def no_descriptor():
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(disconnect, "_epoll", no_descriptor)
    client.watched()()
    assert client.count == 0


def test_a_watch_that_ends_after_the_connection_ends_quietly(client):
    end = client.watched()
    client.here.close()
    end()


def test_watches_leave_no_descriptor(client):
    client.watched()()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(50):
        client.watched()()
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("epoll", [None], ids=["a system without epoll"])
def test_without_a_way_to_see_it_nobody_is_watched(client, monkeypatch, epoll):
    monkeypatch.setattr(disconnect, "_epoll", epoll)
    end = client.watched()
    client.there.close()
    turns()
    assert client.count == 0
    end()


def test_a_server_that_shows_nothing_is_not_watched():
    watch_disconnect(ServerProfile(environ()), gevent.get_hub(), lambda: None)()


class TestAServerThatMustBeAsked:
    @pytest.fixture(autouse=True)
    def often(self, monkeypatch):
        monkeypatch.setattr(disconnect, "_ASK_WAITRESS_EVERY", 0.001)

    def watched(self, channel, leave):
        more = {"waitress.client_disconnected": channel.check_client_disconnected}
        return watch_disconnect(ServerProfile(environ(**more)), gevent.get_hub(), leave)

    def test_it_is_asked_until_the_client_has_left(self):
        channel, has_left = Channel(), Event()
        end = self.watched(channel, has_left.set)
        wait_until(lambda: channel.looks > 2)
        assert not has_left.is_set()
        channel.has_left = True
        assert has_left.wait(PATIENCE)
        end()

    def test_it_is_asked_no_more_when_the_watch_has_ended(self):
        channel = Channel()
        end = self.watched(channel, lambda: None)
        wait_until(lambda: channel.looks)
        end()
        looks = channel.looks
        timer_queue.timer_queue(gevent.get_hub(), 0.001)._fire()
        assert channel.looks == looks


def test_a_connection_that_is_shut_is_so_for_both_sides(client):
    shut_connection(client.here)
    assert client.there.recv(1) == b""
    with pytest.raises(OSError, match="Broken pipe"):
        client.here.sendall(b"more")


def test_a_connection_that_is_closed_cannot_be_shut_and_that_is_well(client):
    client.here.close()
    shut_connection(client.here)


def test_a_connection_can_be_made_to_end_by_a_reset():
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        accepted, _ = server.accept()
        reset_connection(accepted)
        accepted.close()
        with client, pytest.raises(ConnectionResetError):
            client.recv(1)


def test_a_connection_that_is_closed_needs_no_reset(client):
    client.here.close()
    reset_connection(client.here)
