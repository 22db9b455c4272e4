"""Producer that steps an asynchronous source in a task of an asyncio loop.

Theory of operation: see ``producers`` for the threads, ``producer_stage`` for the stages.

``begin()`` posts a callback to the loop, which creates the task, and the reader waits for chunks. If the task cannot be
created (no memory, for example), the loop would only log the error, and the reader would wait for ever. So the error
becomes the error of the source. The task is created once more, only to close the source; if that fails too,
``aclose()`` of the source is run until it first waits. Then the buffer ends with the error.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Any

from wsgiresp._runtime import asyncio_thread
from wsgiresp._runtime.around import awaiting
from wsgiresp._runtime.asyncio_runtime import AsyncioRuntime, run_first_step
from wsgiresp._runtime.hubs import TURN
from wsgiresp._runtime.waiting_executor import ReaderExecutor, current_executor
from wsgiresp._streams.bounded_buffer import BoundedBuffer
from wsgiresp._streams.producer_stage import CLOSING, ENDED, NEW, STEPPING, STOPPED, Stage, end
from wsgiresp._streams.stream_source import StreamSource
from wsgiresp._types import Around, Callback


class TaskProducer:
    """Steps an asynchronous *source* in a task of *runtime*, by default of the one loop of the asyncio thread.

    *on_readable* wakes the reader; it is called in the thread of the loop. *reader* runs what the source submits to
    :data:`waiting_executor.current_executor`.
    """

    shares_thread = False

    def __init__(
        self,
        source: StreamSource,
        on_readable: Callback,
        *,
        reader: ReaderExecutor | None = None,
        runtime: AsyncioRuntime | None = None,
    ) -> None:
        self._source = source
        self._reader = reader
        if reader is not None:
            source.context.run(current_executor.set, reader)
        self._runtime = AsyncioRuntime(asyncio_thread.loop_for_waiting()) if runtime is None else runtime
        self._writable = self._runtime.wakeup()
        self._stage: Stage = NEW
        self._task: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None
        self.buffer = BoundedBuffer(on_readable, self._writable.set_threadsafe)

    def begin(self) -> None:
        """Make the first step on the loop, soon. From any thread."""
        self._runtime.call_soon_threadsafe(self._start)

    def stop(self) -> None:
        """Request that the source is closed: ``CancelledError`` where it waits, ``aclose()`` where it has yielded.

        From any thread. A second call has no effect.
        """
        try:
            # First: a source whose call is refused before that gets an error that is not meant for it, and is logged.
            self._runtime.call_soon_threadsafe(self._cancel)
        finally:
            if self._reader is not None:
                self._reader.refuse_calls()

    def _start(self) -> None:
        if self._task is not None or self._stage is ENDED:
            return
        try:
            self._task = self._make_task()
        except BaseException as error:
            self._stage, self._failure = STOPPED, error
            self._close_unstarted()

    def _make_task(self) -> asyncio.Task[None]:
        coroutine = self._run()
        try:
            return self._runtime.create_task(coroutine, self._source.context)
        except BaseException:
            coroutine.close()
            raise

    def _close_unstarted(self) -> None:
        try:
            self._task = self._make_task()
        except BaseException:
            run_first_step(self._source.aclose(), self._source.context)
            self._end(self._failure)

    def _cancel(self) -> None:
        if self._stage is NEW:
            self._stage = STOPPED
            self._start()
        elif self._task is not None and self._stage is STEPPING:
            self._stage = STOPPED
            self._task.cancel()

    async def _run(self) -> None:
        error = self._failure
        try:
            if self._stage is NEW:
                self._stage = STEPPING
                if self._source.around is None:
                    await self._put_all()
                else:
                    await self._put_all_inside(self._source.around)
            else:  # stopped before the first step
                await self._source.aclose()
        except BaseException as caught:  # none may reach the loop, which runs other streams too
            error = caught
        try:
            self._end(error)
        finally:
            del error  # as in GreenletProducer._run()

    def _end(self, error: BaseException | None) -> None:
        if self._reader is not None:
            self._reader.end()
        was_stopped = self._stage is STOPPED
        self._stage, self._failure = ENDED, None
        end(self.buffer, error, was_stopped)

    async def _put_all_inside(self, around: Around) -> None:
        """Make all steps inside of the context manager of *around*, as ``GreenletProducer._put_all_inside()`` does."""
        failure: BaseException | None = None
        has_entered = False
        try:
            async with awaiting(around):
                has_entered = True
                try:
                    await self._put_all()
                except BaseException as error:
                    failure = error
                    raise
            if failure is not None:
                raise failure
        except BaseException:
            if not has_entered:
                await self._source.aclose()
            raise
        finally:
            del failure

    async def _put_all(self) -> None:
        iterator: Any = None
        try:
            iterator = aiter(self._source.content)
            await self._put_each(iterator)
        finally:
            if self._stage is STEPPING:
                self._stage = CLOSING
            await self._source.aclose(iterator)

    async def _put_each(self, iterator: Any) -> None:
        turn_ends = monotonic() + TURN
        async for item in iterator:
            chunk = self._source.encode(item)
            if chunk and self.buffer.put(chunk):
                await self._pause()
            elif monotonic() > turn_ends:
                # A source that never awaits anything would keep the loop from all other streams.
                await self._runtime.yield_turn()
                turn_ends = monotonic() + TURN
            if self.buffer.is_closed:
                return

    async def _pause(self) -> None:
        """Wait until the reader has taken all chunks, or has closed the buffer."""
        while self.buffer.is_full:
            await self._writable.wait()
