"""Streams that end by their age, and by word of a process that ends."""

from __future__ import annotations

import contextlib
import threading

import gevent
import pytest
from runtime.runners import PATIENCE, everywhere, in_greenlet, wait_until
from streams.fake_sources import Story
from streams.stream_bodies import EVENTS, begun, read, told

from wsgiresp._runtime import shutdown
from wsgiresp._streams import open_streams
from wsgiresp._streams.bounded_buffer import MAX_BUFFERED
from wsgiresp._streams.policy import MAY_FINISH

pytestmark = pytest.mark.usefixtures("fresh_streams")


class TestTheEnd:
    @everywhere
    @told
    def test_comes_by_itself_with_the_age(self, run, tell):
        story = Story(waits_at=1)
        # Long enough for the first chunk on a busy machine.
        assert b"".join(run(read, tell(story), EVENTS._replace(max_age=0.1))) == b"open|abye|"
        assert len(story.ends) == 1

    @everywhere
    @told
    def test_comes_by_word_of_another_thread(self, run, tell):
        story = Story(waits_at=1)

        def read_on():
            body = begun(tell(story), EVENTS)
            with contextlib.closing(body):
                made = [next(body)]
                wait_until(lambda: story.is_waiting)
                threading.Thread(target=shutdown.stop).start()
                return b"".join([*made, *body])

        assert run(read_on) == b"open|abye|"
        assert len(story.ends) == 1

    def test_takes_along_what_was_ready(self):
        def read_on():
            body = begun(iter([b"a", b"x" * MAX_BUFFERED, b"b"]), EVENTS)
            with contextlib.closing(body):
                next(body)
                gevent.sleep(0)
                shutdown.stop()
                return b"".join(body)

        assert in_greenlet(read_on)[-4:] == b"bye|"

    def test_of_plain_streams_is_their_own(self):
        body = begun([b"a", b"b"])
        assert next(body) == b"a"
        shutdown.stop()
        assert list(body) == [b"b"]
        body.close()

    @everywhere
    def test_comes_at_once_for_a_stream_that_is_opened_after_the_word(self, run):
        shutdown.stop()
        story = Story(waits_at=0)
        assert b"".join(run(read, story.told(), EVENTS)) == b"open|bye|"
        assert len(story.ends) <= 1

    @everywhere
    @told
    def test_comes_without_a_word_where_a_stream_has_none(self, run, tell):
        shutdown.stop()
        assert run(read, tell(Story(waits_at=0)), MAY_FINISH) == []

    def test_comes_without_a_word_before_the_first_chunk(self):
        story = Story(waits_at=0)
        server = gevent.spawn(read, story.told(), MAY_FINISH)
        wait_until(lambda: story.is_waiting)
        shutdown.stop()
        assert server.get(timeout=PATIENCE) == []
        assert story.ends == ["GreenletExit"]

    def test_is_counted(self):
        body = begun([b"a"])
        assert open_streams.finish_streams() == 1
        body.close()
        assert open_streams.finish_streams() == 0
