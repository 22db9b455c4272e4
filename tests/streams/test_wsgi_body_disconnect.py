"""Disconnects of the client of a stream, and the write timeout of a client that takes no bytes."""

from __future__ import annotations

import contextlib

import gevent
import pytest
from gevent import socket as gevent_socket
from runtime.runners import PATIENCE, in_greenlet, wait_until
from streams.fake_sources import RecordingSource
from streams.stream_bodies import EVENTS, begun_body, policies, sync_and_async

from wsgiresp._runtime import disconnect

pytestmark = pytest.mark.usefixtures("fresh_streams")


class TestDisconnect:
    @sync_and_async
    @policies
    def test_a_disconnect_is_noticed_while_the_source_waits(self, content_of, policy, client):
        source = RecordingSource(waits_at=1)

        def serve():
            body = begun_body(content_of(source), policy, **client.environ)
            with contextlib.closing(body):
                return b"".join(body)

        server = gevent.spawn(serve)
        wait_until(lambda: source.is_waiting)
        client.disconnect()
        assert server.get(timeout=PATIENCE) == policy.preamble + b"a"
        assert len(source.ends) == 1

    def test_a_disconnect_is_noticed_in_a_plain_thread(self, client):
        source = RecordingSource(waits_at=1)

        def serve():
            body = begun_body(source.generator(), **client.environ)
            with contextlib.closing(body):
                next(body)
                client.disconnect()
                return list(body)

        assert serve() == []
        assert source.ends == ["GreenletExit"]

    def test_a_disconnect_is_noticed_before_the_first_chunk(self, client):
        source = RecordingSource(waits_at=0)

        def serve():
            body = begun_body(source.generator(), **client.environ)
            with contextlib.closing(body):
                return list(body)

        server = gevent.spawn(serve)
        wait_until(lambda: source.is_waiting)
        client.disconnect()
        assert server.get(timeout=PATIENCE) == []

    def test_nothing_is_sent_after_a_disconnect(self, client):
        source = RecordingSource(waits_at=1)
        body = begun_body(source.generator(), **client.environ)
        next(body)
        client.there.shutdown(gevent_socket.SHUT_WR)
        assert list(body) == []
        with pytest.raises(OSError, match="Broken pipe"):
            client.here.sendall(b"0\r\n\r\n")
        body.close()

    def test_a_disconnect_that_is_polled_ends_the_body(self, monkeypatch):
        monkeypatch.setattr(disconnect, "_ASK_WAITRESS_EVERY", 0.001)
        has_disconnected: list[bool] = []
        source = RecordingSource(waits_at=1)
        body = begun_body(source.generator(), **{"waitress.client_disconnected": lambda: bool(has_disconnected)})
        next(body)
        has_disconnected.append(True)
        assert list(body) == []
        body.close()


class TestWriteTimeout:
    SHORT = EVENTS._replace(send_timeout=0.002)

    def test_a_client_that_takes_no_bytes_is_disconnected(self, client):
        def serve():
            body = begun_body([b"a"], self.SHORT, **client.environ)
            with contextlib.closing(body):
                next(body)
                assert client.there.recv(1) == b""

        in_greenlet(serve)

    def test_the_write_timeout_is_not_armed_while_there_is_nothing_to_send(self, client):
        def serve():
            body = begun_body(
                RecordingSource(waits_at=0).generator(), self.SHORT._replace(ping_interval=0.005), **client.environ
            )
            with contextlib.closing(body):
                return [next(body), next(body), next(body)]

        assert in_greenlet(serve) == [b"open|", b"ping|", b"ping|"]

    def test_a_client_that_takes_no_bytes_is_disconnected_in_a_plain_thread(self, client):
        with gevent_socket.socket(fileno=client.there.detach()) as there:

            def serve():
                body = begun_body([b"a"], self.SHORT, **client.environ)
                with contextlib.closing(body):
                    next(body)
                    with gevent.Timeout(PATIENCE):
                        assert there.recv(1) == b""

            serve()
