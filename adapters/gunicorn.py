"""Configuration and hooks for gunicorn, with which streams and background tasks end well when a worker stops.

A configuration of one's own imports the hooks, all five, and calls them from those it has itself:

    from wsgiresp.adapters.gunicorn import (
        post_request, post_worker_init, pre_request, worker_class, worker_exit, worker_int
    )

All of it works with sync and gthread workers too; what those can do for streams is little.
"""

from __future__ import annotations

import os
from typing import Any
from weakref import WeakKeyDictionary

import gevent
from gevent import socket as gevent_socket

from wsgiresp._runtime.process import ProcessPart, live_items, part
from wsgiresp._runtime.shutdown import seconds_since_stop, shut_down, stop, watch_worker
from wsgiresp._runtime.sockets import end_requests

__all__ = ["post_request", "post_worker_init", "pre_request", "worker_class", "worker_exit", "worker_int"]

worker_class = "gevent"

_LINGER = 0.25  # s in which a connection that is idle when the worker stops may still bring a request


class IdleConnections(ProcessPart):
    """The sockets between two requests."""

    def __init__(self) -> None:
        self.sockets: WeakKeyDictionary[Any, None] = WeakKeyDictionary()

    def after_fork(self) -> None:
        """Forget the connections of the parent process."""
        self.sockets.clear()


def post_worker_init(worker: Any) -> None:
    """Follow *worker*: its streams end when it is to stop, by SIGTERM, by a reload or by ``max_requests``."""
    watch_worker(lambda: _is_wanted(worker), worker.cfg.graceful_timeout, _end_idle_soon)


def worker_int(worker: Any) -> None:
    """End the streams of a *worker* that is to stop at once (SIGINT, SIGQUIT); it returns before they have ended."""
    stop()


def pre_request(worker: Any, request: Any) -> None:
    """Note that the connection of *request* is no longer idle; *worker* logs it as by gunicorn's own hook."""
    worker.log.debug("%s %s", request.method, request.path)
    connection = _connection(request)
    if connection is not None:
        part(IdleConnections).sockets.pop(connection, None)


def post_request(worker: Any, request: Any, environ: dict[str, Any], response: Any) -> None:
    """Note that the connection of *request* is idle, and end it soon where *worker* stops.

    Does nothing if gunicorn closes the connection after *response*, or if *response* is None or was not begun. All four
    arguments are gunicorn's; *environ* is not used.
    """
    connection = _connection(request)
    # Threads leave idle connections to gunicorn's main loop, which closes them by itself. So does HTTP/2.
    if not isinstance(connection, gevent_socket.socket) or _is_multiplexed(request):
        return
    if _is_closed_by(response):
        return
    part(IdleConnections).sockets[connection] = None
    if not worker.alive:
        _end_idle_soon()


def worker_exit(server: Any, worker: Any) -> None:
    """Let streams and tasks of *worker* end within gunicorn's grace period, and abort those that do not.

    Returns when they are done or aborted. *server*, gunicorn's master, is not used.
    """
    grace = worker.cfg.graceful_timeout
    if worker.cfg.timeout:
        # It can no longer tell the master that it lives.
        grace = min(grace, seconds_since_stop() + worker.cfg.timeout)
    try:
        shut_down(grace)
    except SystemExit:
        # Raised wherever the worker stands, by a second SIGINT or SIGQUIT: Ctrl-C sends both.
        shut_down(grace)


def _connection(request: Any) -> Any:
    """Return the socket of *request*; None for a request of gunicorn's ASGI worker, which does not expose it."""
    if _is_multiplexed(request):
        return getattr(getattr(getattr(request, "stream", None), "connection", None), "sock", None)
    return getattr(getattr(request, "unreader", None), "sock", None)


def _is_multiplexed(request: Any) -> bool:
    """Return whether *request* came over HTTP/2. gunicorn itself closes idle connections of HTTP/2."""
    version: tuple[int, int] = getattr(request, "version", (1, 1))
    return version > (1, 1)


def _is_closed_by(response: Any) -> bool:
    """Return whether gunicorn closes the connection after *response*, gunicorn's own object.

    If the application fails before ``start_response``, it does, and ``should_close()`` raises ``AttributeError`` since
    there is no ``status_code``. For a status without a number ``status_code`` is None, and it raises ``TypeError``.
    """
    if getattr(response, "status", None) is None:
        return True
    try:
        return bool(response.should_close())
    except (AttributeError, TypeError):
        return True


def _is_wanted(worker: Any) -> bool:
    # Where gunicorn's master was killed, threads wait for what is open with alive still set; a gevent worker exits.
    return bool(worker.alive) and worker.ppid == os.getppid()


def _end_idle_soon() -> None:
    """End the connections that are idle, and still are so in a moment.

    A client may keep one that has nothing to say, and with it the worker, for as long as --keep-alive says. One that
    has begun a request, though, is told by the answer to it that the connection ends (RFC 9112, Section 9.6).
    """
    if part(IdleConnections).sockets:
        gevent.spawn_later(_LINGER, _end_idle)


def _end_idle() -> None:
    for connection, _ in live_items(part(IdleConnections).sockets):
        end_requests(connection)
