"""Interruptions of a stream body: a close by another greenlet, or an exception thrown into its reader."""

from __future__ import annotations

import gevent
import pytest
from gevent.event import Event
from responses.wsgi_calls import environ
from runtime.runners import PATIENCE, everywhere, in_greenlet, run_others, throw, wait_until
from streams.fake_sources import RecordingSource
from streams.stream_bodies import begun_body, source_of, sync_and_async

from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._streams.bounded_buffer import MAX_BUFFERED
from wsgiresp._streams.wsgi_body import WSGIStreamBody

pytestmark = pytest.mark.usefixtures("fresh_streams")


class TestClosing:
    @everywhere
    @sync_and_async
    def test_another_greenlet_may_close_the_body_while_it_is_read(self, run, content_of):
        source = RecordingSource(waits_at=1)

        def close_from_outside():
            body = begun_body(content_of(source))
            assert next(body) == b"a"
            reader = gevent.spawn(next, body)
            wait_until(lambda: source.is_waiting and body.stream.producer.buffer.reader_waits)
            body.close()
            reader.join(PATIENCE)
            return reader.exception

        error = run(close_from_outside)
        assert str(error) == "the stream was closed before its end: the body is incomplete"
        assert len(source.ends) == 1

    def test_reading_a_body_that_is_being_closed_raises_runtime_error(self):
        slow_close = Event()

        class Slow:
            def __iter__(self):
                yield b"a"
                gevent.sleep(PATIENCE)

            def close(self):
                slow_close.wait(PATIENCE)

        def read_while_it_is_closed():
            body = begun_body(Slow())
            next(body)
            closer = gevent.spawn(body.close)
            run_others()
            with pytest.raises(RuntimeError, match="closed before its end"):
                next(body)
            slow_close.set()
            closer.get(timeout=PATIENCE)

        in_greenlet(read_while_it_is_closed)

    @sync_and_async
    def test_another_greenlet_may_close_the_body_before_the_first_chunk(self, content_of):
        source = RecordingSource(waits_at=0)

        def close_from_outside():
            body = WSGIStreamBody(ServerProfile(environ()), source_of(content_of(source)), [])
            beginner = gevent.spawn(body.begin)
            wait_until(lambda: source.is_waiting)
            body.close()
            beginner.join(PATIENCE)
            return beginner.exception

        assert isinstance(in_greenlet(close_from_outside), RuntimeError)
        assert len(source.ends) == 1

    @pytest.mark.parametrize("error", [gevent.Timeout, gevent.GreenletExit, LookupError, BrokenPipeError])
    @sync_and_async
    def test_an_exception_thrown_into_the_reader_is_raised_and_the_source_ends_once(self, content_of, error):
        source = RecordingSource([b"a", b"b"], waits_at=1)
        caught: list[BaseException] = []

        def read_on():
            body = begun_body(content_of(source))
            try:
                list(body)
            except BaseException as raised:
                caught.append(raised)
            finally:
                body.close()

        reader = gevent.spawn(read_on)
        wait_until(lambda: source.is_waiting)
        throw(reader, error)
        reader.join(PATIENCE)
        assert [type(one) for one in caught] == [error]
        assert len(source.ends) == 1

    @sync_and_async
    def test_an_exception_thrown_into_begin_closes_the_stream(self, content_of):
        source = RecordingSource(waits_at=0)
        taken: list[str] = []
        reader = gevent.spawn(begun_body, content_of(source), steps=[lambda: taken.append("step")])
        wait_until(lambda: source.is_waiting)
        throw(reader, gevent.GreenletExit)
        reader.join(PATIENCE)
        assert (len(source.ends), taken) == (1, ["step"])

    def test_an_exception_thrown_into_close_skips_no_step(self):
        taken: list[str] = []
        may_end = Event()

        def slow():
            try:
                yield b"x" * MAX_BUFFERED
            finally:
                may_end.wait(PATIENCE)
                taken.append("source")

        def close():
            body = begun_body(slow(), steps=[lambda: taken.append("step")])
            body.close()

        closer = gevent.spawn(close)
        run_others()
        throw(closer, gevent.GreenletExit)
        closer.join(PATIENCE)
        may_end.set()
        run_others()
        assert taken == ["step", "source"]
