"""The end of a stream that its server closes: that of the source, and the steps after it."""

from __future__ import annotations

import asyncio
import contextlib
import threading

import gevent
import pytest
from gevent.event import Event
from responses.wsgi_calls import environ
from runtime.runners import PATIENCE, everywhere, in_greenlet, in_thread, run_others, wait_until
from streams.fake_sources import Story
from streams.stream_bodies import EVENTS, begun, policies, source_of, told

from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._streams import wsgi_body
from wsgiresp._streams.bounded_buffer import MAX_BUFFERED
from wsgiresp._streams.wsgi_body import WSGIStreamBody

pytestmark = pytest.mark.usefixtures("fresh_streams")


def raising(error):
    def step():
        raise error

    return step


class TestClosing:
    @everywhere
    @told
    @policies
    def test_the_source_is_closed_where_it_waits(self, run, tell, policy):
        story = Story(waits_at=1)

        def leave():
            body = begun(tell(story), policy)
            next(body)
            wait_until(lambda: story.is_waiting)
            body.close()

        run(leave)
        assert story.ends == ["GreenletExit" if tell is Story.told else "CancelledError"]
        assert story.in_one_place()

    @everywhere
    @told
    def test_the_source_is_closed_where_it_has_yielded(self, run, tell):
        story = Story([b"x" * MAX_BUFFERED] * 5)

        def leave():
            body = begun(tell(story))
            wait_until(lambda: body._buffer.is_full)
            body.close()

        run(leave)
        assert story.ends == ["GeneratorExit"]
        assert story.in_one_place()

    @everywhere
    @told
    def test_the_steps_are_taken_once_and_after_the_source_is_closed(self, run, tell):
        story = Story()
        order = story.ends

        def close_twice():
            body = begun(tell(story), steps=[lambda: order.append("step")])
            list(body)
            body.close()
            body.close()

        run(close_twice)
        assert order == ["the end", "step"]

    def test_a_step_that_fails_is_logged_and_the_next_is_taken(self, caplog):
        taken: list[str] = []
        begun([b"a"], steps=[raising(LookupError()), lambda: taken.append("step")]).close()
        assert taken == ["step"]
        assert [record.exc_info[0] for record in caplog.records] == [LookupError]

    def test_a_close_from_inside_a_step_repeats_nothing(self):
        taken: list[str] = []
        bodies: list[WSGIStreamBody] = []
        bodies.append(begun([b"a"], steps=[lambda: bodies[0].close(), lambda: taken.append("step")]))
        bodies[0].close()
        assert taken == ["step"]

    def test_a_source_may_close_the_stream_it_is_the_source_of(self):
        ends: list[str] = []
        bodies: list[WSGIStreamBody] = []

        def close_itself():
            try:
                yield b"a"
                wait_until(lambda: bodies and bodies[0]._buffer.reader_waits)
                bodies[0].close()
                yield b"b"
            finally:
                ends.append("closed")

        def run():
            bodies.append(begun(close_itself()))
            next(bodies[0])
            with pytest.raises(RuntimeError, match="closed by somebody else"):
                next(bodies[0])

        in_greenlet(run)
        wait_until(lambda: ends)
        assert ends == ["closed"]

    @everywhere
    def test_iterating_after_the_close_gives_nothing(self, run):
        def close_and_read():
            body = begun(Story().told())
            body.close()
            return list(body)

        assert run(close_and_read) == []

    @everywhere
    @told
    def test_a_source_that_fails_when_it_is_closed_is_told_of_once(self, run, tell, caplog):
        def failing():
            try:
                yield b"a"
                gevent.sleep(PATIENCE)
            finally:
                raise LookupError

        async def failing_async():
            try:
                yield b"a"
                await asyncio.sleep(PATIENCE)
            finally:
                raise LookupError

        def leave():
            body = begun(failing() if tell is Story.told else failing_async())
            next(body)
            gevent.sleep(0.005)
            body.close()

        run(leave)
        assert [record.exc_info[0] for record in caplog.records] == [LookupError]

    @told
    def test_a_source_that_has_failed_when_its_client_leaves_is_told_of_once(self, tell, caplog):
        def leave():
            body = begun(tell(Story([b"a"], error=LookupError())))
            wait_until(lambda: body._buffer.has_ended)
            body.close()

        in_greenlet(leave)
        assert [record.exc_info[0] for record in caplog.records] == [LookupError]

    def test_a_source_that_does_not_end_is_left_behind_and_told_of(self, caplog, monkeypatch):
        monkeypatch.setattr(wsgi_body, "CLOSE_TIMEOUT", 0.01)
        may_end = Event()

        def stubborn():
            yield b"a"
            with contextlib.suppress(gevent.GreenletExit):
                gevent.sleep(PATIENCE)
            may_end.wait(PATIENCE)

        def leave():
            body = begun(stubborn())
            next(body)
            gevent.sleep(0.002)
            body.close()

        in_greenlet(leave)
        may_end.set()
        run_others()
        (message,) = caplog.messages
        assert message.startswith("the source of a stream, ")
        assert message.endswith("stubborn, is still open 0.01 s after it was to be closed")

    def test_a_source_that_blocks_its_thread_is_closed_when_its_step_is_done(self):
        is_blocked, may_go_on = threading.Event(), threading.Event()
        ends: list[str] = []

        def block():
            try:
                yield b"a"
                is_blocked.set()
                may_go_on.wait(PATIENCE)
                yield b"b"
            finally:
                ends.append("closed")

        def leave():
            body = begun(block(), EVENTS)
            next(body)
            is_blocked.wait(PATIENCE)
            threading.Timer(0.01, may_go_on.set).start()
            body.close()

        in_thread(leave)
        assert ends == ["closed"]

    @everywhere
    @told
    @policies
    def test_one_that_was_not_begun_can_be_closed(self, run, tell, policy):
        story = Story()
        taken: list[str] = []

        def close():
            WSGIStreamBody(
                ServerProfile(environ()), source_of(tell(story)), [lambda: taken.append("step")], policy
            ).close()

        run(close)
        assert (story.ends, taken) == ([], ["step"])

    @pytest.mark.parametrize("policy", [EVENTS, EVENTS._replace(send_timeout=5)])
    def test_a_thread_that_is_not_to_be_had_leaves_nothing_open(self, monkeypatch, policy, client):
        def none(*arguments, **more):
            raise RuntimeError("can't start new thread")

        def begin():
            monkeypatch.setattr(wsgi_body, "producer_for", none)
            with pytest.raises(RuntimeError, match="can't start new thread"):
                WSGIStreamBody(ServerProfile(environ(**client.shown)), source_of([b"a"]), [], policy)
            monkeypatch.undo()
            return gevent.get_hub().loop.activecnt

        assert in_thread(begin) == 0
