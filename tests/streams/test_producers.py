"""Who steps a source: a greenlet, a greenlet in a thread of its own, a task of the asyncio loop."""

from __future__ import annotations

import contextlib
import contextvars

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runtime.runners import in_greenlet, wait_until
from streams.fake_sources import STEPS, Story
from streams.producer_kinds import Reading, each_kind, in_hub

from wsgiresp._runtime import hubs
from wsgiresp._runtime.hubs import HubLease
from wsgiresp._runtime.wakeup_event import WakeupEvent
from wsgiresp._streams import producers
from wsgiresp._streams.bounded_buffer import HIGH_WATERMARK, MAX_BUFFERED
from wsgiresp._streams.producers import GreenletProducer, TaskProducer, ThreadProducer, producer_for
from wsgiresp._streams.stream_source import StreamSource


@each_kind
def test_what_is_made_arrives_in_order(kind):
    reading = kind.read(Story([b"a", b"", b"b", b"c"]))
    reading.producer.begin()
    assert reading.rest() == b"abc"
    reading.lease.close()


@each_kind
def test_all_is_done_in_one_place_and_in_one_context(kind):
    story = Story()
    reading = kind.read(story)
    reading.producer.begin()
    reading.rest()
    reading.lease.close()
    assert story.in_one_place()


@each_kind
def test_the_context_is_a_copy_of_that_of_the_reader(kind):
    def read():
        STEPS.set(10)
        story = Story([b"a"])
        reading = kind.read(story)
        STEPS.set(20)
        reading.producer.begin()
        reading.rest()
        reading.lease.close()
        return story.counts, STEPS.get()

    assert in_greenlet(read) == ([11, 12], 20)


@each_kind
def test_the_source_is_closed_before_the_end_is_told(kind):
    story = Story()
    reading = kind.read(story)
    reading.producer.begin()
    reading.rest()
    assert story.ends == ["the end"]
    reading.lease.close()


@each_kind
def test_what_the_source_raises_is_told_and_the_source_is_closed(kind):
    error = LookupError("no")
    story = Story(error=error)
    reading = kind.read(story)
    reading.producer.begin()
    assert reading.rest() == b"abc"
    assert (reading.buffer.error, story.ends) == (error, ["LookupError"])
    reading.lease.close()


@each_kind
def test_what_cannot_be_encoded_closes_the_source(kind):
    story = Story([b"a", 5j])
    reading = kind.read(story)
    reading.producer.begin()
    assert reading.rest() == b"a"
    assert (type(reading.buffer.error), story.ends) == (TypeError, ["GeneratorExit"])
    reading.lease.close()


def test_chunks_of_the_raw_type_are_not_encoded():
    made: list[object] = []

    def encode(item):
        made.append(item)
        return b"?"

    reading = Reading(lambda source, *rest: in_hub(source._replace(encode=encode), *rest), [b"a", "b"], raw=bytes)
    reading.producer.begin()
    assert (reading.rest(), made) == (b"a?", ["b"])


@each_kind
def test_surroundings_are_entered_before_the_first_step_and_left_after_the_closing(kind):
    order: list[str] = []

    @contextlib.contextmanager
    def around():
        order.append("entered")
        yield
        order.append("left")

    story = Story([b"a"])
    story.ends = order
    reading = kind.read(story, around=around)
    reading.producer.begin()
    reading.rest()
    reading.lease.close()
    assert order == ["entered", "the end", "left"]


@each_kind
def test_surroundings_that_fail_are_told_of(kind):
    @contextlib.contextmanager
    def around():
        raise LookupError("no")
        yield

    reading = kind.read(Story(), around=around)
    reading.producer.begin()
    assert reading.rest() == b""
    assert isinstance(reading.buffer.error, LookupError)
    reading.lease.close()


CHUNKS = st.lists(
    st.one_of(
        st.binary(max_size=50),
        st.sampled_from([b"x" * HIGH_WATERMARK, b"y" * (HIGH_WATERMARK - 1), b"z" * MAX_BUFFERED]),
    ),
    max_size=12,
)


@each_kind
@settings(max_examples=30, deadline=None)
@given(chunks=CHUNKS)
def test_whatever_the_chunks_the_bytes_are_the_same(kind, chunks):
    reading = kind.read(Story(chunks))
    reading.producer.begin()
    assert reading.rest() == b"".join(chunks)
    reading.lease.close()


class TestChoice:
    def chosen(self, content, **more):
        lease = HubLease()
        source = StreamSource(content, bytes, contextvars.copy_context())
        more = {"is_prompt": False, "is_shared": True, **more}
        producer = producer_for(source, lease.hub, WakeupEvent(lease.hub), **more)
        producer.buffer.close()
        producer.stop()
        wait_until(lambda: producer.buffer.has_ended)
        lease.close()
        return type(producer), producer.buffer.put(b"a"), producer.shares_thread

    def test_what_is_asynchronous_is_stepped_by_a_coroutine(self):
        assert self.chosen(Story().told_async()) == (TaskProducer, False, False)

    def test_what_is_not_is_stepped_by_a_greenlet(self):
        assert in_greenlet(self.chosen, [b"a"]) == (GreenletProducer, False, True)

    def test_where_a_step_could_block_the_reader_a_thread_makes_it(self):
        chosen, _, shares_thread = self.chosen([b"a"], is_prompt=True, is_shared=False)
        assert (chosen, shares_thread) == (ThreadProducer, False)

    def test_under_a_hub_no_thread_is_needed(self):
        assert in_greenlet(lambda: self.chosen([b"a"], is_prompt=True))[0] is GreenletProducer

    def test_where_sleep_is_gevents_no_thread_is_needed(self, monkeypatch):
        monkeypatch.setattr(hubs.monkey, "is_module_patched", lambda name: name == "time")
        assert self.chosen([b"a"], is_prompt=True, is_shared=False)[0] is GreenletProducer


def test_a_thread_that_can_have_no_hub_says_so(monkeypatch):
    def no_descriptor():
        raise OSError(24, "Too many open files")

    lease = HubLease()
    monkeypatch.setattr(producers, "HubLease", no_descriptor)
    source = StreamSource([b"a"], bytes, contextvars.copy_context())
    with pytest.raises(OSError, match="Too many open files"):
        ThreadProducer(source, WakeupEvent(lease.hub).set_threadsafe)
    lease.close()
