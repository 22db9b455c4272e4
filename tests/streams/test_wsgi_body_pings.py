"""Keep-alive pings of a stream, sent while there are no chunks."""

from __future__ import annotations

import contextlib
import threading

import gevent
import pytest
from gevent.event import Event
from runtime.runners import PATIENCE, everywhere, in_greenlet, in_thread, run_others, wait_until
from streams.fake_sources import RecordingSource
from streams.stream_bodies import EVENTS, begun_body, sync_and_async

from wsgiresp._runtime import timer_queue
from wsgiresp._streams.bounded_buffer import HIGH_WATERMARK

pytestmark = pytest.mark.usefixtures("fresh_streams")


LONG_INTERVAL = EVENTS._replace(ping_interval=4 * PATIENCE)


class FakeClock:
    """The clock of the timer queues; their real timers do not fire within the test."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now

    def advance(self, seconds):
        """Let *seconds* pass, fire the ping timers of this hub that are due then, and let the others run."""
        self.now += seconds
        timer_queue.timer_queue(gevent.get_hub(), LONG_INTERVAL.ping_interval)._fire()
        run_others()


@pytest.fixture
def clock(monkeypatch):
    fake = FakeClock()
    monkeypatch.setattr(timer_queue, "time", fake)
    return fake


def waiting_reader(body):
    """Return a greenlet that waits for the next chunk of *body*."""
    reader = gevent.spawn(next, body)
    wait_until(lambda: body.stream.producer.buffer.reader_waits)
    return reader


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

    def test_no_ping_is_sent_while_there_are_chunks(self, clock):
        def read_slowly():
            body = begun_body(RecordingSource([b"x" * HIGH_WATERMARK] * 8).generator(), LONG_INTERVAL)
            with contextlib.closing(body):
                made = []
                for chunk in body:
                    made.append(chunk)
                    clock.advance(2 * LONG_INTERVAL.ping_interval)
                return made

        assert b"ping|" not in in_greenlet(read_slowly)

    def test_the_ping_interval_counts_from_the_last_chunk(self, clock):
        has_chunk = Event()

        def chunk_then_wait():
            assert has_chunk.wait(PATIENCE)
            yield b"a"
            gevent.sleep(PATIENCE)

        def chunk_then_ping():
            body = begun_body(chunk_then_wait(), LONG_INTERVAL)
            with contextlib.closing(body):
                made = [next(body)]
                reader = waiting_reader(body)
                clock.advance(LONG_INTERVAL.ping_interval * 0.75)
                has_chunk.set()
                made.append(reader.get(timeout=PATIENCE))
                reader = waiting_reader(body)
                clock.advance(LONG_INTERVAL.ping_interval * 0.75)
                made.append(reader.value)  # None while it waits
                clock.advance(LONG_INTERVAL.ping_interval * 0.25)
                made.append(reader.get(timeout=PATIENCE))
                return made

        assert in_greenlet(chunk_then_ping) == [b"open|", b"a", None, b"ping|"]

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
        body = begun_body([b"a"], EVENTS._replace(ping_interval=0))
        assert body.stream._ping_timers is None
        body.close()
