"""Works for the pool, handed over as the close of a response does it."""

from __future__ import annotations

import contextvars

from gevent.event import Event
from runtime.runners import PATIENCE

from wsgiresp._tasks import worker_pool


def do(step):
    worker_pool.submit(step, contextvars.copy_context())


class Blocking:
    """A step that says when it has begun, and waits until it may end."""

    def __init__(self, name="blocking"):
        self.name = name
        self.has_begun = Event()
        self.may_end = Event()
        self.outcome = "not done"

    def __call__(self, *arguments, **named):
        self.has_begun.set()
        try:
            if not self.may_end.wait(PATIENCE):
                raise TimeoutError("nobody has ended the step")
            self.outcome = "done"
        except BaseException as error:
            self.outcome = type(error).__name__
            raise

    def __repr__(self):
        return self.name

    __qualname__ = "blocking"
