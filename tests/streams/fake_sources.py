"""Sources that note what becomes of them: in which steps, in which place, and by what they ended."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import gevent
from greenlet import getcurrent
from runtime.runners import PATIENCE

STEPS = contextvars.ContextVar("steps", default=0)


def place():
    """Who runs this: the thread, and the task or the greenlet in it."""
    try:
        runner = asyncio.current_task()
    except RuntimeError:
        runner = None
    return threading.get_ident(), runner or getcurrent()


class Story:
    """A source of *chunks*; at the one at *waits_at* it waits until it is thrown out, after the last it raises *error*.

    ``ends``: by what it ended, each time that it did. ``places``: who made each step, and the closing. ``counts``: what
    a context variable, that is counted up in each step, was there.
    """

    def __init__(self, chunks=(b"a", b"b", b"c"), waits_at=None, error=None):
        self._chunks = chunks
        self._waits_at = waits_at
        self._error = error
        self.ends: list[str] = []
        self.places: list[object] = []
        self.counts: list[int] = []
        self.is_waiting = False

    def _note(self):
        STEPS.set(STEPS.get() + 1)
        self.counts.append(STEPS.get())
        self.places.append(place())

    def told(self):
        """The story as a generator."""
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

    async def told_async(self):
        """The story as an asynchronous generator."""
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

    def in_one_place(self):
        """Whether all was done by one, and in one context."""
        return len(set(self.places)) == 1 and self.counts == list(range(1, len(self.counts) + 1))
