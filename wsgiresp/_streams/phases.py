"""Phases of a stream, and of its keep-alive pings: the tables of transitions of the state machine, as data.

=============  =======================================================================================================
phase          meaning
=============  =======================================================================================================
NEW            The source has made no step.
STARTING       The source runs and nothing was sent: an error is one of the call, not of the transfer.
OPEN           Chunks are passed on; the reader may wait for the next one.
DISCONNECTED   The client has disconnected: the iteration ends once the ready chunks are taken.
FINISHING      The stream was finished early: the ready chunks and the closing bytes are due.
ABORTED        The stream was aborted: the transfer must fail.
OVER           The iteration has ended, well or by an error.
CLOSED         ``close()`` was called after the end.
DISCARDED      ``close()`` was called before the end: a reader must not take the part for the whole.
=============  =======================================================================================================

::

    NEW --begin--> STARTING --ready--> OPEN --finish--> FINISHING        DISCONNECTED --abort--> ABORTED
                                       OPEN --abort---> ABORTED
    NEW, STARTING, OPEN                     --disconnect--> DISCONNECTED
    STARTING up to ABORTED                  --end--> OVER --close--> CLOSED
    NEW up to ABORTED                       --close--> DISCARDED

While a stream is open, a keep-alive ping is due when the reader has waited for the ping interval. If the server exposes
its socket, that is all: IDLE --quiet--> DUE --ping--> IDLE. Otherwise only a write shows a disconnect, and the first
write after it succeeds: the client's system answers it with RST, and the second write fails. So two pings are sent:

::

    IDLE --quiet--> DUE --probe--> PROBING --quiet--> SECOND_DUE --ping--> IDLE

A chunk that is ready goes first: DUE becomes IDLE again. It does not end a probe, since it may be written before the
RST arrives: SECOND_DUE becomes PROBING again.

Rules, and what a driver does in which phase: see ``machine``.
"""

from __future__ import annotations

from enum import IntEnum, auto
from typing import Final


class Phase(IntEnum):  # an IntEnum: hash() of an Enum is a Python function, and runs twice for each transition
    """Where a stream is between its first step and its close; see the table above."""

    NEW = auto()
    STARTING = auto()
    OPEN = auto()
    DISCONNECTED = auto()
    FINISHING = auto()
    ABORTED = auto()
    OVER = auto()
    CLOSED = auto()
    DISCARDED = auto()


class Input(IntEnum):
    """What happens to a stream."""

    BEGIN = auto()
    """The driver starts the source."""
    READY = auto()
    """Something can be sent: the first chunk, the preamble, or the end of an empty stream."""
    DISCONNECT = auto()
    """The client has disconnected."""
    FINISH = auto()
    """The stream is to end well, early."""
    ABORT = auto()
    """The transfer is to fail."""
    END = auto()
    """The iteration ends, by StopIteration or by an error."""
    CLOSE = auto()
    """The server has called ``close()``."""


TRANSITIONS: Final[dict[Phase, dict[Input, Phase]]] = {
    Phase.NEW: {
        Input.BEGIN: Phase.STARTING,
        Input.DISCONNECT: Phase.DISCONNECTED,
        Input.CLOSE: Phase.DISCARDED,
    },
    Phase.STARTING: {
        Input.READY: Phase.OPEN,
        Input.DISCONNECT: Phase.DISCONNECTED,
        Input.END: Phase.OVER,
        Input.CLOSE: Phase.DISCARDED,
    },
    Phase.OPEN: {
        Input.DISCONNECT: Phase.DISCONNECTED,
        Input.FINISH: Phase.FINISHING,
        Input.ABORT: Phase.ABORTED,
        Input.END: Phase.OVER,
        Input.CLOSE: Phase.DISCARDED,
    },
    Phase.DISCONNECTED: {Input.ABORT: Phase.ABORTED, Input.END: Phase.OVER, Input.CLOSE: Phase.DISCARDED},
    Phase.FINISHING: {Input.END: Phase.OVER, Input.CLOSE: Phase.DISCARDED},
    Phase.ABORTED: {Input.END: Phase.OVER, Input.CLOSE: Phase.DISCARDED},
    Phase.OVER: {Input.CLOSE: Phase.CLOSED},
    Phase.CLOSED: {},
    Phase.DISCARDED: {},
}
"""The next phase by phase and input. An input that is not listed leaves the phase as it is."""


class Ping(IntEnum):
    """Whether a keep-alive ping is due on an open stream."""

    IDLE = auto()
    DUE = auto()
    PROBING = auto()
    """The first of two pings was sent."""
    SECOND_DUE = auto()


class PingInput(IntEnum):
    """What happens to the keep-alive pings of a stream."""

    QUIET = auto()
    """The reader has waited for the ping interval, or in PROBING for the interval of the second ping."""
    CHUNK = auto()
    """A chunk is handed to the server."""
    PING = auto()
    """A ping is handed to the server, and no second one must follow."""
    PROBE = auto()
    """The first of two pings is handed to the server."""


PING_TRANSITIONS: Final[dict[Ping, dict[PingInput, Ping]]] = {
    Ping.IDLE: {PingInput.QUIET: Ping.DUE},
    Ping.DUE: {PingInput.CHUNK: Ping.IDLE, PingInput.PING: Ping.IDLE, PingInput.PROBE: Ping.PROBING},
    Ping.PROBING: {PingInput.QUIET: Ping.SECOND_DUE},
    Ping.SECOND_DUE: {PingInput.CHUNK: Ping.PROBING, PingInput.PING: Ping.IDLE},
}
"""The next ping by ping and input. An input that is not listed leaves the ping as it is."""


# Python 3.11 takes 0.17 us to look a member up in its Enum, and a short stream makes about thirty such lookups.
NEW, STARTING, OPEN, DISCONNECTED, FINISHING, ABORTED, OVER, CLOSED, DISCARDED = Phase
IDLE, DUE, PROBING, SECOND_DUE = Ping
