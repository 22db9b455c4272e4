"""Fake sources of a stream, which record where each step ran and how the source ended."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import gevent
from greenlet import getcurrent
from runtime.runners import PATIENCE

STEPS = contextvars.ContextVar("steps", default=0)


def current_runner():
    """Return the thread, and the task or the greenlet in it."""
    try:
        runner = asyncio.current_task()
    except RuntimeError:
        runner = None
    return threading.get_ident(), runner or getcurrent()


class RecordingSource:
    """A source of *chunks*: it waits before the one at index *waits_at*, and raises *error* after the last.

    ``ends``: the name of the exception that ended it, or "the end"; one item each time. ``runners``: the thread and the
    task or greenlet of each step, and of the close. ``counts``: the value there of a context variable that each step
    increments.
    """

    def __init__(self, chunks=(b"a", b"b", b"c"), waits_at=None, error=None):
        self._chunks = chunks
        self._waits_at = waits_at
        self._error = error
        self.ends: list[str] = []
        self.runners: list[object] = []
        self.counts: list[int] = []
        self.is_waiting = False

    def _note(self):
        STEPS.set(STEPS.get() + 1)
        self.counts.append(STEPS.get())
        self.runners.append(current_runner())

    def generator(self):
        """Return the source as a generator."""
        try:
            for at, chunk in enumerate(self._chunks):
                self._note()
                if at == self._waits_at:
                    self.is_waiting = True
                    gevent.sleep(PATIENCE)
                yield chunk
            if self._error is not None:
                raise self._error
            self.ends.append("the end")
        except BaseException as error:
            self.ends.append(type(error).__name__)
            raise
        finally:
            self._note()

    async def async_generator(self):
        """Return the source as an asynchronous generator."""
        try:
            for at, chunk in enumerate(self._chunks):
                self._note()
                if at == self._waits_at:
                    self.is_waiting = True
                    await asyncio.sleep(PATIENCE)
                yield chunk
            if self._error is not None:
                raise self._error
            self.ends.append("the end")
        except BaseException as error:
            self.ends.append(type(error).__name__)
            raise
        finally:
            self._note()

    def ran_in_one_context(self):
        """Whether one thread, and one task or greenlet in it, ran every step and the close, in one context."""
        return len(set(self.runners)) == 1 and self.counts == list(range(1, len(self.counts) + 1))
