"""The kinds of producers, each with a reader of its buffer."""

from __future__ import annotations

import contextvars

import gevent
import pytest
from runtime.runners import PATIENCE
from streams.fake_sources import RecordingSource

from wsgiresp._runtime.gevent_runtime import GeventRuntime
from wsgiresp._streams.greenlet_producer import GreenletProducer, ThreadProducer
from wsgiresp._streams.stream_source import StreamSource
from wsgiresp._streams.task_producer import TaskProducer


class ProducerReader:
    """A producer and its reader, which is the greenlet that creates this object.

    ``has_stopped``: whether :meth:`close` has asked the producer to stop.
    """

    def __init__(self, make, content, **more):
        self.runtime = GeventRuntime()
        self._arrival = self.runtime.wakeup()
        self.source = StreamSource(content, bytes, contextvars.copy_context(), **more)
        self.producer = make(self.source, self.runtime, self._arrival)
        self.buffer = self.producer.buffer
        self.has_stopped = False

    def next(self):
        """Return the next chunk, None at the end."""
        while not (self.buffer.chunks or self.buffer.has_ended):
            self._await()
        return self.buffer.take() if self.buffer.chunks else None

    def _await(self):
        self.buffer.reader_waits = True
        if not (self.buffer.chunks or self.buffer.has_ended):
            self._arrival.wait()
        self.buffer.reader_waits = False

    def rest(self):
        return b"".join(iter(self.next, None))

    def close(self):
        """Close the buffer, stop the producer, and wait until the source is closed."""
        self.buffer.close()
        self.producer.stop()
        self.has_stopped = True
        with gevent.Timeout(PATIENCE):
            while not self.buffer.has_ended:
                self._arrival.wait()
        self.runtime.close()


def in_hub(source, runtime, arrival):
    return GreenletProducer(source, runtime, arrival.set)


def in_plain_thread(source, runtime, arrival):
    return GreenletProducer(source, runtime, arrival.set, one_at_a_time=True)


def in_own_thread(source, runtime, arrival):
    return ThreadProducer(source, arrival.set_threadsafe)


def in_asyncio_task(source, runtime, arrival):
    return TaskProducer(source, arrival.set_threadsafe)


class Kind:
    """A kind of producer, the content that it steps, and the name of the exception that interrupts a waiting source."""

    def __init__(self, make, content_of, interrupted_by):
        self.make = make
        self.content_of = content_of
        self.interrupted_by = interrupted_by

    def reader_of(self, source, **more):
        return ProducerReader(self.make, self.content_of(source), **more)


SYNC = [
    pytest.param(Kind(in_hub, RecordingSource.generator, "GreenletExit"), id="a greenlet"),
    pytest.param(Kind(in_plain_thread, RecordingSource.generator, "GreenletExit"), id="a greenlet in a plain thread"),
    pytest.param(Kind(in_own_thread, RecordingSource.generator, "GreenletExit"), id="a thread"),
]
ASYNC = pytest.param(Kind(in_asyncio_task, RecordingSource.async_generator, "CancelledError"), id="an asyncio task")


each_kind = pytest.mark.parametrize("kind", [*SYNC, ASYNC])
each_sync_kind = pytest.mark.parametrize("kind", SYNC)
