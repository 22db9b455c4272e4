"""Request body for coroutines: every read is made in the thread or greenlet of the request.

Theory of operation
-------------------
``wsgi.input`` reads from the socket of the server. Under a hub that socket belongs to the hub of the request's thread;
without a hub a read blocks the thread that makes it, and on the asyncio thread it would block all other streams and
views. So :func:`share_input` replaces ``wsgi.input`` by a :class:`RequestInput` before a coroutine gets the request.

======================================================  ===============================================================
Caller of a read                                        What the call does
======================================================  ===============================================================
the thread that called :func:`share_input`              reads at once; this includes all greenlets of its hub
code in a task that is driven in a greenlet             submits the read to :data:`current_executor`; the task waits
another thread (``asyncio.to_thread``) with an          submits the read; the thread, or its greenlet, waits
executor in its context
another thread without an executor                      reads at once; under a hub-driven server ``RuntimeError``
other code on the asyncio thread                        ``RuntimeError``: it would block the loop
======================================================  ===============================================================

A read that is submitted is an :class:`_OutsideCall`. The executor's thread writes its outcome, then calls ``notify``,
which wakes the caller. If the executor has ended, it refuses the call, and the caller gets a ``RuntimeError``.

``_reading`` is a real lock, held from the submission of a read until the caller has its outcome. A second task that
reads meanwhile would get one part of the body and the first task the other part, so the second task gets a
``RuntimeError``. If a task is cancelled while it waits, the bytes of its read are lost. So the lock stays held, later
reads of coroutines raise ``RuntimeError``, and the reading side of the connection is shut down, which ends the read in
the request's thread. The server then closes the connection after the answer.

Rejected: interrupting the greenlet that reads. Bytes would be lost inside of the server's parser, which would take the
rest of the body for the next request.

See docs/explanation/greenlets.md, "The body of a request".
"""

from __future__ import annotations

import asyncio
import contextvars
import socket
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Generic, NoReturn, TypeVar

from wsgiresp._runtime.asyncio_runtime import AsyncioRuntime
from wsgiresp._runtime.asyncio_thread import AsyncioThread, running_loop
from wsgiresp._runtime.gevent_runtime import GeventRuntime
from wsgiresp._runtime.greenlet_coroutine import NEVER, Condition, block_on, is_driven
from wsgiresp._runtime.hubs import is_under_hub
from wsgiresp._runtime.process import part
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._runtime.sockets import shut_connection
from wsgiresp._runtime.threads import allocate_lock, get_ident
from wsgiresp._runtime.waiting_executor import WaitingExecutor, current_executor
from wsgiresp._types import Callback

T = TypeVar("T")


def share_input(server: ServerProfile) -> bool:
    """Replace the input of *server* by one that coroutines can read; return whether the request has a body.

    ``wsgi.input`` is replaced in ``environ``, and in the request object that werkzeug has put there. Call it in the
    thread or greenlet of the request. A second call has no effect.
    """
    stream = server.input
    if stream is None or not server.has_request_body:
        return False
    if type(stream) is not RequestInput:
        shared = RequestInput(stream, server)
        server.replace_input(shared)
        request = server.werkzeug_request
        if request is not None:
            replace_reads(request, shared)
            replace_reads(vars(request).get("stream"), shared)
    return True


def reads_of(server: ServerProfile) -> Condition:
    """Share the input of *server*, and return the value of :data:`may_block` for the coroutines of its request.

    This condition holds if the request has a body, and as long as its input exists. Call it in the thread or greenlet
    of the request.
    """
    return weakref.ref(server.input) if share_input(server) else NEVER


def replace_reads(holder: Any, shared: RequestInput) -> None:
    """Replace each attribute of *holder* that is the stream of *shared*, or a method of it, by that of *shared*."""
    for name, value in list(getattr(holder, "__dict__", {}).items()):
        if value is shared.stream:
            setattr(holder, name, shared)
        elif getattr(value, "__self__", None) is shared.stream:
            setattr(holder, name, getattr(shared, value.__name__))


class RequestInput:
    """The ``wsgi.input`` of a request to *server*, named *stream*, for readers in any thread and in coroutines.

    It has the attributes of *stream*. The table at the head of this module says in which thread a method runs.
    """

    __slots__ = ("__weakref__", "_connection", "_is_incomplete", "_is_under_hub", "_reading", "_thread", "stream")

    def __init__(self, stream: Any, server: ServerProfile) -> None:
        self.stream = stream
        self._thread = get_ident()
        self._is_under_hub = is_under_hub()
        self._connection = None if server.shares_connection else server.connection
        self._reading = allocate_lock()
        self._is_incomplete = False

    def read(self, *arguments: Any) -> bytes:
        """Return bytes of the body, as PEP 3333 says; raises what the server raises for a client that has left."""
        block: bytes = self._call(self.stream.read, *arguments)
        return block

    def readline(self, *arguments: Any) -> bytes:
        """Return a line of the body."""
        line: bytes = self._call(self.stream.readline, *arguments)
        return line

    def readlines(self, *arguments: Any) -> list[bytes]:
        """Return the lines of the body."""
        lines: list[bytes] = self._call(self.stream.readlines, *arguments)
        return lines

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.stream, name)
        return partial(self._call, found) if callable(found) else found

    def _call(self, method: Callable[..., T], *arguments: Any) -> T:
        if get_ident() == self._thread:
            return method(*arguments)
        executor = _executor_to_wait_for()
        if executor is None:
            if self._is_under_hub:
                raise RuntimeError(
                    "the request's body belongs to the greenlet of the request, which this thread cannot reach: read "
                    "it in the view, or start the thread by asyncio.to_thread() or contextvars.copy_context().run"
                )
            return method(*arguments)
        return self._call_outside(executor, partial(method, *arguments))

    def _call_outside(self, executor: WaitingExecutor, method: Callable[[], T]) -> T:
        if not self._reading.acquire(False):
            self._refuse_read()
        call = _OutsideCall(method)
        try:
            made = call.outcome_from(executor)
        except BaseException:
            if call.is_taken or not call.abandon():
                self._reading.release()
            else:
                self._is_incomplete = True
                if not call.is_done and self._connection is not None:
                    shut_connection(self._connection, socket.SHUT_RD)
            raise
        self._reading.release()
        return made

    def _refuse_read(self) -> NoReturn:
        if self._is_incomplete:
            raise RuntimeError("a task was cancelled while it read the request's body: the rest of it cannot be read")
        raise RuntimeError(
            "the request's body is read by another task or thread at this moment, and each would get a part of it: "
            "read it once, before the tasks are created"
        )


def call_outside(function: Callable[[], T]) -> T:
    """Return the result of *function*, called in the thread or greenlet that waits for the coroutine of the caller.

    *function* runs in a copy of the caller's context. In a driven task only that task waits. If no thread or greenlet
    waits for the caller, *function* is called at once. Raises the error of *function*, and ``RuntimeError`` if the
    request is over.
    """
    executor = _executor_to_wait_for()
    if executor is None:
        return function()
    context = contextvars.copy_context()
    return _OutsideCall(partial(context.run, function)).outcome_from(executor)


def _executor_to_wait_for() -> WaitingExecutor | None:
    """Return the executor that waits for the caller, None without one; ``RuntimeError`` if the caller must not wait."""
    # Under gevent's patches a thread that code on the loop has started (anyio's, for example) is a greenlet of the
    # asyncio thread. It is under the hub of that thread, so it may wait.
    if not is_driven() and not is_under_hub() and part(AsyncioThread).runs(running_loop()):
        raise RuntimeError(
            "the request's body cannot be read here, since that would block the event loop for all requests: "
            "await asyncio.to_thread(request.get_data), or what reads the body in your framework, in the view"
        )
    return current_executor.get()


class _OutsideCall(Generic[T]):
    """A call of *function* that an executor makes while the caller waits for its outcome."""

    __slots__ = ("_error", "_function", "_has_started", "_is_abandoned", "_notify", "_value", "is_done", "is_taken")

    def __init__(self, function: Callable[[], T]) -> None:
        self._function = function
        self._notify: Callback = bool
        self._error: BaseException | None = None
        self._has_started = self._is_abandoned = self.is_done = self.is_taken = False

    def outcome_from(self, executor: WaitingExecutor) -> T:
        """Return the result of the function in *executor*, or raise its error; blocks the task, greenlet or thread."""
        if is_driven():
            self._wait_in_task(executor)
        elif is_under_hub():
            self._wait_in_greenlet(executor)
        else:
            done = allocate_lock()
            done.acquire()
            self._notify = done.release
            executor.submit(self._run, self._refuse)
            done.acquire()
        self.is_taken = True
        if self._error is not None:
            try:
                raise self._error
            finally:
                self._error = None  # its traceback references this frame
        return self._value

    def abandon(self) -> bool:
        """Note that the caller has stopped waiting; return whether the function has started."""
        self._is_abandoned = True
        return self._has_started

    def _wait_in_task(self, executor: WaitingExecutor) -> None:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._notify = partial(_wake, loop, future)
        executor.submit(self._run, self._refuse)
        block_on(future)

    def _wait_in_greenlet(self, executor: WaitingExecutor) -> None:
        runtime = GeventRuntime()
        try:
            wakeup = runtime.wakeup()
            self._notify = wakeup.set_threadsafe
            executor.submit(self._run, self._refuse)
            while not self.is_done:
                wakeup.wait()
        finally:
            runtime.close()

    def _run(self) -> None:
        self._has_started = True  # before the next line: abandon() writes and reads the two in the other order
        if self._is_abandoned:
            return
        try:
            self._value = self._function()
        except BaseException as error:
            self._error = error
            if not isinstance(error, Exception):
                raise  # it is meant for the thread or greenlet of the request
        finally:
            self.is_done = True
            self._notify()

    def _refuse(self) -> None:
        self._error = RuntimeError(
            "the request is over, so its body cannot be read any more: read it before the view returns, or before the "
            "stream ends"
        )
        self.is_done = True
        self._notify()


def _wake(loop: asyncio.AbstractEventLoop, future: asyncio.Future[None]) -> None:
    # Without effect if the loop is closed, since the process is about to exit.
    AsyncioRuntime(loop).call_soon_threadsafe(partial(_resolve, future))


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
