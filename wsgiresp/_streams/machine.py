"""State machine of a stream: its phases, and what its reader does next; sans-I/O.

Theory of operation
-------------------
A stream has three parts. A *producer* steps the source and puts chunks into a bounded buffer. A *machine* (this module)
knows the phase of the stream. A *driver*, the body that a server iterates, asks the machine what to do next, and is the
only part that waits and touches the connection. There are two drivers, ``wsgi_body.WSGIStreamBody`` and
``asgi_body.ASGIStreamBody``, and everything that both must decide alike is decided here.

Rules of this module:

1. The machine never waits, reads no clock, does no I/O and imports no runtime: a table can test it.
2. Only :data:`TRANSITIONS` says which phase follows which. An input that a phase does not list changes nothing, so an
   input that comes late, twice or out of order is harmless.
3. ``phase`` is written in the thread of the reader alone, so no transition needs a lock.
4. A finish and an abort come from any thread: each writes ``request`` once, and the reader applies it at its next
   look. The first request decides what the client gets. ``is_aborted`` is written by an abort alone and never reset;
   it shortens how long ``close()`` waits for the source.

=============  =======================================================================================================
phase          meaning
=============  =======================================================================================================
NEW            The source has made no step.
STARTING       The source runs and nothing was sent: an error is one of the call, not of the transfer.
OPEN           Chunks are passed on; the reader may wait for the next one.
PING_DUE       The reader has waited for the ping interval: a keep-alive ping is due, unless a chunk is ready.
PROBING        The first of two pings was sent. The first write after a disconnect succeeds, since the peer answers it
               with RST; the second one fails. So two are needed where the server does not expose its socket.
PROBE_DUE      The second of the two pings is due.
ENDING         The stream was finished: the ready chunks and the closing bytes are due.
BROKEN         The stream was aborted: the transfer must break.
LEFT           The client has disconnected: the iteration ends once the ready chunks are taken.
OVER           The iteration has ended, well or by an error.
CLOSED         ``close()`` was called after the end.
DISCARDED      ``close()`` was called before the end: a reader must not take the part for the whole.
=============  =======================================================================================================

::

    NEW --begin--> STARTING --ready--> OPEN <--------send, ping--------+
                      |                 | \\--quiet--> PING_DUE --------+
                      |                 |                |             |
                      |                 |              probe           |
                      |                 |                v             |
                      |                 |             PROBING --quiet--> PROBE_DUE
                      |                 |
                      |  finish: ENDING, abort: BROKEN, disconnect: LEFT
                      |                 |
                      +------end------> OVER --close--> CLOSED        all others --close--> DISCARDED

What is due is decided in this order: the last bytes of a finished stream; the failure of an aborted one; a ready chunk;
the preamble; the end after a disconnect; the end of the source; a ping; else the reader waits.

Rejected: writing ``phase`` from other threads. A request that reads OPEN and then writes ENDING could overwrite an OVER
that the reader wrote in between, and the stream would send bytes behind its end.

See docs/explanation/streams.md.
"""

from __future__ import annotations

from enum import IntEnum, auto
from typing import Final

from wsgiresp._protocol.length_counting import LengthCounter
from wsgiresp._streams.bounded_buffer import ReadableBuffer
from wsgiresp._streams.policy import StreamPolicy, aborted_error, start_error, transfer_error


class Phase(IntEnum):  # an IntEnum: hash() of an Enum is a Python function, and runs twice for each transition
    """Where a stream is between its first step and its close; see the table above."""

    NEW = auto()
    STARTING = auto()
    OPEN = auto()
    PING_DUE = auto()
    PROBING = auto()
    PROBE_DUE = auto()
    ENDING = auto()
    BROKEN = auto()
    LEFT = auto()
    OVER = auto()
    CLOSED = auto()
    DISCARDED = auto()


class Input(IntEnum):
    """What happens to a stream."""

    BEGIN = auto()
    """The driver starts the source."""
    READY = auto()
    """Something can be sent: the first chunk, the preamble, or the end of an empty stream."""
    SEND = auto()
    """A chunk is handed to the server."""
    QUIET = auto()
    """The reader has waited for the ping interval, or in PROBING for the interval of the second ping."""
    PING = auto()
    """A ping is handed to the server, and no second one must follow."""
    PROBE = auto()
    """The first of two pings is handed to the server."""
    DISCONNECT = auto()
    """The client has disconnected."""
    FINISH = auto()
    """The stream is to end well, early."""
    ABORT = auto()
    """The transfer is to break."""
    END = auto()
    """The iteration ends, by StopIteration or by an error."""
    CLOSE = auto()
    """The server is done with the body."""


def _while_open(more: dict[Input, Phase]) -> dict[Input, Phase]:
    return more | {
        Input.DISCONNECT: Phase.LEFT,
        Input.FINISH: Phase.ENDING,
        Input.ABORT: Phase.BROKEN,
        Input.END: Phase.OVER,
        Input.CLOSE: Phase.DISCARDED,
    }


TRANSITIONS: Final[dict[Phase, dict[Input, Phase]]] = {
    Phase.NEW: {Input.BEGIN: Phase.STARTING, Input.DISCONNECT: Phase.LEFT, Input.CLOSE: Phase.DISCARDED},
    Phase.STARTING: {
        Input.READY: Phase.OPEN,
        Input.DISCONNECT: Phase.LEFT,
        Input.END: Phase.OVER,
        Input.CLOSE: Phase.DISCARDED,
    },
    Phase.OPEN: _while_open({Input.QUIET: Phase.PING_DUE}),
    Phase.PING_DUE: _while_open({Input.SEND: Phase.OPEN, Input.PING: Phase.OPEN, Input.PROBE: Phase.PROBING}),
    Phase.PROBING: _while_open({Input.QUIET: Phase.PROBE_DUE}),
    Phase.PROBE_DUE: _while_open({Input.SEND: Phase.PROBING, Input.PING: Phase.OPEN}),
    Phase.ENDING: {Input.END: Phase.OVER, Input.CLOSE: Phase.DISCARDED},
    Phase.BROKEN: {Input.END: Phase.OVER, Input.CLOSE: Phase.DISCARDED},
    Phase.LEFT: {Input.ABORT: Phase.BROKEN, Input.END: Phase.OVER, Input.CLOSE: Phase.DISCARDED},
    Phase.OVER: {Input.CLOSE: Phase.CLOSED},
    Phase.CLOSED: {},
    Phase.DISCARDED: {},
}
"""The next phase by phase and input. An input that is not listed leaves the phase as it is."""


class Action(IntEnum):
    """What a driver does when there are no bytes to send."""

    WAIT = auto()
    """Wait until the buffer, a timer, a request or a disconnect wakes the reader, then ask again."""
    STOP = auto()
    """End the iteration: the body is complete."""
    HANG_UP = auto()
    """End the iteration and shut the connection down: the client has disconnected."""


# Python 3.11 takes 0.17 us to look a member up in its Enum, and a short stream asks for thirty.
NEW, STARTING, OPEN, PING_DUE, PROBING, PROBE_DUE, ENDING, BROKEN, LEFT, OVER, CLOSED, DISCARDED = Phase
WAIT, STOP, HANG_UP = Action
_BEGIN, _READY, _SEND, _QUIET, _PING, _PROBE, _DISCONNECT, _FINISH, _ABORT, _END, _CLOSE = Input
_LAST = (ENDING, BROKEN, OVER, CLOSED, DISCARDED)


class StreamMachine:
    """The phase of one stream with *policy*, and the bytes that come next.

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
        "policy",
        "request",
    )

    buffer: ReadableBuffer

    def __init__(self, policy: StreamPolicy, length: int | None = None, *, needs_probe: bool = False) -> None:
        self.policy = policy
        self.phase = NEW
        self.request: Input | None = None
        """FINISH or ABORT, whichever came first; written once, by any thread."""
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
        """Return whether neither a first chunk nor a reason to go on without one is there."""
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
        self._advance(_END)
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
        """Ask for the transfer to break, unless a finish was requested before. Any thread."""
        self.is_aborted = True
        if self.request is None:
            self.request = _ABORT

    def note_quiet(self) -> None:
        """Note that nothing was sent for the ping interval. A chunk that is ready at the next look still goes first."""
        self._advance(_QUIET)

    def note_disconnect(self) -> None:
        """Note that the client has disconnected."""
        self._advance(_DISCONNECT)

    def close(self) -> bool:
        """Note that nothing is read any more; return whether that is new."""
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
        if phase in _LAST:
            return self._last_action()
        buffer = self.buffer
        # Read before the chunks: a producer in another thread may put its last chunk and end between the two.
        has_ended = buffer.has_ended
        if phase is OPEN and not has_ended and not buffer.chunks and not self._preamble:
            return WAIT  # decided first: it is half of all calls, and the costs of the rest would show
        if buffer.chunks:
            if phase is not OPEN:
                self._advance(_SEND)
            return self._counted(buffer.take())
        if self._preamble:
            return self._counted(b"")
        if phase is LEFT:
            self._advance(_END)
            return HANG_UP
        if has_ended:
            return self._end_of_source()
        if phase is PING_DUE:
            self._advance(_PROBE if self._needs_probe else _PING)
            return self.policy.ping
        if phase is PROBE_DUE:
            self._advance(_PING)
            return self.policy.second_ping
        return WAIT

    def _last_action(self) -> bytes | Action:
        phase = self.phase
        if phase is DISCARDED:
            raise RuntimeError(_DISCARDED)
        if phase is BROKEN:
            self._advance(_END)
            raise aborted_error()
        if phase is ENDING and not self.buffer.is_closed:
            closing_bytes = self.policy.closing_bytes
            last = self._counted(self.buffer.close() + (b"" if closing_bytes is None else closing_bytes()))
            if last:
                return last
        self._advance(_END)
        return self._complete() if phase is ENDING else STOP

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
        """Return *chunk* behind the preamble, if that was not sent, once its bytes are counted."""
        if self._preamble:
            chunk, self._preamble = self._preamble + chunk, b""
            self._advance(_SEND)
        if self._length is not None:
            try:
                self._length.count(chunk)
            except ValueError:
                self._advance(_END)
                raise
        return chunk

    def _advance(self, happened: Input) -> None:
        phase = self.phase = TRANSITIONS[self.phase].get(happened, self.phase)
        self.passes_through = phase is OPEN and not self._preamble and self._length is None


_DISCARDED = "the stream was closed before its end: the body is incomplete"
