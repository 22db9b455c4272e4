"""Stream body for ASGI servers: the driver of a stream machine whose reader is a task of the server's asyncio loop.

Theory of operation
-------------------
The server iterates the body in one task, the *reader*. Another task of the same loop steps an asynchronous source. Each
``__anext__()`` asks the machine for the next action. The reader waits only on ``_wakeup``, which is set by the producer
and the timers of keep-alive pings and of the maximum age (on the loop), and by ``finish()`` and ``abort()`` (in any
thread). The server notices a disconnect itself: it cancels the reader and closes the body. It has its own write
timeout, so ``send_timeout`` has no effect.

``begin()`` writes ``_runtime``, ``_wakeup``, ``_producer`` and the timers once, on the loop, before it registers the
body for the shutdown. ``close()`` may be called from any thread, also before ``begin()``: it has the source closed on
the loop, and runs the close steps in its caller's thread, since they may block.

See ``machine`` for the phases, and docs/explanation/streams.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextvars import copy_context

from wsgiresp._runtime.asyncio_runtime import AsyncioRuntime, AsyncioTimers, AsyncioWakeup, run_in_thread
from wsgiresp._runtime.close_order import Step, run_each
from wsgiresp._streams.machine import WAIT, StreamMachine
from wsgiresp._streams.open_streams import register, unregister
from wsgiresp._streams.phases import NEW
from wsgiresp._streams.policy import CLOSE_TIMEOUT, FIRST_STEP_GRACE, RUN_TO_END, StreamPolicy
from wsgiresp._streams.producers import Producer
from wsgiresp._streams.source_close import CloseDeadline, log_unread_error
from wsgiresp._streams.stream_source import StreamSource
from wsgiresp._streams.task_producer import TaskProducer


class ASGIStreamBody:
    """The chunks of *source*, which is asynchronous, for the loop that iterates this.

    ``aclose()`` closes the source; ``close()``, from any thread, does so too and then runs *steps*. *length*: the bytes
    that Content-Length announces, None without one.
    """

    __slots__ = (
        "_age_timers",
        "_closing",
        "_machine",
        "_ping_timers",
        "_producer",
        "_runtime",
        "_source",
        "_steps",
        "_wakeup",
    )

    _runtime: AsyncioRuntime
    _wakeup: AsyncioWakeup
    _closing: object
    """The wait of a ``close()`` on the loop: the loop itself keeps only a weak reference to a task."""

    def __init__(
        self, source: StreamSource, steps: Iterable[Step], policy: StreamPolicy = RUN_TO_END, length: int | None = None
    ) -> None:
        self._source = source
        self._machine = StreamMachine(policy, length)
        self._steps: tuple[Step, ...] = (self._end, *steps)
        self._producer: Producer | None = None
        self._ping_timers: AsyncioTimers | None = None
        self._age_timers: AsyncioTimers | None = None

    async def begin(self) -> None:
        """Start the source; wait until its first chunk is ready or it has ended, with a preamble for 20 ms at most.

        An error that the source raises before its first chunk is raised here, after the body is closed and its close
        steps have run, in another thread; ``RuntimeError`` for a ``StopAsyncIteration``. A second call has no effect.
        """
        if self._machine.phase is not NEW:
            return
        try:
            self._start()
            await self._await_start()
            self._machine.open()
        except BaseException:
            try:
                await self.aclose()
            finally:
                await run_in_thread(self.close)
            raise

    def finish(self) -> None:
        """End the stream early, with its closing bytes, if its policy allows that; from any thread."""
        if self._machine.request_finish() and self._producer is not None:
            self._wakeup.set_threadsafe()

    def abort(self) -> None:
        """Request that the source is closed and the transfer fails, and return at once; from any thread.

        After an earlier finish the closing bytes are still sent.
        """
        self._machine.request_abort()
        if self._producer is not None:
            self._wakeup.set_threadsafe()
            self._runtime.call_soon_threadsafe(self._producer.stop)

    def __str__(self) -> str:
        """The name of the source, for the log."""
        return self._source.name

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        await self.begin()
        machine = self._machine
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
        if isinstance(action, bytes):
            return action
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Close the source and wait for that, up to 10 s, or 0.5 s from an abort on; on the loop of the reader."""
        producer = self._producer
        if producer is None:  # never begun
            self._machine.close()
            await self._source.aclose()
            return
        self._stop(producer)
        await self._await_end(producer)

    def close(self) -> None:
        """Close the source and run the steps, each once; failures are logged. From any thread.

        On the loop itself it does not wait for the source, which is closed in a later iteration of the loop.
        """
        # Taken out before they are run, so a close() from inside a step cannot repeat them.
        steps, self._steps = self._steps, ()
        run_each(steps)

    def _start(self) -> None:
        policy = self._machine.policy
        runtime = self._runtime = AsyncioRuntime.current()
        wakeup = self._wakeup = runtime.wakeup()
        source = self._source
        producer: Producer
        if source.brings_producer:
            producer = source.content.__wsgiresp_producer__(source, runtime, wakeup.set)
        else:
            producer = TaskProducer(source, wakeup.set, runtime=runtime)
        if policy.ping_interval:
            self._ping_timers = runtime.timers(policy.ping_interval)
        self._machine.begin(producer.buffer)
        self._producer = producer
        register(self)
        producer.begin()
        if policy.max_age:
            self._age_timers = runtime.timers(policy.max_age)
            self._age_timers.arm(self.finish)

    async def _await_start(self) -> None:
        machine, wakeup = self._machine, self._wakeup
        if not machine.policy.preamble:
            while machine.must_wait_for_start():
                await self._wait()
            return
        grace = self._runtime.timers(FIRST_STEP_GRACE)
        grace.arm(wakeup.set)
        try:
            await self._wait()
        finally:
            grace.cancel(wakeup.set)

    async def _wait(self) -> None:
        """Wait until something wakes the reader; it may return without a reason."""
        buffer = self._machine.buffer
        buffer.reader_waits = True
        try:
            # A producer that brings its own buffer may fill it from another thread, or before the first wait.
            if not buffer.chunks:
                await self._wakeup.wait()
        finally:
            buffer.reader_waits = False

    def _note_quiet(self) -> None:
        self._machine.note_quiet()
        self._wakeup.set()

    def _stop(self, producer: Producer) -> None:
        """Close the buffer, and request that the source is closed."""
        self._machine.close()
        for timers, callback in ((self._ping_timers, self._note_quiet), (self._age_timers, self.finish)):
            if timers is not None:
                timers.cancel(callback)
        producer.buffer.close()
        producer.stop()
        self._wakeup.set()

    async def _await_end(self, producer: Producer) -> None:
        """Wait until the source is closed, and log what went wrong."""
        buffer = producer.buffer
        try:
            with CloseDeadline(self._machine, buffer, self._runtime, self._wakeup) as deadline:
                while not deadline.is_over():
                    await self._wakeup.wait()
            deadline.log_outcome(self)
        finally:
            unregister(self)
        log_unread_error(buffer)

    def _end(self) -> None:
        producer = self._producer
        if self._machine.is_closed:
            return
        if producer is None:  # never begun
            self._machine.close()
            self._source.close_unused()
        elif self._runtime.is_current:
            self._stop(producer)
            self._closing = closing = self._runtime.create_task(self._await_end(producer), copy_context())
            # Also if the loop cancels it before its first step.
            closing.add_done_callback(lambda _: unregister(self))
        elif self._runtime.is_running:
            try:
                self._runtime.run_from_thread(self.aclose, CLOSE_TIMEOUT + 1)
            finally:  # also if the loop stops meanwhile
                self._machine.close()
                unregister(self)
        else:  # the loop has ended, and nothing can step the source any more
            self._machine.close()
            unregister(self)
