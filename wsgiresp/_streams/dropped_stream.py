"""Dropped streams: the end of a stream whose body the server dropped without calling ``close()``.

Theory of operation
-------------------
PEP 3333 obliges a server, and each middleware, to call ``close()`` of the body. Some do not, and more do not after an
error. Nothing that lives longer than the request references the body (``wsgi_body``): timers, watchers and the registry
of open streams reference the stream. So the body is freed when the server drops it, and its finalizer calls
:meth:`DroppedStream.hand_over`.

A finalizer runs between any two instructions, in any thread, and that thread may hold any lock. So it takes no lock and
writes no log, and another part of the process does the work:

=====================================================  ================================================================
the finalizer runs                                     what happens
=====================================================  ================================================================
in a process that was forked since                     nothing: the parent has the client, and runs the tasks
after the exit hook                                    nothing
on a thread server, in the thread that made the body,  the source is closed at once, as CPython closes a generator that
if that reads no other stream                          is dropped
anywhere else                                          the loop of the stream is asked to release it; then the source is
                                                       closed in its own thread. On a thread server this happens while
                                                       that thread reads its next stream, and the stream is kept as lost
                                                       until then
anywhere else, and that loop cannot be reached: its    the stream is kept as lost; the next stream of the process
thread has ended, or there is no memory                recovers it, and logs that if the thread has ended
the loop has no memory for the greenlet or task that   the same, and the loop logs it
would release the stream
=====================================================  ================================================================

A body that is closed in another thread than that of the reader is handed over in the same way, with all of its steps.

The close steps of a dropped body, background tasks among them, run only if ``start_response`` was called: otherwise no
client has got anything. Under a hub that runs other greenlets meanwhile, they run in the greenlet that releases the
stream, otherwise in another thread.

Rejected: a finalizer of the stream itself. Its timers and watchers would have to reference it weakly, at a cost for
each of them, and the finalizer would find the stream half collected.
"""

from __future__ import annotations

import logging
from typing import Protocol

from wsgiresp._runtime.close_order import Step, run_each, run_each_in_thread
from wsgiresp._runtime.interface import Runtime, Wakeup
from wsgiresp._streams.machine import StreamMachine
from wsgiresp._streams.open_streams import forget_lost, note_lost

log = logging.getLogger("wsgiresp")


class Stream(Protocol):
    """A stream of a WSGI or an ASGI server."""

    is_released: bool

    @property
    def machine(self) -> StreamMachine:
        """The state machine."""
        ...

    @property
    def runtime(self) -> Runtime[Wakeup] | None:
        """The runtime of the reader, None before the first step."""
        ...

    def release(self) -> None:
        """Close the source, and release everything else."""
        ...

    def release_soon(self, steps: tuple[Step, ...]) -> None:
        """Release the stream, then run *steps*; called by the loop, and returns at once."""
        ...

    def abandon(self) -> None:
        """Release everything but the source, since the loop of the reader has ended; from any thread."""
        ...


class DroppedStream:
    """A stream whose body was dropped, and its close *steps*: none if ``start_response`` was not called."""

    __slots__ = ("_is_posted", "_steps", "_stream")

    def __init__(self, stream: Stream, steps: tuple[Step, ...]) -> None:
        self._stream = stream
        self._steps = steps
        self._is_posted = False
        """Whether the loop still has to release the stream, in a thread that may end before that."""

    def __str__(self) -> str:
        """The name of the source, for the log."""
        return str(self._stream)

    def hand_over(self) -> None:
        """Have the stream released and the steps run, as the table above says; for the finalizer, from any thread."""
        stream, runtime = self._stream, self._stream.runtime
        if stream.is_released:
            if self._steps and not self._post_steps(runtime):
                self.start_steps()
            return
        stream.machine.request_abort()  # so that the source has 0.5 s to close instead of 10 s
        if runtime is None:
            note_lost(self)
        elif runtime.may_wait_in_finalizer:
            stream.machine.close()
            run_each((stream.release,))
            self.start_steps()
        elif runtime.runs_others:
            if not runtime.call_soon_in_finalizer(self._release_soon):
                note_lost(self)
        else:
            # On a thread server the hub runs only while a stream is read: the thread may end before that. Noted first,
            # since the hub may run at this moment.
            self._is_posted = True
            note_lost(self)
            if not runtime.call_soon_in_finalizer(self._release_soon):
                self._is_posted = False

    def recover(self) -> bool:
        """Try :meth:`hand_over` again, from any thread; return False if the loop of the reader has ended.

        In that case everything else is released. A source in the thread of that loop is dropped, since no other thread
        may run it.
        """
        stream, runtime = self._stream, self._stream.runtime
        if runtime is None:
            stream.release()
        elif self._is_posted and not stream.is_released and not runtime.has_ended:
            note_lost(self)  # its own thread will release it
        elif stream.is_released or not runtime.has_ended:
            self.hand_over()
        else:
            stream.abandon()
            self.start_steps()
            return False
        return True

    def _post_steps(self, runtime: Runtime[Wakeup] | None) -> bool:
        return runtime is not None and runtime.runs_others and runtime.call_soon_in_finalizer(self._release_soon)

    def _release_soon(self) -> None:
        if self._is_posted:
            self._is_posted = False
            forget_lost(self)
        self._stream.machine.close()
        steps = self._taken_steps()
        try:
            self._stream.release_soon(steps)
        except Exception:  # no memory, maybe only for a moment
            self._steps = steps
            log.warning("stream %s was dropped, and is released with the next stream", self._stream, exc_info=True)
            note_lost(self)

    def start_steps(self) -> None:
        """Run the steps in another thread; if none can be started, the next stream of the process tries again."""
        steps = self._taken_steps()
        try:
            run_each_in_thread(steps)
        except Exception:  # no thread or no memory is left
            self._steps = steps
            note_lost(self)

    def _taken_steps(self) -> tuple[Step, ...]:
        # Another thread may recover this stream at the same moment, and no step may run twice.
        steps, self._steps = self._steps, ()
        return steps
