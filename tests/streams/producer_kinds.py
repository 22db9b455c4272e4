"""Producers of each kind, with the reader that they make their chunks for."""

from __future__ import annotations

import contextvars

import gevent
import pytest
from runtime.runners import PATIENCE
from streams.fake_sources import Story

from wsgiresp._runtime.hubs import HubLease
from wsgiresp._runtime.wakeup_event import WakeupEvent
from wsgiresp._streams.producers import GreenletProducer, TaskProducer, ThreadProducer
from wsgiresp._streams.stream_source import StreamSource


class Reading:
    """A producer and its reader, which is the greenlet that made this."""

    def __init__(self, make, content, **more):
        self.lease = HubLease()
        self._arrival = WakeupEvent(self.lease.hub)
        self.source = StreamSource(content, bytes, contextvars.copy_context(), **more)
        self.producer = make(self.source, self.lease.hub, self._arrival)
        self.buffer = self.producer.buffer

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

    def leave(self):
        """Leave, and wait until the source is closed."""
        self.buffer.close()
        self.producer.stop()
        with gevent.Timeout(PATIENCE):
            while not self.buffer.has_ended:
                self._arrival.wait()
        self.lease.close()


def in_hub(source, hub, arrival):
    return GreenletProducer(source, hub, arrival.set)


def in_plain_thread(source, hub, arrival):
    return GreenletProducer(source, hub, arrival.set, one_at_a_time=True)


def in_thread_of_its_own(source, hub, arrival):
    return ThreadProducer(source, arrival.set_threadsafe)


def in_coroutine(source, hub, arrival):
    return TaskProducer(source, arrival.set_threadsafe)


class Kind:
    """A kind of producer, with the kind of source that suits it."""

    def __init__(self, make, told, thrown_in):
        self.make = make
        self.told = told
        self.thrown_in = thrown_in

    def read(self, story, **more):
        return Reading(self.make, self.told(story), **more)


SYNC = [
    pytest.param(Kind(in_hub, Story.told, "GreenletExit"), id="a greenlet"),
    pytest.param(Kind(in_plain_thread, Story.told, "GreenletExit"), id="a greenlet in a plain thread"),
    pytest.param(Kind(in_thread_of_its_own, Story.told, "GreenletExit"), id="a thread of its own"),
]
ASYNC = pytest.param(Kind(in_coroutine, Story.told_async, "CancelledError"), id="a coroutine")


each_kind = pytest.mark.parametrize("kind", [*SYNC, ASYNC])
each_sync_kind = pytest.mark.parametrize("kind", SYNC)
