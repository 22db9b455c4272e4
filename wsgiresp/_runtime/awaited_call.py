"""One awaitable that runs on the loop of the asyncio thread, while a caller in another thread waits for its outcome.

Theory of operation
-------------------
The caller posts :meth:`AwaitedCall.start` to the loop and waits in its executor. Every error of that callback must
reach the caller: an error that only the loop logs would leave the caller waiting for ever. The coroutine itself ends
the wait at its last step. A done callback of its task would not do, since asyncio may fail to schedule one. A coroutine
that was not started is closed.

===========  ==========================================================================================
Who          Writes
===========  ==========================================================================================
the loop     ``AwaitedCall._task`` and the :class:`Outcome`, before it ends the executor of the caller
the caller   ``AwaitedCall._is_abandoned``, when it stops waiting
===========  ==========================================================================================
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Coroutine
from typing import Generic, TypeVar

from wsgiresp._runtime.waiting_executor import GreenletExecutor, ThreadExecutor, current_executor

T = TypeVar("T")


class Outcome(Generic[T]):
    """The value or the error with which an awaitable ended; the error may be of any kind.

    The result of an asyncio task cannot carry it: an exception such as ``SystemExit`` that passes through asyncio stops
    the loop.
    """

    __slots__ = ("_value", "error")

    def __init__(self) -> None:
        self.error: BaseException | None = None

    @property
    def is_known(self) -> bool:
        """Whether the awaitable has ended, or was not started because of :attr:`error`."""
        return self.error is not None or hasattr(self, "_value")

    async def of(self, awaitable: Awaitable[T]) -> None:
        """Await *awaitable* and store its value or its error."""
        try:
            self._value = await awaitable
        except BaseException as error:
            self.error = error

    def get(self) -> T:
        """Return the stored value, or raise the stored error."""
        if self.error is not None:
            raise self.error
        return self._value


class AwaitedCall(Generic[T]):
    """Runs *awaitable* in a task of *loop*, for a caller that waits in the executor *calls*.

    :meth:`abandon` is called by the caller, every other method on the loop.
    """

    def __init__(
        self, awaitable: Awaitable[T], loop: asyncio.AbstractEventLoop, calls: GreenletExecutor | ThreadExecutor
    ) -> None:
        self.outcome: Outcome[T] = Outcome()
        self._awaitable = awaitable
        self._loop = loop
        self._calls = calls
        self._is_abandoned = False
        self._task: asyncio.Task[None] | None = None
        self._context = contextvars.copy_context()
        self._context.run(current_executor.set, calls)

    def start(self) -> None:
        """Start the task; if that fails, store the error as the outcome and end the wait of the caller."""
        if self._is_abandoned:
            return
        coroutine = self._run()
        try:
            self._task = self._loop.create_task(coroutine, context=self._context)
        except BaseException as error:
            coroutine.close()
            self._end_unstarted(error)
            return
        try:
            self._task.add_done_callback(self._end_unrun)
        except BaseException as error:
            self._task.cancel()
            self._end_unstarted(error)

    async def _run(self) -> None:
        await self.outcome.of(self._awaitable)
        self._calls.end()

    def _end_unrun(self, _: asyncio.Task[None]) -> None:
        if not self.outcome.is_known:  # cancelled before its first step
            self._end_unstarted(asyncio.CancelledError())

    def _end_unstarted(self, error: BaseException) -> None:
        self.outcome.error = error
        close_unstarted(self._awaitable)
        self._calls.end()

    def abandon(self) -> None:
        """Cancel the task, or have it not started; called in the thread of the caller, which has stopped waiting."""
        self._is_abandoned = True
        try:
            self._loop.call_soon_threadsafe(self._cancel)
        except RuntimeError:  # the loop is closed, so start() will not run
            if self._task is None:
                close_unstarted(self._awaitable)

    def _cancel(self) -> None:
        if self._task is None:
            close_unstarted(self._awaitable)
        else:
            self._task.cancel()


def close_unstarted(awaitable: object) -> None:
    """Close *awaitable*, if it is a coroutine, so that Python does not warn that it was never awaited."""
    if isinstance(awaitable, Coroutine):
        awaitable.close()
