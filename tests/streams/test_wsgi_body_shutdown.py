"""Finish of a stream: at its maximum age, or when the process is to stop."""

from __future__ import annotations

import contextlib
import inspect
import threading

import gevent
import pytest
from runtime.runners import PATIENCE, everywhere, in_greenlet, wait_until
from streams.fake_sources import RecordingSource
from streams.stream_bodies import EVENTS, begun_body, read, sync_and_async

from wsgiresp._runtime import shutdown
from wsgiresp._streams import open_streams
from wsgiresp._streams.bounded_buffer import MAX_BUFFERED
from wsgiresp._streams.policy import MAY_FINISH

pytestmark = pytest.mark.usefixtures("fresh_streams")


class TestFinish:
    @everywhere
    @sync_and_async
    def test_a_stream_ends_at_its_maximum_age(self, run, content_of):
        source = RecordingSource(waits_at=1)
        # Long enough for the first chunk on a busy machine.
        assert b"".join(run(read, content_of(source), EVENTS._replace(max_age=0.1))) == b"open|abye|"
        assert len(source.ends) == 1

    @everywhere
    @sync_and_async
    def test_a_stop_in_another_thread_ends_the_stream(self, run, content_of):
        source = RecordingSource(waits_at=1)

        def read_on():
            body = begun_body(content_of(source), EVENTS)
            with contextlib.closing(body):
                made = [next(body)]
                wait_until(lambda: source.is_waiting)
                threading.Thread(target=shutdown.stop).start()
                return b"".join([*made, *body])

        assert run(read_on) == b"open|abye|"
        assert len(source.ends) == 1

    def test_the_closing_bytes_follow_the_ready_chunks(self):
        def read_on():
            body = begun_body(iter([b"a", b"x" * MAX_BUFFERED, b"b"]), EVENTS)
            with contextlib.closing(body):
                next(body)
                gevent.sleep(0)
                shutdown.stop()
                return b"".join(body)

        assert in_greenlet(read_on)[-4:] == b"bye|"

    def test_a_plain_stream_runs_to_its_end_after_a_stop(self):
        body = begun_body([b"a", b"b"])
        assert next(body) == b"a"
        shutdown.stop()
        assert list(body) == [b"b"]
        body.close()

    @everywhere
    def test_a_stream_that_begins_after_the_stop_ends_at_once(self, run):
        shutdown.stop()
        assert run(read, RecordingSource(waits_at=0).generator(), EVENTS) == [b"open|bye|"]

    @everywhere
    def test_a_stream_that_begins_after_the_stop_closes_its_source(self, run):
        shutdown.stop()
        source = RecordingSource(waits_at=0)
        content = source.generator()
        run(read, content, EVENTS)
        # A thread of its own may have made the first step by then.
        assert source.ends == (["GreenletExit"] if source.is_waiting else [])
        assert inspect.getgeneratorstate(content) == inspect.GEN_CLOSED

    @everywhere
    def test_a_stream_that_begins_after_the_stop_interrupts_a_source_that_waits(self, run):
        shutdown.stop()
        source = RecordingSource(waits_at=0)

        def close_while_it_waits():
            body = begun_body(source.generator(), EVENTS)
            wait_until(lambda: source.is_waiting)
            body.close()

        run(close_while_it_waits)
        assert source.ends == ["GreenletExit"]

    @everywhere
    @sync_and_async
    def test_a_stream_without_closing_bytes_ends_without_a_chunk(self, run, content_of):
        shutdown.stop()
        assert run(read, content_of(RecordingSource(waits_at=0)), MAY_FINISH) == []

    def test_a_stop_before_the_first_chunk_ends_the_stream_without_a_chunk(self):
        source = RecordingSource(waits_at=0)
        server = gevent.spawn(read, source.generator(), MAY_FINISH)
        wait_until(lambda: source.is_waiting)
        shutdown.stop()
        assert server.get(timeout=PATIENCE) == []
        assert source.ends == ["GreenletExit"]

    def test_finish_streams_counts_the_open_streams(self):
        body = begun_body([b"a"])
        assert open_streams.finish_streams() == 1
        body.close()
        assert open_streams.finish_streams() == 0
