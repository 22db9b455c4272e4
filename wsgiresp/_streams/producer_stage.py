"""Stage of a producer: the state of its source, and the effect of ``stop()`` in it.

``_stage`` of a producer is written by the greenlet or task that steps the source, and by ``stop()`` in the thread of
that greenlet or task:

========  ==============================================  =========================================================
stage     meaning                                         what ``stop()`` does
========  ==============================================  =========================================================
NEW       no step was made                                closes the source; no step follows
STEPPING  the source runs, waits inside of a step, or     interrupts: GreenletExit or CancelledError where the source
          has yielded and waits for space in the buffer   waits, GeneratorExit or ``aclose()`` where it has yielded
STOPPED   ``stop()`` has interrupted the source           nothing: its cleanup is not interrupted again
CLOSING   the source has ended; it, and its context       nothing
          manager (``around``), are being closed
ENDED     the source is closed, ``buffer.has_ended``      nothing
========  ==============================================  =========================================================

The stage is that of the source, not of the stream: whether a client is still there, or a finish was requested, is the
phase of the stream machine.
"""

from __future__ import annotations

import asyncio
import logging
from enum import Enum, auto

from greenlet import GreenletExit

from wsgiresp._streams.bounded_buffer import BoundedBuffer

log = logging.getLogger("wsgiresp")


class Stage(Enum):
    """The state of the source of a producer; see the table above."""

    NEW = auto()
    STEPPING = auto()
    STOPPED = auto()
    CLOSING = auto()
    ENDED = auto()


# As in ``machine``: Python 3.11 takes 0.17 us to look a member up in its Enum.
NEW, STEPPING, STOPPED, CLOSING, ENDED = Stage


def end(buffer: BoundedBuffer, error: BaseException | None, was_stopped: bool) -> None:
    """End *buffer* with *error*, for the reader to raise.

    The exceptions that ``stop()`` raises in the source (``GreenletExit``, ``GeneratorExit``, ``CancelledError``) are
    dropped. Any other error that comes after the reader has closed the buffer is logged.
    """
    if error is not None and (was_stopped or buffer.is_closed):
        if isinstance(error, GreenletExit | GeneratorExit | asyncio.CancelledError):
            error = None
        elif buffer.is_closed:
            log.error("stream source failed after its reader had stopped", exc_info=error)
            error = None
    buffer.end(error)
