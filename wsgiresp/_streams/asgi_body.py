"""Stream body for ASGI servers: an async source is stepped on the loop that iterates the body; sends pings."""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import AsyncIterator, Iterable

from wsgiresp._protocol.length_counting import LengthCounter
from wsgiresp._runtime.asyncio_thread import running_loop
from wsgiresp._runtime.close_order import Step, run_each
from wsgiresp._streams.open_streams import register, unregister
from wsgiresp._streams.policy import CLOSE_TIMEOUT, FIRST_STEP_GRACE, RUN_TO_END, StreamPolicy, transfer_error
from wsgiresp._streams.producers import TaskProducer
from wsgiresp._streams.stream_source import StreamSource

log = logging.getLogger("wsgiresp")


class ASGIStreamBody:
    """The chunks of *source*, an asynchronous one, stepped by the loop that iterates this.

    ``aclose()`` closes the source; ``close()``, from any thread, does so too and then takes *steps*. *length*: the
    bytes that Content-Length announces, if it does. Of *policy* all is kept but ``send_timeout``: the server waits.
    """

    def __init__(
        self, source: StreamSource, steps: Iterable[Step], policy: StreamPolicy = RUN_TO_END, length: int | None = None
    ) -> None:
        self._source = source
        self._policy = policy
        self._steps: Iterable[Step] = (self._end, *steps)
        self._length = None if length is None else LengthCounter(length)
        self._preamble = policy.preamble
        self._producer: TaskProducer | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self._must_finish = self._is_over = self._is_ping_due = self._is_closed = self._has_given_up = False
        self._is_aborted = False

    async def begin(self) -> None:
        """Start the source, and return once there is something to send, or nothing any more; with a preamble, at once.

        What the source raises before its first chunk is raised here. Again changes nothing.
        """
        if self._producer is not None or self._is_closed:
            return
        self._loop = asyncio.get_running_loop()
        self._wakeup = asyncio.Event()
        self._producer = TaskProducer(self._source, self._wakeup.set, loop=self._loop)
        self._buffer = self._producer.buffer
        self._producer.begin()
        register(self)
        if self._policy.max_age:
            self._timers.append(self._loop.call_later(self._policy.max_age, self.finish))
        if self._preamble:
            # For a source that fails at once.
            moment = self._loop.call_later(FIRST_STEP_GRACE, self._wakeup.set)
            await self._await()
            moment.cancel()
        else:
            while not (self._buffer.chunks or self._buffer.has_ended):
                await self._await()
        error = self._buffer.error
        if error is not None and not self._buffer.chunks:
            self._buffer.error = None
            raise error

    def finish(self) -> None:
        """Finish the stream soon, with its closing bytes, if its policy has any; from any thread."""
        if self._policy.closing_bytes is not None:
            self._must_finish = True
            self._loop.call_soon_threadsafe(self._wakeup.set)

    def abort(self) -> None:
        """Have the source closed soon, so that the transfer breaks off; from any thread."""
        if self._producer is not None:
            self._is_aborted = self._must_finish = True
            self._loop.call_soon_threadsafe(self._stop_source, self._producer)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        await self.begin()
        chunk = await self._next()
        if self._preamble:
            chunk, self._preamble = self._preamble + chunk, b""
        return chunk if self._length is None else self._length.count(chunk)

    async def aclose(self) -> None:
        """Close the source and wait until that is done, for up to 10 s."""
        self._is_closed = True
        self._forget()
        if self._producer is None:
            await self._source.aclose()
            return
        self._stop_source(self._producer)
        if not self._buffer.has_ended:
            await self._await_end()

    def close(self) -> None:
        """Close the source and take the steps, each once; the log tells of what fails. From any thread."""
        steps, self._steps = self._steps, ()
        run_each(steps)

    async def _next(self) -> bytes:
        buffer = self._buffer
        self._is_ping_due = False
        ping_interval = self._policy.ping_interval
        pings = self._loop.call_later(ping_interval, self._note_ping_due) if ping_interval else None
        try:
            while not self._is_over:
                if self._must_finish:
                    return self._final_chunk()
                if buffer.chunks:
                    return buffer.take()
                if self._preamble:
                    return b""
                if buffer.has_ended:
                    self._is_over = True
                    self._raise_outcome()
                elif self._is_ping_due:
                    return self._policy.ping
                else:
                    await self._await()
        finally:
            if pings is not None:
                pings.cancel()
        raise StopAsyncIteration

    async def _await(self) -> None:
        """Wait until something has happened, or perhaps nothing."""
        buffer = self._buffer
        buffer.reader_waits = True
        try:
            await self._wakeup.wait()
        finally:
            self._wakeup.clear()
            buffer.reader_waits = False

    def _stop_source(self, producer: TaskProducer) -> None:
        self._buffer.close()
        producer.stop()
        self._wakeup.set()

    async def _await_end(self) -> None:
        limit = self._loop.call_later(CLOSE_TIMEOUT, self._give_up)
        while not (self._buffer.has_ended or self._has_given_up):
            await self._wakeup.wait()
            self._wakeup.clear()
        limit.cancel()
        if not self._buffer.has_ended:
            log.warning("the source of a stream is still open %g s after it was to be closed", CLOSE_TIMEOUT)

    def _final_chunk(self) -> bytes:
        self._is_over = True
        if self._is_aborted:
            raise BrokenPipeError(errno.EPIPE, "the stream was cut: the worker ends")
        return self._buffer.close() + (self._policy.closing_bytes or bytes)()

    def _raise_outcome(self) -> None:
        error, self._buffer.error = self._buffer.error, None
        if error is not None:
            raise transfer_error(error)
        if self._length is not None:
            self._length.require_complete()

    def _note_ping_due(self) -> None:
        self._is_ping_due = True
        self._wakeup.set()

    def _give_up(self) -> None:
        self._has_given_up = True
        self._wakeup.set()

    def _forget(self) -> None:
        unregister(self)
        for timer in self._timers:
            timer.cancel()

    def _end(self) -> None:
        if self._is_closed:
            return
        if self._producer is None:
            self._is_closed = True
            self._source.close_unused()
        elif running_loop() is self._loop:
            # Here nobody can wait for it: it is closed in its turn.
            self._is_closed = True
            self._forget()
            self._stop_source(self._producer)
        elif self._loop.is_running():
            asyncio.run_coroutine_threadsafe(self.aclose(), self._loop).result(CLOSE_TIMEOUT + 1)
