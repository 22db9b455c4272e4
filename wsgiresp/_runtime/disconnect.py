"""Disconnect watcher: notices that a client has left while there is nothing to send to it.

Only where the server shows the socket (gunicorn, werkzeug's server), by EPOLLRDHUP, or can be asked (waitress), by
polling. What is looked at is whether the client closed its side, not whether there is something to read: a request
that was sent ahead is no disconnect, and would hide one.
"""

from __future__ import annotations

import contextlib
import select
from collections.abc import Callable
from typing import Any

from gevent import monkey
from gevent.hub import Hub

from wsgiresp._runtime.process import hub_part
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._runtime.timer_queue import timer_queue
from wsgiresp._types import Callback

# gevent takes it out of its module, lest somebody wait with it.
_epoll: Any = monkey.get_original("select", "epoll") if hasattr(select, "EPOLLRDHUP") else None
_WATCH_READABLE = 1  # of gevent's loops
_ASK_WAITRESS_EVERY = 0.25  # s, where a server must be asked


def watch_disconnect(server: ServerProfile, hub: Hub, callback: Callback) -> Callback:
    """Have *callback* called in *hub* when the client leaves, where that can be seen; return what ends the watch."""
    connection = server.connection
    if connection is not None and _epoll is not None:
        return hub_part(hub, _DisconnectWatcher).watch(hub, connection, callback)
    has_left = server.client_disconnected
    if has_left is not None:
        return _poll_disconnect(hub, has_left, callback)
    return _no_watch


class _DisconnectWatcher:
    """The clients that are watched in one hub: one descriptor of epoll's for all of them.

    It is kept for the hub, so it must not keep it: neither by itself nor, while it watches nobody, by what is the
    loop's, which may have a call left for a greenlet of the hub.
    """

    def __init__(self) -> None:
        self._callbacks: dict[int, Callback] = {}

    def watch(self, hub: Hub, connection: Any, callback: Callback) -> Callback:
        """Watch the client of *connection*; return what ends that."""
        try:
            descriptor = connection.fileno()
            self._register(hub, descriptor)
        except (OSError, ValueError):
            # Closed already, or there is no descriptor for it: sending will tell. Or several streams are on one
            # connection (HTTP/2): the server tells them apart.
            return _no_watch
        # One of before may stand here still, whose body nobody closed.
        self._callbacks[descriptor] = callback
        return _Watch(self, descriptor, callback)

    def _register(self, hub: Hub, descriptor: int) -> None:
        if not self._callbacks:
            self._epoll = _epoll()
            self._readable = hub.loop.io(self._epoll.fileno(), _WATCH_READABLE)
            self._readable.start(self._look)
        try:
            self._epoll.register(descriptor, select.EPOLLRDHUP)
        except BaseException:
            self._close_unused()
            raise

    def _look(self) -> None:
        for descriptor, _ in self._epoll.poll(0):
            callback = self._callbacks[descriptor]
            self.forget(descriptor, callback)
            callback()

    def forget(self, descriptor: int, callback: Callback) -> None:
        """Watch this client no more; a second call does nothing."""
        if self._callbacks.get(descriptor) is callback:
            del self._callbacks[descriptor]
            with contextlib.suppress(OSError):  # gone from there when it was closed
                self._epoll.unregister(descriptor)
            self._close_unused()

    def _close_unused(self) -> None:
        if not self._callbacks:
            self._readable.stop()
            self._readable.close()
            self._epoll.close()
            del self._readable, self._epoll


class _Watch:
    """Called, it ends the watch of one client. A closure would take four times as much memory for each stream."""

    __slots__ = ("_callback", "_descriptor", "_watcher")

    def __init__(self, watcher: _DisconnectWatcher, descriptor: int, callback: Callback) -> None:
        self._watcher = watcher
        self._descriptor = descriptor
        self._callback = callback

    def __call__(self) -> None:
        self._watcher.forget(self._descriptor, self._callback)


def _poll_disconnect(hub: Hub, has_left: Callable[[], bool], callback: Callback) -> Callback:
    polls = timer_queue(hub, _ASK_WAITRESS_EVERY)

    def poll() -> None:
        if has_left():
            callback()
        else:
            polls.arm(poll)

    polls.arm(poll)
    return lambda: polls.cancel(poll)


def _no_watch() -> None:
    """End a watch that was none."""
