"""Stream body for WSGI servers: the driver of a stream machine whose reader is a greenlet or a thread.

Theory of operation
-------------------
The server iterates the body in one greenlet or thread, the *reader*. Each ``__next__()`` asks the machine for the next
action. The reader waits only on ``_wakeup``. These set it:

* the producer, through its buffer, in the reader's thread or in that of the producer;
* ``finish()`` and ``abort()``, in any thread, after they have written a request of the machine;
* the disconnect watcher, the timers of keep-alive pings and of the maximum age, called by the hub in the reader's
  thread.

On a thread server the hub runs only while the reader waits. Disconnects, pings and the maximum age are therefore
noticed at the next wait, and a finish or an abort at the next chunk. A write that blocks is ended by the write timeout
or by an abort; both shut the connection down.

After construction only the reader's thread writes attributes. It also calls ``close()``. If another greenlet of that
thread calls ``close()`` while the reader waits, the reader raises ``RuntimeError``, so that the server does not treat
an incomplete body as complete.

See ``machine`` for the phases, and docs/explanation/streams.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from socket import SHUT_RD

from wsgiresp._runtime.close_order import Step, run_each
from wsgiresp._runtime.gevent_runtime import GeventRuntime
from wsgiresp._runtime.interface import GreenletRuntime
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._runtime.shutdown import is_stopping, watch_server
from wsgiresp._runtime.sockets import reset_connection, shut_connection
from wsgiresp._streams.machine import HANG_UP, WAIT, StreamMachine
from wsgiresp._streams.open_streams import register, unregister
from wsgiresp._streams.phases import PROBING
from wsgiresp._streams.policy import FIRST_STEP_GRACE, RUN_TO_END, SECOND_PING_AFTER, StreamPolicy
from wsgiresp._streams.producers import producer_for
from wsgiresp._streams.source_close import CloseDeadline, log_unread_error
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
        connection = server.connection
        # A connection that other streams share (HTTP/2) belongs to the server: none of what is done here to the socket
        # may end those.
        self._connection = None if server.shares_connection else connection
        self._is_delimited = length is not None or not server.is_http_1_0
        self._machine = StreamMachine(policy, length, needs_probe=connection is None and server.has_software)
        try:
            self._write_timeout = write_timeout(runtime, policy.send_timeout, self._connection)
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
        """Start the source; block until its first chunk is ready or it has ended.

        With a preamble: until the source waits for the first time, or for 20 ms if it runs in another thread or task.
        An error that the source raises before its first chunk is raised here, after the body is closed;
        ``RuntimeError`` for a ``StopIteration``.
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
                self._wait()  # returns at once if there is a reason not to wait
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
        """Request that the source is closed and the transfer fails, and return at once; from any thread.

        The connection is shut down, since the server may be blocked in a write. A reader that waits in the body is not:
        after an earlier finish it still sends the closing bytes. ``close()`` waits for the source for 0.5 s at most.
        """
        machine = self._machine
        machine.request_abort()
        self._wakeup.set_threadsafe()
        self._runtime.call_soon_threadsafe(self._producer.stop)
        if not machine.is_closed and not (machine.is_finishing and self._buffer.reader_waits):
            self._break_off()

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
                timers = self._probe_timers if machine.ping is PROBING else self._ping_timers
                if timers is not None:
                    timers.arm(self._note_quiet)
                while action is WAIT:
                    self._wait()
                    if machine.passes_through and machine.request is None and buffer.chunks:
                        return buffer.take()
                    action = machine.next_action()
        except BaseException:
            if not self._is_delimited:
                self._break_off()
            raise
        if isinstance(action, bytes):
            return action
        if action is HANG_UP:
            # A client that has only half-closed must not take the end of the iteration for a complete body.
            self._break_off()
        raise StopIteration

    def _break_off(self) -> None:
        """Make the client see that the body is incomplete, if the connection is that of this stream alone."""
        if self._connection is None:
            return
        if self._is_delimited:
            shut_connection(self._connection)
        else:  # the body ends with its connection (HTTP/1.0): a FIN would mean that it is complete
            reset_connection(self._connection)

    def _wait(self) -> None:
        """Wait until something wakes the reader; it may return without a reason."""
        buffer = self._buffer
        buffer.reader_waits = True
        try:
            # Checked after that: a producer in another thread may have put a chunk just before, without a wake-up.
            if not buffer.chunks:
                self._wakeup.wait()
        finally:
            buffer.reader_waits = False

    def _await_first_step(self) -> None:
        """Wait until the source waits for the first time; if that is elsewhere, for a grace period."""
        wakeup = self._wakeup
        if self._producer.shares_thread:
            # Called after the callback that makes the first step.
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
        # Only while the reader waits: a timer that fires during a write of the server measures no quiet interval.
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
        try:
            # A wakeup has a single waiter: another greenlet that waits there must leave before this one may wait.
            self._wakeup.wake_and_yield()
            if not buffer.has_ended:
                self._producer.stop()
                with CloseDeadline(machine, buffer, self._runtime, self._wakeup) as deadline:
                    while not deadline.is_over():
                        self._wakeup.wait()
                deadline.log_outcome(self)
        finally:
            if not buffer.has_ended:  # this greenlet was interrupted, or the time has passed
                self._producer.stop()
            if machine.request is not None and self._connection is not None and is_stopping():
                # The client reconnects to another worker: without this, keep-alive would delay the exit of this one.
                shut_connection(self._connection, SHUT_RD)
            unregister(self)
            self._runtime.close()
        if buffer.error is not None:
            log_unread_error(buffer)
