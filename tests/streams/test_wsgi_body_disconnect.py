"""Clients of a stream that leave it, and those that take nothing of it."""

from __future__ import annotations

import contextlib

import gevent
import pytest
from gevent import socket as gevent_socket
from runtime.runners import PATIENCE, in_greenlet, wait_until
from streams.fake_sources import Story
from streams.stream_bodies import EVENTS, begun, policies, told

from wsgiresp._runtime import disconnect

pytestmark = pytest.mark.usefixtures("fresh_streams")


class TestAClientThatLeaves:
    @told
    @policies
    def test_is_noticed_while_the_source_waits(self, tell, policy, client):
        story = Story(waits_at=1)

        def serve():
            body = begun(tell(story), policy, **client.shown)
            with contextlib.closing(body):
                return b"".join(body)

        server = gevent.spawn(serve)
        wait_until(lambda: story.is_waiting)
        client.leave()
        assert server.get(timeout=PATIENCE) == policy.preamble + b"a"
        assert len(story.ends) == 1

    def test_is_noticed_in_a_thread_too(self, client):
        story = Story(waits_at=1)

        def serve():
            body = begun(story.told(), **client.shown)
            with contextlib.closing(body):
                next(body)
                client.leave()
                return list(body)

        assert serve() == []
        assert story.ends == ["GreenletExit"]

    def test_is_noticed_before_the_first_chunk(self, client):
        story = Story(waits_at=0)

        def serve():
            body = begun(story.told(), **client.shown)
            with contextlib.closing(body):
                return list(body)

        server = gevent.spawn(serve)
        wait_until(lambda: story.is_waiting)
        client.leave()
        assert server.get(timeout=PATIENCE) == []

    def test_is_sent_nothing_more(self, client):
        story = Story(waits_at=1)
        body = begun(story.told(), **client.shown)
        next(body)
        client.there.shutdown(gevent_socket.SHUT_WR)
        assert list(body) == []
        with pytest.raises(OSError, match="Broken pipe"):
            client.here.sendall(b"0\r\n\r\n")
        body.close()

    def test_whose_connection_is_not_shown_just_ends(self, monkeypatch):
        monkeypatch.setattr(disconnect, "_ASK_WAITRESS_EVERY", 0.001)
        has_left: list[bool] = []
        story = Story(waits_at=1)
        body = begun(story.told(), **{"waitress.client_disconnected": lambda: bool(has_left)})
        next(body)
        has_left.append(True)
        assert list(body) == []
        body.close()


class TestAClientThatTakesNothing:
    SOON = EVENTS._replace(send_timeout=0.002)

    def test_is_dropped(self, client):
        def serve():
            body = begun([b"a"], self.SOON, **client.shown)
            with contextlib.closing(body):
                next(body)
                assert client.there.recv(1) == b""

        in_greenlet(serve)

    def test_is_not_dropped_while_there_is_nothing_to_take(self, client):
        def serve():
            body = begun(Story(waits_at=0).told(), self.SOON._replace(ping_interval=0.005), **client.shown)
            with contextlib.closing(body):
                return [next(body), next(body), next(body)]

        assert in_greenlet(serve) == [b"open|", b"ping|", b"ping|"]

    def test_is_dropped_where_a_thread_is_blocked(self, client):
        with gevent_socket.socket(fileno=client.there.detach()) as there:

            def serve():
                body = begun([b"a"], self.SOON, **client.shown)
                with contextlib.closing(body):
                    next(body)
                    with gevent.Timeout(PATIENCE):
                        assert there.recv(1) == b""

            serve()
