"""Stream on an ASGI server: the driver of a stream machine whose reader is a task of the server's asyncio loop.

Theory of operation
-------------------
The server iterates an :class:`~wsgiresp._streams.asgi_body.ASGIStreamBody` in one task, the *reader*. That body
references an :class:`ASGIStream`, which does all the rest. If the server drops the body, the stream still exists and
can be released. Another task of the same loop steps the asynchronous source. Each step of the iteration asks the
machine for the next action. The reader waits only on ``_wakeup``. These set it:

* the producer, and the timers of keep-alive pings and of the maximum age, on the loop;
* ``finish()`` and ``abort()``, in any thread.

The server notices a disconnect itself: it cancels the reader and closes the body. It has its own write timeout, so
``send_timeout`` has no effect.

``begin()`` writes ``runtime``, ``_wakeup``, ``_producer`` and the timers once, on the loop, before it registers the
stream for the shutdown. ``release()`` may be called from any thread, also before ``begin()``: it has the source closed
on the loop. A stream that was read to its end, or whose source has failed, is released at once.

See ``machine`` for the phases, and docs/explanation/streams.md.
"""

from __future__ import annotations

from contextvars import copy_context
from functools import partial

from wsgiresp._runtime.asyncio_runtime import AsyncioRuntime, AsyncioTimers, AsyncioWakeup, run_in_thread
from wsgiresp._runtime.close_order import Step, run_each
from wsgiresp._streams.machine import WAIT, StreamMachine
from wsgiresp._streams.open_streams import register, unregister
from wsgiresp._streams.policy import CLOSE_TIMEOUT, FIRST_STEP_GRACE, StreamPolicy
from wsgiresp._streams.producers import Producer
from wsgiresp._streams.source_close import CloseDeadline, log_unread_error
from wsgiresp._streams.stream_source import StreamSource
from wsgiresp._streams.task_producer import TaskProducer


class ASGIStream:
    """The stream of *source*, which is asynchronous, registered as open from :meth:`begin` until it is released.

    *length*: the bytes that Content-Length announces, None without one.
    """

    __slots__ = (
        "_age_timers",
        "_closing",
        "_ping_timers",
        "_producer",
        "_source",
        "_wakeup",
        "is_released",
        "machine",
        "runtime",
    )

    _wakeup: AsyncioWakeup
    _closing: object
    """The task of a release on the loop; referenced here, since the loop has only a weak reference to a task."""

    def __init__(self, source: StreamSource, policy: StreamPolicy, length: int | None) -> None:
        self._source = source
        self.machine = StreamMachine(policy, length)
        self.runtime: AsyncioRuntime | None = None
        """The loop of the reader; None before :meth:`begin`."""
        self._producer: Producer | None = None
        self._ping_timers: AsyncioTimers | None = None
        self._age_timers: AsyncioTimers | None = None
        self.is_released = False
        """Whether :meth:`release` has ended; the close steps of the body may still have to run."""

    async def begin(self) -> None:
        """Start the source; wait until its first chunk is ready or it has ended, with a preamble for 20 ms at most.

        Raises the error that the source raises before its first chunk; ``RuntimeError`` for a ``StopAsyncIteration``.
        """
        runtime = AsyncioRuntime.current()
        self._start(runtime)
        await self._await_start(runtime)
        self.machine.open()

    def finish(self) -> None:
        """End the stream early, with its closing bytes, if its policy allows that; from any thread."""
        if self.machine.request_finish() and self._producer is not None:
            self._wakeup.set_threadsafe()

    def end_with_worker(self) -> None:
        """Finish the stream if its policy lets a stopping worker do so; from any thread."""
        if self.machine.policy.ends_with_worker:
            self.finish()

    def abort(self) -> None:
        """Request that the source is closed and the transfer fails, and return at once; from any thread.

        After an earlier finish the closing bytes are still sent.
        """
        self.machine.request_abort()
        if self._producer is not None and self.runtime is not None:
            self._wakeup.set_threadsafe()
            self.runtime.call_soon_threadsafe(self._producer.stop)

    def __str__(self) -> str:
        """The name of the source, for the log."""
        return self._source.name

    async def next_chunk(self) -> bytes:
        """Return the next chunk; wait until there is one. ``StopAsyncIteration`` at the end of the stream."""
        machine = self.machine
        try:
            action = machine.next_action()
            if action is WAIT:
                if self._ping_timers is not None:
                    self._ping_timers.arm(self._note_quiet)
                try:
                    while action is WAIT:
                        await self._wait()
                        action = machine.next_action()
                finally:
                    if self._ping_timers is not None:
                        self._ping_timers.cancel(self._note_quiet)
        except BaseException:
            self._release_if_ended()
            raise
        if isinstance(action, bytes):
            return action
        self._release_if_ended()
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Close the source and wait for that, up to 10 s, or 0.5 s from an abort on; on the loop of the reader."""
        producer, runtime = self._producer, self.runtime
        if self.is_released:
            return
        if producer is None or runtime is None:  # never begun
            self.is_released = True
            await self._source.aclose()
            return
        try:
            self._stop(producer)
        finally:
            await self._await_end(producer, runtime)

    def _start(self, runtime: AsyncioRuntime) -> None:
        policy = self.machine.policy
        self.runtime = runtime
        wakeup = self._wakeup = runtime.wakeup()
        source = self._source
        producer: Producer
        if source.brings_producer:
            producer = source.content.__wsgiresp_producer__(source, runtime, wakeup.set)
        else:
            producer = TaskProducer(source, wakeup.set, runtime=runtime)
        if policy.ping_interval:
            self._ping_timers = runtime.timers(policy.ping_interval)
        self.machine.begin(producer.buffer)
        self._producer = producer
        register(self)
        producer.begin()
        if policy.max_age:
            self._age_timers = runtime.timers(policy.max_age)
            self._age_timers.arm(self.finish)

    async def _await_start(self, runtime: AsyncioRuntime) -> None:
        machine, wakeup = self.machine, self._wakeup
        if not machine.policy.preamble:
            while machine.must_wait_for_start():
                await self._wait()
            return
        grace = runtime.timers(FIRST_STEP_GRACE)
        grace.arm(wakeup.set)
        try:
            await self._wait()
        finally:
            grace.cancel(wakeup.set)

    async def _wait(self) -> None:
        """Wait until something wakes the reader; it may return without a reason."""
        buffer = self.machine.buffer
        buffer.reader_waits = True
        try:
            # A producer that brings its own buffer may fill it from another thread, or before the first wait.
            if not buffer.chunks:
                await self._wakeup.wait()
        finally:
            buffer.reader_waits = False

    def _note_quiet(self) -> None:
        self.machine.note_quiet()
        self._wakeup.set()

    def _release_if_ended(self) -> None:
        """Release the stream if that needs no waiting, since its source is closed."""
        producer = self._producer
        if producer is not None and producer.buffer.has_ended and not self.is_released:
            self._stop(producer)
            self._note_released(producer)

    def _stop(self, producer: Producer) -> None:
        """Close the buffer, and request that the source is closed."""
        for timers, callback in ((self._ping_timers, self._note_quiet), (self._age_timers, self.finish)):
            if timers is not None:
                timers.cancel(callback)
        try:
            producer.buffer.discard()
        finally:
            producer.stop()
            self._wakeup.set()

    async def _await_end(self, producer: Producer, runtime: AsyncioRuntime) -> None:
        """Wait until the source is closed, and log what went wrong."""
        buffer = producer.buffer
        try:
            with CloseDeadline(self.machine, buffer, runtime, self._wakeup) as deadline:
                while not deadline.is_over():
                    await self._wakeup.wait()
            deadline.log_outcome(self)
        finally:
            self._note_released(producer)

    def _note_released(self, producer: Producer) -> None:
        self.abandon()
        log_unread_error(producer.buffer)

    def abandon(self) -> None:
        """Count the stream as released; also if its loop has ended, so that the source cannot be closed any more."""
        self.is_released = True
        unregister(self)

    def release(self) -> None:
        """Close the source and release all else, once; an error that the source raises now is logged. From any thread.

        On the loop itself it does not wait for the source, which is closed in a later iteration of the loop.
        """
        producer, runtime = self._producer, self.runtime
        if self.is_released:
            return
        if producer is None or runtime is None:  # never begun
            self.is_released = True
            self._source.close_unused()
        elif runtime.is_current:
            try:
                self._stop(producer)
                self._await_end_soon(producer, runtime)
            except BaseException:
                self.abandon()
                raise
        elif runtime.is_running:
            try:
                runtime.run_from_thread(self.aclose, CLOSE_TIMEOUT + 1)
            finally:  # also if the loop stops meanwhile
                self.abandon()
        else:
            self.abandon()

    def _await_end_soon(self, producer: Producer, runtime: AsyncioRuntime) -> None:
        context = copy_context()
        waiting = self._await_end(producer, runtime)
        try:
            self._closing = closing = runtime.create_task(waiting, context)
        except BaseException:
            waiting.close()
            raise
        # Also if the loop cancels it before its first step.
        closing.add_done_callback(lambda _: self.abandon())

    def release_soon(self, steps: tuple[Step, ...]) -> None:
        """Release the stream, whose body was dropped, and then run *steps* in a thread; called on the loop."""
        assert self.runtime is not None  # a loop has called this
        self._closing = self.runtime.create_task(self._release_dropped(steps), copy_context())

    async def _release_dropped(self, steps: tuple[Step, ...]) -> None:
        try:
            await self.aclose()
        finally:
            if steps:
                await run_in_thread(partial(run_each, steps))
