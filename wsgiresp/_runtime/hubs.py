"""The gevent hub of a thread: whether it drives the current greenlet, and how a greenlet shares it with the others.

A hub is gevent's event loop, with the greenlet that runs it. It exists in each thread that has asked for one, but only
under a hub-driven server do other greenlets run while the current one waits. See ``gevent_runtime`` for streams.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import gevent
from gevent import monkey, socket
from gevent.hub import Hub
from greenlet import getcurrent

T = TypeVar("T")

TURN = 0.005
"""Seconds that code may run in a hub without a pause; then the loop polls its sockets."""

# Not 0: the hub would run the ready greenlets for up to 5 ms before it polls the sockets. A timer makes it poll.
_LET_HUB_POLL = 1e-6  # s


def is_under_hub() -> bool:
    """Return whether a hub drives the current greenlet, so that others run while it waits.

    A hub that merely exists in this thread does not count.
    """
    return isinstance(getcurrent().parent, Hub)


def may_block_thread() -> bool:
    """Return whether a producer that waits may block this whole thread.

    It may if no hub drives the current greenlet and ``time.sleep`` and the like are not gevent's.
    """
    return not is_under_hub() and not monkey.is_module_patched("time")


def let_hub_poll() -> None:
    """Block the current greenlet until the hub has polled its sockets and run the greenlets that are ready."""
    gevent.sleep(_LET_HUB_POLL)


class HubPolls:
    """Repeated pauses of one greenlet as :func:`let_hub_poll` makes them, with one timer for all of them.

    A timer that is made for each pause takes 4 us more. Its time is 0, so it is due after the next poll of the sockets;
    a positive time is at least 1 ms with libuv. A timer belongs to a hub, so another one is made if the next call comes
    from a thread with another hub.
    """

    __slots__ = ("_hub", "_timer")

    def __init__(self) -> None:
        self._hub: Any = None
        self._timer: Any = None

    def let_hub_poll(self) -> None:
        """Block the current greenlet as :func:`let_hub_poll` does. One greenlet at a time may call it."""
        hub = gevent.get_hub()
        if hub is not self._hub:
            self.close()
            self._hub, self._timer = hub, hub.loop.timer(0)
        hub.wait(self._timer)

    def close(self) -> None:
        """Give the timer back. A later call makes a new one."""
        timer, self._timer, self._hub = self._timer, None, None
        if timer is not None:
            timer.close()


def wait_until_writable(descriptor: int) -> None:
    """Block the current greenlet until *descriptor*, of a non-blocking socket, can take bytes or has failed."""
    socket.wait_write(descriptor)


def run_in_threadpool(function: Callable[..., T], arguments: Sequence[Any]) -> T:
    """Run *function* in a real thread of the hub's pool and return its result; only this greenlet waits."""
    returned: T = gevent.get_hub().threadpool.apply(function, tuple(arguments))
    return returned
