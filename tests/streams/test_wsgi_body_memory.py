"""Memory of an idle stream: a worker may have thousands of them."""

from __future__ import annotations

import contextvars
import gc
import weakref

import pytest
from gevent.event import Event

from wsgiresp._runtime.gevent_runtime import GeventRuntime
from wsgiresp._runtime.wakeup_event import WakeupEvent
from wsgiresp._streams.bounded_buffer import BoundedBuffer
from wsgiresp._streams.greenlet_producer import GreenletProducer
from wsgiresp._streams.machine import StreamMachine
from wsgiresp._streams.stream_source import StreamSource
from wsgiresp._streams.wsgi_body import WSGIStreamBody


def producer():
    runtime = GeventRuntime()
    runtime.close()
    return GreenletProducer(StreamSource(iter(()), bytes, contextvars.copy_context()), runtime, runtime.wakeup().set)


def test_the_greenlet_of_a_producer_has_no_spawning_stack():
    assert not hasattr(producer()._greenlet, "spawning_stack")


def test_a_producer_that_never_waited_has_no_wakeup_event():
    assert producer()._writable is None


def test_an_empty_buffer_allocates_no_space_for_chunks():
    buffer = BoundedBuffer(Event().set, Event().set)
    assert buffer.chunks.__sizeof__() < 100


@pytest.mark.parametrize(
    "kind", [WSGIStreamBody, StreamMachine, GreenletProducer, BoundedBuffer, WakeupEvent, GeventRuntime]
)
def test_a_class_with_an_instance_per_stream_has_no_dict(kind):
    assert "__dict__" not in dir(kind)


def test_an_unreferenced_producer_is_freed_without_garbage_collection():
    gc.collect()
    gc.disable()
    try:
        made = producer()
        known = weakref.ref(made._greenlet)
        del made
        assert known() is None
    finally:
        gc.enable()
