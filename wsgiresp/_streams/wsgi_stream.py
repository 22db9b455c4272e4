"""Stream on a WSGI server: the driver of a stream machine whose reader is a greenlet or a thread.

Theory of operation
-------------------
The server iterates a :class:`~wsgiresp._streams.wsgi_body.WSGIStreamBody` in one greenlet or thread, the *reader*. That
body references a :class:`WSGIStream`, which does all the rest. If the server drops the body, the stream still exists
and can be released. Each step of the iteration asks the machine for the next action. The reader waits only on
``_wakeup``. These set it:

* the producer, through its buffer, in the reader's thread or in that of the producer;
* ``finish()`` and ``abort()``, in any thread, after they have written a request of the machine;
* the disconnect watcher, the timers of keep-alive pings and of the maximum age, called by the hub in the reader's
  thread.

On a thread server the hub runs only while the reader waits. Disconnects, pings and the maximum age are therefore
noticed at the next wait, and a finish or an abort at the next chunk. A write that blocks is ended by the write timeout
or by an abort; both shut the connection down.

After construction only the reader's thread writes attributes. It also calls ``release()``. If another greenlet of that
thread calls it while the reader waits, the reader raises ``RuntimeError``, so that the server does not treat an
incomplete body as complete.

**Release.** A stream has a producer with its source, timers, a disconnect watch, an entry in the registry of open
streams, and a lease of the hub. They are released once, at the first of these events:

* the iteration ends, and the source is closed already, since it was read to its end or has failed;
* the server calls ``close()`` of the body;
* the body is dropped without ``close()``, see ``dropped_stream``.

The release allocates nothing for the chunks that were not read, and closes the source first. An operation that fails,
for lack of memory or descriptors, is repeated once. If it fails again, the operations after it are still done.

See ``machine`` for the phases, and docs/explanation/streams.md.
"""

from __future__ import annotations

from functools import partial

from wsgiresp._runtime.close_order import Step, run_each, run_each_in_thread, run_twice_at_most
from wsgiresp._runtime.gevent_runtime import GeventRuntime
from wsgiresp._runtime.interface import GreenletRuntime, Timers
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._runtime.shutdown import is_stopping, watch_server
from wsgiresp._streams.machine import HANG_UP, WAIT, StreamMachine
from wsgiresp._streams.open_streams import register, unregister
from wsgiresp._streams.phases import PROBING
from wsgiresp._streams.policy import FIRST_STEP_GRACE, SECOND_PING_AFTER, StreamPolicy
from wsgiresp._streams.producers import Producer, producer_for
from wsgiresp._streams.source_close import CloseDeadline, log_unread_error
from wsgiresp._streams.stream_source import StreamSource
from wsgiresp._streams.transfer import Transfer
from wsgiresp._streams.write_timeout import WriteTimeout, write_timeout
from wsgiresp._types import Callback


class WSGIStream:
    """The stream of *source* for *server*, registered as open until it is released.

    *length*: the bytes that Content-Length announces, None without one. *runtime*: that of the reader, by default the
    hub of this thread; the stream closes it. To be used in the thread that made it, unless a method says otherwise;
    :meth:`begin` comes first. If it cannot be made, the source was not used.
    """

    __slots__ = (
        "_age_timers",
        "_end_watch",
        "_name",
        "_ping_timers",
        "_probe_timers",
        "_producer",
        "_wakeup",
        "is_released",
        "machine",
        "runtime",
        "transfer",
        "write_timeout",
    )

    def __init__(
        self,
        server: ServerProfile,
        source: StreamSource,
        policy: StreamPolicy,
        length: int | None,
        runtime: GreenletRuntime | None,
    ) -> None:
        self.transfer = Transfer(server, length)
        self._name = source.name
        self.machine = StreamMachine(policy, length, needs_probe=server.connection is None and server.has_software)
        self._ping_timers: Timers | None = None
        self._probe_timers: Timers | None = None
        self._age_timers: Timers | None = None
        self.write_timeout: WriteTimeout | None = None
        self._end_watch: Callback | None = None
        self._producer: Producer | None = None
        self.is_released = False
        """Whether :meth:`release` has ended; the close steps of the body may still have to run."""
        self.runtime: GreenletRuntime = GeventRuntime() if runtime is None else runtime
        try:
            self._make(server, source, policy)
        except BaseException:  # no memory, no thread or no descriptor is available
            self.release()
            raise

    def _make(self, server: ServerProfile, source: StreamSource, policy: StreamPolicy) -> None:
        runtime = self.runtime
        wakeup = self._wakeup = runtime.wakeup()
        self.write_timeout = write_timeout(runtime, policy.send_timeout, self.transfer.connection)
        if policy.ping_interval:
            self._ping_timers = runtime.timers(policy.ping_interval)
            self._probe_timers = runtime.timers(min(SECOND_PING_AFTER, policy.ping_interval / 2))
        if policy.max_age:
            self._age_timers = runtime.timers(policy.max_age)
        self._end_watch = runtime.watch_disconnect(server, self._note_disconnect)
        watch_server(server)
        register(self)
        # The last one: if this raises, nobody has used the source.
        is_prompt = bool(policy.preamble and policy.ping_interval)
        self._producer = producer_for(source, runtime, wakeup, server, is_prompt=is_prompt)

    def begin(self) -> None:
        """Start the source; block until its first chunk is ready or it has ended.

        With a preamble: until the source waits for the first time, or for 20 ms if it runs in another thread or task.
        Raises the error that the source raises before its first chunk; ``RuntimeError`` for a ``StopIteration``.
        """
        machine, producer = self.machine, self.producer
        machine.begin(producer.buffer)
        producer.begin()
        if self._age_timers is not None:
            self._age_timers.arm(self.finish)
        if machine.policy.preamble:
            self._await_first_step(producer)
        else:
            self._wait()  # returns at once if there is a reason not to wait
            while machine.must_wait_for_start():
                self._wait()
        machine.open()

    @property
    def producer(self) -> Producer:
        """The producer of the chunks."""
        assert self._producer is not None  # once the constructor has returned
        return self._producer

    def finish(self) -> None:
        """End the stream early, with its closing bytes, if its policy allows that; from any thread."""
        if self.machine.request_finish():
            self._wakeup.set_threadsafe()

    def end_with_worker(self) -> None:
        """Finish the stream if its policy lets a stopping worker do so; from any thread."""
        if self.machine.policy.ends_with_worker:
            self.finish()

    def abort(self) -> None:
        """Request that the source is closed and the transfer fails, and return at once; from any thread.

        The connection is shut down, since the server may be blocked in a write. A reader that waits in the body is not:
        after an earlier finish it still sends the closing bytes. ``release()`` waits for the source for 0.5 s at most.
        """
        machine, producer = self.machine, self._producer
        machine.request_abort()
        try:
            self._wakeup.set_threadsafe()
            if producer is not None:  # else the stream is being made
                self.runtime.call_soon_threadsafe(producer.stop)
        finally:
            if producer is not None and self._may_be_sending(producer):
                self.transfer.break_off()

    def _may_be_sending(self, producer: Producer) -> bool:
        """Return whether the server may be blocked in a write; not a reader that waits to send the closing bytes."""
        machine = self.machine
        return not machine.is_closed and not (machine.is_finishing and producer.buffer.reader_waits)

    def __str__(self) -> str:
        """The name of the source, for the log."""
        return self._name

    def next_chunk(self) -> bytes:
        """Return the next chunk; block until there is one. ``StopIteration`` at the end of the stream."""
        machine, buffer = self.machine, self.producer.buffer
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
            self.transfer.fail()
            self._release_if_ended()
            raise
        if isinstance(action, bytes):
            return action
        if action is HANG_UP:
            # A client that has only half-closed must not take the end of the iteration for a complete body.
            self.transfer.break_off()
        else:
            self.transfer.complete()
        self._release_if_ended()
        raise StopIteration

    def _wait(self) -> None:
        """Wait until something wakes the reader; it may return without a reason."""
        buffer = self.machine.buffer
        buffer.reader_waits = True
        try:
            # Checked after that: a producer in another thread may have put a chunk just before, without a wake-up.
            if not buffer.chunks:
                self._wakeup.wait()
        finally:
            buffer.reader_waits = False

    def _await_first_step(self, producer: Producer) -> None:
        """Wait until the source waits for the first time; if that is elsewhere, for a grace period."""
        wakeup = self._wakeup
        if producer.shares_thread:
            # Called after the callback that makes the first step.
            self.runtime.call_soon(wakeup.set)
            self._wait()
            return
        grace = self.runtime.timers(FIRST_STEP_GRACE)
        grace.arm(wakeup.set)
        self._wait()
        grace.cancel(wakeup.set)

    def _note_disconnect(self) -> None:
        self.machine.note_disconnect()
        self._wakeup.set()

    def _note_quiet(self) -> None:
        # Only while the reader waits: a timer that fires during a write of the server measures no quiet interval.
        if self.machine.buffer.reader_waits:
            self.machine.note_quiet()
            self._wakeup.set()

    def _release_if_ended(self) -> None:
        """Release the stream if that needs no waiting, since its source is closed."""
        if self.producer.buffer.has_ended:
            run_each((self.release,))

    def release(self) -> None:
        """Close the source, wait for that up to 10 s (0.5 s after an abort), and release all else; once.

        An error that the source raises now is logged.
        """
        if self.is_released:
            return
        producer = self._producer
        try:
            if producer is not None:
                run_twice_at_most(self._close_source)
        finally:
            self.is_released = True
            self._give_back()
        if producer is not None and producer.buffer.error is not None:
            log_unread_error(producer.buffer)

    def _give_back(self) -> None:
        """Give back all but the source; each part of it, though another fails."""
        try:
            run_twice_at_most(self._disarm)
        finally:
            unregister(self)
            run_twice_at_most(self.runtime.close)

    def _close_source(self) -> None:
        # Every operation may be repeated.
        producer = self.producer
        buffer = producer.buffer
        buffer.discard()
        if not buffer.has_ended:
            producer.stop()
        # A wakeup has a single waiter: another greenlet that waits there must leave before this one may wait.
        self._wakeup.wake_and_yield()
        if buffer.has_ended:
            return
        with CloseDeadline(self.machine, buffer, self.runtime, self._wakeup) as deadline:
            while not deadline.is_over():
                self._wakeup.wait()
        deadline.log_outcome(self)

    def _disarm(self) -> None:
        if self._end_watch is not None:
            self._end_watch()
        if self._ping_timers is not None:
            self._ping_timers.cancel(self._note_quiet)
        if self._probe_timers is not None:
            self._probe_timers.cancel(self._note_quiet)
        if self._age_timers is not None:
            self._age_timers.cancel(self.finish)
        if self.write_timeout is not None:
            self.write_timeout.cancel()
        if self.machine.request is not None and is_stopping():
            self.transfer.end_requests()  # the client reconnects to another worker

    def abandon(self) -> None:
        """Release everything but the hub of the reader, whose thread has ended; from any thread.

        A source in that thread is dropped. One in another thread, or in a task, is closed there.
        """
        producer, self.is_released, self._producer = self._producer, True, None
        if producer is not None and not producer.shares_thread:
            producer.buffer.discard()
            run_each((producer.stop,))
        run_each((self._give_back,))

    def release_soon(self, steps: tuple[Step, ...]) -> None:
        """Release the stream, whose body was dropped, and then run *steps*; called in the hub.

        The steps run in a greenlet of the hub if that runs other greenlets meanwhile, otherwise in another thread.
        """
        if self._producer is not None:
            self._producer.stop()
        self.runtime.new_greenlet(self._release_dropped).switch(steps)

    def _release_dropped(self, steps: tuple[Step, ...]) -> None:
        if self.runtime.runs_others:
            run_each((self.release, *steps))
            return
        run_each((self.release, partial(run_each_in_thread, steps)))
