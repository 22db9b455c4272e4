"""Generators that wait on a queue of gevent's."""

from __future__ import annotations

from collections.abc import Iterator

from gevent.queue import Queue

from . import Listeners


def listen(listeners: Listeners) -> Iterator[str]:
    """Return the events for one of *listeners*, until it is closed."""
    queue: Queue[str] = Queue()
    listeners.queues.add(queue)
    try:
        while True:
            yield queue.get()
    finally:
        listeners.queues.discard(queue)
