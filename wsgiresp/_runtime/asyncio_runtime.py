"""asyncio runtime: an asyncio loop behind the runtime interface.

The loop is that of an ASGI server, or the one of :mod:`~wsgiresp._runtime.asyncio_thread`. Every method is called in
the thread of the loop, unless it says otherwise.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, wait
from contextvars import Context, copy_context
from functools import partial
from time import monotonic
from typing import Any, TypeVar

from wsgiresp._runtime.asyncio_thread import running_loop
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._runtime.threads import start_thread
from wsgiresp._types import Callback

T = TypeVar("T")

_LOOP_POLL_INTERVAL = 0.05  # s between two checks of whether the loop still runs


class AsyncioRuntime:
    """*loop* for one stream: a :class:`~wsgiresp._runtime.interface.Runtime`, with more methods for coroutines."""

    __slots__ = ("_loop",)

    runs_others = True
    may_wait_in_finalizer = False

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    @classmethod
    def current(cls) -> AsyncioRuntime:
        """Return the runtime of the loop that runs the caller; ``RuntimeError`` without one."""
        return cls(asyncio.get_running_loop())

    @property
    def is_current(self) -> bool:
        """Whether the loop runs the caller; may be asked in any thread."""
        return running_loop() is self._loop

    @property
    def is_running(self) -> bool:
        """Whether the loop runs, in this thread or another; may be asked in any thread."""
        return self._loop.is_running()

    def wakeup(self) -> AsyncioWakeup:
        """Return a new wakeup for one task of the loop."""
        return AsyncioWakeup(self)

    def timers(self, seconds: float) -> AsyncioTimers:
        """Return timeouts of *seconds* on the loop."""
        return AsyncioTimers(self._loop, seconds)

    def call_soon(self, callback: Callable[..., object], *arguments: object) -> None:
        """Call *callback* with *arguments* in a later iteration of the loop."""
        self._loop.call_soon(callback, *arguments)

    def call_soon_threadsafe(self, callback: Callback) -> None:
        """Call *callback* in a later iteration of the loop; from any thread. Without effect once the loop is closed."""
        with contextlib.suppress(RuntimeError):
            try:
                self._loop.call_soon_threadsafe(callback)
            except MemoryError:  # maybe only for a moment
                self._loop.call_soon_threadsafe(callback)

    def call_soon_in_finalizer(self, callback: Callback) -> bool:
        """Call *callback* in a later iteration of the loop; from any thread, in a finalizer.

        Return False if the loop is closed, or there is no memory.
        """
        try:
            self._loop.call_soon_threadsafe(callback)
        except Exception:
            return False
        return True

    @property
    def has_ended(self) -> bool:
        """Whether the loop is closed."""
        return self._loop.is_closed()

    def create_task(self, coroutine: Coroutine[Any, Any, None], context: Context) -> asyncio.Task[None]:
        """Run *coroutine* in a task, all of it in *context*; the caller must reference the task."""
        return self._loop.create_task(coroutine, context=context)

    def run_from_thread(self, call: Callable[[], Coroutine[Any, Any, T]], timeout: float) -> T:
        """Run the coroutine that *call* returns on the loop, and return its result; blocks the calling thread.

        That must be another thread than the loop's. ``TimeoutError`` after *timeout* seconds, or once the loop has
        stopped. The error of a loop that cannot start the coroutine is raised at once.
        """
        outcome: Future[T] = Future()
        tasks: list[asyncio.Task[None]] = []  # the loop itself keeps only a weak reference

        async def run() -> None:
            try:
                outcome.set_result(await call())
            except BaseException as error:
                outcome.set_exception(error)

        def start() -> None:
            coroutine = run()
            try:
                tasks.append(self._loop.create_task(coroutine))
            except BaseException as error:  # otherwise the loop would only log it
                coroutine.close()
                outcome.set_exception(error)

        self.call_soon_threadsafe(start)
        deadline = monotonic() + timeout
        while not outcome.done() and self._loop.is_running() and monotonic() < deadline:
            wait([outcome], timeout=_LOOP_POLL_INTERVAL)
        if not outcome.done():
            raise TimeoutError("the event loop has not run a coroutine to its end, or has stopped")
        return outcome.result()

    def watch_disconnect(self, server: ServerProfile, callback: Callback) -> Callback:
        """Watch nothing: an ASGI server notices the disconnect, and cancels the task that sends."""
        return _no_watch

    def is_turn_due(self) -> bool:
        """Return True: the loop polls after each of its turns, and does not tell when it last did."""
        return True

    async def yield_turn(self) -> None:
        """Let the loop poll its sockets, and other tasks run."""
        await asyncio.sleep(0)

    def close(self) -> None:
        """Release nothing: the loop belongs to its server."""


class AsyncioWakeup:
    """An auto-reset event of a loop with a single waiter."""

    __slots__ = ("_event", "_runtime")

    def __init__(self, runtime: AsyncioRuntime) -> None:
        self._event = asyncio.Event()
        self._runtime = runtime

    def set(self) -> None:
        """Wake the waiter soon."""
        self._event.set()

    def set_threadsafe(self) -> None:
        """Wake the waiter soon; from any thread. Without effect once the loop is closed."""
        self._runtime.call_soon_threadsafe(self._event.set)

    async def wait(self) -> None:
        """Wait until it is set, and reset it."""
        try:
            await self._event.wait()
        finally:
            self._event.clear()


class AsyncioTimers:
    """Timeouts of *seconds* on *loop*: one handle of the loop for each."""

    __slots__ = ("_handles", "_loop", "_seconds")

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._loop = loop
        self._seconds = seconds
        self._handles: dict[Callback, asyncio.TimerHandle] = {}

    def arm(self, callback: Callback) -> None:
        """Call *callback* once, after the duration; if it is armed already, the duration starts again."""
        self.cancel(callback)
        try:
            handle = self._loop.call_later(self._seconds, self._fire, callback)
        except MemoryError:  # maybe only for a moment
            handle = self._loop.call_later(self._seconds, self._fire, callback)
        self._handles[callback] = handle

    def cancel(self, callback: Callback) -> None:
        """Disarm *callback*; without effect if it is not armed."""
        handle = self._handles.pop(callback, None)
        if handle is not None:
            handle.cancel()

    def _fire(self, callback: Callback) -> None:
        del self._handles[callback]
        callback()


def run_first_step(coroutine: Coroutine[Any, Any, object], context: Context) -> None:
    """Run *coroutine* in *context* until it waits, then close it; used if no task can be made."""
    try:
        context.run(coroutine.send, None)
    except StopIteration:
        pass
    else:
        coroutine.close()


async def run_in_thread(function: Callback) -> None:
    """Call *function*, which may block, in a thread of the loop's executor and in a copy of this context.

    A caller that is cancelled does not wait for it, but it is called all the same; also if the executor is shut down.
    """
    call = partial(copy_context().run, function)
    try:
        called = asyncio.get_running_loop().run_in_executor(None, call)
    except RuntimeError:  # the executor is shut down: the loop is about to end
        start_thread(call, "wsgiresp-close")
        return
    await asyncio.shield(called)


def _no_watch() -> None:
    """End a watch that does not exist."""
