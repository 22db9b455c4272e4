"""Client for tests of streams, in process: it reads an endless answer step by step, and disconnects when it likes.

    with visit(app, "/events") as visitor:
        assert visitor.next_event().data == "hello"
        visitor.leave()

A greenlet serves the app, as in gunicorn's gevent worker: in the thread of the test, and while the test waits here.
Sources that wait by gevent's means go on. One that blocks the thread is interrupted when the time of the step is over,
see ``_runtime.blocked_thread``.
"""

from __future__ import annotations

import contextlib
import errno
import time
from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import gevent
from gevent import socket
from gevent.event import Event
from gevent.lock import Semaphore
from gevent.queue import Empty, Queue
from werkzeug.test import EnvironBuilder

from ._protocol.event_reader import EventReader, ReceivedEvent
from ._protocol.headers import Headers
from ._runtime.blocked_thread import interrupting
from ._runtime.server_profile import show_connection

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = ["ReceivedEvent", "Visitor", "visit"]

TIMEOUT = 5.0
"""Seconds that a visitor waits for what it is to be given, where nothing else is said."""

_END = None  # stands behind the last chunk


def visit(app: WSGIApplication, path: str = "/", *, timeout: float = TIMEOUT, **request: Any) -> Visitor:
    """Return a visitor that asks *app*, any WSGI application or one response, for *path*.

    *timeout*: seconds for each step of it. *request*: the other arguments of :class:`werkzeug.test.EnvironBuilder`,
    such as ``method``, ``headers``, ``json``, or ``environ_overrides``.

    Raises what the app raises before it has begun to answer.
    """
    builder = EnvironBuilder(path, **request)
    try:
        environ = builder.get_environ()
    finally:
        builder.close()
    return Visitor(app, environ, timeout)


class Visitor:
    """One request and its answer, read as it comes. Made by :func:`visit`; leaving the ``with`` leaves the server.

    *app*, *environ* and *timeout* (seconds for each step) are what that gives it.

    ``status``: the line, such as ``"200 OK"``. ``headers``: the fields. ``comments``: the comments of an event stream,
    pings among them. ``last_event_id`` and ``retry``: the values that a browser would have now. Every wait is bounded:
    it raises ``TimeoutError`` after *timeout*. If the app blocks the main thread, it is interrupted there, and the
    ``TimeoutError`` names the place and the cure.

    .. versionchanged:: 0.2
       An app that blocks the main thread is interrupted. Before, the test waited until it went on.
    """

    status: str

    def __init__(self, app: WSGIApplication, environ: dict[str, Any], timeout: float = TIMEOUT) -> None:
        self.headers = Headers()
        self._timeout = timeout
        self._reader = EventReader()
        self._events: deque[ReceivedEvent] = deque()
        self._chunks: Queue[bytes | None] = Queue()
        self._room = Semaphore(1)  # a chunk more than is read, as in the buffers of a connection
        self._error: BaseException | None = None
        self._has_answered = self._has_left = self._has_ended = False
        self._has_begun = Event()
        self._connection, served = socket.socketpair()
        show_connection(environ, served)
        self._server = gevent.spawn(self._serve, app, environ, served)
        self._begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.leave()

    @property
    def status_code(self) -> int:
        """The code of the status line."""
        return int(self.status[:3])

    @property
    def comments(self) -> list[str]:
        """The comments that have come."""
        return self._reader.comments

    @property
    def last_event_id(self) -> str:
        """What a browser would send when it connects again."""
        return self._reader.last_event_id

    @property
    def retry(self) -> int | None:
        """The milliseconds after which a browser would connect again, None where the stream has not said."""
        return self._reader.retry

    @property
    def is_closed(self) -> bool:
        """Whether the server has closed the body, and with it the source."""
        return bool(self._server.dead)

    def read(self) -> bytes:
        """Return the next chunk that the server is given, ``b""`` at the end.

        Raises what the source raised: a real client would see the transfer break off.
        """
        chunk = self._next_chunk("chunk", time.monotonic() + self._timeout)
        if chunk is not _END:
            return chunk
        self._raise_error()
        return b""

    def read_all(self) -> bytes:
        """Return all that is still to come."""
        return b"".join(iter(self.read, b""))

    def next_event(self) -> ReceivedEvent:
        """Return the next event; ``EOFError`` where the stream ends before."""
        deadline = time.monotonic() + self._timeout  # whatever pings come meanwhile
        while not self._events:
            chunk = self._next_chunk("event", deadline)
            if chunk is _END:
                self._raise_error()
                raise EOFError("the stream has ended")
            self._events.extend(self._reader.feed(chunk))
        return self._events.popleft()

    def events(self) -> Iterator[ReceivedEvent]:
        """Yield the events that are still to come, until the stream ends."""
        while True:
            try:
                event = self.next_event()
            except EOFError:
                return
            yield event

    def leave(self) -> None:
        """Disconnect, as a browser that is closed, and wait until the server has closed the body.

        A second call has no effect.
        """
        self._hang_up()
        self.wait_closed()

    def wait_closed(self) -> None:
        """Wait until the body is closed, and with it the source; ``TimeoutError`` where it is not in time."""
        with self._bounded(self._timeout):
            self._server.join(self._timeout)
        if not self._server.dead:
            self._server.kill(block=False)
            raise TimeoutError(f"the body was not closed within {self._timeout} s")

    @contextlib.contextmanager
    def _bounded(self, seconds: float) -> Iterator[None]:
        """Raise ``TimeoutError`` if the app blocks the thread while the caller waits, for longer than *seconds*."""
        place = None
        try:
            with interrupting(seconds) as guard:
                try:
                    yield
                finally:
                    place = None if guard is None else guard.place
        except Empty:  # the timeout of the wait itself, which ends after the interruption
            if place is None:
                raise
        if place is not None:
            self._error = None  # the error of the interruption is replaced
            raise TimeoutError(
                f"the app blocked the thread of the test for more than {seconds:g} s and was interrupted in"
                f" {place}: let it wait by gevent's means (gevent.sleep, gevent.event.Event, gevent.queue.Queue),"
                " or patch the process before all other imports (from gevent import monkey; monkey.patch_all())"
            )

    def _hang_up(self) -> None:
        self._has_left = True
        self._connection.close()
        self._room.release()

    def _next_chunk(self, what: str, deadline: float) -> bytes | None:
        if self._has_left:
            raise ValueError("the visitor has left")
        if self._has_ended:
            return _END
        left = max(deadline - time.monotonic(), 0)
        try:
            with self._bounded(left):
                chunk = self._chunks.get(timeout=left)
        except Empty:
            raise TimeoutError(f"no {what} came within {self._timeout} s") from None
        self._has_ended = chunk is _END
        self._room.release()
        return chunk

    def _raise_error(self) -> None:
        self.wait_closed()
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _begin(self) -> None:
        try:
            with self._bounded(self._timeout):
                has_begun = self._has_begun.wait(self._timeout)
        except TimeoutError:
            self._hang_up()
            raise
        if not has_begun:
            self._hang_up()
            self._server.kill(block=False)
            raise TimeoutError(f"the answer did not begin within {self._timeout} s")
        if self._error is not None and not self._has_answered:
            self._hang_up()
            raise self._error

    def _serve(self, app: WSGIApplication, environ: dict[str, Any], served: socket.socket) -> None:
        try:
            body = app(environ, self._start_response)
            try:
                if hasattr(self, "status"):  # an app that is a generator says it with its first chunk
                    self._answer()
                for chunk in body:
                    self._send(chunk)
            finally:
                close = getattr(body, "close", None)
                if close is not None:
                    close()
            self._answer()
        except BaseException as error:
            # None is to reach gevent's hub, which would print it.
            self._error = error
        finally:
            served.close()
            self._has_begun.set()
            self._chunks.put(_END)

    def _answer(self) -> None:
        if not hasattr(self, "status"):
            raise RuntimeError("the app has not called start_response()")
        self._has_answered = True
        self._has_begun.set()

    def _send(self, chunk: bytes) -> None:
        if not isinstance(chunk, bytes):
            raise TypeError(f"a chunk must be bytes (PEP 3333), got {chunk!r}")
        self._answer()
        if not chunk:
            return
        self._room.acquire()
        if self._has_left:
            raise BrokenPipeError(errno.EPIPE, "the visitor has left")
        self._chunks.put(chunk)

    def _start_response(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        self.status = status
        self.headers = Headers(headers)
        return self._send
