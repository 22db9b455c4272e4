"""Controlled sources of a stream: each step does what the test has asked for, and waits until it has asked."""

from __future__ import annotations

import asyncio
import collections
import contextlib
from collections.abc import Callable

import gevent

from wsgiresp._runtime.wakeup_event import WakeupEvent


class ControlledSource:
    """What the test asks a source for, from any thread, and what the source does then, in its own thread.

    *record*: the list to which it adds "source closed" at each close. ``interrupted_by``: the class of the
    exception that was raised in it while it waited.

    The test alone writes ``_given``, before it appends; the source alone removes commands and writes the other
    attributes. The wakeup event of the source is sticky, so a command that comes just before the wait ends the wait.
    """

    end_of_iteration: type[Exception]

    def __init__(self, record):
        self._record = record
        self._commands = collections.deque()
        self._given = self._taken = 0
        self._waits_after = -1  # commands
        self._wake: Callable[[], object] = bool  # does nothing: a source that has not begun looks at the commands first
        self._refusal: Exception | None = None
        self._close_error: Exception | None = None
        self._interruption_error: Exception | None = None
        self._may_end_close = True
        self._is_released = False
        self.interrupted_by: type[BaseException] | None = None

    def put(self, *chunks):
        """Have it yield *chunks* in its next steps."""
        self._give(*chunks)

    def fail(self, error):
        """Have it raise *error* in the step that comes next."""
        self._give(error)

    def end(self):
        """Have it end in the step that comes next."""
        self._give(self.end_of_iteration())

    def refuse(self, error):
        """Have it raise *error* where it is asked for an iterator."""
        self._refusal = error

    def fail_at_close(self, error):
        """Have it raise *error* when it is closed."""
        self._close_error = error

    def fail_when_interrupted(self, error):
        """Have it raise *error* in the place of the exception that interrupts its wait."""
        self._interruption_error = error

    def hold_close(self):
        """Have its close wait until :meth:`release` is called."""
        self._may_end_close = False

    def release(self):
        """Have it end wherever it waits, in a step or in its close."""
        self._is_released = self._may_end_close = True
        self._wake()

    @property
    def steps_left(self):
        """How many of the things that it was asked for it has not done yet."""
        return self._given - self._taken

    @property
    def is_waiting(self):
        """Whether it has done all that it was asked for and waits for more."""
        return self._waits_after == self._given

    def _give(self, *commands):
        self._given += len(commands)
        self._commands.extend(commands)
        self._wake()

    def _iterator(self):
        if self._refusal is not None:
            raise self._refusal
        return self

    @property
    def _has_command(self):
        return bool(self._commands) or self._is_released

    def _obey(self):
        if not self._commands:
            raise self.end_of_iteration
        command = self._commands.popleft()
        self._taken += 1
        if isinstance(command, BaseException):
            raise command
        return command

    def _note_interruption(self, error):
        self.interrupted_by = type(error)
        if self._interruption_error is not None:
            raise self._interruption_error

    def _note_close(self):
        self._record.append("source closed")
        if self._close_error is not None:
            raise self._close_error


class SyncSource(ControlledSource):
    """A controlled source that is an iterator and waits as greenlets do."""

    end_of_iteration = StopIteration

    def __iter__(self):
        return self._iterator()

    def __next__(self):
        while not self._has_command:
            event = self._event()
            if not self._has_command:  # one may have come before there was an event
                self._waits_after = self._taken
                try:
                    event.wait()
                except BaseException as error:
                    self._note_interruption(error)
                    raise
        return self._obey()

    def close(self):
        while not self._may_end_close:
            self._event().wait()
        self._note_close()

    def _event(self):
        if not isinstance(self._wake, _GreenletWake):
            self._wake = _GreenletWake()
        return self._wake.event


class _GreenletWake:
    def __init__(self):
        self.event = WakeupEvent(gevent.get_hub())

    def __call__(self):
        self.event.set_threadsafe()


class AsyncSource(ControlledSource):
    """A controlled source that is an asynchronous iterator and waits as tasks do."""

    end_of_iteration = StopAsyncIteration

    def __aiter__(self):
        return self._iterator()

    async def __anext__(self):
        while not self._has_command:
            event = self._event()
            if not self._has_command:  # one may have come before there was an event
                self._waits_after = self._taken
                try:
                    await event.wait()
                except BaseException as error:
                    self._note_interruption(error)
                    raise
                event.clear()
        return self._obey()

    async def aclose(self):
        while not self._may_end_close:
            event = self._event()
            await event.wait()
            event.clear()
        self._note_close()

    def _event(self):
        if not isinstance(self._wake, _TaskWake):
            self._wake = _TaskWake()
        return self._wake.event


class _TaskWake:
    def __init__(self):
        self.event = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def __call__(self):
        with contextlib.suppress(RuntimeError):  # the loop has ended, and the source with it
            self._loop.call_soon_threadsafe(self.event.set)
