"""Stream body for ASGI servers: the driver of a stream machine whose reader is a task of the server's asyncio loop.

Theory of operation
-------------------
The server iterates the body in one task, the *reader*; an asynchronous source is stepped by another task of the same
loop. Each ``__anext__()`` asks the machine what to do; only here the reader waits, on ``_wakeup``. The producer, the
timers, and ``finish()`` and ``abort()``, from any thread, wake it. The server notices a disconnect itself: it cancels
the reader and closes the body. The server applies its own write timeout, so ``send_timeout`` has no effect.

``_producer``, ``_runtime`` and ``_wakeup`` are set once, by ``begin()``, in the thread of the loop; before that no
other thread knows the body. ``close()`` comes from any thread: it has the source closed on the loop, and runs the steps
in the thread of its caller, since steps may block.

See ``machine`` for the phases, and docs/explanation/streams.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

from wsgiresp._runtime.asyncio_runtime import AsyncioRuntime, AsyncioTimers, AsyncioWakeup, run_in_thread
from wsgiresp._runtime.close_order import Step, run_each
from wsgiresp._streams.machine import NEW, WAIT, StreamMachine
from wsgiresp._streams.open_streams import log_late_close, log_unread_error, register, unregister
from wsgiresp._streams.policy import CLOSE_TIMEOUT, CLOSE_TIMEOUT_ABORTED, FIRST_STEP_GRACE, RUN_TO_END, StreamPolicy
from wsgiresp._streams.producers import Producer
from wsgiresp._streams.stream_source import StreamSource
from wsgiresp._streams.task_producer import TaskProducer


class ASGIStreamBody:
    """The chunks of *source*, which is asynchronous, for the loop that iterates this.

    ``aclose()`` closes the source; ``close()``, from any thread, does so too and then runs *steps*. *length*: the bytes
    that Content-Length announces, None without one.
    """

    __slots__ = (
        "_age_timers",
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
        """Start the source, and return once there is something to send or the stream has ended; with a preamble, soon.

        What the source raises before its first chunk is raised here, ``RuntimeError`` for a ``StopAsyncIteration``.
        Then the body is closed, and its steps have run, in another thread. Again changes nothing.
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
        """Close the source and break the transfer, soon; from any thread.

        The closing bytes of a stream that was finished before still go out.
        """
        self._machine.request_abort()
        if self._producer is not None:
            self._wakeup.set_threadsafe()
            self._producer.stop()

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
        """Close the source and wait for that, up to 10 s, or 0.5 s after an abort; on the loop of the reader."""
        producer = self._producer
        if producer is None:  # never begun
            self._machine.close()
            await self._source.aclose()
            return
        self._discard(producer)
        expired: list[bool] = []

        def expire() -> None:
            expired.append(True)
            self._wakeup.set()

        seconds = CLOSE_TIMEOUT_ABORTED if self._machine.is_aborted else CLOSE_TIMEOUT
        limit = self._runtime.timers(seconds)
        limit.arm(expire)
        try:
            while not (producer.buffer.has_ended or expired):
                await self._wakeup.wait()
        finally:
            limit.cancel(expire)
        if producer.buffer.has_ended:
            log_unread_error(producer.buffer)
        else:
            log_late_close(self, seconds, self._machine.is_aborted)

    def close(self) -> None:
        """Close the source and run the steps, each once; failures are logged. From any thread.

        On the loop itself it does not wait for the source, which is closed in a later turn.
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
            await self._wakeup.wait()
        finally:
            buffer.reader_waits = False

    def _note_quiet(self) -> None:
        self._machine.note_quiet()
        self._wakeup.set()

    def _discard(self, producer: Producer) -> None:
        """Read nothing any more, and have the source closed soon."""
        self._machine.close()
        unregister(self)
        for timers, callback in ((self._ping_timers, self._note_quiet), (self._age_timers, self.finish)):
            if timers is not None:
                timers.cancel(callback)
        producer.buffer.close()
        producer.stop()
        self._wakeup.set()

    def _end(self) -> None:
        if self._machine.is_closed:
            return
        if self._producer is None:  # never begun
            self._machine.close()
            self._source.close_unused()
        elif self._runtime.is_current:
            self._discard(self._producer)
        elif self._runtime.is_running:
            self._runtime.run_from_thread(self.aclose(), CLOSE_TIMEOUT + 1)
        else:  # the loop has ended, and nothing can step the source any more
            self._machine.close()
            unregister(self)
