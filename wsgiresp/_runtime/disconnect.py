"""Disconnect watcher: notices that a client has disconnected while there is nothing to send to it.

Theory of operation
-------------------
If the server exposes the socket (gunicorn, werkzeug's server, waitress through its channel), each hub has one epoll
descriptor for all watched clients, and one libev watcher on it. It waits for EPOLLRDHUP (the client has closed its
side), not for readability: a pipelined request would look like a disconnect, or hide one.

**Sockets that another thread closes.** waitress runs the view in a thread of its pool. Its main thread closes the
socket as soon as it notices the disconnect, by a read (``channel_request_lookahead``) or by a failed write. Epoll drops
a closed descriptor, so the thread of the view often gets no event. Therefore the function
``waitress.client_disconnected`` is polled too, by a timer of the hub. Without epoll (not Linux) or without the socket
it is the only source. Other servers that expose the socket close it in the thread that iterates the body (gunicorn's
workers, werkzeug's server), and those that close it in another thread do not expose it (cheroot, gevent.pywsgi,
granian). A descriptor number that is used again does no harm: epoll has one entry for each pair of number and open
file. The entry of the closed file is gone, unless a child process has a duplicate of it: that entry cannot be removed,
so each entry gives one event only (EPOLLONESHOT).

Rejected: a duplicate of the descriptor in epoll. It costs a descriptor for each stream, and the connection stays open
after the server has closed its own.

Everything here runs in the thread of the hub, and callbacks are called by the hub. On a thread server the hub runs only
while the reader waits.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import select
from collections.abc import Callable
from typing import Any

from gevent import monkey
from gevent.hub import Hub

from wsgiresp._runtime.process import hub_part, is_first
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._runtime.timer_queue import timer_queue
from wsgiresp._types import Callback

log = logging.getLogger("wsgiresp")

# gevent removes it from the module, since waiting with it would block the hub.
_epoll: Any = monkey.get_original("select", "epoll") if hasattr(select, "EPOLLRDHUP") else None
_WATCH_READABLE = 1  # of gevent's loops
_NO_RESOURCES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC})
_ASK_WAITRESS_EVERY = 0.25  # s between two polls of a server that must be asked


def watch_disconnect(server: ServerProfile, hub: Hub, callback: Callback) -> Callback:
    """Call *callback* in *hub* when the client disconnects, if that can be seen; return a callable that ends the watch.

    *callback* is called once at most, and not after the watch has ended.
    """
    connection = server.connection
    is_disconnected = server.client_disconnected
    if connection is None or _epoll is None:
        return _no_watch if is_disconnected is None else _poll_disconnect(hub, is_disconnected, callback)
    watcher = hub_part(hub, _DisconnectWatcher)
    if is_disconnected is None:
        return watcher.watch(hub, connection, callback)

    def notice() -> None:
        end()
        callback()

    def end() -> None:
        end_watch()
        end_polling()

    end_polling = _poll_disconnect(hub, is_disconnected, notice)
    try:
        end_watch = watcher.watch(hub, connection, notice)
    except BaseException:
        end_polling()
        raise
    return end


class _DisconnectWatcher:
    """The watched clients of one hub: one epoll descriptor for all of them, which exists while there are any.

    It is a part of the hub (``process.hub_part``), so it must not reference the hub while it watches no client, not
    even through a watcher of the loop, whose pending callbacks may reference a greenlet of the hub.
    """

    def __init__(self) -> None:
        self._callbacks: dict[int, Callback] = {}

    def watch(self, hub: Hub, connection: Any, callback: Callback) -> Callback:
        """Watch the client of *connection*; return a callable that ends that."""
        try:
            descriptor = connection.fileno()
            self._register(hub, descriptor)
        except (OSError, ValueError) as error:
            # Closed already, or without a descriptor: the next write will fail. Or the connection is watched already,
            # since it carries several streams (HTTP/2), and the server notices disconnects.
            if getattr(error, "errno", None) in _NO_RESOURCES and is_first("disconnect"):
                log.warning("a client cannot be watched: its disconnect is noticed by the next write", exc_info=error)
            return _no_watch
        # Replaces the entry of an earlier stream on this descriptor whose body was never closed.
        self._callbacks[descriptor] = callback
        return _Watch(self, descriptor, callback)

    def _register(self, hub: Hub, descriptor: int) -> None:
        if not self._callbacks:
            self._open(hub)
        try:
            # Once: an entry that cannot be removed, see above, must not wake the hub again and again.
            self._epoll.register(descriptor, select.EPOLLRDHUP | select.EPOLLONESHOT)
        except BaseException:
            self._close_unused()
            raise

    def _open(self, hub: Hub) -> None:
        epoll = _epoll()
        try:
            readable = hub.loop.io(epoll.fileno(), _WATCH_READABLE)
            readable.start(self._look)
        except BaseException:
            epoll.close()
            raise
        self._epoll, self._readable = epoll, readable

    def _look(self) -> None:
        for descriptor, _ in self._epoll.poll(0):
            callback = self._callbacks.get(descriptor)
            if callback is None:  # the entry of a closed socket that a child process has open
                continue
            self.forget(descriptor, callback)
            try:
                callback()
            except Exception:  # the others have left all the same
                log.exception("disconnect callback %r failed", callback)

    def forget(self, descriptor: int, callback: Callback) -> None:
        """End the watch of this client; a second call has no effect."""
        if self._callbacks.get(descriptor) is callback:
            del self._callbacks[descriptor]
            with contextlib.suppress(OSError):  # epoll forgets a descriptor that is closed
                self._epoll.unregister(descriptor)
            self._close_unused()

    def _close_unused(self) -> None:
        if not self._callbacks:
            self._readable.stop()
            self._readable.close()
            self._epoll.close()
            del self._readable, self._epoll


class _Watch:
    """Ends the watch of one client when it is called. A closure would take four times as much memory per stream."""

    __slots__ = ("_callback", "_descriptor", "_watcher")

    def __init__(self, watcher: _DisconnectWatcher, descriptor: int, callback: Callback) -> None:
        self._watcher = watcher
        self._descriptor = descriptor
        self._callback = callback

    def __call__(self) -> None:
        self._watcher.forget(self._descriptor, self._callback)


def _poll_disconnect(hub: Hub, is_disconnected: Callable[[], bool], callback: Callback) -> Callback:
    polls = timer_queue(hub, _ASK_WAITRESS_EVERY)

    def poll() -> None:
        if is_disconnected():
            callback()
        else:
            polls.arm(poll)

    polls.arm(poll)
    return lambda: polls.cancel(poll)


def _no_watch() -> None:
    """End a watch that does not exist."""
