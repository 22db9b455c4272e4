"""``close()`` of a stream body: the close of the source, and the close steps after it."""

from __future__ import annotations

import asyncio
import contextlib
import threading

import gevent
import pytest
from gevent.event import Event
from responses.wsgi_calls import environ
from runtime.runners import PATIENCE, everywhere, in_greenlet, in_thread, run_others, wait_until
from streams.fake_sources import RecordingSource
from streams.stream_bodies import EVENTS, begun_body, policies, source_of, sync_and_async

from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._streams import source_close, wsgi_stream
from wsgiresp._streams.bounded_buffer import MAX_BUFFERED
from wsgiresp._streams.greenlet_producer import ThreadProducer
from wsgiresp._streams.wsgi_body import WSGIStreamBody

pytestmark = pytest.mark.usefixtures("fresh_streams")


def raising(error):
    def step():
        raise error

    return step


class TestClosing:
    @everywhere
    @sync_and_async
    @policies
    def test_a_waiting_source_is_interrupted_where_it_waits(self, run, content_of, policy):
        source = RecordingSource(waits_at=1)

        def begin_and_close():
            body = begun_body(content_of(source), policy)
            next(body)
            wait_until(lambda: source.is_waiting)
            body.close()

        run(begin_and_close)
        assert source.ends == ["GreenletExit" if content_of is RecordingSource.generator else "CancelledError"]
        assert source.ran_in_one_context()

    @everywhere
    @sync_and_async
    def test_a_source_that_has_yielded_is_closed_at_its_yield(self, run, content_of):
        source = RecordingSource([b"x" * MAX_BUFFERED] * 5)

        def begin_and_close():
            body = begun_body(content_of(source))
            wait_until(lambda: body.stream.producer.buffer.is_full)
            body.close()

        run(begin_and_close)
        assert source.ends == ["GeneratorExit"]
        assert source.ran_in_one_context()

    @everywhere
    @sync_and_async
    def test_the_close_steps_run_once_and_after_the_source_is_closed(self, run, content_of):
        source = RecordingSource()
        order = source.ends

        def close_twice():
            body = begun_body(content_of(source), steps=[lambda: order.append("step")])
            list(body)
            body.close()
            body.close()

        run(close_twice)
        assert order == ["the end", "step"]

    def test_an_error_of_a_close_step_is_logged_and_the_next_step_runs(self, caplog):
        taken: list[str] = []
        begun_body([b"a"], steps=[raising(LookupError()), lambda: taken.append("step")]).close()
        assert taken == ["step"]
        assert [record.exc_info[0] for record in caplog.records] == [LookupError]

    def test_a_close_by_a_close_step_repeats_no_step(self):
        taken: list[str] = []
        bodies: list[WSGIStreamBody] = []
        bodies.append(begun_body([b"a"], steps=[lambda: bodies[0].close(), lambda: taken.append("step")]))
        bodies[0].close()
        assert taken == ["step"]

    def test_a_source_may_close_its_own_stream(self):
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
            bodies.append(begun_body(close_itself()))
            next(bodies[0])
            with pytest.raises(RuntimeError, match="closed before its end"):
                next(bodies[0])

        in_greenlet(run)
        wait_until(lambda: ends)
        assert ends == ["closed"]

    @everywhere
    def test_iteration_after_the_close_raises_runtime_error(self, run):
        def close_and_read():
            body = begun_body(RecordingSource().generator())
            body.close()
            with pytest.raises(RuntimeError, match="the body is incomplete"):
                next(body)

        run(close_and_read)

    @everywhere
    @sync_and_async
    def test_an_error_of_the_close_of_a_source_is_logged_once(self, run, content_of, caplog):
        waits = []

        def failing():
            try:
                yield b"a"
                waits.append(True)
                gevent.sleep(PATIENCE)
            finally:
                raise LookupError

        async def failing_async():
            try:
                yield b"a"
                waits.append(True)
                await asyncio.sleep(PATIENCE)
            finally:
                raise LookupError

        def begin_and_close():
            body = begun_body(failing() if content_of is RecordingSource.generator else failing_async())
            next(body)
            wait_until(lambda: waits)
            body.close()

        run(begin_and_close)
        assert [record.exc_info[0] for record in caplog.records] == [LookupError]

    @sync_and_async
    def test_an_error_of_the_source_that_was_not_read_is_logged_once(self, content_of, caplog):
        def begin_and_close():
            body = begun_body(content_of(RecordingSource([b"a"], error=LookupError())))
            wait_until(lambda: body.stream.producer.buffer.has_ended)
            body.close()

        in_greenlet(begin_and_close)
        assert [record.exc_info[0] for record in caplog.records] == [LookupError]

    def test_a_source_that_does_not_end_is_abandoned_and_logged(self, caplog, monkeypatch):
        monkeypatch.setattr(source_close, "CLOSE_TIMEOUT", 0.01)
        is_waiting, may_end = Event(), Event()

        def uninterruptible():
            yield b"a"
            is_waiting.set()
            with contextlib.suppress(gevent.GreenletExit):
                gevent.sleep(PATIENCE)
            may_end.wait(PATIENCE)

        def begin_and_close():
            body = begun_body(uninterruptible())
            next(body)
            assert is_waiting.wait(PATIENCE)
            body.close()

        in_greenlet(begin_and_close)
        may_end.set()
        run_others()
        (message,) = caplog.messages
        assert message.startswith("stream source ")
        assert message.endswith("uninterruptible did not close within 0.01 s of the close of its stream")

    def test_a_source_that_blocks_its_thread_is_closed_after_its_step(self, monkeypatch):
        is_blocked, may_go_on = threading.Event(), threading.Event()
        ends: list[str] = []
        stop = ThreadProducer.stop

        def stop_and_release(producer):
            stop(producer)
            ends.append("stopped")
            may_go_on.set()

        monkeypatch.setattr(ThreadProducer, "stop", stop_and_release)

        def block():
            try:
                yield b"a"
                is_blocked.set()
                assert may_go_on.wait(PATIENCE)
                yield b"b"
                ends.append("another step")
            finally:
                ends.append("closed")

        def begin_and_close():
            body = begun_body(block(), EVENTS)
            next(body)
            assert is_blocked.wait(PATIENCE)
            body.close()

        in_thread(begin_and_close)
        assert ends == ["stopped", "closed"]

    @everywhere
    @sync_and_async
    @policies
    def test_a_body_that_was_not_begun_can_be_closed(self, run, content_of, policy):
        source = RecordingSource()
        taken: list[str] = []

        def close():
            WSGIStreamBody(
                ServerProfile(environ()), source_of(content_of(source)), [lambda: taken.append("step")], policy
            ).close()

        run(close)
        assert (source.ends, taken) == ([], ["step"])

    @pytest.mark.parametrize("policy", [EVENTS, EVENTS._replace(send_timeout=5)])
    def test_a_failure_to_start_a_thread_leaves_no_hub_watcher(self, monkeypatch, policy, client):
        def none(*arguments, **more):
            raise RuntimeError("can't start new thread")

        def begin():
            monkeypatch.setattr(wsgi_stream, "producer_for", none)
            with pytest.raises(RuntimeError, match="can't start new thread"):
                WSGIStreamBody(ServerProfile(environ(**client.environ)), source_of([b"a"]), [], policy)
            monkeypatch.undo()
            return gevent.get_hub().loop.activecnt

        assert in_thread(begin) == 0
