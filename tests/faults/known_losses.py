"""Known losses: faults at which the code still loses something, which the tests accept until it is mended.

A row goes as soon as ``python -m faults`` no longer shows its losses.
"""

from __future__ import annotations

from fnmatch import fnmatch
from typing import NamedTuple

from faults.zygote import Row


class Known(NamedTuple):
    """Where every call of *primitive* in *module* fails, *loss* may follow, in the scenarios that match *scenarios*."""

    primitive: str
    module: str
    loss: str
    scenarios: str = "*"

    def covers(self, title: str, row: Row) -> bool:
        """Return whether this is the loss of *row*, a fault of the scenario *title*."""
        module = row.place.rpartition(":")[0] or row.place
        return row.primitive == self.primitive and module == self.module and fnmatch(title, self.scenarios)


# By the gravity of what is lost.
_WAIT = "the reader waits for ever, since the wakeup event is marked as set and nothing wakes its waiter"
_TASK = "the task is not made, an error in a callback of the loop, and whoever waits for it waits for ever"
_MAKING = "an error after the lease of the hub is taken: the lease, its hub and its descriptors stay"

KNOWN: tuple[Known, ...] = (
    # Somebody waits for ever.
    Known("loop.run_callback", "wsgiresp._runtime.wakeup_event", _WAIT),
    Known("loop.run_callback_threadsafe", "wsgiresp._runtime.wakeup_event", _WAIT),
    Known("loop.run_callback", "wsgiresp._runtime.gevent_runtime", "the greenlet that closes the source waits 10 s"),
    Known(
        "loop.run_callback_threadsafe", "wsgiresp._runtime.gevent_runtime", "the producer is neither begun nor ended"
    ),
    Known("greenlet.switch, first", "the hub", "the producer never begins, and the reader waits for ever"),
    Known("asyncio.create_task", "wsgiresp._runtime.asyncio_runtime", _TASK),
    Known("asyncio.create_task", "wsgiresp._runtime.asyncio_thread", _TASK),
    # A source is not closed, close steps and tasks do not run, a stream stays open.
    Known("slice of chunks", "wsgiresp._streams.bounded_buffer", "closing stops before the source is closed"),
    Known(
        "asyncio.call_soon_threadsafe", "wsgiresp._runtime.asyncio_runtime", "closing stops before the source is closed"
    ),
    Known("asyncio.call_later", "wsgiresp._runtime.asyncio_runtime", "aclose() raises, and no close step runs"),
    Known("copy_context", "wsgiresp._streams.asgi_body", "the stream stays open after a close on the loop"),
    Known("copy_context", "wsgiresp.responses.stream", "what the callable returned is not closed", "*of a callable*"),
    Known("copy_context", "wsgiresp.background", "the file object is not closed", "file object*"),
    Known("os.open", "wsgiresp._files.safe_open", "the file is not deleted", "file, delete_after*"),
    Known("os.fstat", "wsgiresp._files.safe_open", "the file is not deleted", "file, delete_after*"),
    # Descriptors, leases, timers and slots stay.
    Known("loop.async_", "wsgiresp._runtime.gevent_runtime", "the hub made for the stream stays, with its descriptors"),
    Known("loop.timer", "wsgiresp._runtime.timer_queue", _MAKING),
    Known("loop.io", "wsgiresp._runtime.disconnect", f"{_MAKING}, and the epoll object too"),
    Known("greenlet()", "wsgiresp._runtime.gevent_runtime", _MAKING),
    Known("copy_context", "wsgiresp._runtime.asyncio_thread", "the lease of the executor stays, and the coroutine"),
    Known("asyncio.call_soon_threadsafe", "wsgiresp._runtime.asyncio_thread", "the lease of the executor stays"),
    Known("Greenlet.start", "wsgiresp._tasks.worker_pool", "the slot of the task stays taken for good"),
    # Something is not done, and nothing tells of it.
    Known("epoll", "wsgiresp._runtime.disconnect", "the disconnect is not watched, and the log does not tell"),
    Known("epoll.register", "wsgiresp._runtime.disconnect", "the disconnect is not watched, and the log does not tell"),
    Known("os.dup", "wsgiresp._runtime.sockets", "the connection is not shut down, and the log does not tell"),
)


def known_loss(title: str, row: Row) -> Known | None:
    """Return the known loss that *row* of the scenario *title* is, or None."""
    return next((known for known in KNOWN if known.covers(title, row)), None)
