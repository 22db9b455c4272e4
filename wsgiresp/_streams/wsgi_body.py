"""Stream body for WSGI servers, iterated while a producer steps the source: sends pings, notices disconnects."""

from __future__ import annotations

import contextlib
import errno
import logging
import time
from collections.abc import Iterable, Iterator
from socket import SHUT_RD

from wsgiresp._protocol.length_counting import LengthCounter
from wsgiresp._runtime.close_order import Step, run_each
from wsgiresp._runtime.disconnect import watch_disconnect
from wsgiresp._runtime.hubs import HubLease, is_under_hub
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._runtime.shutdown import seconds_since_stop, watch_server
from wsgiresp._runtime.sockets import reset_connection, shut_connection
from wsgiresp._runtime.timer_queue import timer_queue
from wsgiresp._runtime.wakeup_event import WakeupEvent
from wsgiresp._streams.open_streams import register, unregister
from wsgiresp._streams.policy import CLOSE_TIMEOUT, FIRST_STEP_GRACE, RUN_TO_END, StreamPolicy, transfer_error
from wsgiresp._streams.producers import producer_for
from wsgiresp._streams.stream_source import StreamSource
from wsgiresp._streams.write_timeout import write_timeout

log = logging.getLogger("wsgiresp")

_CLOSE_TIMEOUT_ABORTED = 0.5  # s that it waits where the worker ends
_SECOND_PING_AFTER = 0.1  # s: until then the reset of a client that has left is there


class WSGIStreamBody:
    """The chunks of *source* for *server*; its ``close()`` closes the source and then takes *steps*.

    *length*: the bytes that Content-Length announces, if it does. To be read and closed in the thread that made it;
    :meth:`begin` comes first.
    """

    __slots__ = (
        "_age",
        "_buffer",
        "_end_watch",
        "_has_left",
        "_hub",
        "_is_aborted",
        "_is_alone",
        "_is_bare",
        "_is_broken",
        "_is_delimited",
        "_is_hidden",
        "_is_over",
        "_is_ping_due",
        "_is_second_ping_due",
        "_is_stopped",
        "_lease",
        "_length",
        "_must_finish",
        "_name",
        "_pings",
        "_policy",
        "_preamble",
        "_producer",
        "_second_pings",
        "_socket",
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
    ) -> None:
        self._lease = HubLease()
        self._hub = self._lease.hub
        self._wakeup = WakeupEvent(self._hub)
        self._policy = policy
        self._steps: tuple[Step, ...] | None = tuple(steps)
        self._length = None if length is None else LengthCounter(length)
        self._preamble = policy.preamble
        self._is_ping_due = self._is_second_ping_due = self._has_left = self._must_finish = self._is_aborted = False
        self._is_broken = self._is_stopped = self._is_over = False
        self._name = source.name
        self._socket = server.connection
        self._is_delimited = length is not None or not server.is_http_1_0
        self._is_alone = self._socket is not None and server.has_connection_alone
        is_shared = is_under_hub()
        try:
            self._write_timeout = write_timeout(self._hub, is_shared, policy.send_timeout, self._socket)
            self._producer = producer_for(
                source, self._hub, self._wakeup, is_prompt=bool(policy.preamble), is_shared=is_shared
            )
        except BaseException:  # no thread is to be had, or no descriptor
            self._lease.close()
            raise
        self._buffer = self._producer.buffer
        self._pings = self._second_pings = None
        if policy.ping_interval:
            self._pings = timer_queue(self._hub, policy.ping_interval)
            self._second_pings = timer_queue(self._hub, min(_SECOND_PING_AFTER, policy.ping_interval / 2))
        # The first write after a disconnect succeeds (the client's side answers RST), the second one fails. So two are
        # needed where the server does not show the socket.
        self._is_hidden = self._socket is None and server.has_software
        self._age = timer_queue(self._hub, policy.max_age) if policy.max_age else None
        self._is_bare = not (self._preamble or self._length or self._write_timeout)
        self._end_watch = watch_disconnect(server, self._hub, self._note_disconnect)
        watch_server(server)
        register(self)

    def begin(self) -> None:
        """Start the source, and return once there is something to send, or nothing any more; with a preamble, at once.

        What the source raises before its first chunk is raised here, and the body is closed.
        """
        try:
            self._producer.begin()
            if self._age is not None:
                self._age.arm(self.finish)
            if self._preamble:
                self._await_first_step()
            else:
                while not (self._buffer.chunks or self._buffer.has_ended or self._has_left or self._must_finish):
                    self._await()
            error = self._buffer.error
            if error is not None and not self._buffer.chunks:
                self._buffer.error = None
                if isinstance(error, StopIteration):  # for whoever iterates us, it would be our end
                    raise RuntimeError("a stream raised StopIteration") from error
                raise error
        except BaseException:
            self.close()
            raise

    def finish(self) -> None:
        """Finish the stream soon, with its closing bytes, if its policy has any; from any thread."""
        if self._policy.closing_bytes is not None:
            self._must_finish = True
            self._wakeup.set_threadsafe()

    def abort(self) -> None:
        """Have the source closed soon, so that the transfer breaks off; from any thread.

        A source that is being closed is soon waited for no longer.
        """
        self._is_aborted = True
        if not self._must_finish:
            self._is_broken = self._must_finish = True  # in this order: the reader may be in another thread
        self._wakeup.set_threadsafe()
        # The hub is gone where the stream was closed meanwhile.
        with contextlib.suppress(ValueError):
            self._hub.loop.run_callback_threadsafe(self._stop_source)
        # The server may be waiting for a client that takes nothing.
        if self._steps is not None and self._socket is not None:
            (shut_connection if self._is_delimited else reset_connection)(self._socket)

    def __str__(self) -> str:
        """What made the chunks: for the log."""
        return self._name

    def close(self) -> None:
        """Close the source and take the steps, each once; the log tells of what fails."""
        # Taken out before they are run, so a close() from inside a step cannot repeat them.
        steps, self._steps = self._steps, None
        if steps is not None:
            run_each((self._end, *steps))

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._is_bare:
            return self._next()
        if self._write_timeout is not None:
            self._write_timeout.cancel()
        chunk = self._next()
        if self._preamble:
            chunk, self._preamble = self._preamble + chunk, b""
            self._is_bare = self._length is None and self._write_timeout is None
        if self._length is not None:
            self._length.count(chunk)
        if self._write_timeout is not None:
            self._write_timeout.arm()
        return chunk

    def _next(self) -> bytes:
        buffer = self._buffer
        if buffer.chunks and not self._must_finish:
            return buffer.take()
        quiet = self._second_pings if self._is_second_ping_due else self._pings
        if quiet is not None:
            self._is_ping_due = False
            quiet.arm(self._note_ping_due)
        while not self._is_over:
            if self._must_finish:
                last = self._final_chunk()
                if last or self._preamble:
                    return last
                break
            if buffer.chunks:
                return buffer.take()
            if self._preamble:
                return b""
            if self._has_left:
                self._is_over = True
                if self._socket is not None:
                    shut_connection(self._socket)
            elif buffer.has_ended:
                self._is_over = True
                self._raise_outcome()
            elif self._is_ping_due:
                self._is_second_ping_due = self._is_hidden and not self._is_second_ping_due
                return (
                    self._policy.ping if self._is_second_ping_due or not self._is_hidden else self._policy.second_ping
                )
            else:
                self._await()
        raise StopIteration

    def _await(self) -> None:
        """Wait until something has happened, or perhaps nothing; ``RuntimeError`` where another greenlet closes us."""
        buffer = self._buffer
        buffer.reader_waits = True
        try:
            # Looked at after that: a producer in another thread may have put something just before.
            if not (buffer.chunks or buffer.has_ended or buffer.is_closed or self._has_left or self._must_finish):
                self._wakeup.wait()
        finally:
            buffer.reader_waits = False
        if buffer.is_closed:
            # Not the end of the iteration: the server must not take the part for the whole.
            raise RuntimeError("a stream was closed by somebody else while it was read")

    def _await_first_step(self) -> None:
        if self._producer.shares_thread:
            # Behind the first step, so that this is over when the source waits for the first time.
            self._hub.loop.run_callback(self._wakeup.set)
            self._await()
            return
        moment = timer_queue(self._hub, FIRST_STEP_GRACE)
        moment.arm(self._wakeup.set)
        self._await()
        moment.cancel(self._wakeup.set)

    def _final_chunk(self) -> bytes:
        self._is_over = True
        if self._is_broken:
            # Of these there may be thousands, and none of their clients nor of their views did anything wrong.
            raise BrokenPipeError(errno.EPIPE, "the stream was cut: the worker ends")
        made = self._buffer.close()
        return made if self._policy.closing_bytes is None else made + self._policy.closing_bytes()

    def _raise_outcome(self) -> None:
        """Raise what the source ended by: the server breaks the transfer off, and no client takes it for whole."""
        error, self._buffer.error = self._buffer.error, None
        if error is None:
            if self._length is not None:
                self._length.require_complete()
            return
        if self._socket is not None and not self._is_delimited:
            reset_connection(self._socket)
        raise transfer_error(error)

    def _note_disconnect(self) -> None:
        self._has_left = True
        self._wakeup.set()

    def _note_ping_due(self) -> None:
        self._is_ping_due = True
        self._wakeup.set()

    def _end(self) -> None:
        self._end_watch()
        for quiet in (self._pings, self._second_pings):
            if quiet is not None:
                quiet.cancel(self._note_ping_due)
        if self._age is not None:
            self._age.cancel(self.finish)
        if self._write_timeout is not None:
            self._write_timeout.cancel()
        buffer = self._buffer
        buffer.close()
        self._wakeup.wake_and_yield()
        try:
            if not buffer.has_ended:
                self._stop_source()
                self._await_end()
        finally:
            if self._must_finish and self._is_alone and seconds_since_stop():
                # Its client comes back later, and elsewhere: the connection must not keep the worker until then.
                shut_connection(self._socket, SHUT_RD)
            unregister(self)
            self._lease.close()
        error, buffer.error = buffer.error, None
        if error is not None:
            log.error("the source of a stream failed after its client had left", exc_info=error)

    def _stop_source(self) -> None:
        if not self._is_stopped:  # it may be cleaning up
            self._is_stopped = True
            self._producer.stop()

    def _await_end(self) -> None:
        was_cut = self._is_aborted
        self._await_source(_CLOSE_TIMEOUT_ABORTED if was_cut else CLOSE_TIMEOUT)
        if self._is_aborted and not was_cut:
            self._await_source(_CLOSE_TIMEOUT_ABORTED)
        if self._buffer.has_ended:
            return
        if self._is_aborted:
            log.error("the source of a stream, %s, goes on though it was cut", self)
        else:
            log.warning("the source of a stream, %s, is still open %g s after it was to be closed", self, CLOSE_TIMEOUT)

    def _await_source(self, seconds: float) -> None:
        """Wait so many *seconds* for the source to be closed; less where the stream is cut meanwhile."""
        was_cut = self._is_aborted
        deadline = time.monotonic() + seconds * 0.9  # a timer queue may fire a little early
        limit = timer_queue(self._hub, seconds)
        limit.arm(self._wakeup.set)
        try:
            while not self._buffer.has_ended and self._is_aborted is was_cut and time.monotonic() < deadline:
                self._wakeup.wait()
        finally:
            limit.cancel(self._wakeup.set)
