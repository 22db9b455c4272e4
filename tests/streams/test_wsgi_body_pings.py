"""Keep-alive pings of a stream, sent while there are no chunks."""

from __future__ import annotations

import contextlib
import threading
import time

import gevent
import pytest
from runtime.runners import PATIENCE, everywhere, in_greenlet, in_thread
from streams.fake_sources import RecordingSource
from streams.stream_bodies import EVENTS, begun_body, sync_and_async

from wsgiresp._streams.bounded_buffer import HIGH_WATERMARK

pytestmark = pytest.mark.usefixtures("fresh_streams")


class TestPings:
    SHORT_INTERVAL = EVENTS._replace(ping_interval=0.002)

    @everywhere
    @sync_and_async
    def test_pings_are_sent_while_there_are_no_chunks(self, run, content_of):
        def pings():
            body = begun_body(content_of(RecordingSource(waits_at=0)), self.SHORT_INTERVAL)
            with contextlib.closing(body):
                return [next(body) for _ in range(4)]

        assert run(pings) == [b"open|", b"ping|", b"ping|", b"ping|"]

    def test_no_ping_is_sent_while_there_are_chunks(self):
        def read_slowly():
            body = begun_body(RecordingSource([b"x" * HIGH_WATERMARK] * 8).generator(), self.SHORT_INTERVAL)
            with contextlib.closing(body):
                made = []
                for chunk in body:
                    made.append(chunk)
                    gevent.sleep(0.003)
                return made

        assert b"ping|" not in in_greenlet(read_slowly)

    def test_the_ping_interval_counts_from_the_last_chunk(self):
        delays: list[float] = []

        def chunk_then_ping():
            body = begun_body(
                RecordingSource([b"a", b"b"], waits_at=1).generator(), EVENTS._replace(ping_interval=0.02)
            )
            with contextlib.closing(body):
                made = [next(body)]
                gevent.sleep(0.015)
                before = time.monotonic()
                made.append(next(body))
                delays.append(time.monotonic() - before)
                return made

        assert in_greenlet(chunk_then_ping) == [b"open|a", b"ping|"]
        assert delays[0] > 0.015

    def test_pings_are_sent_while_the_source_blocks_its_thread(self):
        may_go_on = threading.Event()

        def block():
            may_go_on.wait(PATIENCE)
            yield b"a"

        def pings():
            body = begun_body(block(), self.SHORT_INTERVAL)
            with contextlib.closing(body):
                made = [next(body), next(body)]
                may_go_on.set()
                return made

        assert in_thread(pings) == [b"open|", b"ping|"]

    def test_without_a_ping_interval_there_is_no_ping_timer(self):
        body = begun_body([b"a"], EVENTS)
        assert body._pings is None
        body.close()
