"""Asynchronous generators that wait on a queue of asyncio's."""

from __future__ import annotations

from asyncio import Queue
from collections.abc import AsyncIterator

from . import Listeners


async def listen(listeners: Listeners) -> AsyncIterator[str]:
    """Return the events for one of *listeners*, until it is closed."""
    queue: Queue[str] = Queue()
    listeners.queues.add(queue)
    try:
        while True:
            yield await queue.get()
    finally:
        listeners.queues.discard(queue)
