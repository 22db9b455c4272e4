"""What a stream at rest keeps: there may be thousands of them in a worker."""

from __future__ import annotations

import contextvars
import gc
import weakref

import gevent
import pytest
from gevent.event import Event

from wsgiresp._runtime.hubs import HubLease
from wsgiresp._runtime.wakeup_event import WakeupEvent
from wsgiresp._streams.bounded_buffer import BoundedBuffer
from wsgiresp._streams.producers import GreenletProducer
from wsgiresp._streams.stream_source import StreamSource
from wsgiresp._streams.wsgi_body import WSGIStreamBody


def producer():
    hub = gevent.get_hub()
    return GreenletProducer(StreamSource(iter(()), bytes, contextvars.copy_context()), hub, WakeupEvent(hub).set)


def test_a_producer_does_not_remember_who_started_it():
    assert not hasattr(producer()._greenlet, "spawning_stack")


def test_a_producer_that_never_waited_for_room_has_no_bell_for_it():
    assert producer()._room is None


def test_a_buffer_without_chunks_has_no_room_for_any():
    buffer = BoundedBuffer(Event().set, Event().set)
    assert buffer.chunks.__sizeof__() < 100


@pytest.mark.parametrize("kind", [WSGIStreamBody, GreenletProducer, BoundedBuffer, WakeupEvent, HubLease])
def test_what_there_is_one_of_for_each_stream_has_no_dict(kind):
    assert "__dict__" not in dir(kind)


def test_a_producer_that_is_let_go_is_gone_at_once():
    gc.collect()
    gc.disable()
    try:
        made = producer()
        known = weakref.ref(made._greenlet)
        del made
        assert known() is None
    finally:
        gc.enable()
