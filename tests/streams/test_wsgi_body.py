"""The stream body for WSGI servers: the chunks that a server gets, and the check of their length."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runtime.runners import everywhere, in_greenlet, in_main_greenlet, in_thread
from streams.fake_sources import RecordingSource
from streams.stream_bodies import EVENTS, begun_body, encode, policies, read, sync_and_async

from wsgiresp._streams.bounded_buffer import HIGH_WATERMARK, MAX_BUFFERED

pytestmark = pytest.mark.usefixtures("fresh_streams")


class TestChunks:
    @everywhere
    @sync_and_async
    def test_the_body_yields_the_chunks_of_the_source(self, run, content_of):
        assert b"".join(run(read, content_of(RecordingSource()))) == b"abc"

    @everywhere
    @sync_and_async
    @policies
    def test_the_source_runs_in_one_runner_and_context(self, run, content_of, policy):
        source = RecordingSource()
        run(read, content_of(source), policy)
        assert source.ran_in_one_context()

    @everywhere
    @sync_and_async
    def test_the_preamble_is_sent_before_the_first_chunk_is_ready(self, run, content_of):
        def first():
            body = begun_body(content_of(RecordingSource(waits_at=0)), EVENTS)
            with contextlib.closing(body):
                return next(body)

        assert run(first) == b"open|"

    @everywhere
    @sync_and_async
    def test_the_preamble_precedes_the_chunks(self, run, content_of):
        chunks = run(read, content_of(RecordingSource()), EVENTS)
        assert chunks[0].startswith(b"open|")
        assert b"".join(chunks) == b"open|abc"

    @pytest.mark.usefixtures("long_grace")
    @everywhere
    @sync_and_async
    def test_the_preamble_is_sent_with_a_first_chunk_that_is_ready(self, run, content_of):
        def first():
            body = begun_body(content_of(RecordingSource(waits_at=1)), EVENTS)
            with contextlib.closing(body):
                return next(body)

        assert run(first) == b"open|a"

    @everywhere
    def test_an_empty_source_yields_nothing(self, run):
        assert run(read, []) == []

    @everywhere
    def test_an_empty_source_still_has_a_preamble(self, run):
        assert run(read, [], EVENTS) == [b"open|"]

    @pytest.mark.usefixtures("long_turn")
    def test_under_a_hub_ready_chunks_are_coalesced(self):
        assert in_greenlet(read, [b"a", b"b", b"c"]) == [b"abc"]

    @pytest.mark.parametrize("run", [in_main_greenlet, in_thread])
    def test_in_a_plain_thread_each_chunk_is_sent_alone(self, run):
        assert run(read, [b"a", b"b", b"c"]) == [b"a", b"b", b"c"]

    @everywhere
    def test_a_single_chunk_is_sent_at_once(self, run):
        def first():
            body = begun_body(RecordingSource(waits_at=1).generator())
            with contextlib.closing(body):
                return next(body)

        assert run(first) == b"a"

    @everywhere
    @sync_and_async
    @settings(max_examples=12, deadline=None)
    @given(
        chunks=st.lists(
            st.one_of(
                st.binary(max_size=30),
                st.text(max_size=5),
                st.sampled_from([b"x" * HIGH_WATERMARK, b"y" * (MAX_BUFFERED + 1)]),
            ),
            max_size=8,
        )
    )
    def test_the_bytes_are_the_same_for_any_chunks(self, run, content_of, chunks):
        assert b"".join(run(read, content_of(RecordingSource(chunks)))) == b"".join(map(encode, chunks))

    def test_the_body_is_its_own_iterator(self):
        body = begun_body([b"a"])
        assert iter(body) is body
        body.close()

    def test_in_a_plain_thread_each_chunk_is_sent_before_the_next_step(self):
        taken: list[bytes] = []

        def block():
            yield b"a"
            assert taken == [b"a"]
            yield b"b"

        def read_each():
            body = begun_body(block())
            taken.extend(body)
            body.close()

        in_thread(read_each)
        assert taken == [b"a", b"b"]


class TestLength:
    @everywhere
    @sync_and_async
    def test_a_body_of_the_announced_length_is_sent(self, run, content_of):
        assert b"".join(run(read, content_of(RecordingSource()), length=3)) == b"abc"

    @everywhere
    @sync_and_async
    def test_a_body_that_is_too_short_raises_at_its_end(self, run, content_of):
        def read_on():
            body = begun_body(content_of(RecordingSource()), length=4)
            made: list[bytes] = []
            with contextlib.closing(body), pytest.raises(ValueError, match="4 bytes, got 1 less"):
                made.extend(body)
            return b"".join(made)

        assert run(read_on) == b"abc"

    @everywhere
    @sync_and_async
    def test_a_body_that_is_too_long_raises_before_the_excess_is_sent(self, run, content_of):
        def read_on():
            body = begun_body(
                content_of(RecordingSource([b"x" * HIGH_WATERMARK, b"y" * HIGH_WATERMARK])), length=HIGH_WATERMARK
            )
            made: list[bytes] = []
            with contextlib.closing(body), pytest.raises(ValueError, match="got 65536 more"):
                made.extend(body)
            return len(b"".join(made))

        assert run(read_on) <= HIGH_WATERMARK


def test_streams_are_complete_after_monkey_patching():
    program = """
from gevent import monkey
monkey.patch_all()
import asyncio, gevent, time
from wsgiresp.responses import EventSourceResponse, StreamingResponse
closed = []
def numbers():
    try:
        for number in range(3):
            time.sleep(0.001)
            yield str(number)
    finally:
        closed.append("sync")
async def async_numbers():
    try:
        for number in range(3):
            await asyncio.sleep(0.001)
            yield str(number)
    finally:
        closed.append("async")
def read(response):
    body = response({"REQUEST_METHOD": "GET"}, lambda *arguments: None)
    try:
        return b"".join(body)
    finally:
        body.close()
events = b": open\\ndata: 0\\n\\ndata: 1\\n\\ndata: 2\\n\\n"
for run in (lambda response: read(response), lambda response: gevent.spawn(read, response).get()):
    for make_content in (numbers, async_numbers):
        assert run(StreamingResponse(make_content())) == b"012"
        assert run(EventSourceResponse(make_content())) == events
assert closed == ["sync", "sync", "async", "async"] * 2, closed
"""
    path = os.pathsep.join(filter(None, sys.path))
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30, env={**os.environ, "PYTHONPATH": path})
