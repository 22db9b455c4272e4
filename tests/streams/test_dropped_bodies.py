"""Bodies of streams that the server drops without calling ``close()``: everything ends all the same."""

from __future__ import annotations

import gc
import logging
import os
import threading

import gevent
import pytest
from runtime.runners import PATIENCE, in_greenlet, in_thread, live_hubs, run_others, wait_until
from streams.fake_sources import RecordingSource
from streams.stream_bodies import (
    EVENTS,
    await_steps,
    begun_body,
    dropped_body,
    open_count,
    policies,
    sync_and_async,
)

from wsgiresp._runtime.process import part
from wsgiresp._streams.open_streams import OpenStreams

pytestmark = pytest.mark.usefixtures("fresh_streams")


class TestUnderAHub:
    @policies
    def test_the_source_is_closed_after_one_turn_and_the_steps_run_once(self, policy):
        source, ran = RecordingSource(waits_at=2), []

        def serve():
            dropped_body(source.generator(), policy, [lambda: ran.append("step")])
            gevent.sleep(0)
            return source.ends, ran, open_count()

        assert in_greenlet(serve) == (["GreenletExit"], ["step"], 0)
        run_others()
        assert ran == ["step"]

    def test_an_asynchronous_source_is_closed_on_its_loop(self):
        source, ran = RecordingSource(waits_at=2), []

        def serve():
            dropped_body(source.async_generator(), steps=[lambda: ran.append("step")])
            wait_until(lambda: ran)

        in_greenlet(serve)
        assert (source.ends, ran, open_count()) == (["CancelledError"], ["step"], 0)
        assert source.ran_in_one_context()

    def test_no_step_runs_where_the_server_was_given_no_status(self):
        source, ran = RecordingSource(waits_at=2), []

        def serve():
            dropped_body(source.generator(), steps=[lambda: ran.append("step")], is_answered=False)
            run_others()

        in_greenlet(serve)
        assert (source.ends, ran, open_count()) == (["GreenletExit"], [], 0)

    def test_a_body_in_a_cycle_that_another_thread_collects_is_released_in_its_hub(self):
        source, ran = RecordingSource(waits_at=2), []

        def serve():
            body = begun_body(source.generator(), EVENTS, steps=[lambda: ran.append(threading.get_ident())])
            body.note_answered()
            next(body)
            cycle = [body]
            cycle.append(cycle)
            del cycle, body
            collector = threading.Thread(target=gc.collect)
            collector.start()
            wait_until(lambda: ran)
            collector.join(PATIENCE)
            return threading.get_ident()

        gc.disable()
        try:
            assert ran == [in_greenlet(serve)]
        finally:
            gc.enable()
        assert source.ran_in_one_context()
        assert (source.ends, open_count()) == (["GreenletExit"], 0)

    def test_a_body_that_was_read_to_its_end_is_released_before_it_is_closed(self):
        source, ran = RecordingSource(), []

        def serve():
            body = begun_body(source.generator(), steps=[lambda: ran.append("step")])
            assert b"".join(body) == b"abc"
            found = source.ends, open_count(), list(ran)
            body.close()
            body.close()
            return *found, list(ran)

        assert in_greenlet(serve) == (["the end"], 0, [], ["step"])

    def test_a_body_that_failed_is_released_before_it_is_closed(self):
        source = RecordingSource(error=ValueError("no more"))

        def serve():
            body = begun_body(source.generator())
            with pytest.raises(ValueError, match="no more"):
                list(body)
            return open_count()

        assert in_greenlet(serve) == 0

    def test_the_steps_of_a_body_that_was_read_to_its_end_and_dropped_run_once(self):
        ran = []

        def serve():
            dropped_body([b"a"], steps=[lambda: ran.append("step")], read=0)
            body = begun_body([b"a"], steps=[lambda: ran.append("read")])
            body.note_answered()
            list(body)
            del body
            gevent.sleep(0)

        in_greenlet(serve)
        assert ran == ["step", "read"]

    def test_1500_dropped_bodies_leave_nothing(self):
        def serve():
            dropped_body([b"a"])
            run_others()
            before = len(os.listdir("/proc/self/fd")), open_count()
            for _ in range(1500):
                dropped_body(RecordingSource(waits_at=1).generator())
            run_others()
            return before, (len(os.listdir("/proc/self/fd")), open_count())

        before, after = in_greenlet(serve)
        assert all(left <= most for left, most in zip(after, before, strict=True))


class TestOnAThread:
    @policies
    @sync_and_async
    def test_the_source_is_closed_at_once_and_the_steps_run_in_another_thread(self, content_of, policy):
        source, ran = RecordingSource(waits_at=2), []

        def serve():
            dropped_body(content_of(source), policy, [lambda: ran.append(threading.get_ident())])
            found = len(source.ends), open_count(), gevent._hub_local.get_hub_if_exists()
            await_steps(ran, 1)
            return *found, threading.get_ident() in ran

        assert in_thread(serve) == (1, 0, None, False)
        assert len(ran) == 1

    def test_no_hub_is_left(self):
        before = live_hubs()
        in_thread(dropped_body, RecordingSource(waits_at=2).generator())
        assert live_hubs() == before

    def test_a_body_is_released_by_the_hub_while_the_thread_reads_another_stream(self):
        first = RecordingSource(waits_at=2)

        def serve():
            other = begun_body([b"a", b"b"], EVENTS)
            dropped_body(first.generator(), EVENTS._replace(preamble=b""))
            left = list(first.ends)
            list(other)
            other.close()
            return left, first.ends, open_count()

        assert in_thread(serve) == ([], ["GeneratorExit"], 0)

    def test_a_body_that_another_thread_collects_is_released_by_the_next_stream_of_its_own(self):
        source, ran = RecordingSource(waits_at=2), []

        def serve():
            body = begun_body(source.generator(), steps=[lambda: ran.append("step")])
            body.note_answered()
            next(body)
            bodies = [body]
            del body
            dropper = threading.Thread(target=bodies.clear)
            dropper.start()
            dropper.join(PATIENCE)
            left = list(source.ends)
            other = begun_body([b"a"])
            list(other)
            other.close()
            await_steps(ran, 1)
            return left, source.ends, open_count()

        assert in_thread(serve) == ([], ["GeneratorExit"], 0)
        assert ran == ["step"]
        assert source.ran_in_one_context()

    def test_a_body_whose_thread_has_ended_is_given_back_by_the_next_stream_of_the_process(self, caplog):
        ran, bodies, before = [], [], len(os.listdir("/proc/self/fd"))

        def make():
            body = begun_body(RecordingSource(waits_at=2).generator(), steps=[lambda: ran.append("step")])
            body.note_answered()
            next(body)
            bodies.append(body)

        in_thread(make)
        bodies.clear()
        assert open_count() == 1
        in_thread(lambda: begun_body([b"a"]).close())
        await_steps(ran, 1)
        assert (open_count(), ran, len(os.listdir("/proc/self/fd"))) == (0, ["step"], before)
        (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
        assert "1 of RecordingSource.generator" in record.getMessage()

    @pytest.mark.parametrize("is_async", [True, False], ids=["in a task", "in a thread of its own"])
    def test_a_source_elsewhere_is_closed_although_the_thread_of_its_reader_has_ended(self, is_async):
        source, bodies = RecordingSource(waits_at=2), []

        def make():
            content = source.async_generator() if is_async else source.generator()
            bodies.append(begun_body(content, EVENTS))
            next(bodies[0])

        in_thread(make)
        bodies.clear()
        in_thread(lambda: begun_body([b"a"]).close())
        wait_until(lambda: source.ends)
        assert len(source.ends) == 1

    def test_a_body_whose_thread_ends_after_another_has_dropped_it_is_released_by_the_next_stream(self, caplog):
        ran, bodies, may_end, is_made = [], [], threading.Event(), threading.Event()

        def make():
            body = begun_body(RecordingSource(waits_at=2).generator(), steps=[lambda: ran.append("step")])
            body.note_answered()
            next(body)
            bodies.append(body)
            del body
            is_made.set()
            may_end.wait(PATIENCE)

        owner = threading.Thread(target=make)
        owner.start()
        assert is_made.wait(PATIENCE)
        bodies.clear()
        in_thread(lambda: begun_body([b"a"]).close())
        left = open_count(), list(ran)
        may_end.set()
        owner.join(PATIENCE)
        in_thread(lambda: begun_body([b"a"]).close())
        await_steps(ran, 1)
        assert (left, open_count(), ran) == ((1, []), 0, ["step"])
        assert not part(OpenStreams).lost
        assert "1 of RecordingSource.generator" in caplog.text
