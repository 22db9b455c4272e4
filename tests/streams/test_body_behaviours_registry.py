"""The table of behaviours of every stream body: the registry of open streams, and disconnects of the client."""

from __future__ import annotations

import pytest
from streams.body_drivers import END
from streams.body_kinds import WSGI, every_kind, of_kinds
from streams.stream_bodies import EVENTS

from wsgiresp._runtime.process import part
from wsgiresp._streams.open_streams import OpenStreams

pytestmark = pytest.mark.usefixtures("fresh_streams")


class TestRegistry:
    @every_kind
    def test_a_body_is_registered_from_begin_until_its_source_is_closed(self, kind):
        with kind() as stream:
            stream.begin(b"a")
            assert stream.is_registered
            stream.next()
            stream.source.end()
            assert stream.next() is END
            assert not stream.is_registered
            stream.close()
            assert not stream.is_registered

    @every_kind
    @pytest.mark.parametrize("end", ["finish", "abort"])
    def test_a_body_stays_registered_when_it_is_finished_or_aborted(self, kind, end):
        with kind(EVENTS) as stream:
            stream.begin()
            getattr(stream, end)()
            assert stream.is_registered

    @every_kind
    def test_a_body_that_was_closed_leaves_nothing_registered(self, kind):
        with kind(EVENTS) as stream:
            stream.begin()
            stream.close()
            assert part(OpenStreams).streams == set()

    @every_kind
    def test_a_body_that_was_closed_before_it_began_leaves_nothing_registered(self, kind):
        with kind(EVENTS) as stream:
            stream.close()
            assert part(OpenStreams).streams == set()


class TestDisconnect:
    @of_kinds(*WSGI)
    def test_a_disconnect_while_the_source_waits_ends_the_body(self, kind, client):
        with kind(**client.environ) as stream:
            stream.begin(b"a")
            stream.next()
            reading = stream.waiting_reader()
            client.disconnect()
            assert reading.get() is END

    @of_kinds(*WSGI)
    def test_the_source_of_a_client_that_has_disconnected_is_interrupted_by_the_close(self, kind, client):
        with kind(**client.environ) as stream:
            stream.begin(b"a")
            stream.next()
            reading = stream.waiting_reader()
            client.disconnect()
            reading.get()
            stream.close()
            assert stream.source.interrupted_by is kind.interruption
            assert stream.record == ["source closed", "step"]

    @of_kinds(*WSGI)
    def test_a_disconnect_while_begin_waits_for_the_first_chunk_ends_the_body(self, kind, client):
        with kind(**client.environ) as stream:
            beginning = stream.begin_soon()
            stream.wait_until_source_waits()
            client.disconnect()
            beginning.get()
            assert stream.next() is END

    @of_kinds(*WSGI)
    def test_the_ready_chunks_are_still_sent_after_a_disconnect(self, kind, client):
        with kind(**client.environ) as stream:
            stream.begin(b"a")
            client.disconnect()
            stream.pass_turns()
            assert [stream.next(), stream.next()] == [b"a", END]
