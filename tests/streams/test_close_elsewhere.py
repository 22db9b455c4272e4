"""Bodies that another thread closes than that which reads them, as some middleware does."""

from __future__ import annotations

import gevent
import pytest
from runtime.runners import in_greenlet, in_thread, wait_until
from streams.fake_sources import RecordingSource
from streams.stream_bodies import EVENTS, begun_body, policies

from wsgiresp._runtime.process import part
from wsgiresp._streams.open_streams import OpenStreams

pytestmark = pytest.mark.usefixtures("fresh_streams")


def open_count():
    return len(part(OpenStreams).streams)


@policies
def test_under_a_hub_the_source_is_closed_there_and_the_steps_run_once(policy):
    source, ran = RecordingSource(waits_at=2), []

    def serve():
        body = begun_body(source.generator(), policy, steps=[lambda: ran.append("step")])
        next(body)
        gevent.get_hub().threadpool.apply(body.close)
        body.close()
        del body
        wait_until(lambda: ran)
        gevent.sleep(0)
        return open_count()

    assert in_greenlet(serve) == 0
    assert (source.ends, ran) == (["GreenletExit"], ["step"])
    assert source.ran_in_one_context()


def test_on_a_thread_server_the_source_is_closed_by_the_next_stream_which_works():
    source, ran = RecordingSource(), []

    def serve():
        body = begun_body(source.generator(), steps=[lambda: ran.append("step")])
        next(body)
        in_thread(body.close)
        body.close()
        del body
        other = begun_body([b"a", b"b"])
        chunks = list(other)
        other.close()
        return chunks, open_count()

    assert in_thread(serve) == ([b"a", b"b"], 0)
    wait_until(lambda: ran)
    assert (source.ends, ran) == (["GeneratorExit"], ["step"])
    assert source.ran_in_one_context()


def test_a_close_after_that_of_the_reader_has_no_effect():
    source, ran = RecordingSource(), []

    def serve():
        body = begun_body(source.generator(), steps=[lambda: ran.append("step")])
        next(body)
        body.close()
        in_thread(body.close)

    in_thread(serve)
    assert (source.ends, ran) == (["GeneratorExit"], ["step"])


def test_a_body_that_has_ended_is_closed_by_any_thread():
    ran = []

    def serve():
        body = begun_body([b"a"], steps=[lambda: ran.append("step")])
        list(body)
        in_thread(body.close)
        return list(ran)

    assert in_thread(serve) == ["step"]


def test_the_thread_of_the_reader_may_have_ended():
    source, ran, bodies = RecordingSource(waits_at=2), [], []

    def make():
        bodies.append(begun_body(source.generator(), EVENTS, steps=[lambda: ran.append("step")]))
        next(bodies[0])

    in_thread(make)
    bodies[0].close()
    wait_until(lambda: ran and source.ends)
    assert (open_count(), ran) == (0, ["step"])
