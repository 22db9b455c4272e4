"""A fake task that blocks, and the submission of a task as ``close()`` of a response makes it."""

from __future__ import annotations

import contextvars

from gevent.event import Event
from runtime.runners import PATIENCE

from wsgiresp._tasks import worker_pool


def submit(task):
    worker_pool.submit(task, contextvars.copy_context())


class BlockingTask:
    """A task that waits until it may end, and records how it ended."""

    def __init__(self, name="blocking"):
        self.name = name
        self.has_begun = Event()
        self.may_end = Event()
        self.outcome = "not done"

    def __call__(self, *arguments, **named):
        self.has_begun.set()
        try:
            if not self.may_end.wait(PATIENCE):
                raise TimeoutError("the test has not ended the task")
            self.outcome = "done"
        except BaseException as error:
            self.outcome = type(error).__name__
            raise

    def __repr__(self):
        return self.name

    __qualname__ = "blocking"
