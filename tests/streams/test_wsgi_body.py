"""The body of a stream, as a server iterates it: what comes out, and how much of it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runtime.runners import everywhere, in_greenlet, in_main_greenlet, in_thread
from streams.fake_sources import Story
from streams.stream_bodies import EVENTS, begun, encode, policies, read, told

from wsgiresp._streams.bounded_buffer import HIGH_WATERMARK, MAX_BUFFERED

pytestmark = pytest.mark.usefixtures("fresh_streams")


class TestWhatComesOut:
    @everywhere
    @told
    def test_the_chunks_of_the_source(self, run, tell):
        assert b"".join(run(read, tell(Story()))) == b"abc"

    @everywhere
    @told
    @policies
    def test_all_in_one_place_and_in_one_context(self, run, tell, policy):
        story = Story()
        run(read, tell(story), policy)
        assert story.in_one_place()

    @everywhere
    @told
    def test_an_opening_leaves_before_the_first_chunk_is_there(self, run, tell):
        def first():
            body = begun(tell(Story(waits_at=0)), EVENTS)
            with contextlib.closing(body):
                return next(body)

        assert run(first) == b"open|"

    @everywhere
    @told
    def test_an_opening_takes_the_first_chunk_along_where_that_is_there(self, run, tell):
        assert b"".join(run(read, tell(Story()), EVENTS)) == b"open|abc"

    @everywhere
    def test_nothing_comes_of_an_empty_source(self, run):
        assert run(read, []) == []

    @everywhere
    def test_an_empty_source_still_opens(self, run):
        assert run(read, [], EVENTS) == [b"open|"]

    def test_under_a_hub_what_is_ready_together_leaves_together(self):
        assert in_greenlet(read, [b"a", b"b", b"c"]) == [b"abc"]

    @pytest.mark.parametrize("run", [in_main_greenlet, in_thread])
    def test_in_a_plain_thread_each_chunk_leaves_alone(self, run):
        assert run(read, [b"a", b"b", b"c"]) == [b"a", b"b", b"c"]

    @everywhere
    def test_a_chunk_that_is_alone_leaves_at_once(self, run):
        def first():
            body = begun(Story(waits_at=1).told())
            with contextlib.closing(body):
                return next(body)

        assert run(first) == b"a"

    @everywhere
    @told
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
    def test_whatever_the_chunks_the_bytes_are_the_same(self, run, tell, chunks):
        assert b"".join(run(read, tell(Story(chunks)))) == b"".join(map(encode, chunks))

    def test_it_is_its_own_iterator(self):
        body = begun([b"a"])
        assert iter(body) is body
        body.close()

    def test_where_steps_block_the_thread_what_is_made_is_out_already(self):
        taken: list[bytes] = []

        def block():
            yield b"a"
            assert taken == [b"a"]
            yield b"b"

        def read_each():
            body = begun(block())
            taken.extend(body)
            body.close()

        in_thread(read_each)
        assert taken == [b"a", b"b"]


class TestLength:
    @everywhere
    @told
    def test_a_body_of_the_length_that_was_announced_passes(self, run, tell):
        assert b"".join(run(read, tell(Story()), length=3)) == b"abc"

    @everywhere
    @told
    def test_a_body_that_is_too_short_raises_at_its_end(self, run, tell):
        def read_on():
            body = begun(tell(Story()), length=4)
            made: list[bytes] = []
            with contextlib.closing(body), pytest.raises(ValueError, match="4 bytes, got 1 less"):
                made.extend(body)
            return b"".join(made)

        assert run(read_on) == b"abc"

    @everywhere
    @told
    def test_a_body_that_is_too_long_raises_before_what_is_too_much(self, run, tell):
        def read_on():
            body = begun(tell(Story([b"x" * HIGH_WATERMARK, b"y" * HIGH_WATERMARK])), length=HIGH_WATERMARK)
            made: list[bytes] = []
            with contextlib.closing(body), pytest.raises(ValueError, match="got 65536 more"):
                made.extend(body)
            return len(b"".join(made))

        assert run(read_on) <= HIGH_WATERMARK


def test_streams_come_whole_in_a_process_that_gevent_has_patched():
    program = """
from gevent import monkey
monkey.patch_all()
import asyncio, gevent, time
from wsgiresp.responses import EventSourceResponse, StreamingResponse
closed = []
def told():
    try:
        for number in range(3):
            time.sleep(0.001)
            yield str(number)
    finally:
        closed.append("sync")
async def told_async():
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
    for tell in (told, told_async):
        assert run(StreamingResponse(tell())) == b"012"
        assert run(EventSourceResponse(tell())) == events
assert closed == ["sync", "sync", "async", "async"] * 2, closed
"""
    path = os.pathsep.join(filter(None, sys.path))
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30, env={**os.environ, "PYTHONPATH": path})
