"""Rare ends of streams: dropped under ASGI, closed twice from elsewhere, aborted while they are made."""

from __future__ import annotations

import asyncio
import contextvars
import gc

import pytest
from responses.wsgi_calls import environ
from runtime.runners import PATIENCE, in_thread, live_hubs, wait_until_async
from streams.fake_producer import ManualContent
from streams.fake_runtime import FakeRuntime
from streams.fake_sources import RecordingSource
from streams.stream_bodies import EVENTS, await_steps, begun_body, open_count, source_of

from wsgiresp._runtime.process import PROCESS, part
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._streams import greenlet_producer
from wsgiresp._streams.asgi_body import ASGIStreamBody
from wsgiresp._streams.dropped_stream import DroppedStream
from wsgiresp._streams.open_streams import OpenStreams
from wsgiresp._streams.policy import RUN_TO_END
from wsgiresp._streams.stream_source import StreamSource
from wsgiresp._streams.wsgi_body import WSGIStreamBody

pytestmark = pytest.mark.usefixtures("fresh_streams")


def on_loop(coroutine):
    async def run():
        return await asyncio.wait_for(coroutine(), PATIENCE)

    return asyncio.run(run())


class TestUnderASGI:
    @pytest.mark.parametrize(("is_answered", "steps"), [(True, ["step"]), (False, [])])
    def test_a_dropped_body_is_released_on_its_loop(self, is_answered, steps):
        source, ran = RecordingSource(waits_at=2), []

        async def serve():
            body = ASGIStreamBody(source_of(source.async_generator()), [lambda: ran.append("step")], EVENTS)
            if is_answered:
                body.note_answered()
            await anext(body)
            del body
            gc.collect()
            await wait_until_async(lambda: source.ends and ran == steps and not open_count())

        on_loop(serve)
        assert (len(source.ends), ran) == (1, steps)

    def test_a_body_that_was_dropped_before_its_first_step_is_closed_by_the_next_stream(self):
        closed: list[str] = []

        class Content:
            def __aiter__(self):
                return self

            async def aclose(self):
                closed.append("closed")

        def drop():
            body = ASGIStreamBody(source_of(Content()), [], EVENTS)
            del body
            gc.collect()

        in_thread(drop)
        assert (closed, len(part(OpenStreams).lost)) == ([], 1)
        in_thread(lambda: begun_body([b"a"]).close())
        assert closed == ["closed"]

    def test_a_body_whose_loop_has_ended_is_given_back_by_the_next_stream(self, caplog):
        bodies = []

        async def serve():
            content = ManualContent()
            body = ASGIStreamBody(source_of(content), [], RUN_TO_END)
            asyncio.get_running_loop().call_soon(lambda: content.put(b"a"))
            await anext(body)
            bodies.append(body)

        on_loop(serve)
        bodies.clear()
        gc.collect()
        in_thread(lambda: begun_body([b"a"]).close())
        assert open_count() == 0
        assert "1 of ManualContent" in caplog.text

    def test_a_forked_child_ends_no_body(self, monkeypatch):
        body = ASGIStreamBody(source_of(RecordingSource().async_generator()), [], EVENTS)
        monkeypatch.setattr(PROCESS, "identity", object())
        body.close()
        del body
        gc.collect()
        assert not part(OpenStreams).lost

    def test_a_body_that_could_not_be_made_is_freed(self):
        body = object.__new__(ASGIStreamBody)
        del body

    def test_a_stopping_worker_ends_no_stream_that_outlasts_it(self):
        body = ASGIStreamBody(source_of(RecordingSource().async_generator()), [], RUN_TO_END)
        body.stream.end_with_worker()
        assert body.stream.machine.request is None
        body.close()


class Unreachable(FakeRuntime):
    """A runtime whose loop no finalizer reaches."""

    def call_soon_in_finalizer(self, callback):
        return False


def made_body(runtime, steps=()):
    content = ManualContent()
    source = StreamSource(content, bytes, contextvars.copy_context())
    body = WSGIStreamBody(ServerProfile(environ()), source, steps, runtime=runtime)
    content.put(b"first")
    body.begin()
    return body


class TestUnderWSGI:
    @pytest.mark.parametrize("runs_others", [True, False])
    def test_a_dropped_body_that_no_loop_releases_is_lost(self, runs_others):
        body = made_body(Unreachable(runs_others))
        del body
        assert len(part(OpenStreams).lost) == 1

    def test_the_steps_of_a_released_stream_run_in_another_thread_if_its_hub_cannot_be_reached(self):
        ran: list[str] = []
        body = made_body(Unreachable(), [lambda: ran.append("step")])
        body.stream.release()
        dropped = DroppedStream(body.stream, body._steps)
        body._steps = ()
        dropped.hand_over()
        await_steps(ran, 1)
        body.close()
        assert ran == ["step"]

    def test_a_stream_without_a_producer_can_be_aborted_and_released(self):
        body = made_body(FakeRuntime())
        producer, body.stream._producer = body.stream._producer, None
        body.stream.abort()
        body.stream.release_soon(())
        body.stream._producer = producer
        assert body.stream.machine.is_aborted
        body.close()

    @pytest.mark.parametrize("is_read", [True, False])
    def test_a_body_is_left_once_by_another_thread(self, is_read):
        class Elsewhere(FakeRuntime):
            is_here = False

        ran: list[str] = []
        body = made_body(Elsewhere(), [lambda: ran.append("step")])
        if is_read:
            body.stream.machine.phase = body.stream.machine.phase.__class__.OVER
        body.close()
        body.close()
        body.stream.runtime.run()
        assert ran == ["step"]

    def test_a_closed_body_is_not_left(self):
        class Elsewhere(FakeRuntime):
            is_here = False

        body = made_body(Elsewhere())
        body.stream.machine.close()
        body.close()
        body.stream.release()

    def test_a_body_in_a_forked_child_is_dropped_without_effect(self, monkeypatch):
        body = made_body(FakeRuntime())
        monkeypatch.setattr(PROCESS, "identity", object())
        del body
        assert not part(OpenStreams).lost

    def test_a_thread_whose_producer_cannot_be_made_leaves_no_hub(self, monkeypatch):
        def none(*arguments, **more):
            raise MemoryError

        monkeypatch.setattr(greenlet_producer, "_RemoteProducer", none)
        before = live_hubs()
        with pytest.raises(MemoryError):
            in_thread(begun_body, [b"a"], EVENTS)
        assert live_hubs() == before
