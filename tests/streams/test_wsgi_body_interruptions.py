"""A stream that is closed by somebody else, or whose reader is thrown out of it."""

from __future__ import annotations

import gevent
import pytest
from gevent.event import Event
from responses.wsgi_calls import environ
from runtime.runners import PATIENCE, everywhere, in_greenlet, run_others, throw, wait_until
from streams.fake_sources import Story
from streams.stream_bodies import begun, source_of, told

from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._streams.bounded_buffer import MAX_BUFFERED
from wsgiresp._streams.wsgi_body import WSGIStreamBody

pytestmark = pytest.mark.usefixtures("fresh_streams")


class TestClosing:
    @everywhere
    @told
    def test_another_greenlet_may_close_while_it_is_read(self, run, tell):
        story = Story(waits_at=1)

        def close_from_outside():
            body = begun(tell(story))
            assert next(body) == b"a"
            reader = gevent.spawn(next, body)
            wait_until(lambda: story.is_waiting and body._buffer.reader_waits)
            body.close()
            reader.join(PATIENCE)
            return reader.exception

        error = run(close_from_outside)
        assert str(error) == "a stream was closed by somebody else while it was read"
        assert len(story.ends) == 1

    def test_one_who_reads_while_it_is_closed_is_told_so(self):
        slow_close = Event()

        class Slow:
            def __iter__(self):
                yield b"a"
                gevent.sleep(PATIENCE)

            def close(self):
                slow_close.wait(PATIENCE)

        def read_while_it_is_closed():
            body = begun(Slow())
            next(body)
            closer = gevent.spawn(body.close)
            run_others()
            with pytest.raises(RuntimeError, match="closed by somebody else"):
                next(body)
            slow_close.set()
            closer.get(timeout=PATIENCE)

        in_greenlet(read_while_it_is_closed)

    @told
    def test_another_greenlet_may_close_before_there_is_a_chunk(self, tell):
        story = Story(waits_at=0)

        def close_from_outside():
            body = WSGIStreamBody(ServerProfile(environ()), source_of(tell(story)), [])
            beginner = gevent.spawn(body.begin)
            wait_until(lambda: story.is_waiting)
            body.close()
            beginner.join(PATIENCE)
            return beginner.exception

        assert isinstance(in_greenlet(close_from_outside), RuntimeError)
        assert len(story.ends) == 1

    @pytest.mark.parametrize("error", [gevent.Timeout, gevent.GreenletExit, LookupError, BrokenPipeError])
    @told
    def test_what_is_thrown_into_the_reader_leaves_the_stream_whole(self, tell, error):
        story = Story([b"a", b"b"], waits_at=1)
        caught: list[BaseException] = []

        def read_on():
            body = begun(tell(story))
            try:
                list(body)
            except BaseException as raised:
                caught.append(raised)
            finally:
                body.close()

        reader = gevent.spawn(read_on)
        wait_until(lambda: story.is_waiting)
        throw(reader, error)
        reader.join(PATIENCE)
        assert [type(one) for one in caught] == [error]
        assert len(story.ends) == 1

    @told
    def test_what_is_thrown_into_the_reader_before_the_first_chunk_closes_the_stream(self, tell):
        story = Story(waits_at=0)
        taken: list[str] = []
        reader = gevent.spawn(begun, tell(story), steps=[lambda: taken.append("step")])
        wait_until(lambda: story.is_waiting)
        throw(reader, gevent.GreenletExit)
        reader.join(PATIENCE)
        assert (len(story.ends), taken) == (1, ["step"])

    def test_what_is_thrown_into_the_reader_while_it_closes_stops_no_step(self):
        taken: list[str] = []
        may_end = Event()

        def slow():
            try:
                yield b"x" * MAX_BUFFERED
            finally:
                may_end.wait(PATIENCE)
                taken.append("source")

        def close():
            body = begun(slow(), steps=[lambda: taken.append("step")])
            body.close()

        closer = gevent.spawn(close)
        run_others()
        throw(closer, gevent.GreenletExit)
        closer.join(PATIENCE)
        may_end.set()
        run_others()
        assert taken == ["step", "source"]
