"""Close order: runs the close steps of a body one after the other, each once (PEP 3333, "close()")."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator

from gevent import GreenletExit

log = logging.getLogger("wsgiresp")

Step = Callable[[], object]


def run_each(steps: Iterable[Step]) -> None:
    """Run each of *steps* in order; one that raises is logged and the next still runs.

    ``KeyboardInterrupt`` and ``GreenletExit`` ask this very thread or greenlet to end: the first of them goes on after
    the last step. ``SystemExit`` ends nothing: it comes from a task, which is not the one to stop a worker.
    """
    ending: BaseException | None = None
    for step in steps:
        try:
            step()
        except (KeyboardInterrupt, GreenletExit) as error:
            ending = ending or error
        except BaseException:
            log.exception("%r failed after a response", step)
    if ending is not None:
        raise ending


class ClosingBody:
    """The *chunks* of a body, and the *steps* that its ``close()`` takes, each once however often it is called."""

    __slots__ = ("_chunks", "_steps")

    def __init__(self, chunks: Iterable[bytes], steps: list[Step]) -> None:
        self._chunks = chunks
        self._steps = steps

    @property
    def chunks(self) -> Iterable[bytes]:
        """What is sent, without what comes after it."""
        return self._chunks

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)

    def close(self) -> None:
        """Close the source and run what was to come after it; the log tells of what fails."""
        if self._steps:
            run_each(self._taken())

    def _taken(self) -> Iterator[Step]:
        while self._steps:
            # Taken out before it is run, so a close() from inside a step cannot repeat it.
            yield self._steps.pop(0)
