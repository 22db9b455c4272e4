"""Stream body for WSGI servers: the driver of a stream machine whose reader blocks.

Theory of operation
-------------------
The server iterates the body in one thread, by one greenlet, which is the *reader*. Each ``__next__()`` asks the machine
what to do; only here the reader waits, on ``_wakeup``. These wake it:

* the producer, through its buffer, in the reader's thread or in that of the producer;
* ``finish()`` and ``abort()``, from any thread: they write a request of the machine, and set the wakeup;
* the disconnect watcher, the ping timers and the maximum age, called by the hub in the reader's thread.

On a thread server the hub runs only while the reader waits: disconnects, pings and the maximum age are then noticed at
the next wait, requests at the next chunk. A server that blocks in a write is ended by the write timeout or by an abort,
both of which shut the connection down.

Every attribute is written by the reader's thread alone, once the constructor has returned. ``close()`` belongs to that
thread too; another greenlet of it may call it while the reader waits, which then raises ``RuntimeError``, since the
server must not take the part for the whole.

See ``machine`` for the phases, and docs/explanation/streams.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from socket import SHUT_RD

from wsgiresp._runtime.close_order import Step, run_each
from wsgiresp._runtime.gevent_runtime import GeventRuntime
from wsgiresp._runtime.interface import GreenletRuntime
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._runtime.shutdown import seconds_since_stop, watch_server
from wsgiresp._runtime.sockets import reset_connection, shut_connection
from wsgiresp._streams.machine import HANG_UP, PROBING, WAIT, StreamMachine
from wsgiresp._streams.open_streams import log_late_close, log_unread_error, register, unregister
from wsgiresp._streams.policy import (
    CLOSE_TIMEOUT,
    CLOSE_TIMEOUT_ABORTED,
    FIRST_STEP_GRACE,
    RUN_TO_END,
    SECOND_PING_AFTER,
    StreamPolicy,
)
from wsgiresp._streams.producers import producer_for
from wsgiresp._streams.stream_source import StreamSource
from wsgiresp._streams.write_timeout import write_timeout


class WSGIStreamBody:
    """The chunks of *source* for *server*; its ``close()`` closes the source and then runs *steps*.

    *length*: the bytes that Content-Length announces, None without one. *runtime*: that of the reader, by default the
    hub of this thread; ``close()`` closes it. To be read and closed in the thread that made it, unless a method says
    otherwise; :meth:`begin` comes first.
    """

    __slots__ = (
        "_age_timers",
        "_buffer",
        "_connection",
        "_end_watch",
        "_is_delimited",
        "_machine",
        "_name",
        "_owns_connection",
        "_ping_timers",
        "_probe_timers",
        "_producer",
        "_runtime",
        "_steps",
        "_wakeup",
        "_write_timeout",
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
        if runtime is None:
            runtime = GeventRuntime()
        self._runtime: GreenletRuntime = runtime
        self._wakeup = runtime.wakeup()
        self._steps: tuple[Step, ...] = tuple(steps)
        self._name = source.name
        self._connection = connection = server.connection
        self._is_delimited = length is not None or not server.is_http_1_0
        self._owns_connection = connection is not None and server.has_connection_alone
        self._machine = StreamMachine(policy, length, needs_probe=connection is None and server.has_software)
        try:
            self._write_timeout = write_timeout(runtime, policy.send_timeout, connection)
            self._producer = producer_for(source, runtime, self._wakeup, is_prompt=bool(policy.preamble))
        except BaseException:  # no thread or no descriptor is available
            runtime.close()
            raise
        self._buffer = self._producer.buffer
        self._ping_timers = self._probe_timers = None
        if policy.ping_interval:
            self._ping_timers = runtime.timers(policy.ping_interval)
            self._probe_timers = runtime.timers(min(SECOND_PING_AFTER, policy.ping_interval / 2))
        self._age_timers = runtime.timers(policy.max_age) if policy.max_age else None
        self._end_watch = runtime.watch_disconnect(server, self._note_disconnect)
        watch_server(server)
        register(self)

    def begin(self) -> None:
        """Start the source, and return once there is something to send or the stream has ended; with a preamble, soon.

        What the source raises before its first chunk is raised here, ``RuntimeError`` for a ``StopIteration``. Then the
        body is closed.
        """
        machine = self._machine
        try:
            machine.begin(self._buffer)
            self._producer.begin()
            if self._age_timers is not None:
                self._age_timers.arm(self.finish)
            if machine.policy.preamble:
                self._await_first_step()
            else:
                self._wait()
                while machine.must_wait_for_start():
                    self._wait()
            machine.open()
        except BaseException:
            self.close()
            raise

    def finish(self) -> None:
        """End the stream early, with its closing bytes, if its policy allows that; from any thread."""
        if self._machine.request_finish():
            self._wakeup.set_threadsafe()

    def abort(self) -> None:
        """Close the source and break the transfer, soon; from any thread.

        The closing bytes of a stream that was finished before still go out. ``close()`` then waits for the source for
        a shorter time.
        """
        machine = self._machine
        machine.request_abort()
        self._wakeup.set_threadsafe()
        self._runtime.call_soon_threadsafe(self._producer.stop)
        # The server may be blocked in a write to a client that reads nothing.
        if self._connection is not None and not machine.is_closed:
            (shut_connection if self._is_delimited else reset_connection)(self._connection)

    def __str__(self) -> str:
        """The name of the source, for the log."""
        return self._name

    def close(self) -> None:
        """Close the source and run the steps, each once; failures are logged."""
        if self._machine.close():
            # Taken out: they may reference this body.
            steps, self._steps = self._steps, ()
            run_each((self._end, *steps))

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._write_timeout is None:
            machine = self._machine
            if machine.passes_through and machine.request is None and self._buffer.chunks:
                return self._buffer.take()
            return self._next()
        self._write_timeout.cancel()
        chunk = self._next()
        self._write_timeout.arm()
        return chunk

    def _next(self) -> bytes:
        machine, buffer = self._machine, self._buffer
        try:
            action = machine.next_action()
            if action is WAIT:
                timers = self._probe_timers if machine.phase is PROBING else self._ping_timers
                if timers is not None:
                    timers.arm(self._note_quiet)
                while action is WAIT:
                    self._wait()
                    if machine.passes_through and machine.request is None and buffer.chunks:
                        return buffer.take()
                    action = machine.next_action()
        except BaseException:
            if self._connection is not None and not self._is_delimited:
                # A close-delimited body (HTTP/1.0): a FIN would mean that it is complete.
                reset_connection(self._connection)
            raise
        if isinstance(action, bytes):
            return action
        if action is HANG_UP and self._connection is not None:
            shut_connection(self._connection)
        raise StopIteration

    def _wait(self) -> None:
        """Wait until something wakes the reader; it may return without a reason."""
        buffer = self._buffer
        buffer.reader_waits = True
        try:
            # Asked after that: a producer in another thread may have put a chunk just before, and woken nobody.
            if not buffer.chunks:
                self._wakeup.wait()
        finally:
            buffer.reader_waits = False

    def _await_first_step(self) -> None:
        """Wait until the source waits for the first time; if that is elsewhere, for a grace period."""
        wakeup = self._wakeup
        if self._producer.shares_thread:
            # It is called after the first step.
            self._runtime.call_soon(wakeup.set)
            self._wait()
            return
        grace = self._runtime.timers(FIRST_STEP_GRACE)
        grace.arm(wakeup.set)
        self._wait()
        grace.cancel(wakeup.set)

    def _note_disconnect(self) -> None:
        self._machine.note_disconnect()
        self._wakeup.set()

    def _note_quiet(self) -> None:
        # Only while the reader waits: a timer that fires while the server writes says nothing of the time since.
        if self._buffer.reader_waits:
            self._machine.note_quiet()
            self._wakeup.set()

    def _end(self) -> None:
        machine, buffer = self._machine, self._buffer
        self._end_watch()
        for timers, callback in (
            (self._ping_timers, self._note_quiet),
            (self._probe_timers, self._note_quiet),
            (self._age_timers, self.finish),
        ):
            if timers is not None:
                timers.cancel(callback)
        if self._write_timeout is not None:
            self._write_timeout.cancel()
        buffer.close()
        self._wakeup.wake_and_yield()
        try:
            if not buffer.has_ended:
                self._producer.stop()
                self._await_source()
        finally:
            if machine.request is not None and self._owns_connection and seconds_since_stop():
                # The client reconnects to another worker: without this, keep-alive would delay the exit of this one.
                shut_connection(self._connection, SHUT_RD)
            unregister(self)
            self._runtime.close()
        if buffer.error is not None:
            log_unread_error(buffer)

    def _await_source(self) -> None:
        """Wait for the source to be closed, up to 10 s, or 0.5 s once the stream is aborted; log that it is not."""
        machine = self._machine
        seconds = CLOSE_TIMEOUT_ABORTED if machine.is_aborted else CLOSE_TIMEOUT
        self._await_end(seconds)
        if machine.is_aborted and seconds != CLOSE_TIMEOUT_ABORTED:  # aborted meanwhile
            seconds = CLOSE_TIMEOUT_ABORTED
            self._await_end(seconds)
        if not self._buffer.has_ended:
            log_late_close(self, seconds, machine.is_aborted)

    def _await_end(self, seconds: float) -> None:
        """Wait up to *seconds* until the source is closed, or the stream is aborted, if it was not before."""
        was_aborted = self._machine.is_aborted
        expired: list[bool] = []

        def expire() -> None:
            expired.append(True)
            self._wakeup.set()

        limit = self._runtime.timers(seconds)
        limit.arm(expire)
        try:
            while not (self._buffer.has_ended or expired) and self._machine.is_aborted is was_aborted:
                self._wakeup.wait()
        finally:
            limit.cancel(expire)
