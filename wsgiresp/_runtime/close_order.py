"""Close order: runs the close steps of a body one after the other, each once (PEP 3333, "close()")."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from gevent import GreenletExit

from wsgiresp._protocol.one_line import repr_line
from wsgiresp._runtime.threads import start_thread_at_once

log = logging.getLogger("wsgiresp")

Step = Callable[[], object]

EXIT_REQUESTS = (KeyboardInterrupt, GreenletExit)
"""Exceptions that end the thread or greenlet itself. They do not count as a failure of the code that they interrupt."""


def run_each(steps: Iterable[Step]) -> None:
    """Run each of *steps* in order; an error of a step is logged, and the next step still runs.

    ``KeyboardInterrupt`` and ``GreenletExit`` end the current thread or greenlet: the first of them is raised again
    after the last step. ``SystemExit`` is only logged: it comes from a task, and a task must not stop a worker.
    ``gevent.Timeout`` is only logged too: it has ended its step, and the server, which has sent the response, could
    only close the client's connection.
    """
    ending: BaseException | None = None
    for step in steps:
        try:
            step()
        except EXIT_REQUESTS as error:
            ending = ending or error
        except BaseException:
            log_failure(step)
    if ending is not None:
        raise ending


def run_twice_at_most(step: Step) -> None:
    """Run *step*, which may be repeated, once more if it fails; the error of the second time is raised.

    For want of memory or descriptors, maybe only for a moment.
    """
    try:
        step()
    except Exception:
        step()


def log_failure(step: object) -> None:
    """Log the current exception as the failure of *step*."""
    log.exception("%s failed after a response", repr_line(step))


def run_each_in_thread(steps: Sequence[Step]) -> None:
    """Start :func:`run_each` for *steps* in another thread, and do not wait for it; a finalizer may call this.

    If the only step has the method ``run_in_worker_thread``, as that of the background tasks has, that method is called
    instead: the number of worker threads is bounded. Raises ``RuntimeError`` if no thread can be started.
    """
    run_task = getattr(steps[0], "run_in_worker_thread", None) if len(steps) == 1 else None
    if run_task is not None:
        run_task()
    elif steps:
        start_thread_at_once(partial(run_each, steps))


class ClosingBody:
    """A body: its *chunks*, and the *steps* that ``close()`` runs, each once even if it is called again."""

    __slots__ = ("_chunks", "_steps")

    def __init__(self, chunks: Iterable[bytes], steps: list[Step]) -> None:
        self._chunks = chunks
        self._steps = steps

    @property
    def chunks(self) -> Iterable[bytes]:
        """The chunks alone, without the close steps."""
        return self._chunks

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)

    def note_answered(self) -> None:
        """Pass the call on to the chunks if they are a stream: ``start_response`` was called."""
        note_answered = getattr(self._chunks, "note_answered", None)
        if note_answered is not None:
            note_answered()

    def close(self) -> None:
        """Run the remaining close steps; an error of a step is logged."""
        if self._steps:
            run_each(self._taken())

    def _taken(self) -> Iterator[Step]:
        while self._steps:
            # Removed before it runs, so that a close() inside a step does not run the step again.
            yield self._steps.pop(0)
