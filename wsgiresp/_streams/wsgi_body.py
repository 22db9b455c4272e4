"""Body of a stream on a WSGI server: what the server iterates and closes, and may drop without closing it.

The body references its :class:`~wsgiresp._streams.wsgi_stream.WSGIStream`, which does all the work, and nothing that
lives longer than the request references the body: so it is freed when the server drops it. What happens then if
``close()`` was not called, see ``dropped_stream``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wsgiresp._runtime.close_order import Step, run_each
from wsgiresp._runtime.interface import GreenletRuntime
from wsgiresp._runtime.process import PROCESS, Process
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._streams.dropped_stream import DroppedStream
from wsgiresp._streams.phases import CLOSED, OVER
from wsgiresp._streams.policy import RUN_TO_END, StreamPolicy
from wsgiresp._streams.stream_source import StreamSource
from wsgiresp._streams.wsgi_stream import WSGIStream


class WSGIStreamBody:
    """The chunks of *source* for *server*; its ``close()`` closes the source and then runs *steps*.

    *length*: the bytes that Content-Length announces, None without one. *runtime*: that of the reader, by default the
    hub of this thread. To be read and closed in the thread that made it; :meth:`begin` comes first. If it cannot be
    made, the source was not used, and the steps are left to the caller.
    """

    __slots__ = (
        "__weakref__",
        "_buffer",
        "_is_answered",
        "_is_left",
        "_machine",
        "_process",
        "_steps",
        "_write_timeout",
        "stream",
    )

    def __init__(
        self,
        server: ServerProfile,
        source: StreamSource,
        steps: Iterable[Step],
        policy: StreamPolicy = RUN_TO_END,
        length: int | None = None,
        *,
        runtime: GreenletRuntime | None = None,
    ) -> None:
        self._steps: tuple[Step, ...] = tuple(steps)
        self._process = PROCESS.identity
        self._is_answered = False
        self._is_left = False  # another thread has called close()
        self.stream = stream = WSGIStream(server, source, policy, length, runtime)
        self._machine = stream.machine
        self._buffer = stream.producer.buffer
        self._write_timeout = stream.write_timeout

    def begin(self) -> None:
        """Start the source; block until its first chunk is ready or it has ended.

        With a preamble: until the source waits for the first time, or for 20 ms if it runs in another thread or task.
        A source in this thread that blocks it, and does not wait by gevent's means, waits only after its first chunk.
        An error that the source raises before its first chunk is raised here, after the body is closed;
        ``RuntimeError`` for a ``StopIteration``.
        """
        try:
            self.stream.begin()
        except BaseException:
            self.close()
            raise

    def note_answered(self) -> None:
        """Note that ``start_response`` was called, so that the close steps run even if the body is dropped."""
        self._is_answered = True

    def close(self) -> None:
        """Close the source and run the steps, each once; failures are logged. Without effect in a forked child.

        In another thread than that of the reader it returns at once: the stream ends as if the body had been dropped
        there, since only its own thread may switch to the greenlets of its hub.
        """
        if self._process is not PROCESS.identity or self._is_left:
            return
        if not (self.stream.is_released or self.stream.runtime.is_here):
            self._leave()
            return
        is_partial = self._machine.phase is not OVER
        if self._machine.close():
            if is_partial:
                self.stream.transfer.interrupt()
            # Taken out: they may reference this body.
            steps, self._steps = self._steps, ()
            run_each((self.stream.release, *steps))

    def _leave(self) -> None:
        if self._machine.is_closed:
            return
        self._is_left = True
        if self._machine.phase is not OVER:
            self.stream.transfer.interrupt()
        steps, self._steps = self._steps, ()
        DroppedStream(self.stream, steps).recover()

    def __iter__(self) -> Iterator[bytes]:
        self.stream.transfer.begin()
        return self

    def __next__(self) -> bytes:
        if self._write_timeout is None:
            machine = self._machine
            if machine.passes_through and machine.request is None and self._buffer.chunks:
                try:
                    return self._buffer.take()
                except BaseException:  # no memory to join the chunks
                    self.stream.transfer.fail()
                    raise
            return self.stream.next_chunk()
        self._write_timeout.cancel()
        chunk = self.stream.next_chunk()
        self._write_timeout.arm()
        return chunk

    def __del__(self, process: Process = PROCESS) -> None:  # an argument: globals may be gone at the exit
        try:
            machine = self._machine
        except AttributeError:  # it could not be made
            return
        if machine.phase >= CLOSED or self._is_left:
            return
        if self._process is process.identity and not process.is_exiting:
            if machine.phase is not OVER:
                self.stream.transfer.note_dropped()
            DroppedStream(self.stream, self._steps if self._is_answered else ()).hand_over()
