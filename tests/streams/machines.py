"""Stream machines in a phase, and buffers with chunks, as a test needs them."""

from __future__ import annotations

from wsgiresp._streams.bounded_buffer import BoundedBuffer
from wsgiresp._streams.machine import StreamMachine
from wsgiresp._streams.phases import Ping
from wsgiresp._streams.policy import StreamPolicy

EVENTS = StreamPolicy(
    preamble=b"open|",
    ping=b"ping|",
    second_ping=b"again|",
    closing_bytes=lambda: b"bye|",
    ends_with_worker=True,
)
PLAIN_EVENTS = EVENTS._replace(preamble=b"")


def fake_buffer(*chunks, ends=False, error=None):
    """Return a buffer with *chunks* ready, which *ends* then, or fails with *error*."""
    buffer = BoundedBuffer(lambda: None, None)
    for chunk in chunks:
        buffer.put(chunk)
    if ends or error is not None:
        buffer.end(error)
    return buffer


def machine_in(phase, buffer=None, policy=PLAIN_EVENTS, *, ping=Ping.IDLE, **more):
    """Return a machine that is in *phase*, with *buffer* and *ping*."""
    machine = StreamMachine(policy, **more)
    machine.begin(buffer or fake_buffer())
    machine.open()
    machine.phase, machine.ping = phase, ping
    machine._update()
    return machine
