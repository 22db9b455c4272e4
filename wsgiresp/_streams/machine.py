"""State machine of a stream: its phases, its keep-alive pings, and the next action of its driver; sans-I/O.

Theory of operation
-------------------
A stream has three parts. A *producer* steps the source and puts chunks into a bounded buffer. A *machine* (this module)
knows the phase of the stream. A *driver* asks the machine for the next action; it is the only part that waits and
touches the connection. There are two drivers, ``wsgi_stream.WSGIStream`` and ``asgi_stream.ASGIStream``, and everything
that both must decide alike is decided here. The server iterates a *body* that belongs to the driver; the *reader* is
the greenlet, thread or task that does so.

Rules of this module:

1. The machine never waits, reads no clock, does no I/O and imports no runtime: a table can test it.
2. Only :data:`phases.TRANSITIONS` says which phase follows which, and only :data:`phases.PING_TRANSITIONS` which ping.
   An input that is not listed changes nothing, so an input that comes late, twice or out of order is harmless.
3. Only the reader's thread writes ``phase`` and ``ping``, so no transition needs a lock. One exception:
   ``ASGIStreamBody.close()`` may close the machine in its caller's thread.
4. A finish and an abort may come from any thread. Each writes ``request`` if it is None, and the reader applies it at
   its next call: the first request decides what the client gets. If both race, either may win, since FINISHING and
   ABORTED ignore the other input. ``is_aborted`` is only ever set; it shortens how long ``close()`` waits.

The phases and the pings, with their tables of transitions, are in ``phases``.

``next_action()`` checks in this order: closed early (raises); aborted (raises); finished (the ready chunks and the
closing bytes); a ready chunk, after the preamble if that was not sent; the preamble alone; disconnected; the end of the
source; a ping that is due; else the reader waits.

Rejected: writing ``phase`` from other threads. A request that reads OPEN and then writes FINISHING could overwrite an
OVER that the reader wrote in between, and the stream would send bytes after its end.

See docs/explanation/streams.md.
"""

from __future__ import annotations

from enum import IntEnum, auto

from wsgiresp._protocol.length_counting import LengthCounter
from wsgiresp._streams.bounded_buffer import ReadableBuffer
from wsgiresp._streams.phases import (
    ABORTED,
    CLOSED,
    DISCARDED,
    DISCONNECTED,
    FINISHING,
    IDLE,
    NEW,
    OPEN,
    PING_TRANSITIONS,
    PROBING,
    SECOND_DUE,
    STARTING,
    TRANSITIONS,
    Input,
    Phase,
    Ping,
    PingInput,
)
from wsgiresp._streams.policy import StreamPolicy, aborted_error, start_error, transfer_error


class Action(IntEnum):
    """What a driver does when there are no bytes to send."""

    WAIT = auto()
    """Wait until the buffer, a timer, a request or a disconnect wakes the reader, then ask again."""
    STOP = auto()
    """End the iteration: the body is complete."""
    HANG_UP = auto()
    """End the iteration and shut the connection down: the client has disconnected."""


# As in ``phases``: a look-up of a member takes 0.17 us.
WAIT, STOP, HANG_UP = Action
_BEGIN, _READY, _DISCONNECT, _FINISH, _ABORT, _END, _CLOSE = Input
_QUIET, _CHUNK, _PING, _PROBE = PingInput


class StreamMachine:
    """The phase and the pings of one stream with *policy*, and the bytes that come next.

    *length*: the bytes that Content-Length announces, None without one. *needs_probe*: whether a disconnect shows only
    in the second of two writes. Every method is called in the thread of the reader, but for :meth:`request_finish` and
    :meth:`request_abort`, which any thread may call.
    """

    __slots__ = (
        "_length",
        "_needs_probe",
        "_preamble",
        "buffer",
        "is_aborted",
        "passes_through",
        "phase",
        "ping",
        "policy",
        "request",
    )

    buffer: ReadableBuffer

    def __init__(self, policy: StreamPolicy, length: int | None = None, *, needs_probe: bool = False) -> None:
        self.policy = policy
        self.phase: Phase = NEW
        self.ping: Ping = IDLE
        self.request: Input | None = None
        """FINISH or ABORT, whichever came first; written by any thread."""
        self.is_aborted = False
        """Whether the stream was aborted, before or after another request; written by any thread."""
        self.passes_through = False
        """Whether a ready chunk is all that is due: the driver then takes it from the buffer without asking."""
        self._preamble = policy.preamble
        self._length = None if length is None else LengthCounter(length)
        self._needs_probe = needs_probe

    def begin(self, buffer: ReadableBuffer) -> None:
        """Note that the source is about to start, with *buffer* for its chunks."""
        self.buffer = buffer
        self._advance(_BEGIN)

    def must_wait_for_start(self) -> bool:
        """Return whether the start must wait: there is no chunk, no end of the source, no request, no disconnect."""
        return self.phase is STARTING and self.request is None and not (self.buffer.has_ended or self.buffer.chunks)

    def open(self) -> None:
        """Note that sending may begin; raise what the source raised before its first chunk.

        ``RuntimeError`` for a ``StopIteration`` or ``StopAsyncIteration``, which would end the iteration of the caller
        as if the stream were complete, and for a stream that was closed meanwhile.
        """
        if self.phase is DISCARDED:
            raise RuntimeError(_DISCARDED)
        buffer = self.buffer
        if buffer.error is None or buffer.chunks:
            self._advance(_READY)
            return
        error, buffer.error = buffer.error, None
        try:
            raise start_error(error)
        finally:
            del error  # its traceback references this frame: a cycle, which would keep the source's objects alive

    def request_finish(self) -> bool:
        """Ask for an early end with the closing bytes; return whether the policy allows it. Any thread."""
        if self.policy.closing_bytes is None:
            return False
        if self.request is None:
            self.request = _FINISH
        return True

    def request_abort(self) -> None:
        """Ask for the transfer to fail, unless a finish was requested before. Any thread."""
        self.is_aborted = True
        if self.request is None:
            self.request = _ABORT

    @property
    def is_finishing(self) -> bool:
        """Whether a finish was requested first: the closing bytes are due, or were sent."""
        return self.request is _FINISH

    def note_quiet(self) -> None:
        """Note that nothing was sent for the ping interval. A chunk that is ready at the next look still goes first."""
        self._advance_ping(_QUIET)

    def note_disconnect(self) -> None:
        """Note that the client has disconnected."""
        self._advance(_DISCONNECT)

    def close(self) -> bool:
        """Note that the body is closed; return False if it was closed before."""
        is_new = self.phase < CLOSED
        self._advance(_CLOSE)
        return is_new

    @property
    def is_closed(self) -> bool:
        """Whether :meth:`close` was called."""
        return self.phase >= CLOSED

    def next_action(self) -> bytes | Action:
        """Return the bytes to send next, or what to do without any.

        Raises what breaks the transfer: the error of the source, ``BrokenPipeError`` after an abort, ``ValueError`` for
        a body that is longer or shorter than its Content-Length (RFC 9112, Section 6.3), ``RuntimeError`` if the stream
        was closed before its end. After the end it returns :attr:`Action.STOP` again.
        """
        if self.request is not None:
            self._advance(self.request)
        phase = self.phase
        if phase >= FINISHING:
            return self._last_action()
        buffer = self.buffer
        # Read before the chunks: a producer in another thread may put its last chunk and end between the two.
        has_ended = buffer.has_ended
        if buffer.chunks:
            if self.ping is not IDLE:
                self._advance_ping(_CHUNK)
            return self._counted(buffer.take())
        if self._preamble:
            return self._counted(b"")
        if phase is DISCONNECTED:
            self._advance(_END)
            return HANG_UP
        if has_ended:
            return self._end_of_source()
        return WAIT if self.ping is IDLE or self.ping is PROBING else self._next_ping()

    def _next_ping(self) -> bytes:
        if self.ping is SECOND_DUE:
            self._advance_ping(_PING)
            return self.policy.second_ping
        self._advance_ping(_PROBE if self._needs_probe else _PING)
        return self.policy.ping

    def _last_action(self) -> bytes | Action:
        phase = self.phase
        if phase is DISCARDED:
            raise RuntimeError(_DISCARDED)
        if phase is ABORTED:
            self._advance(_END)
            raise aborted_error()
        if phase is FINISHING and not self.buffer.is_closed:
            closing_bytes = self.policy.closing_bytes
            last = self._counted(self.buffer.close() + (b"" if closing_bytes is None else closing_bytes()))
            if last:
                return last
        self._advance(_END)
        return self._complete() if phase is FINISHING else STOP

    def _end_of_source(self) -> Action:
        self._advance(_END)
        buffer = self.buffer
        error, buffer.error = buffer.error, None
        if error is None:
            return STOP if self._length is None else self._complete()
        try:
            raise transfer_error(error)
        finally:
            del error  # as in open()

    def _complete(self) -> Action:
        if self._length is not None:
            self._length.require_complete()
        return STOP

    def _counted(self, chunk: bytes) -> bytes:
        """Count the bytes of *chunk*, and return it after the preamble, if that was not sent."""
        if self._preamble:
            chunk, self._preamble = self._preamble + chunk, b""
            self._update()
        if self._length is not None:
            try:
                self._length.count(chunk)
            except ValueError:
                self._advance(_END)
                raise
        return chunk

    def _advance(self, happened: Input) -> None:
        """Write ``phase``; nothing else does."""
        self.phase = TRANSITIONS[self.phase].get(happened, self.phase)
        self._update()

    def _advance_ping(self, happened: PingInput) -> None:
        """Write ``ping``; nothing else does."""
        self.ping = PING_TRANSITIONS[self.ping].get(happened, self.ping)
        self._update()

    def _update(self) -> None:
        ping = self.ping
        self.passes_through = (
            self.phase is OPEN and (ping is IDLE or ping is PROBING) and not self._preamble and self._length is None
        )


_DISCARDED = "the stream was closed before its end: the body is incomplete"
