"""Producers, which step the source of a stream: a greenlet, a thread with a hub of its own, or an asyncio task."""

from __future__ import annotations

import contextlib
import contextvars

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runtime.runners import in_greenlet, wait_until
from streams.fake_sources import STEPS, RecordingSource
from streams.producer_kinds import ProducerReader, each_kind, in_hub

from wsgiresp._runtime import hubs
from wsgiresp._runtime.gevent_runtime import GeventRuntime
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._streams import greenlet_producer
from wsgiresp._streams.bounded_buffer import HIGH_WATERMARK, MAX_BUFFERED
from wsgiresp._streams.greenlet_producer import GreenletProducer, ThreadProducer
from wsgiresp._streams.producers import producer_for
from wsgiresp._streams.stream_source import StreamSource
from wsgiresp._streams.task_producer import TaskProducer


@each_kind
def test_the_chunks_reach_the_reader_in_order(kind):
    reader = kind.reader_of(RecordingSource([b"a", b"", b"b", b"c"]))
    reader.producer.begin()
    assert reader.rest() == b"abc"
    reader.runtime.close()


@each_kind
def test_every_step_and_the_close_run_in_one_runner_and_context(kind):
    source = RecordingSource()
    reader = kind.reader_of(source)
    reader.producer.begin()
    reader.rest()
    reader.runtime.close()
    assert source.ran_in_one_context()


@each_kind
def test_the_source_runs_in_a_copy_of_the_context_of_the_reader(kind):
    def read():
        STEPS.set(10)
        source = RecordingSource([b"a"])
        reader = kind.reader_of(source)
        STEPS.set(20)
        reader.producer.begin()
        reader.rest()
        reader.runtime.close()
        return source.counts, STEPS.get()

    assert in_greenlet(read) == ([11, 12], 20)


@each_kind
def test_the_source_is_closed_before_the_reader_gets_the_end(kind):
    source = RecordingSource()
    reader = kind.reader_of(source)
    reader.producer.begin()
    reader.rest()
    assert source.ends == ["the end"]
    reader.runtime.close()


@each_kind
def test_the_error_of_a_source_reaches_the_reader(kind):
    error = LookupError("no")
    source = RecordingSource(error=error)
    reader = kind.reader_of(source)
    reader.producer.begin()
    assert reader.rest() == b"abc"
    assert (reader.buffer.error, source.ends) == (error, ["LookupError"])
    reader.runtime.close()


@each_kind
def test_a_chunk_that_cannot_be_encoded_closes_the_source(kind):
    source = RecordingSource([b"a", 5j])
    reader = kind.reader_of(source)
    reader.producer.begin()
    assert reader.rest() == b"a"
    assert (type(reader.buffer.error), source.ends) == (TypeError, ["GeneratorExit"])
    reader.runtime.close()


def test_chunks_of_the_raw_type_are_not_encoded():
    made: list[object] = []

    def encode(item):
        made.append(item)
        return b"?"

    reader = ProducerReader(lambda source, *rest: in_hub(source._replace(encode=encode), *rest), [b"a", "b"], raw=bytes)
    reader.producer.begin()
    assert (reader.rest(), made) == (b"a?", ["b"])


@each_kind
def test_the_enclosing_context_is_entered_before_the_first_step_and_exited_after_the_close(kind):
    order: list[str] = []

    @contextlib.contextmanager
    def around():
        order.append("entered")
        yield
        order.append("left")

    source = RecordingSource([b"a"])
    source.ends = order
    reader = kind.reader_of(source, around=around)
    reader.producer.begin()
    reader.rest()
    reader.runtime.close()
    assert order == ["entered", "the end", "left"]


@each_kind
def test_the_error_of_the_enclosing_context_reaches_the_reader(kind):
    @contextlib.contextmanager
    def around():
        raise LookupError("no")
        yield

    reader = kind.reader_of(RecordingSource(), around=around)
    reader.producer.begin()
    assert reader.rest() == b""
    assert isinstance(reader.buffer.error, LookupError)
    reader.runtime.close()


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
def test_the_bytes_are_the_same_for_any_chunks(kind, chunks):
    reader = kind.reader_of(RecordingSource(chunks))
    reader.producer.begin()
    assert reader.rest() == b"".join(chunks)
    reader.runtime.close()


class TestChoice:
    def chosen(self, content, is_prompt=False):
        runtime = GeventRuntime()
        source = StreamSource(content, bytes, contextvars.copy_context())
        producer = producer_for(source, runtime, runtime.wakeup(), ServerProfile({}), is_prompt=is_prompt)
        producer.buffer.close()
        producer.stop()
        wait_until(lambda: producer.buffer.has_ended)
        runtime.close()
        return type(producer), producer.shares_thread

    def test_an_asynchronous_source_is_stepped_by_a_task(self):
        assert self.chosen(RecordingSource().async_generator()) == (TaskProducer, False)

    def test_a_synchronous_source_is_stepped_by_a_greenlet(self):
        assert in_greenlet(self.chosen, [b"a"]) == (GreenletProducer, True)

    def test_a_thread_steps_a_source_that_could_block_the_reader(self):
        assert self.chosen([b"a"], is_prompt=True) == (ThreadProducer, False)

    def test_under_a_hub_no_thread_is_used(self):
        assert in_greenlet(lambda: self.chosen([b"a"], is_prompt=True))[0] is GreenletProducer

    def test_after_monkey_patching_no_thread_is_used(self, monkeypatch):
        monkeypatch.setattr(hubs.monkey, "is_module_patched", lambda name: name == "time")
        assert self.chosen([b"a"], is_prompt=True)[0] is GreenletProducer


def test_a_thread_producer_without_a_hub_raises_the_error(monkeypatch):
    def no_descriptor():
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(greenlet_producer, "GeventRuntime", no_descriptor)
    source = StreamSource([b"a"], bytes, contextvars.copy_context())
    with pytest.raises(OSError, match="Too many open files"):
        ThreadProducer(source, lambda: None)
