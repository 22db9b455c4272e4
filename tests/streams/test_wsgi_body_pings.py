"""Pings of a stream, which come while nothing else does."""

from __future__ import annotations

import contextlib
import threading
import time

import gevent
import pytest
from runtime.runners import PATIENCE, everywhere, in_greenlet, in_thread
from streams.fake_sources import Story
from streams.stream_bodies import EVENTS, begun, told

from wsgiresp._streams.bounded_buffer import HIGH_WATERMARK

pytestmark = pytest.mark.usefixtures("fresh_streams")


class TestPings:
    OFTEN = EVENTS._replace(ping_interval=0.002)

    @everywhere
    @told
    def test_come_while_nothing_else_does(self, run, tell):
        def pings():
            body = begun(tell(Story(waits_at=0)), self.OFTEN)
            with contextlib.closing(body):
                return [next(body) for _ in range(4)]

        assert run(pings) == [b"open|", b"ping|", b"ping|", b"ping|"]

    def test_do_not_come_while_there_are_chunks(self):
        def read_slowly():
            body = begun(Story([b"x" * HIGH_WATERMARK] * 8).told(), self.OFTEN)
            with contextlib.closing(body):
                made = []
                for chunk in body:
                    made.append(chunk)
                    gevent.sleep(0.003)
                return made

        assert b"ping|" not in in_greenlet(read_slowly)

    def test_count_from_the_last_chunk(self):
        rings: list[float] = []

        def chunk_then_ping():
            body = begun(Story([b"a", b"b"], waits_at=1).told(), EVENTS._replace(ping_interval=0.02))
            with contextlib.closing(body):
                made = [next(body)]
                gevent.sleep(0.015)
                before = time.monotonic()
                made.append(next(body))
                rings.append(time.monotonic() - before)
                return made

        assert in_greenlet(chunk_then_ping) == [b"open|a", b"ping|"]
        assert rings[0] > 0.015

    def test_come_from_a_thread_whose_source_blocks(self):
        may_go_on = threading.Event()

        def block():
            may_go_on.wait(PATIENCE)
            yield b"a"

        def pings():
            body = begun(block(), self.OFTEN)
            with contextlib.closing(body):
                made = [next(body), next(body)]
                may_go_on.set()
                return made

        assert in_thread(pings) == [b"open|", b"ping|"]

    def test_never_come_where_none_were_asked_for(self):
        body = begun([b"a"], EVENTS)
        assert body._pings is None
        body.close()
