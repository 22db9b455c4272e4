"""Producers that step a synchronous source: in a greenlet of the reader's hub, or in a thread with a hub of its own.

Theory of operation: see ``producers`` for the threads, ``producer_stage`` for the stages.
"""

from __future__ import annotations

from contextlib import suppress
from time import monotonic
from typing import Any

from greenlet import GreenletExit, getcurrent

from wsgiresp._runtime.around import blocking
from wsgiresp._runtime.gevent_runtime import GeventRuntime
from wsgiresp._runtime.hubs import TURN
from wsgiresp._runtime.interface import GreenletRuntime
from wsgiresp._runtime.threads import allocate_lock, join_at_exit, start_thread
from wsgiresp._streams.bounded_buffer import BoundedBuffer
from wsgiresp._streams.producer_stage import CLOSING, ENDED, NEW, STEPPING, STOPPED, Stage, end
from wsgiresp._streams.stream_source import StreamSource
from wsgiresp._types import Around, Callback


class GreenletProducer:
    """Steps *source* in a greenlet of *runtime*; to be created in the thread of that runtime.

    *on_readable* wakes the reader. With *one_at_a_time* the producer pauses after each chunk until that is taken: for a
    thread in which no other greenlet runs meanwhile. *is_remote*: the reader is in another thread.
    """

    __slots__ = ("_greenlet", "_is_shared", "_runtime", "_source", "_stage", "_writable", "buffer")

    shares_thread = True

    def __init__(
        self,
        source: StreamSource,
        runtime: GreenletRuntime,
        on_readable: Callback,
        *,
        one_at_a_time: bool = False,
        is_remote: bool = False,
    ) -> None:
        self._source = source
        self._runtime = runtime
        # For a reader in the same thread it is made at the first pause: most producers never pause.
        self._writable = runtime.wakeup() if is_remote else None
        self.buffer = BoundedBuffer(
            on_readable, None if self._writable is None else self._writable.set_threadsafe, one_at_a_time
        )
        self._is_shared = not one_at_a_time
        self._stage: Stage = NEW
        self._greenlet = runtime.new_greenlet(GreenletProducer._run)
        self._greenlet.gr_context = source.context

    def begin(self) -> None:
        """Make the first step in a later turn of the hub."""
        self._runtime.call_soon(self.start)

    def start(self) -> None:
        """Make the first step now; called by the hub. If the greenlet cannot start, the source ends with the error."""
        try:
            self._greenlet.switch(self)
        except BaseException as error:  # no memory for its stack
            self._end_unstarted(error)

    def _end_unstarted(self, error: BaseException) -> None:
        """End the source, whose first step the hub could not make: the reader waits, and nobody else hears of it."""
        if self._stage is not NEW:
            raise error
        self._close_unstarted(error)

    def stop(self) -> None:
        """Request that the source is closed: ``GreenletExit`` where it waits, ``GeneratorExit`` where it has yielded.

        To be called in the thread of the hub. A second call has no effect.
        """
        if self._stage is NEW:
            self._close_unstarted(None)
        elif self._stage is STEPPING:
            if getcurrent() is self._greenlet.parent:  # the caller is the loop, to which the greenlet returns
                self._interrupt()
            else:
                self._runtime.call_soon(self._interrupt)

    def _close_unstarted(self, error: BaseException | None) -> None:
        self._stage = CLOSING
        try:
            self._source.context.run(self._source.close)
        finally:
            self._stage = ENDED
            self.buffer.end(error)

    def _interrupt(self) -> None:
        if self._stage is STEPPING:
            self._stage = STOPPED
            self._greenlet.throw(GreenletExit)

    def _run(self) -> None:
        if self._stage is not NEW:  # stopped before the first step
            return
        self._stage = STEPPING
        error: BaseException | None = None
        source = self._source
        try:
            if source.around is None:
                self._put_all()
            else:
                self._put_all_inside(source.around)
        except BaseException as caught:
            error = caught
        was_stopped = self._stage is STOPPED
        self._stage = ENDED
        try:
            end(self.buffer, error, was_stopped)
        finally:
            del error  # its traceback references this frame: a cycle, which would keep the source's objects alive

    def _put_all_inside(self, around: Around) -> None:
        """Make all steps inside of the context manager of *around*; if it cannot be entered, close the source.

        An error of the source is raised even if the context manager suppresses it, since the body is incomplete.
        """
        failure: BaseException | None = None
        has_entered = False
        try:
            with blocking(around):
                has_entered = True
                try:
                    self._put_all()
                except BaseException as error:
                    failure = error
                    raise
            if failure is not None:
                raise failure
        except BaseException:
            if not has_entered:
                self._source.close()
            raise
        finally:
            del failure  # as in _run()

    def _put_all(self) -> None:
        iterator: Any = None
        try:
            iterator = self._source.iterator()
            self._put_each(iterator)
        finally:
            if self._stage is STEPPING:
                self._stage = CLOSING
            self._source.close(iterator)

    def _put_each(self, iterator: Any) -> None:
        buffer, encode, raw = self.buffer, self._source.encode, self._source.raw
        turn_ends = 0.0
        for item in iterator:
            chunk = item if type(item) is raw else encode(item)
            must_pause = buffer.put(chunk) if chunk else False
            now = monotonic()
            if now > turn_ends:
                turn_ends = now + TURN
                # With one_at_a_time each chunk pauses anyway; only empty ones would never yield.
                if (self._is_shared or not chunk) and self._runtime.is_turn_due():
                    self._runtime.yield_turn()
            if must_pause:
                self._pause()
            if buffer.is_closed:
                return

    def _pause(self) -> None:
        """Wait until the reader has taken all chunks, or has closed the buffer."""
        if self._writable is None:
            self._writable = self._runtime.wakeup()
            self.buffer.on_writable = self._writable.set
        while self.buffer.is_full:
            self._writable.wait()


OTHER_THREAD = (
    "The source of this stream was stepped in another thread than that of the view, so that keep-alive pings can be"
    " sent while it blocks. If it uses what belongs to the thread of the view, make the response with ping=0: then it"
    " is stepped in that thread. Or use a worker with greenlets (gunicorn --worker-class gevent)."
)
"""Note that is added to an error of a source that has a thread of its own."""


class _RemoteProducer(GreenletProducer):
    """The producer in the thread of a :class:`ThreadProducer`: it adds a note to the error of its source."""

    __slots__ = ()

    def begin(self) -> None:
        """Make the first step in a later turn of the hub; called by the hub."""
        try:
            super().begin()
        except BaseException as error:  # no memory for the callback
            self._end_unstarted(error)

    def _put_all(self) -> None:
        try:
            super()._put_all()
        except Exception as error:
            # A source may raise the same object for each client.
            if OTHER_THREAD not in getattr(error, "__notes__", ()):
                error.add_note(OTHER_THREAD)
            raise


class ThreadProducer:
    """Steps *source* in a real thread, for servers whose thread a step could block.

    The thread has a hub of its own, so a source that waits cooperatively does so there. A step that blocks the thread
    cannot be interrupted: the source is closed after that step returns. An error of the source gets a note that it ran
    in another thread than the view (:data:`OTHER_THREAD`).

    The thread writes ``_runtime``, ``_end``, ``_inner``, ``buffer`` and ``_failure`` before it releases ``_is_ready``,
    a lock that serves as an event: the constructor waits for it. ``_notify()`` runs in the thread.
    """

    buffer: BoundedBuffer
    shares_thread = False

    def __init__(self, source: StreamSource, on_readable: Callback) -> None:
        self._source = source
        self._on_readable = on_readable
        self._is_ready = allocate_lock()
        self._is_ready.acquire()
        self._failure: BaseException | None = None
        thread = start_thread(self._run, "wsgiresp-producer")
        self._is_ready.acquire()
        if self._failure is not None:
            raise self._failure
        buffer = self.buffer  # the closure must not reference the source
        with suppress(MemoryError):  # then the exit hook does not join the thread
            join_at_exit(thread, lambda: buffer.has_ended)

    def begin(self) -> None:
        """Make the first step in the thread, soon."""
        self._runtime.call_soon_threadsafe(self._inner.begin)

    def stop(self) -> None:
        """Request that the source is closed, at the latest after its current step. From any thread."""
        self._runtime.call_soon_threadsafe(self._inner.stop)

    def _run(self) -> None:
        try:
            self._runtime = GeventRuntime()
            self._end = self._runtime.wakeup()
            self._inner = _RemoteProducer(self._source, self._runtime, self._notify, is_remote=True)
            self.buffer = self._inner.buffer
        except BaseException as error:  # a hub needs descriptors
            self._failure = error
            if hasattr(self, "_runtime"):
                self._runtime.close()
            return
        finally:
            self._is_ready.release()
        while not self.buffer.has_ended:
            self._end.wait()
        self._runtime.close()

    def _notify(self) -> None:
        self._on_readable()
        if self.buffer.has_ended:
            self._end.set()
