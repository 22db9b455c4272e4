"""Body of a stream on an ASGI server: what the server iterates and closes, and may drop without closing it.

Theory of operation
-------------------
The body references its :class:`~wsgiresp._streams.asgi_stream.ASGIStream`, which does all the work, and nothing that
lives longer than the request references the body: so it is freed when the server drops it. What happens then if
``close()`` was not called, see ``dropped_stream``.

``close()`` may be called from any thread, also before ``begin()``: it has the source closed on the loop, and runs the
close steps in its caller's thread, since they may block.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

from wsgiresp._runtime.asyncio_runtime import run_in_thread
from wsgiresp._runtime.close_order import Step, run_each
from wsgiresp._runtime.process import PROCESS, Process
from wsgiresp._streams.asgi_stream import ASGIStream
from wsgiresp._streams.dropped_stream import DroppedStream
from wsgiresp._streams.phases import CLOSED, NEW
from wsgiresp._streams.policy import RUN_TO_END, StreamPolicy
from wsgiresp._streams.stream_source import StreamSource


class ASGIStreamBody:
    """The chunks of *source*, which is asynchronous, for the loop that iterates this.

    ``aclose()`` closes the source; ``close()``, from any thread, does so too and then runs *steps*. *length*: the bytes
    that Content-Length announces, None without one.
    """

    __slots__ = ("__weakref__", "_is_answered", "_machine", "_process", "_steps", "stream")

    def __init__(
        self, source: StreamSource, steps: Iterable[Step], policy: StreamPolicy = RUN_TO_END, length: int | None = None
    ) -> None:
        self._steps: tuple[Step, ...] = tuple(steps)
        self._process = PROCESS.identity
        self._is_answered = False
        self.stream = ASGIStream(source, policy, length)
        self._machine = self.stream.machine

    async def begin(self) -> None:
        """Start the source; wait until its first chunk is ready or it has ended, with a preamble for 20 ms at most.

        An error that the source raises before its first chunk is raised here, after the body is closed and its close
        steps have run, in another thread; ``RuntimeError`` for a ``StopAsyncIteration``. A second call has no effect.
        """
        if self._machine.phase is not NEW:
            return
        try:
            await self.stream.begin()
        except BaseException:
            try:
                await self.aclose()
            finally:
                await run_in_thread(self.close)
            raise

    def note_answered(self) -> None:
        """Note that the server was given the status, so that the close steps run even if the body is dropped."""
        self._is_answered = True

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._machine.phase is NEW:
            await self.begin()
        return await self.stream.next_chunk()

    async def aclose(self) -> None:
        """Close the source and wait for that, up to 10 s, or 0.5 s from an abort on; on the loop of the reader."""
        self._machine.close()
        await self.stream.aclose()

    def close(self) -> None:
        """Close the source and run the steps, each once; failures are logged. From any thread; not in a forked child.

        On the loop itself it does not wait for the source, which is closed in a later iteration of the loop.
        """
        if self._process is PROCESS.identity:
            self._machine.close()
            # Taken out before they are run, so a close() from inside a step cannot repeat them.
            steps, self._steps = self._steps, ()
            run_each((self.stream.release, *steps))

    def __del__(self, process: Process = PROCESS) -> None:  # an argument: globals may be gone at the exit
        try:
            machine = self._machine
        except AttributeError:  # it could not be made
            return
        if self._process is process.identity and not process.is_exiting:
            steps = self._steps if self._is_answered else ()
            if machine.phase < CLOSED or steps:
                DroppedStream(self.stream, steps).hand_over()
