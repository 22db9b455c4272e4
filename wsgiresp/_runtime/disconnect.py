"""Noticing that a client has left while there is nothing to send to it.

Only where the server shows the socket: gunicorn, werkzeug's server, waitress. What is looked at is whether the client
closed its side (POLLRDHUP), not whether there is something to read: a request that was sent ahead is no departure, and
would hide one.
"""

from __future__ import annotations

import _socket
import contextlib
import os
import select
import socket
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from gevent import monkey
from gevent.hub import Hub

from wsgiresp._runtime.timer_queue import timer_queue

if TYPE_CHECKING:
    from wsgiresp._types import WSGIEnvironment

Callback = Callable[[], object]

# gevent takes it out of its module, lest somebody wait with it.
_epoll: Any = monkey.get_original("select", "epoll") if hasattr(select, "EPOLLRDHUP") else None
_PlainSocket: Any = monkey.get_original("socket", "socket")
_socketpair: Any = getattr(_socket, "socketpair", None)  # not on Windows
_READ = 1  # of gevent's loops
_POLL_INTERVAL = 0.25  # s, where a server must be asked


def client_socket(environ: WSGIEnvironment) -> Any:
    """Return the socket that leads to the client, None where the server does not show it."""
    for name in ("gunicorn.socket", "gunicorn.sock", "werkzeug.socket"):
        found = environ.get(name)
        if found is not None:
            return found
    # waitress shows a method of the channel; unless it is told to look ahead, that notices nothing during a request.
    channel = getattr(environ.get("waitress.client_disconnected"), "__self__", None)
    return getattr(channel, "socket", None)


def watch_disconnect(environ: WSGIEnvironment, hub: Hub, callback: Callback) -> Callable[[], object]:
    """Have *callback* called in *hub* when the client leaves, where that can be seen; return what ends the watch."""
    connection = client_socket(environ)
    if connection is not None and _epoll is not None:
        return _watcher(hub).watch(hub, connection, callback)
    has_left = environ.get("waitress.client_disconnected")
    if has_left is not None:
        return _poll_departure(hub, has_left, callback)
    return _no_watch


def shut_connection(connection: Any, how: int = socket.SHUT_RDWR) -> None:
    """End the connection in both directions, so that nothing more is sent on it: what is missing stays missing.

    *how*: SHUT_RD for reading alone, so that whoever waits for a request finds the end.
    """
    # Through another object for it: that of TLS would go on unencrypted, that of gevent belongs to its hub.
    with contextlib.suppress(OSError, ValueError), _PlainSocket(fileno=os.dup(connection.fileno())) as twin:
        twin.shutdown(how)


def reset_connection(connection: Any) -> None:
    """Reset the connection: where its end is that of the body, no other sign of a failure is.

    The server goes on with a socket whose client is gone. What it would do at the end comes too late to reset anything:
    a shutdown() tells the client that all is well, whatever close() does afterwards (RFC 9293, Section 3.6).
    """
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if _socketpair is not None:
            left, gone = _socketpair()
            gone.close()
            os.dup2(left.fileno(), connection.fileno(), inheritable=False)
            left.close()


class _DisconnectWatcher:
    """The clients that are watched in one hub: one descriptor of epoll's for all of them.

    It is kept for the hub, so it must not keep it: neither by itself nor, while it watches nobody, by what is the
    loop's, which may have a call left for a greenlet of the hub.
    """

    def __init__(self) -> None:
        self._callbacks: dict[int, Callback] = {}

    def watch(self, hub: Hub, connection: Any, callback: Callback) -> Callable[[], object]:
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
            self._readable = hub.loop.io(self._epoll.fileno(), _READ)
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
        """Watch this client no more; again changes nothing."""
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
    """Ends the watch of one client; not a function in a function, which takes four times as much for each stream."""

    __slots__ = ("_callback", "_descriptor", "_watcher")

    def __init__(self, watcher: _DisconnectWatcher, descriptor: int, callback: Callback) -> None:
        self._watcher = watcher
        self._descriptor = descriptor
        self._callback = callback

    def __call__(self) -> None:
        self._watcher.forget(self._descriptor, self._callback)


_watchers: WeakKeyDictionary[Hub, _DisconnectWatcher] = WeakKeyDictionary()


def _watcher(hub: Hub) -> _DisconnectWatcher:
    found = _watchers.get(hub)
    if found is None:
        found = _watchers[hub] = _DisconnectWatcher()
    return found


def _poll_departure(hub: Hub, has_left: Callable[[], bool], callback: Callback) -> Callable[[], object]:
    polls = timer_queue(hub, _POLL_INTERVAL)

    def poll() -> None:
        if has_left():
            callback()
        else:
            polls.arm(poll)

    polls.arm(poll)
    return lambda: polls.cancel(poll)


def _no_watch() -> None:
    """End a watch that was none."""
